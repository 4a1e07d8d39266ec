import dataclasses
import json
import os
import shutil

import pytest

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.data import order
from tf_simclr.exporting import card
from tf_simclr.workdir.dataset_facts import (
    check_order,
    class_names_at,
    dataset_facts,
    write_dataset,
)


@pytest.fixture
def data(picture_folder):
    return build_data.source(
        Config.from_flat({"dataset": "image_folder", "data_dir": picture_folder})
    )


def test_what_is_written_is_read_from_the_folder_and_from_a_checkpoint_in_it(data, tmp_path):
    write_dataset(data, str(tmp_path))
    facts = {
        "name": "image_folder",
        "licence": "",
        "class_names": ["dark", "light"],
        "pictures": {"test": 8, "train": 16},
        "order": order.VERSION,
    }
    for path in (tmp_path, tmp_path / "ckpt-3"):
        assert dataset_facts(str(path)) == facts
        assert class_names_at(str(path)) == ("dark", "light")


def test_a_student_of_pictures_without_labels_knows_its_teachers_classes(data, tmp_path):
    unlabelled = dataclasses.replace(data, class_names=(), num_classes=0)
    write_dataset(unlabelled, str(tmp_path), class_names=("cat", "dog"))
    assert class_names_at(str(tmp_path)) == ("cat", "dog")
    write_dataset(data, str(tmp_path), class_names=("cat", "dog"))  # Names in the data come first.
    assert class_names_at(str(tmp_path)) == ("dark", "light")


def test_exports_know_the_classes_wherever_they_lie(trained_run, tmp_path):
    for kind in ("hub", "saved_model"):
        alone = str(tmp_path / kind)
        shutil.copytree(os.path.join(trained_run, kind, "3"), alone)
        for path in (alone, os.path.join(alone, "variables", "variables")):
            assert class_names_at(path) == ("dark", "light")
        assert card.read(alone).dataset["class_names"] == ["dark", "light"]


def test_without_facts_there_are_none(tmp_path):
    (tmp_path / "dataset.json").write_text(json.dumps(["no", "facts"]))
    assert dataset_facts(str(tmp_path)) == {} and class_names_at(str(tmp_path)) == ()


def test_a_run_goes_on_in_the_order_that_it_was_begun_in(data, tmp_path):
    write_dataset(data, str(tmp_path))
    check_order(str(tmp_path), 5)
    for facts, version in (
        ({"name": "of old"}, 1),
        ({"order": order.VERSION + 1}, order.VERSION + 1),
    ):
        (tmp_path / "dataset.json").write_text(json.dumps(facts))
        with pytest.raises(ValueError, match=f"at step 5, of order {version}; this version") as got:
            check_order(str(tmp_path), 5)
        assert "\n" not in str(got.value)
    (tmp_path / "dataset.json").unlink()
    with pytest.raises(ValueError, match="a readable dataset.json .* at step 5, without one"):
        check_order(str(tmp_path), 5)
