import pytest

from tf_simclr.assembly import build_data
from tf_simclr.assembly.overlap import overlaps
from tf_simclr.config import Config


@pytest.fixture
def told(picture_folder):
    """Called with the splits of an evaluation, and those of its run: what is said of them."""

    def said(train, judged, *, run=None, of_run=None):
        def config(split, folder):
            flags = {"dataset": "image_folder", "data_dir": folder or picture_folder}
            return Config.from_flat(flags | {"train_split": split, "eval_split": judged})

        ours = config(train, None)
        trained = config(run, of_run) if run else None
        return overlaps(ours, build_data.source(ours), trained)

    return said


@pytest.mark.parametrize(
    ("train", "judged", "shared"),
    [
        ("train", "test", 0),
        ("train[:8]", "train[8:]", 0),
        ("train[:75%]", "train[75%:]", 0),
        ("train", "train[8:]", 8),
        ("train[:10]", "train[8:]", 2),
        ("train[:10]+train[:12]", "train[8:]", 4),  # A picture counts once.
        ("train+test", "test[2:5]", 3),
    ],
)
def test_shared_pictures_are_counted_however_the_splits_are_written(told, train, judged, shared):
    lines = told(train, judged)
    assert bool(lines) == bool(shared)
    if shared:
        assert lines[0].startswith(f"{shared} of the ") and f"{train!r}" in lines[0]


def test_network_and_probe_are_told_apart(told):
    network, probe = told("train[8:]", "train", run="train[:8]")
    assert "8 of the 16" in network and "'train[:8]', which the network learned from" in network
    assert "8 of the 16" in probe and "'train[8:]', which the probe and kNN learn from" in probe


def test_a_folder_is_the_same_however_it_is_spelled(told, picture_folder):
    lines = told("test", "train", run="train", of_run=f"{picture_folder}/../pictures/")
    assert "which the network learned from" in lines[0]


def test_a_folder_inside_of_the_runs_own_is_compared_by_its_files(picture_folder):
    def config(folder, train, judged):
        flags = {"dataset": "image_folder", "data_dir": folder}
        return Config.from_flat(flags | {"train_split": train, "eval_split": judged})

    run = config(picture_folder, "train", "test")
    for inside, shared in (("train", 8), ("test", 0)):  # Classes there, splits here.
        ours = config(f"{picture_folder}/{inside}", "train[:50%]", "train[50%:]")
        lines = overlaps(ours, build_data.source(ours), run)
        assert len(lines) == bool(shared)
        assert all(line.startswith("8 of the 8 pictures to judge on") for line in lines)
    outside = config(picture_folder, "test", "train")
    (line,) = overlaps(
        outside, build_data.source(outside), config(f"{picture_folder}/train", "train", "train")
    )
    assert line.startswith("16 of the 16") and f"in {picture_folder}/train, which" in line


def test_of_other_data_only_the_probe_can_have_seen_something(told):
    (line,) = told("train", "train", run="train", of_run="/elsewhere")
    assert "which the probe and kNN learn from" in line


def test_a_split_that_does_not_exist_is_others_to_refuse(told):
    assert told("train", "none") == []
