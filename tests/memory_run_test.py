"""Runs with a memory, by the command line: resumed, evaluated, exported, fine-tuned."""

import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import load_encoder
from tf_simclr.main import main
from tf_simclr.tasks import evaluate

MEMORY = ("--memory_size=6", "--ema_decay=0.5")
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


def run(*flags):
    assert main(["tf-simclr", *flags]) == 0


def tensors(folder, step):
    reader = tf.train.load_checkpoint(os.path.join(folder, f"ckpt-{step}"))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def of_part(arrays, part):
    """What a checkpoint has of a part, by place in it."""
    found = {
        name.removeprefix(f"{part}/").removesuffix(VALUE): value
        for name, value in arrays.items()
        if name.startswith(f"{part}/") and name.endswith(VALUE) and ".OPTIMIZER_SLOT" not in name
    }
    assert found
    return found


def weights_of(encoder, folder):
    """An encoder's weights, by place in it, as a checkpoint has them."""
    prefix = tf.train.Checkpoint(encoder=encoder).write(str(folder / "encoder"))
    reader = tf.train.load_checkpoint(prefix)
    return of_part(
        {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}, "encoder"
    )


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def differ(found, expected):
    assert found.keys() == expected.keys()
    return any(np.any(found[name] != value) for name, value in expected.items())


@pytest.fixture(scope="module")
def remembered(tiny_flags, tmp_path_factory):
    """The folder of a run with a memory: checkpoints 1, 2 and 3, exports. Copy it to change it."""
    folder = str(tmp_path_factory.mktemp("runs") / "remembered")
    run(*tiny_flags, *MEMORY, "--checkpoint_steps=1", f"--model_dir={folder}")
    return folder


@pytest.fixture(scope="module")
def saved(remembered):
    return tensors(remembered, 3)


def test_a_checkpoint_holds_the_queue_and_the_averaged_network(remembered, saved):
    assert of_part(saved, "memory").keys() == {"rows", "filled"}
    for part in ("encoder", "projection_head"):
        averaged, online = of_part(saved, f"ema_{part}"), of_part(saved, part)
        assert differ(averaged, online)
    # Batches of 4, the newest first.
    filled = [int(tensors(remembered, n)[f"memory/filled{VALUE}"]) for n in (1, 2, 3)]
    assert filled == [4, 6, 6]
    rows = [tensors(remembered, n)[f"memory/rows{VALUE}"] for n in (1, 2, 3)]
    np.testing.assert_array_equal(rows[0][4:], 0)
    np.testing.assert_array_equal(rows[1][4:], rows[0][:2])
    np.testing.assert_array_equal(rows[2][4:], rows[1][:2])


def test_the_first_step_is_that_of_a_run_without_a_memory_and_the_next_are_not(
    remembered, trained_run
):
    for step, rtol in ((1, 1e-5), (3, None)):
        ours, plain = tensors(remembered, step), tensors(trained_run, step)
        for part in ("encoder", "projection_head", "supervised_head"):
            found, expected = of_part(ours, part), of_part(plain, part)
            if rtol is None:
                assert differ(found, expected)
                continue
            for name, value in expected.items():
                np.testing.assert_allclose(found[name], value, rtol=rtol, atol=1e-6, err_msg=name)


def broken_off(unbroken, folder):
    """A copy of a run as it was after its first step."""
    shutil.copytree(unbroken, folder)
    for path in [*folder.glob("ckpt-2*"), *folder.glob("ckpt-3*"), folder / "checkpoint"]:
        path.unlink()
    for path in (folder / "hub", folder / "saved_model"):
        shutil.rmtree(path, ignore_errors=True)  # Not there where exports are left out.
    return folder


@pytest.mark.usefixtures("no_exports")
def test_resumed_it_ends_bit_for_bit_as_unbroken(tiny_flags, remembered, saved, tmp_path):
    folder = broken_off(remembered, tmp_path / "run")
    run(*tiny_flags, *MEMORY, "--checkpoint_steps=1", f"--model_dir={folder}")
    assert_equal(tensors(folder, 3), saved)


@pytest.mark.usefixtures("no_exports")
def test_resumed_in_microbatches_too(tiny_flags, tmp_path):
    flags = [*tiny_flags, *MEMORY, "--microbatches=2", "--checkpoint_steps=1"]
    run(*flags, f"--model_dir={tmp_path / 'unbroken'}")
    folder = broken_off(tmp_path / "unbroken", tmp_path / "run")
    run(*flags, f"--model_dir={folder}")
    assert_equal(tensors(folder, 3), tensors(tmp_path / "unbroken", 3))


def test_it_goes_on_with_the_same_size_only(tiny_flags, remembered, capsys):
    flags = [*tiny_flags, "--memory_size=8", f"--model_dir={remembered}"]
    assert main(["tf-simclr", *flags]) == 2
    assert "memory_size is 8 and was 6" in capsys.readouterr().err


@pytest.mark.usefixtures("no_exports")
def test_behind_a_warm_start_the_averaged_network_is_a_copy_of_it(
    tiny_flags, trained_run, tmp_path
):
    flags = [*tiny_flags, *MEMORY, "--learning_rate=1e-30", "--train_steps=1"]
    run(*flags, f"--checkpoint={trained_run}", f"--model_dir={tmp_path}")
    start, averaged = (
        of_part(tensors(*each), part)
        for each, part in (((trained_run, 3), "encoder"), ((tmp_path, 1), "ema_encoder"))
    )
    weights = [name for name in start if "moving" not in name]
    assert 0 < len(weights) < len(start)
    for name in weights:
        np.testing.assert_array_equal(averaged[name], start[name], err_msg=name)


