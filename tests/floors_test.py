"""The house has floors: a file imports only from floors below its own, and some things never."""

import ast
import pathlib

import pytest

from tf_simclr.config import SECTIONS

ROOT = pathlib.Path(__file__).parent.parent
PACKAGE = ROOT / "tf_simclr"
# The longest prefix of a module's name counts.
FLOORS = {
    "tf_simclr.quiet": -1,
    "tf_simclr.network": -1,
    "tf_simclr.config.choices": -3,
    "tf_simclr.config.matters": -2,
    "tf_simclr.stopping": -1,
    "tf_simclr.config.fields": -1,
    "tf_simclr.things": -1,
    "tf_simclr.habits": -1,
    "tf_simclr.recipes": -1,
    "tf_simclr.version": 0,
    "tf_simclr.usage": 1,
    "tf_simclr.progress": 0,
    "tf_simclr.host_xla": 0,
    "tf_simclr.plain_paths": 0,
    "tf_simclr.tpu": 0,
    "tf_simclr.file_errors": 0,
    "tf_simclr.buckets": 0,
    "tf_simclr.picture_range": 0,
    "tf_simclr.bfloat16": 0,
    "tf_simclr.report_page": 0,
    "tf_simclr.resnet_sizes": 0,
    **{f"tf_simclr.config.{section}": 0 for section in SECTIONS},
    "tf_simclr.evaluation.provenance": 0,
    "tf_simclr.reporting.names": 0,
    "tf_simclr": 1,  # The package itself: what it names is loaded on first use, by name.
    "tf_simclr.replicas": 1,
    "tf_simclr.config": 1,
    "tf_simclr.data": 1,
    "tf_simclr.optim": 1,
    "tf_simclr.evaluation": 1,
    "tf_simclr.exporting": 1,
    "tf_simclr.reporting": 1,
    "tf_simclr.choosing": 2,
    "tf_simclr.losses": 3,
    "tf_simclr.cli": 3,
    "tf_simclr.early_checks": 3,
    "tf_simclr.workdir": 3,
    "tf_simclr.nets": 4,
    "tf_simclr.architectures": 5,
    "tf_simclr.pretrained": 6,
    "tf_simclr.assembly": 7,
    "tf_simclr.judging": 8,
    "tf_simclr.methods": 9,
    "tf_simclr.tasks": 10,
    "tf_simclr.main": 11,
    "tf_simclr.running": 11,
    "export": 12,
}
MAY_READ_FLAGS = {"tf_simclr.cli", "tf_simclr.main", "export"}
NEVER_READ_CONFIG = {
    f"tf_simclr.{name}"
    for name in (
        *("nets", "architectures", "losses", "optim"),
        *("data", "choosing", "evaluation", "exporting", "reporting"),
    )
}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(name):
    """The entry of FLOORS that a module belongs to; None for what is not of this project."""
    fitting = [known for known in FLOORS if name == known or name.startswith(known + ".")]
    return max(fitting, key=len, default=None)


def imports(path):
    """Full names of what a file imports, wherever in it, but for imports that only types need."""
    tree = ast.parse(path.read_text())
    for_types = [
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    ]
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


FILES = sorted(
    path
    for folder in (PACKAGE, ROOT / "export")
    for path in folder.rglob("*.py")
    if "__pycache__" not in path.parts
)


@pytest.fixture(params=FILES, ids=lambda path: str(path.relative_to(ROOT)))
def file(request):
    return request.param


def test_every_file_has_a_floor(file):
    name = module_name(file)
    assert name == "tf_simclr" or room(name) != "tf_simclr", f"give {name} a floor"


def test_imports_go_down(file):
    ours = room(module_name(file))
    for name in imports(file):
        theirs = room(name)
        if theirs not in (None, ours):
            # A room's own files may import each other.
            assert FLOORS[theirs] < FLOORS[ours], f"{file} imports {name}"


def test_no_files_import_each_other_in_a_circle():
    known = {module_name(path) for path in FILES}

    def module(name):  # What is imported is a module, or something in one.
        return name if name in known else name.rpartition(".")[0]

    below = {module_name(path): {module(name) for name in imports(path)} for path in FILES}
    while free := [name for name, theirs in below.items() if not theirs & set(below)]:
        for name in free:
            del below[name]
    assert sorted(below) == []


def test_only_the_command_line_reads_flags(file):
    if room(module_name(file)) not in MAY_READ_FLAGS:
        absl = [name for name in imports(file) if name.split(".")[0] == "absl"]
        assert not [name for name in absl if "flags" in name or "app" in name]


def test_the_library_does_not_know_the_config(file):
    if room(module_name(file)) in NEVER_READ_CONFIG:
        assert not [name for name in imports(file) if name.startswith("tf_simclr.config")]


def test_one_file_knows_the_addons(file):
    if file != PACKAGE / "optim" / "lamb.py":
        assert not [name for name in imports(file) if name.startswith("tensorflow_addons")]


def test_networks_do_not_know_data(file):
    if room(module_name(file)) == "tf_simclr.nets":
        assert not [name for name in imports(file) if name.startswith("tf_simclr.data")]


def test_the_package_does_not_know_what_is_not_installed(file):
    if PACKAGE in file.parents:
        assert not {"export", "tests", "benchmarks", "examples"} & {
            n.split(".")[0] for n in imports(file)
        }


def test_the_config_is_plain_python():
    for name in (
        "config/__init__.py",
        "config/choices.py",
        "config/fields.py",
        "config/matters.py",
        "config/remarks.py",
        *(f"config/{section}.py" for section in SECTIONS),
        "version.py",
        "__init__.py",
    ):
        outside = {n.split(".")[0] for n in imports(PACKAGE / name)} - {"tf_simclr"}
        assert not outside & {"tensorflow", "tf_keras", "absl", "numpy"}, name


def test_keras_is_tf_keras(file):
    """Under its own name, so that nobody has to set TF_USE_LEGACY_KERAS."""
    names = set(imports(file))
    assert not {name for name in names if name == "keras" or name.startswith("keras.")}
    assert not {name for name in names if name.startswith("tensorflow.keras")}
    nodes = ast.walk(ast.parse(file.read_text()))
    attributes = [ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)]
    assert not [name for name in attributes if name.startswith("tf.keras")]
