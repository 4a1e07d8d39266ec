"""Checkpoints and SavedModels as the original releases them: recorded ones, and ones made here."""

import tarfile

import numpy as np
import tensorflow as tf

from golden import weights
from tf_simclr.architectures.resnet_layers import Skeleton
from tf_simclr.pretrained.released import by_role
from tf_simclr.pretrained.released_names import CLASSIFIER, head_names


def unpack(folder, target) -> str:
    """Unpacks the checkpoint of a recorded folder; the directory that holds it."""
    [archive] = folder.glob("checkpoint.tar.*")
    with tarfile.open(archive) as file:
        file.extractall(target, filter="data")
    return str(target)


def encoder_name(name: str) -> str:
    """What TensorFlow 1 calls an encoder's variable: it counts as TensorFlow 2 does.

    "resnet/block_group1/.../sync_batch_normalization_7/gamma:0" ->
    "base_model/batch_normalization_7/gamma"
    """
    layer, leaf = name.partition(":")[0].split("/")[-2:]
    return f"base_model/{layer.removeprefix('sync_')}/{leaf}"


def write_tensorflow_1(prefix, tensors: dict) -> str:
    """Writes what a TensorFlow 1 Saver writes: tensors by name, and the state file; the prefix."""
    names = sorted(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tensors[name] for name in names],
    )
    (prefix.parent / "checkpoint").write_text(
        f'model_checkpoint_path: "/where/it/was/trained/{prefix.name}"\n'
    )
    return str(prefix)


def write_saved_model(folder, variables: list[dict]) -> str:
    """Writes a SavedModel whose variables have the recorded names and weights; the folder.

    They lie as the original's lie: in a `model` below the exported object, and there in parts.
    """
    module = tf.Module()
    module.model = tf.Module()
    parts: dict[str, list] = {}
    for variable in variables:
        name = variable["name"].partition(":")[0]
        made = tf.Variable(weights.value(variable), name=name)
        parts.setdefault(name.split("/")[0], []).append(made)
    for part, made in parts.items():
        setattr(module.model, part, made)
    module.variables_of_all = [made for part in parts.values() for made in part]
    tf.saved_model.save(module, str(folder))
    return str(folder)


def tensors(parts: dict, skeleton: Skeleton) -> dict:
    """The weights of our `parts` under the names of TensorFlow 1.

    Args:
      parts: "encoder" and maybe "projection_head" and "supervised_head", built.
      skeleton: the encoder's.
    """
    head = parts.get("projection_head")
    layers, linear = (len(head.layers), head.mode == "linear") if head else (0, False)
    names = {
        "encoder": skeleton.names(),
        "projection_head": head_names(layers, linear=linear),
        "supervised_head": CLASSIFIER,
    }
    return {
        names[part][role]: variable.numpy()
        for part, layer in parts.items()
        for role, variable in by_role(layer).items()
    }


def randomize(parts: dict, seed: int = 0) -> None:
    """Gives every variable of `parts` values of its own; variances stay positive."""
    random = np.random.default_rng(seed)
    for part in parts.values():
        for variable in part.variables:
            variable.assign(random.uniform(0.5, 1.5, variable.shape))
