"""seed_patches.json: what is written is read, and what is damaged is nothing."""

import json

import numpy as np
import pytest

from tf_simclr.data.seed_patches import Seeds
from tf_simclr.workdir.seeds_file import SEEDS, Drawing, read_seeds, write_seeds

DRAWING = Drawing(seed=3, split="train[:50%]", pictures=7, patches=3)
SEED_PATCHES = Seeds(
    names=('cat/a "b",\n.png', "Zürich.png", "x__2"),
    boxes=np.array([[1, 2, 3], [0, 0, 10], [5, 4, 3]], np.int32),
    mean=np.array([1 / 3, 0.1, 2 / 7]),
    axes=np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 2)[0],
)


@pytest.mark.parametrize("count", [3, 1])
def test_what_is_written_is_read(tmp_path, count):
    seeds = SEED_PATCHES._replace(
        names=SEED_PATCHES.names[:count], boxes=SEED_PATCHES.boxes[:count]
    )
    write_seeds(str(tmp_path / "run"), DRAWING._replace(patches=count), seeds)
    drawing, found = read_seeds(str(tmp_path / "run"))
    assert drawing == DRAWING._replace(patches=count)
    assert found.names == seeds.names
    for array, expected in zip(found[1:], seeds[1:]):
        assert array.dtype == expected.dtype
        np.testing.assert_array_equal(array, expected)  # To the last bit.


def test_the_file_is_json_with_a_patch_in_each_line(tmp_path):
    write_seeds(str(tmp_path), DRAWING, SEED_PATCHES)
    text = (tmp_path / SEEDS).read_text()
    assert '\n  ["Zürich.png", 0, 0, 10],\n  ["x__2", 5, 4, 3]]}\n' in text
    facts = json.loads(text)
    assert facts["seed"] == 3 and len(facts["patches"]) == 3


def test_a_folder_without_it_has_none(tmp_path):
    assert read_seeds(str(tmp_path)) is None
    assert read_seeds(str(tmp_path / "nowhere")) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts.pop("patches"),
        lambda facts: facts.update(patches=[["a.png", 1, 2]]),
        lambda facts: facts.update(patches=5),
        lambda facts: facts.update(mean=[0.1]),
        lambda facts: facts.update(seed="many"),
    ],
)
def test_a_damaged_one_is_none(tmp_path, change):
    write_seeds(str(tmp_path), DRAWING, SEED_PATCHES)
    facts = json.loads((tmp_path / SEEDS).read_text())
    change(facts)
    (tmp_path / SEEDS).write_text(json.dumps(facts))
    assert read_seeds(str(tmp_path)) is None
    (tmp_path / SEEDS).write_text(json.dumps(facts)[:-7])
    assert read_seeds(str(tmp_path)) is None