def test_load_encoder_takes_either_set_of_weights(remembered, saved, tmp_path):
    for place in ("", "ckpt-3"):
        path = os.path.join(remembered, place)
        assert_equal(weights_of(load_encoder(path), tmp_path), of_part(saved, "encoder"))
        averaged = load_encoder(path, use_ema_weights=True)
        assert_equal(weights_of(averaged, tmp_path), of_part(saved, "ema_encoder"))


def test_without_settings_the_weights_that_trained_tell_the_architecture(
    remembered, saved, tmp_path
):
    bare = shutil.copytree(remembered, tmp_path / "bare")
    (bare / "flags.json").unlink()
    assert_equal(weights_of(load_encoder(str(bare)), tmp_path), of_part(saved, "encoder"))
    averaged = load_encoder(str(bare), use_ema_weights=True)
    assert_equal(weights_of(averaged, tmp_path), of_part(saved, "ema_encoder"))


def test_evaluation_judges_the_averaged_weights_when_asked(
    tiny_flags, remembered, saved, tmp_path, capsys, monkeypatch
):
    folder = shutil.copytree(remembered, tmp_path / "run")
    flags = [*tiny_flags, *MEMORY, f"--model_dir={folder}"]
    judged = []
    original = evaluate.encoder_outputs

    def note(encoder, strategy, outputs):
        judged.append(weights_of(encoder, tmp_path))
        return original(encoder, strategy, outputs)

    monkeypatch.setattr(evaluate, "encoder_outputs", note)
    results = []
    for more, part in (
        (["--mode=eval", "--use_ema_weights"], "ema_encoder"),
        (["--mode=train_then_eval"], "encoder"),  # As if it had not been evaluated before.
    ):
        judged.clear()
        capsys.readouterr()
        run(*flags, *more)
        said = capsys.readouterr().out
        assert_equal(judged[0], of_part(saved, part))  # The second is the untrained network.
        averaged = part == "ema_encoder"
        assert ("Evaluating the averaged weights of step 3" in said) == averaged
        assert ("Averaged encoder" in said) == averaged
        assert (os.path.join("hub", "3") in said) != averaged
        name = "result_pictures-test-16px-averaged.json" if averaged else "result.json"
        with open(folder / name) as file:
            results.append(json.load(file))
        assert results[-1]["weights"] == ("averaged" if averaged else "trained")
        assert (folder / "result.json").exists() != averaged
        with open(folder / "hub" / "3" / "export.json") as file:
            assert bool(json.load(file).get("results")) != averaged  # The card is of the others.
    # The linear head was trained on the other weights' features.
    of_labels = {key for key in results[1] if key.startswith("eval/")}
    assert of_labels and results[0].keys() == results[1].keys() - of_labels


@pytest.mark.usefixtures("no_exports")
def test_fine_tuning_starts_from_the_averaged_weights(tiny_flags, remembered, saved, tmp_path):
    run(
        "--train_mode=finetune",
        *tiny_flags,
        "--train_steps=1",
        "--fine_tune_after_block=4",  # The encoder stands still.
        "--use_ema_weights",
        f"--checkpoint={remembered}",
        f"--model_dir={tmp_path / 'run'}",
    )
    found = of_part(tensors(tmp_path / "run", 1), "encoder")
    assert_equal(found, of_part(saved, "ema_encoder"))


def test_an_export_of_the_averaged_weights_lies_beside_the_others(
    tiny_flags, remembered, saved, tmp_path
):
    folder = shutil.copytree(remembered, tmp_path / "run")
    before = sorted(os.listdir(folder / "hub" / "3"))
    run("--mode=export", "--use_ema_weights", f"--model_dir={folder}")
    assert sorted(os.listdir(folder / "hub" / "3")) == before
    exports = {"hub_ema": "ema_encoder", "hub": "encoder"}
    for name, part in exports.items():
        encoder = load_encoder(str(folder / name / "3"))
        assert_equal(weights_of(encoder, tmp_path), of_part(saved, part))
        with open(folder / name / "3" / "README.md") as file:
            assert ("--use_ema_weights=True" in file.read()) == (part == "ema_encoder")
        module = tf.saved_model.load(str(folder / name / "3"))
        assert ("classify" in module.signatures) == (part == "encoder")
    with pytest.raises(ValueError, match="`use_ema_weights` needs a checkpoint with averaged"):
        load_encoder(str(folder / "hub_ema" / "3"), use_ema_weights=True)


def test_embed_writes_features_of_the_averaged_weights(remembered, tmp_path, picture_folder):
    outputs = {}
    for name, more in (("online", []), ("averaged", ["--use_ema_weights"])):
        path = str(tmp_path / f"{name}.npz")
        flags = ["--embed_split=test", f"--checkpoint={remembered}", f"--output={path}"]
        run("--mode=embed", *flags, *more)
        outputs[name] = np.load(path)["features"]
    assert outputs["online"].shape == outputs["averaged"].shape == (8, 32)
    assert np.any(outputs["online"] != outputs["averaged"])


@pytest.mark.parametrize(
    "flags",
    [
        ["--mode=eval", "--model_dir={}"],
        ["--mode=export", "--model_dir={}"],
        ["--mode=embed", "--checkpoint={}", "--output={tmp}/features.npz"],
        ["--train_mode=finetune", "--checkpoint={}", "--model_dir={tmp}/run"],
    ],
)
def test_a_run_without_averaged_weights_is_one_clear_line(
    tiny_flags, trained_run, tmp_path, flags, capsys
):
    given = [flag.format(trained_run, tmp=tmp_path) for flag in flags]
    shared = [] if flags[0] in ("--mode=export", "--mode=embed") else tiny_flags
    assert main(["tf-simclr", *shared, *given, "--use_ema_weights"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "`use_ema_weights` needs a checkpoint with averaged weights: of a run with" in line
    assert not os.path.exists(tmp_path / "run")
