"""An export format is one file and one word; a missing extra is one line that says the remedy."""

import importlib
import pathlib
import re

import pytest

from tf_simclr import exporting, things
from tf_simclr.config.choices import EXPORT_FORMATS
from tf_simclr.exporting.format import Format, needs_extra

ROOT = pathlib.Path(__file__).parents[2]
FORMATS = {word: things.load("exporting", word) for word in EXPORT_FORMATS}


def test_every_word_has_its_file_and_every_file_its_word():
    names = [path.stem for path in pathlib.Path(exporting.__path__[0]).glob("[!_]*.py")]
    modules = {name: importlib.import_module(f"tf_simclr.exporting.{name}") for name in names}
    defining = {name for name, module in modules.items() if hasattr(module, "FORMAT")}
    assert defining == set(EXPORT_FORMATS)
    assert all(isinstance(form, Format) for form in FORMATS.values())


def test_each_format_has_a_folder_of_its_own_in_a_run():
    folders = [form.folder for form in FORMATS.values()]
    assert len(set(folders)) == len(folders)
    # Older runs have their exports there.
    known = {"hub_module": "hub", "saved_model": "saved_model", "onnx": "onnx", "lite": "lite"}
    assert {word: FORMATS[word].folder for word in known} == known


def extra_of(word):
    """The extra of setup.py that the file of a format names; None if it names none."""
    return getattr(importlib.import_module(f"tf_simclr.exporting.{word}"), "EXTRA", None)


@pytest.mark.parametrize("word", FORMATS)
def test_its_extra_is_one_that_pip_knows(word):
    extras = re.findall(
        r'^        "(\w+)": [A-Z]+,$', (ROOT / "setup.py").read_text(), re.MULTILINE
    )
    assert extra_of(word) is None or extra_of(word) in extras


def test_training_writes_what_needs_neither_an_extra_nor_pictures():
    by_training = [word for word, form in FORMATS.items() if form.by_training]
    assert by_training
    assert not [w for w in by_training if extra_of(w) or FORMATS[w].needs_pictures]


def test_a_word_without_a_file_is_one_line():
    with pytest.raises(
        ValueError, match=r"^'pdf' is listed .*exporting.pdf does not define FORMAT\.$"
    ):
        things.load("exporting", "pdf")


@pytest.mark.parametrize("error", [ModuleNotFoundError, ImportError])  # Missing, and damaged.
@pytest.mark.parametrize("name", ["onnx", "lite"])
def test_packages_that_cannot_be_imported_are_told_with_the_remedy(name, error):
    told = rf"`export_format` {name} needs .*\(no such thing\).*pip install 'tf_simclr\[{name}\]'"
    with pytest.raises(ValueError, match=told), needs_extra(name):
        raise error("no such thing")


def test_other_errors_are_nobodys_lack():
    with pytest.raises(RuntimeError, match="a fault"), needs_extra("onnx"):
        raise RuntimeError("a fault")
