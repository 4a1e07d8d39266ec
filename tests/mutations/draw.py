"""Draws faults at random, five of each operator: `python draw.py SEED > drawn.py`."""

import ast
import pathlib
import random
import sys
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parents[2]
OF_EACH = 5
COMPARED = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
}  # fmt: skip
SIGNS = {ast.Add: "-", ast.Sub: "+"}
OPERATORS = ("comparison", "sign", "constant", "dropped call")
# Module, place of the replaced text, the new text.
Candidate = tuple[pathlib.Path, int, int, str]


def candidates(path: pathlib.Path, operator: str) -> Iterator[Candidate]:
    """All that an operator can change in a module."""
    text = path.read_text()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))

    def between(first: tuple[int, int], last: tuple[int, int], new: str) -> Candidate:
        return path, starts[first[0] - 1] + first[1], starts[last[0] - 1] + last[1], new

    for node in ast.walk(ast.parse(text)):
        if operator == "comparison" and isinstance(node, ast.Compare) and len(node.ops) == 1:
            new, right = COMPARED[type(node.ops[0])], node.comparators[0]
            yield between(_end(node.left), _start(right), f" {new} ")
        if operator == "sign" and isinstance(node, ast.BinOp) and type(node.op) in SIGNS:
            if _is_text(node.left) or _is_text(node.right):
                continue
            yield between(_end(node.left), _start(node.right), f" {SIGNS[type(node.op)]} ")
        if operator == "constant" and _is_number(node):
            new = repr(not node.value if isinstance(node.value, bool) else node.value + 1)
            yield between(_start(node), _end(node), new)
        is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if operator == "dropped call" and is_call:
            yield between(_start(node), _end(node), "pass")


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant | ast.JoinedStr) and not _is_number(node)


def _start(node: ast.expr | ast.stmt) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: ast.expr | ast.stmt) -> tuple[int, int]:
    return node.end_lineno, node.end_col_offset


def texts(path: pathlib.Path, first: int, last: int, new: str) -> tuple[str, str]:
    """Old and new text, widened to whole lines until the old one is there once."""
    text = path.read_bytes()
    begin, end = text.rfind(b"\n", 0, first) + 1, text.find(b"\n", last)
    while text.count(text[begin:end]) > 1:
        begin = text.rfind(b"\n", 0, begin - 1) + 1
    return text[begin:end].decode(), (text[begin:first] + new.encode() + text[last:end]).decode()


def main(seed: int) -> None:
    """Prints the module drawn.py."""
    chance = random.Random(seed)
    print(f'"""Faults drawn at random: `python draw.py {seed}` on the code as it was then."""\n')
    print("from faults import Fault\n\nDRAWN = (")
    for operator in OPERATORS:
        found = [
            candidate
            for path in sorted((ROOT / "tf_simclr").rglob("*.py"))
            for candidate in candidates(path, operator)
        ]
        for number, (path, *change) in enumerate(chance.sample(found, OF_EACH), start=1):
            old, new = texts(path, *change)
            name = f"{operator} {number}"
            print("    Fault(")
            for value in (str(path.relative_to(ROOT)), old, new, f"drawn: {name}"):
                lines = [f"        {line!r}" for line in value.splitlines(keepends=True)]
                print("\n".join(lines) + ",")
            print("    ),")
    print(")")


if __name__ == "__main__":
    main(int(sys.argv[1]))
