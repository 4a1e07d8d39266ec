"""Operations by their words, in any order, and what neighbours share."""

import ast
import dataclasses
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import things
from tf_simclr.config.choices import VIEW_OPERATIONS
from tf_simclr.config.data import DataConfig
from tf_simclr.data.augment import operation
from tf_simclr.data.augment.crop import Crop
from tf_simclr.data.augment.flip import Flip
from tf_simclr.data.augment.gray import Gray, grayscale
from tf_simclr.data.augment.operation import Operation, act_in_turn, to_images, to_planes

FOLDER = pathlib.Path(operation.__file__).parent


def pictures(height, width, count=3):
    return np.random.default_rng(height).random((count, height, width, 3), np.float32)


def names_in(path):
    """What a file defines by plain assignments."""
    nodes = ast.parse(path.read_text()).body
    return {ast.unparse(target) for n in nodes if isinstance(n, ast.Assign) for target in n.targets}


def test_every_word_has_its_file_and_every_file_its_word():
    found = {path.stem for path in FOLDER.glob("*.py") if "OPERATION" in names_in(path)}
    assert found == set(VIEW_OPERATIONS)


@pytest.mark.parametrize("word", VIEW_OPERATIONS)
def test_an_operation_is_a_value_of_flags(word):
    kind = things.load("data.augment", word)
    defaults = {field.name: field.default for field in dataclasses.fields(DataConfig)}
    own = {field.name: field.default for field in dataclasses.fields(kind)}
    assert own.items() <= defaults.items()
    assert issubclass(kind, Operation) == (kind is not Crop)
    assert kind() == kind() and hash(kind()) == hash(kind())
    assert kind() != Operation()


@pytest.mark.parametrize("word", [word for word in VIEW_OPERATIONS if word != "crop"])
@pytest.mark.parametrize(("batch", "size"), [(1, 20), (5, 24)])
def test_an_operation_draws_and_acts_by_the_batch_as_by_the_picture(word, batch, size):
    one = things.load("data.augment", word)()
    images = tf.constant(pictures(size, size, batch))
    drawn = one.draw(tf.constant([size, batch]), batch, size)
    if not one.in_the_step:
        assert drawn.shape == (batch, one.count(size))
    changed = act_in_turn([one], images, [drawn])
    assert changed.shape == images.shape and changed.dtype == tf.float32
    for place in range(batch if not one.in_the_step else 0):
        own = slice(place, place + 1)
        alone = act_in_turn([one], images[own], [drawn[own]])
        np.testing.assert_allclose(changed[own], alone, atol=1e-5)


@pytest.mark.parametrize("size", [(6, 6), (5, 8)])
def test_planes_are_the_channels_and_go_back_to_the_images(size):
    images = pictures(*size)
    planes = to_planes(tf.constant(images))
    for channel, plane in enumerate(planes):
        np.testing.assert_array_equal(plane, images[..., channel].reshape(3, -1))
    np.testing.assert_array_equal(to_images(planes, *size), images)


@dataclasses.dataclass(frozen=True)
class Add(Operation):
    """Adds its draw."""

    numbers = 1

    def act(self, pictures, drawn):
        return pictures + drawn[:, :, tf.newaxis, tf.newaxis]


@dataclasses.dataclass(frozen=True)
class Power(Operation):
    """To the power of the draw, and no longer an image."""

    numbers = 1
    on_planes = True

    def act(self, pictures, drawn):
        return tuple(plane**drawn for plane in pictures)


@pytest.mark.parametrize(("height", "width"), [(4, 4), (3, 5)])
@pytest.mark.parametrize(
    ("order", "turns"), [("a", 0), ("p", 1), ("ap", 1), ("ppap", 2), ("paap", 2), ("", 0)]
)
def test_operations_act_in_turn_and_neighbours_share_planes(
    monkeypatch, order, turns, height, width
):
    calls = []
    monkeypatch.setattr(operation, "to_planes", lambda images: calls.append(1) or to_planes(images))
    images = expected = pictures(height, width)
    drawn = np.random.default_rng(0).uniform(0.5, 1.5, (len(order), 3, 1)).astype(np.float32)
    for letter, draw in zip(order, drawn[..., np.newaxis, np.newaxis]):
        expected = expected + draw if letter == "a" else expected**draw
    operations = [{"a": Add(), "p": Power()}[letter] for letter in order]
    found = act_in_turn(operations, tf.constant(images), [tf.constant(draw) for draw in drawn])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert len(calls) == turns


def test_each_operation_takes_its_own_draw():
    images = pictures(5, 5, 1)
    gray = to_images(grayscale(to_planes(tf.constant(images))), 5, 5)
    below, above = tf.constant([[0.1]]), tf.constant([[0.9]])
    both = [Flip(), Gray()]
    np.testing.assert_array_equal(
        act_in_turn(both, tf.constant(images), [below, above]), images[:, :, ::-1]
    )
    np.testing.assert_array_equal(act_in_turn(both, tf.constant(images), [above, below]), gray)


def test_a_draw_for_each_operation_is_needed():
    with pytest.raises(ValueError, match="shorter"):
        act_in_turn([Flip(), Gray()], tf.constant(pictures(4, 4)), [tf.zeros([3, 1])])
