"""Exports of a run, a checkpoint, another export: what is written, and what is told of it."""

import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import load_encoder
from tf_simclr.config import Config
from tf_simclr.evaluation.whitening import Whitening
from tf_simclr.exporting import card, lite
from tf_simclr.main import main
from tf_simclr.tasks import export as exports
from tf_simclr.tasks.export import tell_results
from tf_simclr.workdir.fitted import read_fitted
from tf_simclr.workdir.segments import export_steps

IMAGES = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)


def export(*flags):
    assert main(["tf-simclr", "--mode=export", *flags]) == 0


def features(path):
    return load_encoder(str(path))(IMAGES)["final_avg_pool"].numpy()


def test_training_leaves_both_exports_with_their_cards(trained_run):
    for kind, folder in {"hub_module": "hub", "saved_model": "saved_model"}.items():
        told = card.read(os.path.join(trained_run, folder, "3"))
        assert (told.format, told.step, told.features, told.classes) == (kind, 3, 32, 2)
        assert told.dataset["name"] == "image_folder"
        assert told.dataset["class_names"] == ["dark", "light"]
        assert told.dataset["pictures"] == {"train": 16, "test": 8}
        assert told.settings["resnet_depth"] == 10 and "data_dir" not in told.settings
        assert told.learned == "Learned on image_folder by SimCLR."


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("finetune", "Fine-tuned on emoji32."),
        ("supervised", "Trained with the labels of emoji32."),
        ("distill", "Learned on emoji32 from a teacher."),
    ],
)
def test_a_card_says_how_the_network_was_trained(mode, sentence):
    settings = Config.from_flat({"train_mode": mode, "teacher": "a"})
    assert exports._learned(settings, "emoji32") == sentence
    assert exports._learned(settings, None) == ""


def test_no_flag_is_repeated_and_the_default_place_is_in_the_run(trained_run, tmp_path, capsys):
    run = shutil.copytree(trained_run, tmp_path / "run")
    shutil.rmtree(run / "hub")
    export(f"--model_dir={run}")
    assert f"Exported {run}/hub/3" in capsys.readouterr().out
    np.testing.assert_array_equal(features(run / "hub" / "3"), features(run))


def test_the_pyramids_whitening_goes_from_the_run_to_its_exports_and_on(trained_run, tmp_path):
    white = read_fitted(str(trained_run), 3, Whitening)
    expected = white(load_encoder(str(trained_run))(IMAGES)["pyramid"].numpy())
    first = os.path.join(trained_run, "hub", "3")
    export(f"--checkpoint={first}", "--export_format=saved_model", f"--output={tmp_path / 'b'}")
    hub, saved_model = (tf.saved_model.load(path) for path in (first, str(tmp_path / "b")))
    for found in (hub.endpoints(IMAGES), saved_model(IMAGES)):
        np.testing.assert_allclose(found["pyramid_white"], expected, rtol=1e-3, atol=1e-3)


def test_an_earlier_step_has_no_whitening(trained_run, tmp_path):
    checkpoint, out = os.path.join(trained_run, "ckpt-2"), str(tmp_path / "out")
    export(f"--checkpoint={checkpoint}", "--export_format=saved_model", f"--output={out}")
    saved_model = tf.saved_model.load(out)
    outputs = saved_model(IMAGES)
    assert "pyramid" in outputs and "pyramid_white" not in outputs


@pytest.mark.parametrize("step", [1, 2])
def test_a_checkpoint_of_the_run_can_be_chosen(trained_run, tmp_path, step):
    checkpoint = os.path.join(trained_run, f"ckpt-{step}")
    export(f"--checkpoint={checkpoint}", f"--output={tmp_path / 'out'}")
    assert card.read(str(tmp_path / "out")).step == step
    np.testing.assert_array_equal(features(tmp_path / "out"), features(checkpoint))


def test_an_export_becomes_one_of_another_format_and_keeps_what_is_known(trained_run, tmp_path):
    first = os.path.join(trained_run, "hub", "3")
    export(f"--checkpoint={first}", "--export_format=saved_model", f"--output={tmp_path / 'b'}")
    ours, theirs = card.read(str(tmp_path / "b")), card.read(first)
    assert (ours.dataset, ours.step, ours.settings) == (theirs.dataset, 3, theirs.settings)
    np.testing.assert_array_equal(features(tmp_path / "b"), features(first))


def test_a_released_model_is_exported_too(tmp_path):
    golden = os.path.join(os.path.dirname(__file__), "..", "golden", "ckpt_tf1_r18_v1style")
    shutil.unpack_archive(os.path.join(golden, "checkpoint.tar.gz"), tmp_path / "released")
    (prefix,) = (path for path in (tmp_path / "released").rglob("*.index"))
    export(f"--checkpoint={prefix.with_suffix('')}", f"--output={tmp_path / 'out'}")
    told = card.read(str(tmp_path / "out"))
    assert (told.settings, told.dataset, told.image_size) == ({}, {}, 224)
    assert tf.saved_model.load(str(tmp_path / "out"))(IMAGES).shape[-1] == told.features


def test_without_the_settings_the_variables_tell(trained_run, tmp_path):
    run = shutil.copytree(trained_run, tmp_path / "run")
    (run / "flags.json").unlink()
    (run / "dataset.json").unlink()
    export(f"--model_dir={run}", f"--output={tmp_path / 'out'}")
    np.testing.assert_array_equal(features(tmp_path / "out"), features(trained_run))


