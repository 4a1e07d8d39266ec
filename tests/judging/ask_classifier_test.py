"""Whether a run's classifier is judged on the labels that an evaluation chooses."""

import pytest

from tf_simclr.config import Config
from tf_simclr.judging import ask_classifier
from tf_simclr.workdir import run_folder

FEW = {"label_fraction": 0.1}


@pytest.mark.parametrize(
    ("trained", "asked", "knew"),
    [
        ({}, {}, ""),
        (FEW, {}, ""),  # Whoever knows few labels can be asked about all.
        (FEW, FEW, ""),
        ({}, FEW, "all"),
        (FEW, {"label_fraction": 0.2}, "label_fraction=0.1, seed=0"),
    ],
)
def test_a_classifier_is_judged_by_its_own_labels_or_by_all(tmp_path, trained, asked, knew):
    flags = {"dataset": "emoji32", "train_mode": "supervised", "model_dir": str(tmp_path)}
    run_folder.write_settings(Config.from_flat(flags | trained), str(tmp_path))
    found = ask_classifier._of_other_labels(Config.from_flat(flags | asked), str(tmp_path))
    assert found == knew
