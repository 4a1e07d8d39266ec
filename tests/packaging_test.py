"""What is installed: the wheel holds the package and its data, and its script runs anywhere."""

import ast
import email
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tf_simclr import recipes, tpu
from tf_simclr.version import __version__

ROOT = pathlib.Path(__file__).parent.parent
EMOJI = ROOT / "tf_simclr" / "data" / "emoji32"
UNPINNED = {"setuptools", "wheel"}  # pip's own list leaves them out.
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info")


def run(*command, cwd, **environment):
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(the wheel, built from the sdist, built from a copy of the tree; what was said)."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    # What must not be installed lies beside, as in the repository.
    for name in ("tf_simclr", "tests", "flags", "export"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, tree / name, ignore=LEFT_OUT)
    done = run(sys.executable, "-m", "build", "--no-isolation", cwd=tree)
    (wheel,) = (tree / "dist").glob("*.whl")
    return wheel, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(built):
    return built[0]


@pytest.fixture(scope="module")
def metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        return email.message_from_string(archive.read(name).decode())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder in which the wheel, and nothing that it depends on, is installed."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-compile"]
    run(*pip, f"--target={folder}", str(wheel), cwd=folder)
    return folder


def test_the_wheel_holds_the_package_and_nothing_beside_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    top = {name.split("/")[0] for name in names}
    assert top == {"tf_simclr", f"tf_simclr-{__version__}.dist-info"}
    ours = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tf_simclr").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    recipes = {f"tf_simclr/recipes/{path.name}" for path in (ROOT / "flags").glob("*.cfg")}
    assert {name for name in names if name.startswith("tf_simclr/")} == ours | recipes


def test_the_data_and_its_licences_are_in(wheel):
    with zipfile.ZipFile(wheel) as archive:
        for name in ("emoji32.bin", "emoji32.json", "README.md"):
            assert archive.read(f"tf_simclr/data/emoji32/{name}") == (EMOJI / name).read_bytes()
        licences = [name for name in archive.namelist() if "emoji32/LICENSE" in name]
        assert len(licences) == 3
        assert [name for name in archive.namelist() if re.search(r"dist-info/.*LICENSE$", name)]


def test_type_checkers_are_told_that_there_are_types(wheel, metadata):
    with zipfile.ZipFile(wheel) as archive:
        assert "tf_simclr/py.typed" in archive.namelist()
    assert "Typing :: Typed" in metadata.get_all("Classifier")


def test_metadata(metadata):
    assert (metadata["Name"].replace("-", "_"), metadata["Version"]) == ("tf_simclr", __version__)
    assert "Apache-2.0" in (metadata["License"], metadata["License-Expression"])
    assert set(metadata["Requires-Python"].split(",")) == {">=3.10", "<3.14"}
    assert metadata.get_payload().strip() == (ROOT / "README.md").read_text().strip()
    assert not [line for line in metadata.get_all("Classifier") if line.startswith("License")]


def test_the_metadata_names_the_versions_of_python_that_are_tested(metadata):
    supported = SpecifierSet(metadata["Requires-Python"])
    versions = [f"3.{minor}" for minor in range(100) if supported.contains(f"3.{minor}")]
    prefix = "Programming Language :: Python :: "
    named = [line.removeprefix(prefix) for line in metadata.get_all("Classifier")]
    assert [name for name in named if re.fullmatch(r"3\.\d+", name)] == versions
    lane = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    assert re.findall(r'"(3\.\d+)"', re.search(r"python-version: (\[.*\])", lane)[1]) == versions


@pytest.fixture(scope="module")
def required(metadata):
    """Names of the distributions that are always installed beside."""
    lines = [line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line]
    return {re.match(r"[\w-]+", line)[0].lower().replace("-", "_") for line in lines}


def test_requirements_have_what_others_forget_to_declare(required, metadata):
    assert {"tensorflow", "tf_keras", "tensorboard", "importlib_resources"} <= required
    assert "tensorflow_hub" not in required  # What exports are loaded with, not made with.
    assert "test" in metadata.get_all("Provides-Extra")


def key(name):
    return name.lower().replace("-", "_")


@pytest.fixture(scope="module")
def requirements(metadata):
    """{name: [Requirement]} for the extras given, on Python 3.11 if no other is."""

    def chosen(*extras, python_version="3.11"):
        found = {}
        for each in map(Requirement, metadata.get_all("Requires-Dist")):
            settings = [{"extra": name, "python_version": python_version} for name in extras]
            if not each.marker or any(map(each.marker.evaluate, settings)):
                found.setdefault(key(each.name), []).append(each)
        return found

    return chosen


def test_the_addons_bring_the_only_tensorflow_that_they_run_beside(requirements):
    extra = requirements("addons")
    for name, version in (("tensorflow", "2.15.1"), ("tf_keras", "2.15.1")):
        core, pin = extra[name]
        assert str(pin.specifier) == f"=={version}"
        assert core.specifier.contains(version)
    assert str(extra["tensorflow_addons"][0].specifier) == "==0.23.0"
    # Their wheels are for Python 3.9 to 3.11.
    assert requirements("addons", python_version="3.12") == requirements("none")


