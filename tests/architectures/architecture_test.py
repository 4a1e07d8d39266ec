"""An architecture by its word, and two of another kind."""

import pathlib

import pytest
from small_architecture import PIXELS

import tf_simclr
from tf_simclr import things
from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.architectures.resnet import ResNetArchitecture
from tf_simclr.config import Config, choices

FOLDER = pathlib.Path(tf_simclr.__file__).parent / "architectures"


def test_every_word_has_its_file_and_every_file_its_word():
    defined = {path.stem for path in FOLDER.glob("*.py") if "\nARCHITECTURE = " in path.read_text()}
    assert defined == set(choices.ARCHITECTURES)
    for word in choices.ARCHITECTURES:
        assert things.load("architectures", word).word == word


def test_the_flags_of_each_are_flags():
    for word in choices.ARCHITECTURES:
        assert set(things.load("architectures", word).flags()) < set(Config().flat())


def test_a_word_without_a_file_is_refused():
    with pytest.raises(ValueError, match="'mlp' is listed in config/choices.py, but"):
        architecture_of(Config().flat() | {"architecture": "mlp"})


def test_settings_of_before_there_was_a_choice_are_of_a_resnet():
    values = Config().flat()
    del values["architecture"]
    made = architecture_of(Config.from_flat(values).flat())
    assert isinstance(made, ResNetArchitecture)
    assert made.settings().items() <= Config().flat().items()


def test_weights_of_another_kind_never_fit():
    ours = architecture_of(Config().flat())
    assert ours.misfits(PIXELS) == {"architecture": ("resnet", "pixels")}
    assert PIXELS.misfits(ours) == {"architecture": ("pixels", "resnet")}