def test_a_run_of_before_there_were_notes_names_its_data(trained_run, tmp_path):
    run = shutil.copytree(trained_run, tmp_path / "run")
    (run / "dataset.json").write_text("no JSON")
    export(f"--model_dir={run}", f"--output={tmp_path / 'out'}")
    assert card.read(str(tmp_path / "out")).dataset == {"name": "image_folder"}


def test_a_fixed_size_is_asked_for_by_a_flag(trained_run, tmp_path):
    export(f"--model_dir={trained_run}", "--export_image_size=24", f"--output={tmp_path / 'out'}")
    assert card.read(str(tmp_path / "out")).fixed_size == 24
    module = tf.saved_model.load(str(tmp_path / "out"))
    assert module.signatures["serving_default"].inputs[0].shape == [None, 24, 24, 3]
    picture = tf.io.encode_png(tf.zeros([9, 9, 3], tf.uint8))[None]
    assert module.signatures["serving_bytes"](image_bytes=picture)["features"].shape == [1, 32]


def test_int8_is_calibrated_on_the_runs_own_pictures_and_compared_on_others(
    trained_run, tmp_path, capsys, monkeypatch
):
    pytest.importorskip("ai_edge_litert")
    seen, save, run = {}, lite.save, lite.run

    def note_calibration(*args, pictures, **options):
        seen["calibrated"] = pictures
        save(*args, pictures=pictures, **options)

    def note_comparison(path, pictures):
        seen["compared"] = pictures
        return run(path, pictures)

    monkeypatch.setattr(lite, "save", note_calibration)
    monkeypatch.setattr(lite, "run", note_comparison)
    export(f"--model_dir={trained_run}", "--export_format=lite", f"--output={tmp_path / 'out'}")
    said = capsys.readouterr().out
    assert "int8: calibrated on 8 training pictures, compared on 8 more" in said
    measured = card.read(str(tmp_path / "out")).measured
    assert set(measured) == {"int8", "model.tflite", "model_int8.tflite"}
    assert "cosine at least 1.0000" in measured["model.tflite"]
    both = np.concatenate([seen["calibrated"], seen["compared"]])
    assert len(both) == len(np.unique(both, axis=0)) == 16


@pytest.mark.parametrize("size", [0, 24])
def test_onnx_tells_how_near_it_is(trained_run, tmp_path, size):
    pytest.importorskip("tf2onnx")
    pytest.importorskip("onnxruntime")
    flags = ["--export_format=onnx", f"--export_image_size={size}", f"--output={tmp_path / 'out'}"]
    export(f"--model_dir={trained_run}", *flags)
    assert "cosine at least 1.0000" in card.read(str(tmp_path / "out")).measured["model.onnx"]


def test_results_come_into_the_cards_when_there_are_some(trained_run, tmp_path):
    run = shutil.copytree(trained_run, tmp_path / "run")
    (run / "result.json").write_text(json.dumps({"global_step": 3, "knn_top1": 0.75}))
    tell_results(str(run), 3)
    assert "| kNN, top-1 | 75.0 % |" in (run / "hub" / "3" / "README.md").read_text()
    export(f"--model_dir={run}", f"--output={tmp_path / 'out'}")
    assert card.read(str(tmp_path / "out")).results["knn_top1"] == 0.75
    (run / "result.json").write_text(json.dumps({"global_step": 2, "knn_top1": 0.75}))
    export(f"--model_dir={run}", f"--output={tmp_path / 'out'}")  # One of ours: replaced.
    assert card.read(str(tmp_path / "out")).results == {}


def test_training_exports_on_its_way(tiny_flags, tmp_path, trained_run):
    # 16 pictures in batches of 4: a step is a quarter of an epoch.
    flags = ["--export_epochs=0.25", "--keep_hub_module_max=2", f"--model_dir={tmp_path}"]
    assert main(["tf-simclr", *tiny_flags, *flags]) == 0
    assert set(os.listdir(tmp_path / "hub")) == set(os.listdir(tmp_path / "saved_model"))
    assert set(os.listdir(tmp_path / "hub")) == {"2", "3"}
    assert card.read(str(tmp_path / "hub" / "2")).step == 2
    assert not np.array_equal(features(tmp_path / "hub" / "2"), features(tmp_path / "hub" / "3"))
    # Stopping for an export changes nothing.
    np.testing.assert_array_equal(features(tmp_path), features(trained_run))


def test_an_export_that_a_killed_process_did_not_finish_is_made_when_the_run_goes_on(
    tiny_flags, tmp_path, without_exports
):
    flags = ["--export_epochs=0.5", "--keep_hub_module_max=0", f"--model_dir={tmp_path}"]
    with without_exports():  # As if it had been killed when its last checkpoint was there.
        assert main(["tf-simclr", *tiny_flags, *flags, "--train_steps=2"]) == 0
    assert main(["tf-simclr", *tiny_flags, *flags, "--train_steps=3"]) == 0
    assert set(os.listdir(tmp_path / "hub")) == set(os.listdir(tmp_path / "saved_model"))
    assert set(os.listdir(tmp_path / "hub")) == {"2", "3"}
    assert card.read(str(tmp_path / "hub" / "2")).step == 2


@pytest.mark.parametrize(
    ("start", "total", "every", "steps"),
    [
        (0, 10, 4, [4, 8]),
        (4, 10, 4, [8]),
        (5, 10, 4, [8]),
        (0, 8, 4, [4]),
        (0, 10, 0, []),
        (0, 3, 5, []),
    ],
)
def test_export_steps_by_hand(start, total, every, steps):
    assert export_steps(start, total, every) == steps
