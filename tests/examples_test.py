"""The scripts of examples/ run, on few pictures and small networks."""

import importlib
import json
import pathlib

import numpy as np
import pytest

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"
TEXT = {"dataset", "data_dir", "eval_split"}
TINY = {"steps": 2, "batch": 4, "width": 0.0625}


@pytest.fixture
def example(monkeypatch):
    """A script by its name: its functions are its attributes."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), np.uint8)


def test_each_is_tried_and_says_how_it_is_run():
    scripts = {path.stem: path.read_text() for path in EXAMPLES.glob("*.py")}
    assert set(scripts) == {"fit_arrays", "own_loss", "pretrain_folder", "two_by_two"}
    for name, text in scripts.items():
        assert f"python examples/{name}.py" in text.split('"""')[1]


def test_pretraining_on_a_folder(example, picture_folder, tmp_path, capsys, no_exports):
    tiny = {"resnet_depth": 10, "width_multiplier": 0.0625, "image_size": 16, "warmup_epochs": 0}
    run = example("pretrain_folder").main
    run(str(picture_folder), str(tmp_path), train_steps=2, train_batch_size=4, **tiny)
    printed = capsys.readouterr().out
    assert "is at step 2." in printed
    assert printed.count("is most like") == 5


def test_simclr_by_fit(example, pictures):
    features = example("fit_arrays").main(pictures, **TINY)
    assert features.shape == (8, 32) and np.isfinite(features).all()


def test_views_of_a_picture_differ(example, pictures):
    first = next(iter(example("fit_arrays").pairs_of_views(pictures, 4))).numpy()
    assert first.shape == (4, 16, 16, 6) and first.min() >= 0 and first.max() <= 1
    assert not np.allclose(first[..., :3], first[..., 3:])


def test_a_loss_of_ones_own(example, pictures):
    losses = example("own_loss").main(pictures, **TINY)
    # Both directions, each from -2, if all negatives are orthogonal, to 2 + 1, if all are parallel.
    assert -4 < losses["contrast_loss"][0] < 6


def test_a_two_by_two_study(example, tiny_flags, tmp_path, capsys, monkeypatch, no_exports):
    tiny = dict(flag.removeprefix("--").split("=", 1) for flag in tiny_flags)
    numbers = {name: json.loads(tiny.pop(name)) for name in set(tiny) - TEXT}
    study = example("two_by_two")
    monkeypatch.setitem(study.STUDY, "color_jitter_strength", (1.0,))  # Half of it.
    scores = study.main(str(tmp_path), "knn_top1", **tiny, **numbers)
    assert list(scores) == [(1.0, 0.1), (1.0, 0.5)]
    title, *table = capsys.readouterr().out.splitlines()[-3:]
    assert title == "color_jitter_strength temperature: knn_top1"
    for line, ((jitter, temperature), score) in zip(table, scores.items()):
        assert line.split() == [str(jitter), f"{temperature}:", f"{score:.1%}"]
    settings = json.loads((tmp_path / "1.0_0.5" / "flags.json").read_text())
    assert (settings["color_jitter_strength"], settings["temperature"]) == (1.0, 0.5)
