import contextlib
import json
import os
import re
import shutil
import types

import numpy as np
import processes
import pytest
import tensorflow as tf
from PIL import Image
from whole_runs import run, weights

from tf_simclr import host_xla, methods
from tf_simclr.assembly import build_data
from tf_simclr.assembly.train_checks import check_examples, check_hosts, check_machine
from tf_simclr.config import Config
from tf_simclr.evaluation.whitening import Whitening
from tf_simclr.main import main
from tf_simclr.tasks import train
from tf_simclr.workdir.fitted import FILES, read_fitted, write_fitted
from tf_simclr.workdir.segments import segments
from tf_simclr.workdir.summaries import read_scalars


def finetune(tiny_flags, checkpoint, folder, *flags):
    run(
        *tiny_flags,
        "--train_mode=finetune",
        "--optimizer=momentum",
        f"--checkpoint={checkpoint}",
        f"--model_dir={folder}",
        *flags,
    )


@pytest.mark.parametrize(
    ("start", "total", "expected"),
    [
        (0, 30, [(0, 30)]),
        (0, 31, [(0, 30), (30, 31)]),
        (7, 35, [(7, 10), (10, 30), (30, 35)]),
        (3, 8, [(3, 8)]),
        (12, 17, [(12, 17)]),
        (20, 21, [(20, 21)]),
        (5, 10, [(5, 10)]),
        (10, 20, [(10, 20)]),
    ],
)
def test_segments_cut_at_whole_epochs_of_ten_and_end_exactly(start, total, expected):
    assert segments(start, total, 10) == expected


def check(flags, machine):
    config = Config.from_flat(flags)
    check_machine(config, machine, parts=methods.method_of(config).parts_of_batch(config))


@pytest.mark.parametrize(
    ("flags", "replicas", "message"),
    [
        (
            {"train_batch_size": 6},
            4,
            "`train_batch_size` must be a multiple of the 4 replicas. R",
        ),
        (
            {"train_batch_size": 12, "microbatches": 2},
            4,
            "`train_batch_size` must be a multiple of the 4 replicas, times their 2 microbatches.",
        ),
        ({"jit_compile": True}, 2, "`jit_compile` works on one device; there are 2 replicas here"),
        (
            {"precision": "mixed_float16", "use_tpu": True},
            1,
            "`precision` must be float32 or mixed_bfloat16 on a TPU. Received: precision='mixed_fl",
        ),
    ],
)
def test_what_a_machine_cannot_do_is_refused(flags, replicas, message):
    machine = types.SimpleNamespace(num_replicas_in_sync=replicas)
    with pytest.raises(ValueError, match=re.escape(message)):
        check(flags, machine)


def test_a_step_is_not_compiled_for_a_host_that_xla_does_not_know(monkeypatch):
    monkeypatch.setattr(host_xla, "compiles", lambda: False)
    machine = types.SimpleNamespace(num_replicas_in_sync=1)
    with pytest.raises(ValueError, match="`jit_compile` needs XLA for this machine's CPU, which"):
        check({"jit_compile": True}, machine)
    check({}, machine)
    check({"jit_compile": True, "use_tpu": True}, machine)


def test_what_a_machine_can_do_is_not():
    machine = types.SimpleNamespace(num_replicas_in_sync=4)
    check({"train_batch_size": 16, "microbatches": 4}, machine)
    idle = {"train_mode": "finetune", "train_batch_size": 12, "microbatches": 5}
    check(idle, machine)  # Fine-tuning has no parts.
    machine.num_replicas_in_sync = 1
    compiled = {"jit_compile": host_xla.compiles(), "precision": "mixed_float16"}
    check(compiled, machine)


