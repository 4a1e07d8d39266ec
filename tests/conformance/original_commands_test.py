"""The commands of the original's README run as they are written there, with paths of this machine.

Added to them: --data_dir where it is missing, and what makes them small.
"""

import json
import os
import shlex

import numpy as np
import processes
import pytest
import tensorflow as tf

from tf_simclr.main import main
from tf_simclr.nets.resnet import BLOCKS

PRETRAIN_CIFAR = """
    --train_mode=pretrain --train_batch_size=512 --train_epochs=1000 --learning_rate=1.0
    --weight_decay=1e-4 --temperature=0.5 --dataset=cifar10 --image_size=32 --eval_split=test
    --resnet_depth=18 --use_blur=False --color_jitter_strength=0.5 --model_dir=M --use_tpu=False
"""
PRETRAIN_IMAGENET = """
    --train_mode=pretrain --train_batch_size=4096 --train_epochs=100 --temperature=0.1
    --learning_rate=0.075 --learning_rate_scaling=sqrt --weight_decay=1e-4 --dataset=imagenet2012
    --image_size=224 --eval_split=validation --data_dir=D --model_dir=M --use_tpu=True
    --tpu_name=T --train_summary_steps=0
"""
LINEAR_CIFAR = """
    --mode=train_then_eval --train_mode=finetune --fine_tune_after_block=4
    --zero_init_logits_layer=True --variable_schema='(?!global_step|(?:.*/|^)Momentum|head)'
    --global_bn=False --optimizer=momentum --learning_rate=0.1 --weight_decay=0.0
    --train_epochs=100 --train_batch_size=512 --warmup_epochs=0 --dataset=cifar10 --image_size=32
    --eval_split=test --resnet_depth=18 --checkpoint=M --model_dir=F --use_tpu=False
"""
FINETUNE_IMAGENET = """
    --mode=train_then_eval --train_mode=finetune --fine_tune_after_block=-1
    --zero_init_logits_layer=True
    --variable_schema='(?!global_step|(?:.*/|^)Momentum|head_supervised)' --global_bn=True
    --optimizer=lars --learning_rate=0.005 --learning_rate_scaling=sqrt --weight_decay=0
    --train_epochs=60 --train_batch_size=1024 --warmup_epochs=0
    --dataset=imagenet2012_subset/1pct --image_size=224 --eval_split=validation --data_dir=D
    --model_dir=F --checkpoint=M --use_tpu=True --tpu_name=T --train_summary_steps=0
    --num_proj_layers=3 --ft_proj_selector=1
"""
COMMANDS = {
    "pretrain cifar": PRETRAIN_CIFAR,
    "pretrain imagenet": PRETRAIN_IMAGENET,
    "linear cifar": LINEAR_CIFAR,
    "finetune imagenet": FINETUNE_IMAGENET,
}
ON_TPU = [name for name, command in COMMANDS.items() if "--use_tpu=True" in command]
STEPS = 2
SMALL = [f"--train_steps={STEPS}", "--train_batch_size=4", "--width_multiplier=0.0625"]
RESULTS = {"eval/label_top_1_accuracy", "eval/label_top_5_accuracy", "eval/regularization_loss"}


@pytest.fixture(scope="module")
def written(tfds_dir, tmp_path_factory):
    """(name of a command, folder of the run, folder to start from) -> its flags."""

    def flags(name, model_dir, checkpoint=None):
        paths = {"M": checkpoint or model_dir, "F": model_dir, "D": tfds_dir}
        words = [word.split("=", 1) for word in shlex.split(COMMANDS[name])]
        given = [f"{flag}={paths.get(value, value)}" for flag, value in words]
        return given if "--data_dir=D" in COMMANDS[name] else [*given, f"--data_dir={tfds_dir}"]

    return flags


@pytest.fixture(scope="module")
def small(written):
    """As `written`, of a small run on this machine."""

    def flags(*arguments):
        return [
            *written(*arguments),
            *SMALL,
            *(["--use_tpu=False"] if arguments[0] in ON_TPU else []),
        ]

    return flags


def tensors(folder):
    """Checkpoint key -> value, of the last step."""
    reader = tf.train.load_checkpoint(os.path.join(folder, f"ckpt-{STEPS}"))
    keys = reader.get_variable_to_shape_map()
    return {key: reader.get_tensor(key) for key in keys if "/.ATTRIBUTES/" in key}


def read(folder, name):
    with open(os.path.join(folder, name)) as file:
        return json.load(file)


