"""Compiles cells and keeps their numbers: measured.json, which the table of costs is made of.

    python tests/tpu/compiled/measure.py 'v1 on v5e-32' 'v2 on v5e-64'

A cell is named as in that file; `, 4 microbatches` and `, UNKNOWN` may follow. Without a name all
that there are in the file are compiled anew. TPU_COMPILER is the Python that has requirements.txt.
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time
from typing import Any

from cells import RECIPES, SLICES, Cell

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
MEASURED = HERE / "measured.json"
COMPILER = os.environ.get("TPU_COMPILER", str(ROOT / ".venv-tpu-compile" / "bin" / "python"))
TOO_LARGE = re.compile(r"RESOURCE_EXHAUSTED: .*Ran out of memory on HBM, ([^\n]*?)\. ")
# One process at a time may load libtpu.
LOCKED, TRIES, PAUSE = "libtpu_lockfile", 60, 30  # times, seconds


def numbers(cell: Cell) -> dict[str, Any]:
    """What the compiler says of a cell; `too_large` where its memory does not do.

    Raises:
      RuntimeError: if it cannot be lowered or compiled for another reason.
    """
    with tempfile.TemporaryDirectory() as folder:
        hlo = os.path.join(folder, "step.hlo")
        _run([sys.executable, str(HERE / "lower.py"), *_lowering(cell, hlo)])
        topology = SLICES[cell.slice][0]
        compile_it = [COMPILER, str(HERE / "compile.py"), hlo, f"--topology={topology}"]
        try:
            found = json.loads(_run([*compile_it, f"--level={cell.level}"]).splitlines()[-1])
        except RuntimeError as error:
            said = TOO_LARGE.search(str(error))
            if said is None:
                raise
            found = {"too_large": said[1]}
        facts = json.loads(pathlib.Path(f"{hlo}.json").read_text())
    found.pop("seconds", None)
    return {"batch": cell.batch, "variable_bytes": facts["variable_bytes"]} | found


def _lowering(cell: Cell, hlo: str) -> list[str]:
    recipe = RECIPES[cell.recipe]
    options = [f"--out={hlo}", f"--replicas={cell.replicas}", f"--batch={cell.batch}"]
    if recipe.loss_alone:
        options.append("--loss_alone")
    if recipe.teacher:
        options.append(f"--teacher={recipe.teacher}")
    return [*options, "--", *cell.flags()]


def _run(command: list[str]) -> str:
    for _ in range(TRIES):
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        if done.returncode == 0:
            return done.stdout
        if LOCKED not in done.stderr:
            break
        time.sleep(PAUSE)
    raise RuntimeError(f"{shlex.join(command)}\n{done.stderr[-8000:]}")


def named(name: str) -> Cell:
    """The cell of a name, as Cell.name gives it."""
    found = re.fullmatch(r"(.+) on ([\w-]+)(?:, (\d+) microbatches)?(?:, (\w+))?", name)
    if found is None or found[1] not in RECIPES or found[2] not in SLICES:
        raise ValueError(
            "A cell is 'RECIPE on SLICE', of the recipes and slices in cells.py. Received:"
            f" {name!r}."
        )
    return Cell(found[1], found[2], int(found[3] or 1), found[4] or "O0")


def read() -> dict[str, dict[str, Any]]:
    """Name of a cell -> its numbers, of all that have been measured."""
    return json.loads(MEASURED.read_text()) if MEASURED.exists() else {}


def write(name: str, found: dict[str, Any]) -> None:
    """Puts a cell's numbers in their place."""
    measured = read() | {name: found}
    rows = (f"{json.dumps(each)}: {json.dumps(measured[each])}" for each in sorted(measured))
    MEASURED.write_text("{\n" + ",\n".join(rows) + "\n}\n")


def main() -> None:
    """Compiles the cells of the command line and writes their numbers."""
    for name in sys.argv[1:] or read():
        began = time.monotonic()
        found = numbers(named(name))
        write(name, found)
        print(f"{name}: {found} ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
