"""The formats of an export: each writes its files to a folder, and says what it measured there."""

import dataclasses
import os
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.data.decoding import decode_jpeg_or_png
from tf_simclr.exporting import hub_module, lite, onnx, saved_model
from tf_simclr.exporting.parity import parity
from tf_simclr.exporting.trained_network import TrainedNetwork

CALIBRATION, UNSEEN = 128, 64  # pictures to calibrate int8 by, and to compare it on
SEED = 0  # of the noise that an ONNX file is compared on: no data is needed for it


@dataclasses.dataclass(frozen=True)
class Order:
    """What is exported, and how.

    Attributes:
      network: what is exported.
      config: whose pictures are used, where a format needs some; its image_size is theirs.
      size: side of the pictures that the export takes; None is any height and width.
    """

    network: TrainedNetwork
    config: Config
    size: int | None


Measured = dict[str, str]


def write_hub_module(order: Order, folder: str) -> Measured:
    """A SavedModel for hub.KerasLayer and TensorFlow Serving."""
    view = build_data.evaluation_view(order.config)
    hub_module.save(
        order.network,
        folder,
        size=order.size,
        read_picture=lambda encoded: view(decode_jpeg_or_png(encoded)),
    )
    return {}


def write_saved_model(order: Order, folder: str) -> Measured:
    """A SavedModel as the original's."""
    saved_model.save(order.network, folder, size=order.size)
    return {}


def write_onnx(order: Order, folder: str) -> Measured:
    """An ONNX file. Raises ValueError without the extra `onnx`."""
    onnx.save(order.network, folder, size=order.size)
    side = order.config.data.image_size
    images = np.random.default_rng(SEED).random((4, side, side, 3), np.float32)
    return _compare(order.network, images, lambda: onnx.run(folder, images), onnx.FILE, folder)


def write_lite(order: Order, folder: str) -> Measured:
    """LiteRT files in float32 and int8. Raises ValueError without the extra `lite`, or pictures."""
    pictures = _pictures(order.config)
    unseen = pictures[-min(UNSEEN, len(pictures) // 2) :]
    calibrate = pictures[: len(pictures) - len(unseen)]
    side = order.config.data.image_size
    lite.save(order.network, folder, size=side, pictures=calibrate)
    measured = {
        "int8": f"calibrated on {len(calibrate)} training pictures, compared on {len(unseen)} more"
    }
    for name in (lite.FLOAT, lite.INT8):
        path = os.path.join(folder, name)
        measured |= _compare(
            order.network, unseen, lambda path=path: lite.run(path, unseen), name, folder
        )
    return measured


FORMATS: Mapping[str, Callable[[Order, str], Measured]] = {
    "hub_module": write_hub_module,
    "saved_model": write_saved_model,
    "onnx": write_onnx,
    "lite": write_lite,
}


def _compare(network, images, run, name: str, folder: str) -> Measured:
    expected = network.features(tf.constant(images))["features"].numpy()
    found = parity(expected, run()["features"])
    size = tf.io.gfile.stat(os.path.join(folder, name)).length
    return {
        name: f"{size / 1e6:.1f} MB; features differ by at most {found.largest_difference:.1e} of"
        f" the largest, cosine at least {found.cosine:.4f}"
    }


def _pictures(config: Config) -> np.ndarray:
    """Pictures of the training split as evaluation sees them: float32 [n, size, size, 3]."""
    data = build_data.source(config)
    batches = build_data.evaluation_data(config, data, config.data.train_split)
    found = list(batches.unbatch().map(lambda batch: batch["image"]).take(CALIBRATION + UNSEEN))
    if len(found) < 2:
        raise ValueError(
            "`export_format` lite needs two pictures at least to set the ranges of int8 by."
            f" Received: {len(found)} in train_split={config.data.train_split!r} of {data.name}."
        )
    return np.stack(found)
