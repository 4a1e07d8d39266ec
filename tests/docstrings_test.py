"""Every public name is explained: what it takes and gives, in which shapes, what it raises."""

import ast
import inspect
import pathlib
import re

import pytest

import tf_simclr

ROOT = pathlib.Path(__file__).parent.parent
FILES = sorted((ROOT / "tf_simclr").rglob("*.py"))
# What Keras calls: explained where Keras defines it.
PROTOCOL = {
    *("build", "call", "get_config", "train_step", "test_step", "metrics"),
    *("update_state", "result", "reset_state", "update_step"),
}
TENSORS = re.compile(r"tf\.Tensor|np\.ndarray|Features")
SHAPE = re.compile(r"\[[^\]]*\]|\bscalars?\b|\bshape\b|`?Source\.")
ARXIV = re.compile(r"arXiv \d{4}\.\d{5}")
OF_NO_PAPER = {"load_classifier", "load_encoder", "run"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def public(nodes):
    """Public functions, classes and methods: (name with its class, node, node of the class)."""
    for node in nodes:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node, None
            if isinstance(node, ast.ClassDef):
                for name, method, _ in public(node.body):
                    if name not in PROTOCOL and not name.startswith("on_"):
                        yield f"{node.name}.{name}", method, node


NAMES = {
    f"{path.relative_to(ROOT)}:{name}": (node, owner)
    for path in FILES
    for name, node, owner in public(ast.parse(path.read_text()).body)
}
FUNCTIONS = {name: node for name, (node, _) in NAMES.items() if isinstance(node, Function)}
CLASSES = {name: node for name, (node, _) in NAMES.items() if isinstance(node, ast.ClassDef)}
FACE = {
    name.split(":")[1]: node
    for name, (node, _) in NAMES.items()
    if name.split(":")[1] in tf_simclr.__all__
}


def doc(node):
    return ast.get_docstring(node) or ""


def arguments(function):
    """Names of what a function is given, but for self and catch-alls."""
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [argument.arg for argument in every if argument.arg not in ("self", "cls")]


def body(node):
    """The nodes of a function without those of functions in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.ClassDef | ast.Lambda):
            yield child
            yield from body(child)


def raises(function):
    """Whether it raises a new error: what it catches and raises again is its caller's own."""
    return any(isinstance(node, ast.Raise) and node.exc is not None for node in body(function))


def methods(node):
    return [method for method in node.body if isinstance(method, Function)]


def constructor(node):
    return next((method for method in methods(node) if method.name == "__init__"), None)


def inherited(name):
    """What bases in the package say of a method."""
    owner, _, method = name.rpartition(".")
    bases = {ast.unparse(base) for base in CLASSES[owner].bases}
    said = []
    for place, (node, _) in NAMES.items():
        if place.partition(":")[2] in {f"{base}.{method}" for base in bases}:
            said.append(doc(node))
    above = [place for place in CLASSES if place.partition(":")[2] in bases]
    return "".join(said) or "".join(inherited(f"{place}.{method}") for place in above)


def annotations(function):
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    found = [argument.annotation for argument in every] + [function.returns]
    return [ast.unparse(annotation) for annotation in found if annotation is not None]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_says_what_it_is(path):
    assert doc(ast.parse(path.read_text()))


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_explained(name):
    node, owner = NAMES[name]
    assert doc(node) or (owner and inherited(name))


@pytest.mark.parametrize("name", [name for name, node in FUNCTIONS.items() if raises(node)])
def test_what_a_function_raises_is_said(name):
    assert "Raises" in doc(FUNCTIONS[name])


@pytest.mark.parametrize("name", CLASSES)
def test_what_a_constructor_raises_is_said(name):
    init = constructor(CLASSES[name])
    if init is not None and raises(init):
        assert "Raises:" in doc(CLASSES[name])


@pytest.mark.parametrize(
    "name",
    [n for n, node in FUNCTIONS.items() if any(TENSORS.search(a) for a in annotations(node))],
)
def test_tensors_have_their_shapes(name):
    node, owner = NAMES[name]
    above = doc(owner) + inherited(name) if owner else ""
    assert SHAPE.search(doc(node) + above)


def test_the_whole_face_is_found():
    assert set(FACE) == set(tf_simclr.__all__) - {"__version__"}


@pytest.mark.parametrize("name", [n for n in tf_simclr.__all__ if not n.startswith("__")])
def test_the_face_explains_arguments_results_and_errors(name):
    node = FACE[name]
    text = doc(node)
    if isinstance(node, ast.ClassDef):  # A dataclass has no constructor to read.
        given = list(inspect.signature(getattr(tf_simclr, name)).parameters)
    else:
        given = arguments(node)
        assert "Returns:" in text
        if raises(node):
            assert "Raises:" in text
    assert "Args:" in text
    for argument in given:
        assert argument in ("name", "kwargs") or re.search(
            rf"^ +{argument}: ", text, re.MULTILINE
        ), argument
    if isinstance(node, ast.ClassDef) and any(map(raises, methods(node))):
        assert "Raises:" in text


@pytest.mark.parametrize(
    "name", [n for n in tf_simclr.__all__ if not n.startswith("__") and n not in OF_NO_PAPER]
)
def test_the_face_names_its_paper(name):
    assert ARXIV.search(doc(FACE[name]))
