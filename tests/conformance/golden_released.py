"""Released weights give the outputs that the original gives with them, endpoint by endpoint.

Where the folder has a real checkpoint of the original's (ckpt_tf1_*, ckpt_tf2_*), that is read.
Where it has names and weights (savedmodel_*, resnet_*), a checkpoint is made of them first.
"""

import json

import numpy as np
import pytest
import tensorflow as tf
from golden import encoder, folder, released, weights
from golden.closeness import EVALUATION_TOLERANCE, close_in_size

from tf_simclr import load_encoder, methods
from tf_simclr.config import Config
from tf_simclr.exporting import saved_model
from tf_simclr.pretrained import trained
from tf_simclr.pretrained.origins import adopt_architecture, origin_of
from tf_simclr.pretrained.warm_start import warm_start

# Training passes: ten times the noise that golden/README.md lists, as it says, for savedmodel_r18,
# resnet_r50 and resnet_r101_sk; norms that see one value a picture amplify rounding.
TRAIN = {"basic": 1e-4, "bottleneck": 1.7e-4, "selective": 3.3e-3}


def cases(kind):
    return pytest.mark.parametrize("case", folder.found(kind), ids=folder.name)


def training_tolerance(flags):
    if flags.get("sk_ratio", 0) > 0:
        return TRAIN["selective"]
    return TRAIN["bottleneck" if flags["resnet_depth"] >= 50 else "basic"]


def description(case):
    return json.loads((case / "variables.json").read_text())


def start(path, meta, **settings):
    """A model that starts from `path`, whose architecture nobody has told; and its parts."""
    values = {"train_mode": "finetune", "checkpoint": path} | settings
    selector = meta["flags"].get("ft_proj_selector", 0)
    config = Config.from_flat(values, given=())
    origin = origin_of(config)
    config = adopt_architecture(config, origin)
    config = Config.from_flat(config.flat() | {"ft_proj_selector": selector})
    net = methods.network(config, methods.Lesson(meta["num_classes"]))
    restored = warm_start(config, origin, net)
    return config, net.parts(), restored


@cases("ckpt_tf1")
@pytest.mark.parametrize("averaged", [False, True], ids=["weights", "averaged"])
def test_a_tensorflow_1_checkpoint(case, averaged, tmp_path):
    arrays, _ = folder.read(case / "io.npz")
    meta = description(case)["meta"]
    start_of_key = "ema_eval_" if averaged else "eval_"
    keys = [key for key in arrays if key.startswith(start_of_key)]
    assert bool(keys) == (meta["ema"] or not averaged)
    path = released.unpack(case, tmp_path)
    if averaged and not keys:
        with pytest.raises(ValueError, match="`use_ema_weights` needs a checkpoint that holds"):
            start(path, meta, use_ema_weights=True)
        return
    config, parts, restored = start(path, meta, use_ema_weights=averaged)
    assert ("supervised_head" in restored) != averaged  # It was not trained on the average.
    hidden = parts["encoder"](arrays["images"])["final_avg_pool"]
    projections = parts["projection_head"](hidden)
    selected = projections[config.finetuning.ft_proj_selector]
    outputs = {
        "final_avg_pool": hidden,
        "proj_head_output": projections[-1],
        "logits_sup": parts["supervised_head"](selected),
    } | {f"proj_layer_{number}": layer for number, layer in enumerate(projections)}
    for key in keys:
        name = key.removeprefix(start_of_key)
        close_in_size(outputs[name], arrays[key], EVALUATION_TOLERANCE, key)


@cases("savedmodel")
def test_a_tensorflow_2_model_and_its_export(case, tmp_path):
    arrays, _ = folder.read(case / "io.npz")
    recorded = description(case)
    path = released.write_saved_model(tmp_path / "in", recorded["variables"])
    config, parts, _ = start(path, recorded["meta"])
    for part in parts.values():
        part.trainable = True  # As every export is: nothing is frozen in it.
    out = str(tmp_path / "out")
    selector = config.finetuning.ft_proj_selector
    saved_model.save(trained.network_of(parts, selector=selector), out)
    module = tf.saved_model.load(out)
    train = training_tolerance(recorded["meta"]["flags"])
    for mode, trainable, tolerance in (
        ("eval_", False, EVALUATION_TOLERANCE),
        ("train_", True, train),
    ):
        images = arrays["images" if mode == "eval_" else "train_images"]
        outputs = module(images, trainable=trainable)
        keys = [key for key in arrays if key.startswith(mode) and key != "train_images"]
        assert keys
        for key in keys:
            close_in_size(outputs[key.removeprefix(mode)], arrays[key], tolerance, key)
    ours = weights.by_place(module)
    moved = [key for key in arrays if key.startswith("moving_after_train_")]
    assert moved
    for key in moved:
        role = recorded["variables"][int(key.rsplit("_", 1)[1])]["role"]
        close_in_size(ours[weights.place(role)], arrays[key], train, f"{key}: {role}")


@cases("ckpt_tf2")
def test_a_tensorflow_2_checkpoint_holds_the_weights_by_rule(case, tmp_path):
    """Not their momentum, which lies beside them."""
    recorded = description(case)
    path = released.unpack(case, tmp_path)
    _, parts, restored = start(path, recorded["meta"])
    assert restored == ["encoder", "projection_head", "supervised_head"]
    ours = {k: v for part in parts.values() for k, v in weights.by_place(part).items()}
    assert len(ours) == len(recorded["variables"])
    for variable in recorded["variables"]:
        place = weights.place(variable["role"])
        np.testing.assert_array_equal(ours[place], weights.value(variable), err_msg=place)


@cases("resnet")
def test_an_encoder_under_tensorflow_1_names(case, tmp_path):
    arrays, _ = folder.read(case)
    recorded = folder.variables(case)
    tensors = {released.encoder_name(v["name"]): weights.value(v) for v in recorded["variables"]}
    assert len(tensors) == len(recorded["variables"])
    released.write_tensorflow_1(tmp_path / "model.ckpt-7", tensors)
    loaded = load_encoder(str(tmp_path))
    assert loaded.depth == recorded["meta"]["flags"]["resnet_depth"]
    inputs = encoder.inputs(arrays)
    assert len(inputs) == len(recorded["meta"]["sizes"])
    for number, images in inputs.items():
        ours = encoder.endpoints(loaded, images, training=False)
        theirs = encoder.expected(arrays, f"in{number}_eval_")
        assert sorted(ours) == sorted(theirs)
        for name, expected in theirs.items():
            close_in_size(ours[name], expected, EVALUATION_TOLERANCE, name)
