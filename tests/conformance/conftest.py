"""What conformance tests share: small data sets under TFDS' names, and with their features."""

import numpy as np
import pytest

# Tests that golden_test.py takes from other files.
pytest.register_assert_rewrite("golden_augment", "golden_released", "golden_trajectories")

# Name -> (pictures in each split, side in pixels).
DATA_SETS = {
    "cifar10": ({"train": 16, "test": 8}, 32),
    "imagenet2012": ({"train": 8, "validation": 8}, 240),
    "imagenet2012_subset/1pct": ({"train": 8, "validation": 8}, 240),
    "mnist": ({"train": 8, "test": 8}, 28),
}


def prepare(dataset, splits, side, data_dir):
    """Lets TFDS' own builder write noise in place of what it would download."""
    import tensorflow_datasets as tfds

    builder = tfds.builder(dataset, data_dir=data_dir)
    random = np.random.default_rng(0)

    def values(split, number):
        for name, feature in builder.info.features.items():
            if isinstance(feature, tfds.features.Image):
                shape = (side, side, feature.shape[-1])
                yield name, random.integers(0, 256, shape, np.uint8)
            elif isinstance(feature, tfds.features.ClassLabel):
                yield name, number % feature.num_classes
            else:
                yield name, f"{split}{number}"

    def examples(split, count):
        yield from ((number, dict(values(split, number))) for number in range(count))

    builder._split_generators = lambda *_: {s: examples(s, n) for s, n in splits.items()}
    builder.download_and_prepare()


@pytest.fixture(scope="session")
def tfds_dir(made_once):
    """A data_dir in which each of DATA_SETS is prepared."""

    def prepare_all(folder):
        for dataset, (splits, side) in DATA_SETS.items():
            prepare(dataset, splits, side, str(folder))

    return made_once("data_sets", prepare_all)
