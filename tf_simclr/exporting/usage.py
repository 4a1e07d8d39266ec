"""How an export is used: the model card's lines of code and its table of calls, by format."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tf_simclr.exporting.card import Card


def text(card: "Card") -> str:
    """Code that loads the export that a Card tells of, and what it takes and gives, as Markdown."""
    return f"```python\n{_code(card)}```\n\n{_interface(card)}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Markdown of rows, the first of which is the head; nothing if there is no other."""
    if len(rows) < 2:
        return ""
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _interface(card: "Card") -> str:
    features, projections = f"[batch, {card.features}]", f"[batch, {card.projection}]"
    logits = f"logits [batch, {card.classes}]" if card.classes else ""
    if card.format in ("onnx", "lite"):
        also = f" and {logits}" if logits else ""
        return f"Input `images`; outputs features {features}{also}, by these names. Inference only."
    if card.format == "saved_model":
        return (
            "`__call__(images, trainable=False)` gives a dict: initial_conv, initial_max_pool,"
            f" block_group1 to 4, final_avg_pool {features}, proj_head_input, proj_head_output"
            f" {projections}{', logits_sup' if logits else ''}."
        )
    rows = [
        ("call or signature", "gives"),
        ("`__call__(images, training=False, batch_norm_momentum=...)`", f"features {features}"),
        ("`endpoints(images, training=False)`", "a dict: block_group1 to 4, final_avg_pool, ..."),
        ("`project(images, training=False)`", f"the projection head's output {projections}"),
        ("`classify(images, training=False)`", logits),
        ("`serving_default`: images", f"features {features}"),
        (
            "`serving_bytes`: image_bytes, JPEG or PNG of any size",
            f"features{', logits, probabilities' * bool(logits)}",
        ),
        ("`classify`: images", f"{logits}, probabilities"),
    ]
    rows = [row for row in rows if logits or "classify" not in row[0]]
    return (
        f"{table(rows)}\n\nThe module and each of its parts (`endpoints` and so on) has"
        " `variables` and `trainable_variables`: hub.KerasLayer takes any of them. `serving_bytes`"
        f" decodes, crops and resizes to {card.fixed_size or card.image_size} pixels as evaluation"
        " does; it does not turn a JPEG by its EXIF tag."
    )


def _code(card: "Card") -> str:
    side = card.fixed_size or card.image_size
    if card.format == "hub_module":
        return f"""\
import tensorflow as tf
import tensorflow_hub as hub
import tf_keras as keras

encoder = hub.KerasLayer("PATH_OF_THIS_FOLDER", trainable=True)  # False: a frozen encoder
model = keras.Sequential([encoder, keras.layers.Dense(10)])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss, metrics=["accuracy"])
model.fit(images, labels)  # float32 [n, {side}, {side}, 3] in [0, 1]; int [n]
"""
    if card.format == "saved_model":
        return f"""\
import tensorflow as tf

model = tf.saved_model.load("PATH_OF_THIS_FOLDER")
images = tf.random.uniform([1, {side}, {side}, 3])  # yours, in [0, 1]
outputs = model(images, trainable=False)
features = outputs["final_avg_pool"]
print({{name: value.shape for name, value in outputs.items()}})
"""
    if card.format == "onnx":
        return f"""\
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("PATH_OF_THIS_FOLDER/model.onnx")
images = np.random.rand(1, {side}, {side}, 3).astype(np.float32)  # yours, in [0, 1]
(features,) = session.run(["features"], {{"images": images}})
print(features.shape)
"""
    return f"""\
import numpy as np
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter("PATH_OF_THIS_FOLDER/model_int8.tflite")  # or model.tflite
run = interpreter.get_signature_runner()
images = np.random.rand(1, {side}, {side}, 3).astype(np.float32)  # yours, in [0, 1]
features = run(images=images)["features"]
print(features.shape)
"""
