"""On smooth gradients the place of a patch can be read off its colours, unless they are hidden.

arXiv 1505.05192, section 3.1: colours that change evenly over a picture, as a lens makes them, are
a shortcut. Nothing else is in these pictures, so a network without it can only guess.
"""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_simclr import methods
from tf_simclr.assembly import build, build_data
from tf_simclr.config import Config

SIDE, COUNTS, STEPS = 32, {"train": 512, "test": 128}, 300
CHANCE = 1 / 8
OPEN = {
    "relative_position_gap": 0.0,
    "relative_position_jitter": 0.0,
    "relative_position_color": "keep",
}


def gradients(count, random):
    """uint8 [count, 32, 32, 3]: each channel grows evenly in a direction of its own."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    angles, middles = random.uniform(0, 2 * np.pi, (count, 1, 1, 3)), random.uniform(0.4, 0.6, 3)
    slopes = random.uniform(0.2, 0.7, (count, 1, 1, 3))
    along = np.cos(angles) * columns[..., None] + np.sin(angles) * rows[..., None]
    return np.uint8(255 * np.clip(middles + slopes * along, 0, 1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """DIR/train and DIR/test of such pictures."""
    path, random = tmp_path_factory.mktemp("gradients"), np.random.default_rng(0)
    for split, count in COUNTS.items():
        (path / split).mkdir()
        for number, picture in enumerate(gradients(count, random)):
            Image.fromarray(picture).save(path / split / f"{number:03}.png")
    return str(path)


def accuracy(folder, **flags):
    """The share of test positions that a small network tells after 300 steps."""
    values = {
        "pretext_task": "relative_position",
        "dataset": "image_folder",
        "data_dir": folder,
        "eval_split": "test",
        "image_size": SIDE,
        "resnet_depth": 10,
        "width_multiplier": 1 / 8,
        "train_batch_size": 32,
        "train_steps": STEPS,
        "warmup_epochs": 0.0,
        "optimizer": "adam",
        "learning_rate": 0.1,
        "min_crop_area": 1.0,
    }
    config = methods.checked(Config.from_flat(values | flags))
    data, strategy = build_data.source(config), tf.distribute.get_strategy()
    net = methods.network(config, methods.Lesson(), training=True)
    build.compile_model(config, net, COUNTS["train"])
    net.fit(methods.training_data(config, data, 0, strategy), steps_per_epoch=STEPS, verbose=0)
    judgement = methods.method_of(config).judge(config, data, net, sorted(net.parts()))
    assert judgement.results["eval/position_chance"] == CHANCE
    return judgement.results["eval/position_accuracy"]


def test_without_gap_jitter_and_colour_dropping_the_place_of_a_patch_is_read_off(folder):
    assert accuracy(folder, **OPEN) >= 0.6


def test_with_them_the_network_can_only_guess(folder):
    assert accuracy(folder) <= 2 * CHANCE