def test_what_only_python_decodes_is_refused_by_name_on_a_slice_of_several_hosts(tmp_path):
    for name in ("a.png", "b.gif", "c.gif"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    config = Config.from_flat({"dataset": "image_folder", "data_dir": str(tmp_path)})
    data = build_data.source(config)
    for hosts in (1, 4):
        slice_of = types.SimpleNamespace(extended=types.SimpleNamespace(num_hosts=hosts))
        if hosts == 1:
            check_hosts(data, slice_of)
        else:
            with pytest.raises(ValueError, match=r"`data_dir` must hold JPEG .*: b\.gif, c\.gif\."):
                check_hosts(data, slice_of)
    check_hosts(data, tf.distribute.get_strategy())  # Of other strategies each host runs Python.
    (tmp_path / "b.gif").unlink()
    (tmp_path / "c.gif").unlink()
    check_hosts(build_data.source(config), slice_of)


def test_a_batch_may_be_all_of_the_pictures_and_no_more(picture_folder):
    flags = {"dataset": "image_folder", "data_dir": picture_folder, "train_batch_size": 16}
    config = Config.from_flat(flags)
    data = build_data.source(config)
    check_examples(config, data, 16)
    with pytest.raises(ValueError, match="`train_batch_size` must not be larger than the data"):
        check_examples(Config.from_flat(flags | {"train_batch_size": 17}), data, 16)


def test_a_run_writes_checkpoints_exports_settings_and_scalars(trained_run):
    files = {"ckpt-1.index", "ckpt-2.index", "ckpt-3.index", "flags.json"}
    assert files <= set(os.listdir(trained_run))
    assert os.listdir(os.path.join(trained_run, "hub")) == ["3"]
    assert os.listdir(os.path.join(trained_run, "saved_model")) == ["3"]
    scalars = read_scalars(trained_run)
    steps, losses = scalars["train/contrast_loss"]
    assert steps.tolist() == [1, 2, 3]
    # Twice the log of 2 * 4 - 1 candidates is what chance would give at temperature infinity.
    assert np.all(np.isfinite(losses)) and np.all(losses > 0)
    # lr * batch / 256 at step 0, then half a cosine over three steps (REFERENCE, schedule).
    peak = 0.3 * 4 / 256
    expected = peak * (1 + np.cos(np.pi * np.arange(3) / 3)) / 2
    np.testing.assert_allclose(scalars["learning_rate"][1], expected, rtol=1e-5)


@pytest.mark.usefixtures("no_exports")
def test_the_same_command_gives_the_same_weights_and_another_seed_others(
    tiny_flags, trained_run, tmp_path
):
    run(*tiny_flags, "--checkpoint_steps=2", f"--model_dir={tmp_path / 'same'}")
    run(*tiny_flags, "--seed=1", f"--model_dir={tmp_path / 'other'}")
    expected = weights(trained_run, 3)
    for key, value in weights(tmp_path / "same", 3).items():
        np.testing.assert_array_equal(value, expected[key], err_msg=key)
    other = weights(tmp_path / "other", 3)
    assert any(not np.array_equal(other[key], expected[key]) for key in expected)


@pytest.mark.usefixtures("no_exports")
def test_several_steps_in_one_execution_are_the_same_steps(tiny_flags, trained_run, tmp_path):
    run(*tiny_flags, "--steps_per_execution=2", f"--model_dir={tmp_path}")
    expected = weights(trained_run, 3)
    for key, value in weights(tmp_path, 3).items():
        np.testing.assert_allclose(value, expected[key], rtol=1e-5, atol=1e-6, err_msg=key)


@pytest.mark.usefixtures("no_exports")
def test_a_run_in_parts_goes_on_bit_for_bit(tiny_flags, tmp_path, capsys):
    """With micro-batches, the decoupled loss in blocks, and views made in the step."""
    flags = ["--microbatches=2", "--loss=dcl", "--loss_implementation=blockwise"]
    flags += ["--augment_on=device", "--blur_sigma=image", "--image_size=20"]
    flags += ["--checkpoint_steps=1"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run(*tiny_flags, *flags, f"--model_dir={whole}")
    assert "batch 4, views made on the device.\n" in capsys.readouterr().out
    shutil.copytree(whole, broken)
    for path in [*broken.glob("ckpt-2*"), *broken.glob("ckpt-3*")]:
        path.unlink()
    run(*tiny_flags, *flags, f"--model_dir={broken}")
    expected, found = weights(whole, 3), weights(broken, 3)
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)
    assert any(np.any(value != weights(whole, 1)[key]) for key, value in expected.items())


def test_run_again_it_says_that_it_is_done_and_with_more_steps_goes_on(
    tiny_flags, trained_run, tmp_path, capsys
):
    shutil.copytree(trained_run, tmp_path, dirs_exist_ok=True)
    run(*tiny_flags, "--checkpoint_steps=1", f"--model_dir={tmp_path}")
    said = capsys.readouterr().out
    assert "Training is done" in said and "settings" not in said.lower()
    before = (tmp_path / "flags.json").read_text()
    run(*tiny_flags, "--learning_rate=7", f"--model_dir={tmp_path}")
    said = capsys.readouterr().out
    assert "Settings that changed since this run was started: learning_rate is 7.0 and was" in said
    assert "No step was trained with the settings that changed. Give more --train_steps" in said
    assert (tmp_path / "flags.json").read_text() == before
    run(*tiny_flags, "--train_steps=5", f"--model_dir={tmp_path}")
    said = capsys.readouterr().out
    assert "train_steps is 5 and was 3" in said and "Training steps 4 to 5" in said
    assert "No step was trained" not in said
    # One line in a file, the last one, of the whole run; without a linear head, as without labels.
    (line,) = re.findall(r"Step .*", said)
    assert re.match(r"Step 5/5, loss \d+\.\d\d, online probe \d+\.\d %, [\d.,]+ pictures/s$", line)
    assert os.listdir(tmp_path / "hub") == ["5"]  # keep_hub_module_max is 1.


def test_a_run_that_ended_before_its_whitening_gets_it_when_run_again(
    tiny_flags, trained_run, tmp_path
):
    shutil.copytree(trained_run, tmp_path, dirs_exist_ok=True)
    (tmp_path / FILES[Whitening]).unlink()
    shutil.rmtree(tmp_path / "hub")
    run(*tiny_flags, "--checkpoint_steps=1", f"--model_dir={tmp_path}")
    found, expected = (read_fitted(str(place), 3, Whitening) for place in (tmp_path, trained_run))
    np.testing.assert_array_equal(found.mean, expected.mean)
    images = np.zeros([1, 16, 16, 3], np.float32)
    assert "pyramid_white" in tf.saved_model.load(str(tmp_path / "hub" / "3")).endpoints(images)


@pytest.mark.usefixtures("no_exports")
def test_a_step_that_was_trained_anew_has_a_whitening_of_its_own(tiny_flags, trained_run, tmp_path):
    shutil.copytree(trained_run, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.glob("ckpt-3*"):
        path.unlink()
    expected = read_fitted(str(trained_run), 3, Whitening)
    write_fitted(str(tmp_path), 3, expected._replace(mean=expected.mean + 1))
    run(*tiny_flags, "--checkpoint_steps=1", f"--model_dir={tmp_path}")
    np.testing.assert_array_equal(read_fitted(str(tmp_path), 3, Whitening).mean, expected.mean)


@pytest.mark.usefixtures("no_exports")
def test_what_cannot_be_whitened_is_said_and_the_run_ends_well(tiny_flags, tmp_path, capsys):
    """Pictures that are all alike have no direction to whiten."""
    folder = tmp_path / "alike" / "train" / "gray"
    folder.mkdir(parents=True)
    for number in range(4):
        Image.new("RGB", (20, 20), (128,) * 3).save(folder / f"{number}.png")
    alike = [f"--data_dir={tmp_path / 'alike'}", "--eval_split=train", "--train_steps=1"]
    run(*tiny_flags, *alike, f"--model_dir={tmp_path / 'run'}")
    assert "Note: The exports have no pyramid_white. `vectors` must" in capsys.readouterr().out
    assert not (tmp_path / "run" / FILES[Whitening]).exists()


@pytest.mark.parametrize("looks", [1, 2])
def test_a_run_that_was_taken_over_saves_nothing_more(tiny_flags, tmp_path, monkeypatch, looks):
    """After the last step, too: it is looked at once after each of two, and before the end."""
    looked = []

    def require_held():
        looked.append(True)
        if len(looked) > looks:
            raise ValueError("`model_dir` was taken over.")

    monkeypatch.setattr(
        "tf_simclr.workdir.run_folder.lock", lambda folder: contextlib.nullcontext(require_held)
    )
    flags = ["--train_steps=2", "--checkpoint_steps=9", f"--model_dir={tmp_path}"]
    with pytest.raises(ValueError, match="taken over"):
        run(*tiny_flags, *flags)
    assert len(looked) == looks + 1 and not list(tmp_path.glob("ckpt-2*"))


def test_a_run_in_another_order_is_refused_unless_it_is_done(
    tiny_flags, trained_run, tmp_path, capsys
):
    """The dataset.json of an older version names no order."""
    run_folder = tmp_path / "run"
    shutil.copytree(trained_run, run_folder)
    path = run_folder / "dataset.json"
    facts = json.loads(path.read_text())
    del facts["order"]
    path.write_text(json.dumps(facts))
    before = {path: path.read_bytes() for path in run_folder.rglob("*") if path.is_file()}
    flags = [*tiny_flags, "--checkpoint_steps=1", f"--model_dir={run_folder}"]
    assert main(["tf-simclr", *flags, "--train_steps=5"]) == 2
    assert "at step 3, of order 1; this version has order 2. Finish it" in capsys.readouterr().err
    for path, content in before.items():
        assert path.name == ".lock" or path.read_bytes() == content
    run(*flags)
    assert "Training is done" in capsys.readouterr().out


@pytest.mark.usefixtures("no_exports")
def test_a_run_reads_its_data_once_whatever_its_segments(tiny_flags, tmp_path, monkeypatch):
    """16 pictures in batches of 4: steps 1 to 4, 5 to 8 with a checkpoint inside, and 9."""
    starts = []
    read = methods.training_data

    def noted(config, data, start, strategy):
        starts.append(start)
        return read(config, data, start, strategy)

    monkeypatch.setattr(methods, "training_data", noted)
    flags = ["--train_steps=9", "--checkpoint_steps=6", "--steps_per_execution=3"]
    run(*tiny_flags, *flags, f"--model_dir={tmp_path}")
    assert starts == [0]


@pytest.mark.parametrize(
    ("start", "total", "per_epoch", "every", "per_execution", "expected"),
    [
        # Executions end at 100 and 200 by themselves, and from 203 on at 210.
        (0, 1000, 1000, 100, 10, [0, 1000]),
        (0, 406, 203, 100, 10, [0, 203, 300, 406]),
        (0, 10, 10, 5, 4, [0, 5, 10]),
        (0, 40, 10, 15, 4, [0, 10, 15, 20, 40]),
        (3, 20, 10, 5, 4, [3, 5, 10, 15, 20]),
        (0, 10, 10, 5, 1, [0, 10]),
        (0, 10, 10, 0, 4, [0, 10]),
    ],
)
def test_executions_are_cut_at_multiples_of_checkpoint_steps(
    start, total, per_epoch, every, per_execution, expected
):
    parts = segments(start, total, per_epoch, every=every, per_execution=per_execution)
    assert [start, *(end for _, end in parts)] == expected
    ends = set()  # Of executions, as Keras makes them: the last of an epoch is shorter.
    for first, last in parts:
        steps = min(per_epoch, last - first)
        assert (last - first) % steps == 0
        for begin in range(first, last, steps):
            ends |= {min(begin + n, begin + steps) for n in range(0, steps, per_execution)}
            ends.add(begin + steps)
    if every:
        assert set(range((start // every + 1) * every, total, every)) <= ends


def test_a_warm_up_that_is_longer_than_the_run_is_told(capsys):
    """By hand: 10 epochs of 16 pictures in batches of 4 are 40 steps; 0.3 * 4 / 256 = 0.0047."""
    config = Config.from_flat({"train_batch_size": 4, "train_steps": 10, "warmup_epochs": 10.0})
    train._note_warmup(config, 16, 10)
    assert capsys.readouterr().out == (
        "Note: the warm-up of --warmup_epochs=10 has 40 steps and the run only 10: the learning"
        " rate reaches 0.00117 of 0.00469. Lower --warmup_epochs.\n"
    )
    for total in (40, 41):
        longer = Config.from_flat(config.flat() | {"train_steps": total})
        train._note_warmup(longer, 16, total)
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("no_exports")
def test_linear_evaluation_moves_the_classifier_alone(tiny_flags, trained_run, tmp_path):
    finetune(tiny_flags, trained_run, tmp_path, "--fine_tune_after_block=4")
    before, after = weights(trained_run, 3), weights(tmp_path, 3)
    moved = {key for key in after if key in before and not np.array_equal(after[key], before[key])}
    parts = {key.split("/")[0] for key in moved} - {"optimizer"}
    assert parts == {"supervised_head"}


@pytest.mark.usefixtures("no_exports")
def test_fine_tuning_moves_the_encoder_too_and_can_start_at_zero_logits(
    tiny_flags, trained_run, tmp_path
):
    tuned = tmp_path / "all"
    finetune(tiny_flags, trained_run, tuned)
    key = "encoder/stem/convs/0/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    assert not np.array_equal(weights(tuned, 3)[key], weights(trained_run, 3)[key])
    finetune(tiny_flags, tuned, tmp_path, "--zero_init_logits_layer", "--learning_rate=1e-12")
    key = "supervised_head/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    assert np.abs(weights(tuned, 3)[key]).max() > 1e-3
    assert np.abs(weights(tmp_path, 3)[key]).max() < 1e-10  # Neither restored nor drawn.


@pytest.mark.usefixtures("no_exports")
def test_an_export_is_a_checkpoint_to_start_from(tiny_flags, trained_run, tmp_path, capsys):
    export = os.path.join(trained_run, "saved_model", "3")
    finetune(tiny_flags, export, tmp_path, "--fine_tune_after_block=4")
    assert "encoder, projection_head.\n" in capsys.readouterr().out
    key = "encoder/stem/convs/0/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    np.testing.assert_array_equal(weights(tmp_path, 3)[key], weights(trained_run, 3)[key])


@pytest.mark.usefixtures("no_exports")
def test_a_damaged_checkpoint_to_start_from_is_passed_over_and_named_once(
    tiny_flags, trained_run, tmp_path, capsys
):
    shutil.copytree(trained_run, tmp_path / "in")
    with open(tmp_path / "in" / "ckpt-3.index", "r+b") as file:
        file.truncate(100)
    finetune(tiny_flags, str(tmp_path / "in"), tmp_path / "out", "--train_steps=1")
    said = capsys.readouterr().out
    assert said.count("Damaged and skipped") == 1
    assert f"Starts from {tmp_path}/in/ckpt-2: " in said


@pytest.mark.usefixtures("no_exports")
def test_what_a_resumed_run_does_not_start_from_is_named(tiny_flags, trained_run, tmp_path, capsys):
    flags = ("--fine_tune_after_block=4", "--train_steps=1", "--variable_schema=base_model")
    for said in (0, 1):
        finetune(tiny_flags, trained_run, tmp_path, *flags)
        line = "Note: --checkpoint, --variable_schema have no effect when the run resumes from its"
        assert capsys.readouterr().out.count(line) == said


TWO_REPLICAS = """
import sys
import tensorflow as tf
from PIL import Image

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

from tf_simclr import replicas
from tf_simclr.config import Config
from tf_simclr.main import main

assert replicas.make_strategy(use_tpu=False).num_replicas_in_sync == 2
sys.exit(main(sys.argv))
"""


def test_two_replicas_train_and_their_checkpoint_goes_on_with_one(tiny_flags, tmp_path):
    flags = [*tiny_flags, f"--model_dir={tmp_path}"]
    done = processes.run(["-c", TWO_REPLICAS, *flags])
    assert done.returncode == 0, done.stderr
    run(*flags, "--train_steps=4")
    assert os.path.exists(tmp_path / "ckpt-4.index")
