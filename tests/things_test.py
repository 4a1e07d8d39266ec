"""Every word in a list of choices has its file, and every such file has its word."""

import pathlib

import pytest

from tf_simclr import things
from tf_simclr.config import choices

PACKAGE = pathlib.Path(things.__file__).parent
# Folder of a kind -> its words.
WORDS = {
    "architectures": {*choices.ARCHITECTURES},
    "data.augment": {*choices.VIEW_OPERATIONS},
    "exporting": {*choices.EXPORT_FORMATS},
    "losses": {*choices.LOSSES},
    "methods": {*choices.PRETEXT_TASKS, *choices.TRAIN_MODES} - {"pretrain"},
}


@pytest.mark.parametrize(
    ("folder", "word"), [(folder, word) for folder in WORDS for word in sorted(WORDS[folder])]
)
def test_every_word_has_its_file(folder, word):
    assert things.load(folder, word) is not None


@pytest.mark.parametrize("folder", WORDS)
def test_every_file_of_a_thing_has_its_word(folder):
    defined = {
        path.stem
        for path in (PACKAGE / folder.replace(".", "/")).glob("*.py")
        if f"\n{things.NAMES[folder]} = " in path.read_text()
    }
    assert defined == WORDS[folder]


@pytest.mark.parametrize("word", ["no_such_method", "method"])
def test_a_word_without_a_thing_fails_by_name(word):
    """A file that is not there, and one that defines no method."""
    with pytest.raises(ValueError, match=f"'{word}' is listed in .* does not define METHOD"):
        things.load("methods", word)


def test_what_a_thing_lacks_is_no_missing_thing(monkeypatch):
    def lacking(name):
        raise ModuleNotFoundError("No module named 'fast_rotations'", name="fast_rotations")

    monkeypatch.setattr(things.importlib, "import_module", lacking)
    with pytest.raises(ModuleNotFoundError, match="fast_rotations"):
        things.load("methods", "no_such_method")


def test_a_mistake_inside_a_thing_is_not_hidden(monkeypatch):
    def broken(name):
        raise AttributeError("module 'math' has no attribute 'sqroot'")

    monkeypatch.setattr(things.importlib, "import_module", broken)
    with pytest.raises(AttributeError, match="sqroot"):
        things.load("losses", "nt_xent")
