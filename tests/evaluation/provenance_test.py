from tf_simclr.evaluation.provenance import said


def test_a_result_says_of_what():
    result = {
        "dataset": "image_folder",
        "data_dir": "/pictures/pets",
        "eval_split": "test",
        "image_size": 48,
        "weights": "averaged",
        "labels": "label_fraction=0.1, seed=0",
        "date": "2026-11-28",
    }
    assert said(result) == (
        "test of pets, 48 pixels, averaged weights, label_fraction=0.1, seed=0, 2026-11-28"
    )
    plain = {"dataset": "emoji32", "eval_split": "test", "image_size": 32, "weights": "trained"}
    assert said(plain) == "test of emoji32, 32 pixels"


def test_one_of_an_older_version_has_nothing_to_say():
    assert said({"global_step": 3, "knn_top1": 0.5}) == ""
