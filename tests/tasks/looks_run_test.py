"""Runs that look at their features at each step: what is kept, and that nothing else changes."""

import json
import os

import numpy as np
import pytest
from whole_runs import run, weights

from tf_simclr.main import main
from tf_simclr.workdir import looking
from tf_simclr.workdir.summaries import read_scalars


@pytest.fixture(autouse=True)
def always(monkeypatch):
    monkeypatch.setattr(looking, "is_due", lambda **_: True)


@pytest.mark.usefixtures("no_exports")
def test_looks_change_no_weight(tiny_flags, tmp_path):
    for looks in (True, False):
        run(
            *tiny_flags,
            f"--looks_while_pretraining={looks}",
            f"--model_dir={tmp_path / str(looks)}",
        )
    with_looks, without = (weights(tmp_path / str(looks), 3) for looks in (True, False))
    for name, value in without.items():
        np.testing.assert_array_equal(with_looks[name], value, err_msg=name)
    tags = {"rankme", "feature_std", "knn_top1", "linear_probe_top1"}
    found = read_scalars(str(tmp_path / "True"))
    assert {f"train/look_{tag}" for tag in tags} <= set(found)
    assert found["train/look_rankme"][0].tolist() == [2, 3]
    assert not [tag for tag in read_scalars(str(tmp_path / "False")) if "look" in tag]


def test_the_best_is_exported_beside_the_last_and_a_run_goes_on(tiny_flags, tmp_path, capsys):
    flags = [*tiny_flags, "--keep_best=rankme", f"--model_dir={tmp_path}"]
    run(*flags, "--train_steps=2")
    run(*flags, "--train_steps=4")
    ranks = dict(zip(*read_scalars(str(tmp_path))["train/look_rankme"]))
    assert sorted(ranks) == [2, 4]  # The first step of each start only starts the clock.
    best = json.loads((tmp_path / "best" / "best.json").read_text())
    assert best["step"] == max(ranks, key=ranks.get) and best["by"] == "rankme"
    assert f"Best by rankme ({best['value']:.4g}): step {best['step']}" in capsys.readouterr().out
    assert os.listdir(tmp_path / "best" / "hub") == [str(best["step"])]
    assert os.listdir(tmp_path / "hub") == ["4"]


def test_labels_are_needed_to_choose_by_them(tiny_flags, tmp_path, picture_folder, capsys):
    (tmp_path / "flat").mkdir()
    for n, path in enumerate(sorted(os.listdir(os.path.join(picture_folder, "train")))):
        folder = os.path.join(picture_folder, "train", path)
        for name in os.listdir(folder):
            os.symlink(os.path.join(folder, name), tmp_path / "flat" / f"{n}{name}")
    flags = [*tiny_flags, f"--data_dir={tmp_path / 'flat'}", f"--model_dir={tmp_path / 'run'}"]
    assert main(["tf-simclr", *flags, "--keep_best=knn"]) == 2
    assert "Give --keep_best=rankme" in capsys.readouterr().err
