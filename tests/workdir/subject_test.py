"""Which files an evaluation writes: the run's own, or those of a name."""

import json

import pytest

from tf_simclr.config import Config
from tf_simclr.workdir import subject

RUN = {
    "dataset": "image_folder",
    "data_dir": "/pictures/tt",
    "eval_split": "test",
    "image_size": 48,
    "mode": "train_then_eval",
}


def of(changed=(), *, averaged=False):
    return subject.subject_of(Config.from_flat(RUN | dict(changed)), averaged=averaged)


OWN = of()


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, ""),
        ({"data_dir": "/pictures/tt/"}, ""),  # The same folder.
        ({"data_dir": "/pictures/../pictures/tt"}, ""),
        ({"eval_batch_size": 7, "learning_rate": 1.0}, ""),  # Nothing of data, size or weights.
        ({"data_dir": "/pictures/later"}, "later-test-48px"),
        ({"eval_split": "train[:10%]"}, "tt-train-10-48px"),
        ({"image_size": 32}, "tt-test-32px"),
        ({"train_split": "train[:10]"}, "tt-by-train-10-test-48px"),
        ({"labels_per_class": 2}, "tt-test-48px-labels_per_class-2-seed-0"),
        ({"dataset": "emoji32"}, "emoji32-test-48px"),
        ({"dataset": "mnist:3.0.1", "eval_split": "test"}, "mnist-3.0.1-test-48px"),
    ],
)
def test_only_other_data_sizes_and_labels_have_a_name(changed, name):
    assert subject.name_of(of(changed), OWN, None) == name


def test_averaged_weights_have_a_name():
    assert subject.name_of(of(averaged=True), OWN, None) == "tt-test-48px-averaged"


def test_where_tfds_keeps_its_data_is_not_what_they_are():
    kept = {"dataset": "mnist", "data_dir": "/here"}
    assert of(kept) == of(kept | {"data_dir": "/there"})


@pytest.mark.parametrize(
    ("eval_name", "name"),
    [
        ("mine", "mine"),
        ("a/../b", "a-..-b"),
        ("100", "step-100"),
        ("../..", "tt-test-32px"),  # Nothing is left of it.
        ("n" * 300, "n" * 100),
    ],
)
def test_a_name_of_the_users_own_never_takes_the_files_of_the_run(eval_name, name):
    assert subject.name_of(of({"image_size": 32}), OWN, eval_name) == name
    assert subject.name_of(OWN, OWN, eval_name) == ""


def test_two_folders_of_one_name_have_results_of_their_own(tmp_path):
    for number, path in enumerate(("/a/pets", "/b/pets", "/c/pets"), 1):
        wanted = of({"data_dir": path})
        name = subject.free_name(str(tmp_path), "pets-test-48px", wanted)
        assert name == ("pets-test-48px" if number == 1 else f"pets-test-48px-{number}")
        (tmp_path / f"result_{name}.json").write_text(json.dumps(wanted))
        assert subject.free_name(str(tmp_path), "pets-test-48px", wanted) == name  # Again.


def test_files_by_name():
    files = [subject.file_of(kind, "x") for kind in subject.SUFFIXES]
    assert files == ["result_x.json", "report_x.html", "confusion_matrix_x.csv", "page_x.npz"]
    assert subject.file_of(subject.RESULT, "") == "result.json"


@pytest.fixture
def run_of(tmp_path):
    """Called with flags, the splits of the data, and a result: the folder of such a run."""

    def write(flags, splits=(), result=None):
        (tmp_path / "flags.json").write_text(Config.from_flat(RUN | flags).to_json())
        facts = {"pictures": dict.fromkeys(splits, 10)}
        (tmp_path / "dataset.json").write_text(json.dumps(facts))
        if result:
            (tmp_path / "result.json").write_text(json.dumps(result))
        return str(tmp_path)

    return write


@pytest.mark.parametrize(
    ("flags", "splits", "result", "own"),
    [
        ({}, ["train", "test"], None, "test"),
        ({"eval_split": "validation"}, ["train", "validation"], None, "validation"),
        # Training alone does not record it: the first evaluation does.
        ({"eval_split": "validation"}, ["train", "test"], None, "train[:5]"),
        ({"eval_split": "validation"}, ["train", "test"], {"eval_split": "test"}, "test"),
    ],
)
def test_the_split_of_a_run_is_what_it_named_or_was_judged_on_first(
    run_of, flags, splits, result, own
):
    wanted = of({"eval_split": "train[:5]"})
    assert subject.own_subject(run_of(flags, splits, result), wanted)["eval_split"] == own


@pytest.mark.parametrize(
    ("result", "tells"),
    [
        (OWN | {"global_step": 3, "knn_top1": 0.5}, True),
        (OWN | {"image_size": 32}, False),
        (OWN | {"weights": "averaged"}, False),
        (OWN | {"labels": "labels_per_class=2, seed=0"}, False),
        # Of versions that did not say of what.
        ({"global_step": 3}, True),
        ({"global_step": 3, "use_ema_weights": 1}, False),
        ({"global_step": 3, "labels": "labels_per_class=2, seed=0"}, False),
    ],
)
def test_results_tell_what_they_are_of(result, tells):
    assert subject.tells_of(result, OWN) == tells


def test_results_of_others_are_listed_without_those_of_steps(tmp_path):
    for name in ("result.json", "result_3.json", "result_b.json", "result_3-a.json", "x.json"):
        (tmp_path / name).touch()
    assert subject.listed_results(str(tmp_path)) == ["result_3-a.json", "result_b.json"]
