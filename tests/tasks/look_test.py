"""Which runs look at their features, and what may choose their best weights."""

import json

import pytest
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.tasks.look import check_looks, looks


def config(folder, **flags):
    return Config.from_flat(
        {"dataset": "image_folder", "data_dir": folder, "train_batch_size": 2, **flags}
    )


@pytest.fixture
def unlabelled(tmp_path):
    for number in range(4):
        tf.io.write_file(
            str(tmp_path / f"{number}.png"), tf.io.encode_png(tf.zeros([8, 8, 3], tf.uint8))
        )
    return tmp_path


@pytest.fixture
def two_workers(monkeypatch):
    addresses = ["localhost:1", "localhost:2"]
    place = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(place))


def test_a_pretraining_looks_unless_it_is_told_not_to(unlabelled):
    assert looks(config(unlabelled))
    assert not looks(config(unlabelled, looks_while_pretraining=False))
    assert not looks(config(unlabelled, train_mode="supervised"))


@pytest.mark.usefixtures("two_workers")
def test_several_workers_do_not_look_and_choose_no_best(unlabelled):
    assert not looks(config(unlabelled))
    chosen = config(unlabelled, keep_best="rankme")
    with pytest.raises(ValueError, match="`keep_best` works with one worker.* with 2 workers"):
        check_looks(chosen, build_data.source(chosen))


@pytest.mark.parametrize("judge", ["knn", "linear_probe"])
def test_labels_that_are_not_there_choose_no_best(unlabelled, judge):
    chosen = config(unlabelled, keep_best=judge)
    with pytest.raises(ValueError, match=f"needs labels in 'train' to choose by {judge}"):
        check_looks(chosen, build_data.source(chosen))
    chosen = config(unlabelled, keep_best="rankme")
    check_looks(chosen, build_data.source(chosen))
