"""Our encoder with the weights of a resnet_* recording, and what its endpoints should be."""

import re

import numpy as np
import tensorflow as tf
import tf_keras as keras

from golden import weights
from tf_simclr.nets.resnet import ResNet

# Largest difference over largest value between the original in float32 and float64, of endpoints
# and of moving averages, as the README of the whole set lists them for weights from seed 1000 on.
LISTED_SEED = 1000
LISTED_NOISE = {
    "r101_sk": (3.3e-4, 6.5e-5),
    "r18_cifar": (3.0e-6, 5.5e-7),
    "r18_imagenet": (4.2e-6, 8.8e-7),
    "r34": (6.3e-6, 9.5e-7),
    "r50": (1.7e-5, 3.3e-6),
    "r50_se": (8.1e-6, 1.2e-6),
    "r50_sk": (5.2e-5, 1.1e-5),
    "r50_w2": (1.4e-5, 2.7e-6),
}


def encoder(listing: dict, dtype: str = "float32") -> ResNet:
    """The encoder that `listing` (meta and variables of a .json) describes, weights by rule."""
    flags = listing["meta"]["flags"]
    keras.backend.set_floatx(dtype)
    try:
        net = ResNet(
            flags["resnet_depth"],
            width_multiplier=flags["width_multiplier"],
            sk_ratio=flags["sk_ratio"],
            se_ratio=flags["se_ratio"],
            small_images=listing["meta"]["cifar_stem"],
            bn_momentum=flags["batch_norm_decay"],
            global_bn=flags["global_bn"],
        )
        net(tf.zeros([1, 32, 32, 3], dtype))
    finally:
        keras.backend.set_floatx("float32")
    weights.assign(net, listing["variables"])
    return net


def endpoints(net: ResNet, images: np.ndarray, training: bool) -> dict[str, np.ndarray]:
    """What is recorded of each endpoint: NAME_mean, NAME_corner, NAME_shape, final_avg_pool."""
    outputs = net(tf.cast(images, net.compute_dtype), training=training)
    outputs.pop("pyramid")  # The original has none.
    recorded = {}
    for name, output in outputs.items():
        output = output.numpy()
        if output.ndim == 2:
            recorded[name] = output
            continue
        recorded[f"{name}_mean"] = output.mean(axis=(1, 2), dtype=np.float64)
        recorded[f"{name}_corner"] = output[:, :2, :2, :]
        recorded[f"{name}_shape"] = np.array(output.shape)
    return recorded


def expected(arrays: dict, start: str) -> dict[str, np.ndarray]:
    """The recorded arrays whose key begins with `start`, by the rest of it."""
    return {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}


def inputs(arrays: dict) -> dict[str, np.ndarray]:
    """Q -> images of input Q."""
    found = {re.fullmatch(r"in(\d+)_images", key): value for key, value in arrays.items()}
    return {match[1]: value for match, value in found.items() if match}


def training_pass(net: ResNet, listing: dict, images: np.ndarray) -> tuple[dict, dict]:
    """Endpoints of one pass in training mode, and the moving averages behind it by index."""
    outputs = endpoints(net, images, training=True)
    ours = weights.by_place(net)
    moving = {
        f"{v['index']:04d}": ours[weights.place(v["role"])].numpy()
        for v in listing["variables"]
        if "/moving_" in v["role"]
    }
    return outputs, moving


def noise(listing: dict, images: np.ndarray, ours: tuple[dict, dict]) -> tuple[float, float]:
    """Rounding of (endpoints, moving averages): listed, else measured like the listed ones.

    Measured is the largest difference over largest value between `ours`, which is float32, and
    the same pass in float64.
    """
    meta = listing["meta"]
    if meta["name"] in LISTED_NOISE and meta["weight_seed_base"] == LISTED_SEED:
        return LISTED_NOISE[meta["name"]]
    exact = training_pass(encoder(listing, "float64"), listing, images)
    return tuple(
        max(np.max(np.abs(a[k] - b[k])) / np.max(np.abs(b[k])) for k in b if "shape" not in k)
        for a, b in zip(ours, exact)
    )