def moved(folder, before, part):
    """Whether each weight of a part differs between two runs, optimiser slots apart."""
    ours, theirs = tensors(folder), tensors(before)
    keys = [key for key in ours if key.startswith(f"{part}/") and "OPTIMIZER" not in key]
    return [not np.array_equal(ours[key], theirs[key]) for key in keys]


@pytest.fixture(scope="module")
def cifar(small, tmp_path_factory):
    """A run of the first command, in a process of its own; and what it printed."""
    folder = str(tmp_path_factory.mktemp("cifar") / "run")
    command = ["-m", "tf_simclr.main", *small("pretrain cifar", folder)]
    done = processes.run(command)
    assert (done.returncode, done.stderr) == (0, "")
    return folder, done.stdout


@pytest.fixture(scope="module")
def shallow():
    """One block a group in place of ResNet-50's sixteen: part of what makes the commands small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCKS, 50, (1, 1, 1, 1))
        yield


@pytest.fixture(scope="module")
def imagenet(shallow, small, without_exports, tmp_path_factory):
    """A run of the second command."""
    folder = str(tmp_path_factory.mktemp("imagenet") / "run")
    with without_exports():
        assert main(["tf-simclr", *small("pretrain imagenet", folder)]) == 0
    return folder


def test_pretraining_on_cifar10(cifar):
    folder, said = cifar
    assert "pretrain, ResNet-18 x 0.0625 at 32 pixels" in said
    assert {"saved_model", "hub", "train", f"ckpt-{STEPS}.index"} <= set(os.listdir(folder))
    settings = read(folder, "flags.json")
    assert settings["train_epochs"] == 1000 and settings["temperature"] == 0.5


def test_flags_of_the_first_command_that_do_nothing_are_named(cifar):
    notes = [line for line in cifar[1].splitlines() if line.startswith("Note: ")]
    assert notes[:2] == [
        "Note: --eval_split has no effect with --mode=train.",
        "Note: --train_epochs has no effect with --train_steps.",
    ]
    (of_the_warm_up,) = notes[2:]  # It is cut short here, and so the rate stays low.
    assert "the warm-up of --warmup_epochs=10 has 40 steps and the run only 2:" in of_the_warm_up


@pytest.mark.usefixtures("no_exports")
def test_linear_evaluation_on_cifar10(cifar, small, tmp_path, capsys):
    assert main(["tf-simclr", *small("linear cifar", str(tmp_path), cifar[0])]) == 0
    said = capsys.readouterr().out
    assert f"Starts from {cifar[0]}/ckpt-{STEPS}: encoder." in said
    assert "--global_bn has no effect with --fine_tune_after_block=4" in said
    assert not any(moved(tmp_path, cifar[0], "encoder"))
    assert all(moved(tmp_path, cifar[0], "supervised_head"))
    assert set(read(tmp_path, "result.json")) >= RESULTS


def test_pretraining_on_imagenet(imagenet):
    assert read(imagenet, "flags.json")["learning_rate_scaling"] == "sqrt"
    kernel = tensors(imagenet)["supervised_head/kernel/.ATTRIBUTES/VARIABLE_VALUE"]
    assert kernel.shape == (2048 // 16, 1000)


@pytest.mark.usefixtures("no_exports")
def test_fine_tuning_on_one_percent_of_imagenet(imagenet, small, tmp_path, capsys):
    assert main(["tf-simclr", *small("finetune imagenet", str(tmp_path), imagenet)]) == 0
    assert (
        f"Starts from {imagenet}/ckpt-{STEPS}: encoder, projection_head." in capsys.readouterr().out
    )
    for part in ("encoder", "supervised_head"):
        assert any(moved(tmp_path, imagenet, part))
    # It classifies from the projection head's first layer; those behind are left alone.
    assert any(moved(tmp_path, imagenet, "projection_head/layers/0"))
    for layer in (1, 2):
        assert not any(moved(tmp_path, imagenet, f"projection_head/layers/{layer}"))
    result = read(tmp_path, "result.json")
    assert set(result) >= RESULTS and result["global_step"] == STEPS


@pytest.mark.parametrize("name", ON_TPU)
def test_a_tensorflow_that_is_not_for_tpus_is_one_clear_line(
    written, imagenet, tmp_path, capsys, name
):
    model_dir = str(tmp_path / "run")
    assert main(["tf-simclr", *written(name, model_dir, imagenet)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tf-simclr: `use_tpu` needs a TensorFlow made for TPUs")
    assert line.endswith("or run with --use_tpu=False.")
    assert not os.path.exists(model_dir)
