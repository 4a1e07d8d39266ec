"""The encoder as an ONNX file, for onnxruntime and others that read ONNX."""

import json
import os

import numpy as np
import tensorflow as tf

from tf_simclr.exporting.format import Format, Order, inference_only, needs_extra
from tf_simclr.exporting.parity import told
from tf_simclr.exporting.traced import images_spec
from tf_simclr.exporting.trained_network import TrainedNetwork

FILE = "model.onnx"
EXTRA = "onnx"
SEED = 0  # of the noise that the file is compared on, which needs no data
OPSET = 17  # onnxruntime 1.12 (2022) and newer
CLASS_NAMES = "class_names"  # key in the file's metadata: a JSON list
BATCH, HEIGHT, WIDTH = "batch", "height", "width"  # names of the axes that may have any length


def save(network: TrainedNetwork, folder: str, *, size: int | None = None) -> None:
    """Writes FILE to `folder`: images float32 [batch, h, w, 3] -> features, logits, in inference.

    Args:
      network: what is saved.
      folder: one that exists or can be made.
      size: side of the pictures that it takes, in pixels; None takes any height and width.

    Raises:
      ValueError: if the extra `onnx` is not installed.
    """
    with needs_extra(EXTRA):
        import tf2onnx
    signature = [images_spec(size)]
    function = tf.function(network.features, input_signature=signature, autograph=False)
    model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    names = (BATCH, *((HEIGHT, WIDTH) if size is None else ()))
    for axis, name in zip(model.graph.input[0].type.tensor_type.shape.dim, names):
        axis.dim_param = name
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[0].dim_param = BATCH
    if network.class_names:
        entry = model.metadata_props.add()
        entry.key, entry.value = CLASS_NAMES, json.dumps(list(network.class_names))
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(os.path.join(folder, FILE), "wb") as file:
        file.write(model.SerializeToString())


def run(folder: str, images: np.ndarray) -> dict[str, np.ndarray]:
    """Runs the file in `folder` on images float32 [batch, h, w, 3]: features [batch, n], logits.

    Raises:
      ValueError: if the extra `onnx` is not installed.
    """
    with needs_extra(EXTRA):
        import onnxruntime
    with tf.io.gfile.GFile(os.path.join(folder, FILE), "rb") as file:
        session = onnxruntime.InferenceSession(file.read(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"images": images})))


def _export(order: Order, folder: str) -> dict[str, str]:
    save(order.network, folder, size=order.size)
    images = np.random.default_rng(SEED).random((4, order.side, order.side, 3), np.float32)
    features = run(folder, images)["features"]
    return {FILE: told(os.path.join(folder, FILE), features, order.network, images)}


FORMAT = Format(
    folder="onnx",
    save=_export,
    interface=inference_only,
    example="""\
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("PATH_OF_THIS_FOLDER/model.onnx")
images = np.random.rand(1, SIDE, SIDE, 3).astype(np.float32)  # yours, in [0, 1]
(features,) = session.run(["features"], {"images": images})
print(features.shape)
""",
    classifying="""\
import json
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("PATH_OF_THIS_FOLDER/model.onnx")
names = json.loads(session.get_modelmeta().custom_metadata_map["class_names"])
images = np.random.rand(1, SIDE, SIDE, 3).astype(np.float32)  # yours, in [0, 1]
(logits,) = session.run(["logits"], {"images": images})
print(names[logits[0].argmax()])
""",
)