@pytest.mark.parametrize(
    ("name", "extras"),
    [
        ("constraints.txt", ["test", "hog", "onnx", "lite", "notebooks", "browser", "docs"]),
        ("constraints-addons.txt", ["test", "addons"]),
    ],
)
def test_the_constraints_pin_what_a_lane_requires(requirements, name, extras):
    lines = map(Requirement, (ROOT / name).read_text().splitlines())
    here = [line for line in lines if not line.marker or line.marker.evaluate()]
    pins = {key(line.name): str(line.specifier).removeprefix("==") for line in here}
    found = requirements(*extras)
    for package in found.keys() - UNPINNED:
        assert all(each.specifier.contains(pins[package]) for each in found[package]), package


def test_beside_tensorflow_tpu_everything_else_that_is_required_is_pinned(requirements):
    """Installed by --no-deps: what is not pinned is not there."""
    lines = map(Requirement, (ROOT / "constraints-tpu.txt").read_text().splitlines())
    pins = {key(line.name): str(line.specifier).removeprefix("==") for line in lines}
    assert "tensorflow" not in pins
    found = requirements("tpu")
    found["tensorflow_tpu"] = found.pop("tensorflow")
    for package in found:
        assert all(each.specifier.contains(pins[package]) for each in found[package]), package
    assert pins["tf_keras"].split(".")[:2] == pins["tensorflow_tpu"].split(".")[:2]
    assert "libtpu" in pins


def test_who_names_a_tpu_without_googles_client_is_told_the_extras_packages(requirements):
    extra = requirements("tpu").keys() - requirements("none").keys()
    assert set(map(key, tpu.API_CLIENT.values())) == extra


def test_every_package_that_is_imported_is_required(required):
    distributions = {"PIL": "pillow", "absl": "absl_py", "sklearn": "scikit_learn"}
    nodes = [
        node
        for path in (ROOT / "tf_simclr").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
    ]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    imported = {name.split(".")[0] for name in names}
    outside = imported - set(sys.stdlib_module_names) - {"tf_simclr"}
    optional = {"tensorflow_addons", "tf2onnx", "onnxruntime", "ai_edge_litert", "skimage"}
    assert {distributions.get(name, name) for name in outside} <= required | optional


def test_building_warns_of_nothing(built):
    lines = [line for line in built[1].splitlines() if re.search("deprecat|warning", line, re.I)]
    usual = "byte-compiling is disabled"  # Where PYTHONDONTWRITEBYTECODE is set.
    assert [line for line in lines if not re.search(usual, line)] == []


def test_the_console_script_runs_in_another_folder(installed, tmp_path):
    script = str(installed / "bin" / "tf-simclr")
    said = run(script, "--version", cwd=tmp_path, PYTHONPATH=str(installed)).stdout
    assert said == f"{__version__}\n"
    said = run(script, "--help", cwd=tmp_path, PYTHONPATH=str(installed)).stdout
    assert "tf-simclr --recipe=quickstart" in said


def test_an_installed_one_has_the_recipes_of_the_checkout(installed, tmp_path):
    script = str(installed / "bin" / "tf-simclr")
    said = run(script, "--recipe=help", cwd=tmp_path, PYTHONPATH=str(installed)).stdout
    assert said.replace(f"{installed}/tf_simclr/recipes/", f"{ROOT}/flags/") == (
        recipes.listing() + "\n"
    )
    for path in (ROOT / "flags").glob("*.cfg"):
        there = installed / "tf_simclr" / "recipes" / path.name
        assert there.read_bytes() == path.read_bytes()


def test_an_installed_one_runs_a_recipe_that_names_another(installed, emoji_dir, tmp_path):
    script = str(installed / "bin" / "tf-simclr")
    tiny = ["--image_size=16", "--resnet_depth=10", "--width_multiplier=0.0625"]
    short = ["--train_steps=1", "--train_batch_size=4", "--steps_per_execution=1", "--mode=train"]
    flags = ["--recipe=emoji32_v2", f"--data_dir={emoji_dir}", "--model_dir=run"]
    run(script, *tiny, *short, *flags, cwd=tmp_path, PYTHONPATH=str(installed))
    settings = json.loads((tmp_path / "run" / "flags.json").read_text())
    assert settings["image_size"] == 16  # typed
    assert settings["temperature"] == 0.2  # of the recipe
    assert settings["min_crop_area"] == 0.4  # of the recipe that it names


def test_what_is_installed_finds_its_data(installed, tmp_path):
    code = (
        "import pathlib, tf_simclr, tf_simclr.data.emoji32 as emoji\n"
        "print(tf_simclr.__file__)\n"
        "print((pathlib.Path(emoji.__file__).parent / 'emoji32.bin').stat().st_size)\n"
    )
    said = run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(installed)).stdout.split()
    assert said[0].startswith(str(installed))
    assert int(said[1]) == (EMOJI / "emoji32.bin").stat().st_size


def test_only_the_version_file_has_the_version():
    assert __version__ not in (ROOT / "setup.py").read_text()


def test_the_changelog_and_the_citation_are_of_the_version():
    heading = re.search(r"^## (\S+) ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heading[1] == __version__
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_git_has_every_module_of_the_package():
    """A package folder of a name that .gitignore passes over would be missing in every clone."""
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "tf_simclr"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    assert [path for path in listed if path.endswith(".py")] == []


def test_no_module_of_the_tests_has_the_name_of_a_folder_that_a_command_makes():
    """Ruff would sort its import among the project's own once that folder is there."""
    made = set(re.findall(r"^/(\w+)/$", (ROOT / ".gitignore").read_text(), re.MULTILINE))
    assert "runs" in made
    assert made & {path.stem for path in (ROOT / "tests").glob("*.py")} == set()
