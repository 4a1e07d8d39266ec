"""The encoder as LiteRT (TensorFlow Lite) files, in float32 and in int8, for phones and boards."""

import os
from typing import Any

import numpy as np
import tensorflow as tf

from tf_simclr.exporting.format import Format, Order, inference_only, needs_extra
from tf_simclr.exporting.parity import told
from tf_simclr.exporting.traced import images_spec
from tf_simclr.exporting.trained_network import TrainedNetwork
from tf_simclr.quiet import stderr_silenced

FLOAT, INT8 = "model.tflite", "model_int8.tflite"
EXTRA = "lite"
CALIBRATION, UNSEEN = 128, 64  # pictures to calibrate int8 with, and to compare it on


def save(network: TrainedNetwork, folder: str, *, size: int, pictures: np.ndarray) -> None:
    """Writes FLOAT and INT8 to `folder`: images float32 [batch, size, size, 3] -> features, logits.

    Both take and return float32. In INT8 weights and activations are 8 bits wide; the ranges of
    activations are those on `pictures` (arXiv 1712.05877).

    Args:
      network: what is saved.
      folder: one that exists or can be made.
      size: side of the pictures that they take, in pixels.
      pictures: float32 [n, size, size, 3] in [0, 1], of the kind that the model will see.

    Raises:
      ValueError: if the extra `lite` is not installed, which `run` needs.
    """
    _interpreter()
    spec = images_spec(size)
    function = tf.function(network.features, input_signature=[spec], autograph=False)
    keep = tf.Module()  # The converter wants an object that holds the variables.
    keep.parts = list(network.parts.values())
    tf.io.gfile.makedirs(folder)
    for name in (FLOAT, INT8):
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [function.get_concrete_function()], keep
        )
        if name == INT8:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([one[None]] for one in pictures)
        with stderr_silenced():
            content = converter.convert()
        with tf.io.gfile.GFile(os.path.join(folder, name), "wb") as file:
            file.write(content)


def run(path: str, images: np.ndarray) -> dict[str, np.ndarray]:
    """Runs the file at `path` on images float32 [batch, size, size, 3]: features, logits.

    Raises:
      ValueError: if the extra `lite` is not installed.
    """
    make = _interpreter()
    with tf.io.gfile.GFile(path, "rb") as file:
        content = file.read()
    with stderr_silenced():
        return make(model_content=content).get_signature_runner()(images=images)


def _interpreter() -> type[Any]:
    with needs_extra(EXTRA):
        from ai_edge_litert.interpreter import Interpreter
    return Interpreter


def _export(order: Order, folder: str) -> dict[str, str]:
    pictures = order.pictures(CALIBRATION + UNSEEN)
    unseen = pictures[-min(UNSEEN, len(pictures) // 2) :]
    calibrate = pictures[: len(pictures) - len(unseen)]
    save(order.network, folder, size=order.side, pictures=calibrate)
    measured = {
        "int8": f"calibrated on {len(calibrate)} training pictures, compared on {len(unseen)} more"
    }
    for name in (FLOAT, INT8):
        path = os.path.join(folder, name)
        measured[name] = told(path, run(path, unseen)["features"], order.network, unseen)
    return measured


FORMAT = Format(
    folder="lite",
    save=_export,
    interface=inference_only,
    example="""\
import numpy as np
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter("PATH_OF_THIS_FOLDER/model_int8.tflite")  # or model.tflite
run = interpreter.get_signature_runner()
images = np.random.rand(1, SIDE, SIDE, 3).astype(np.float32)  # yours, in [0, 1]
features = run(images=images)["features"]
print(features.shape)
""",
    classifying="""\
import numpy as np
from ai_edge_litert.interpreter import Interpreter

run = Interpreter("PATH_OF_THIS_FOLDER/model_int8.tflite").get_signature_runner()
names = open("PATH_OF_THIS_FOLDER/class_names.txt", encoding="utf-8").read().split("\\n")
images = np.random.rand(1, SIDE, SIDE, 3).astype(np.float32)  # yours, in [0, 1]
logits = run(images=images)["logits"]
print(names[logits[0].argmax()])
""",
    fixed_size=True,  # In LiteRT a size cannot change from call to call.
    needs_pictures="to set the ranges of int8",
)
