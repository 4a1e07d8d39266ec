"""The encoder as a reusable TF2 SavedModel, for hub.load and hub.KerasLayer.

The interface is that of an image feature vector ("Reusable SavedModels" and "Common SavedModel APIs
for images" of TF-Hub).
"""

from collections.abc import Callable

import tensorflow as tf

from tf_simclr.exporting import serving
from tf_simclr.exporting.card import Card, table
from tf_simclr.exporting.format import Format, Order
from tf_simclr.exporting.traced import TracedModule, images_spec
from tf_simclr.exporting.trained_network import MOMENTUM, TrainedNetwork


def save(
    network: TrainedNetwork,
    path: str,
    *,
    size: int | None = None,
    read_picture: Callable[[tf.Tensor], tf.Tensor],
) -> None:
    """Writes the module to the folder `path`.

        __call__(images, training=False, batch_norm_momentum=...)  -> [batch, features]
        endpoints(images, training=False)   -> the dict that saved_model.save describes
        project(images, training=False)     -> [batch, out_dim], the projection head's output
        classify(images, training=False)    -> logits [batch, classes], if there is a classifier

    Images are float32 [batch, height, width, 3] in [0, 1]. The module and each of the last three
    has `variables`, `trainable_variables` and `regularization_losses` of its own, so that
    hub.KerasLayer takes any of them. Signatures: serving_default, serving_bytes, classify. A
    variable `trained_size` is the side of the pictures that it was trained on.

    Args:
      network: what is saved.
      path: of the SavedModel.
      size: side of the pictures that it takes, in pixels; None takes any height and width.
      read_picture: a scalar string, an encoded picture -> float32 [side, side, 3], as evaluation
        sees it.
    """
    encode = network.traced_encode(size)
    encoder, head = network.encoder, network.projection_head
    images = images_spec(size)

    def call(
        images: tf.Tensor,
        training: bool = False,
        batch_norm_momentum: float | tf.Tensor = network.batch_norm_momentum,
    ) -> tf.Tensor:
        return encode(images, training, batch_norm_momentum)["final_avg_pool"]

    def endpoints(images: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        return network.outputs(encode(images, training), training)

    def project(images: tf.Tensor, training: bool = False) -> tf.Tensor:
        return head(call(images, training), training=training)[-1]

    def classify(images: tf.Tensor, training: bool = False) -> tf.Tensor:
        return network.classify(encode(images, training), training)

    module = TracedModule(call, [encoder], images, [MOMENTUM])
    module.endpoints = TracedModule(endpoints, network.parts.values(), images)
    module.project = TracedModule(project, [encoder, head], images)
    if network.supervised_head is not None:
        module.classify = TracedModule(classify, network.of_classifier, images)
    network.add_to(module)
    signatures = serving.signatures(module, images, read_picture)
    tf.saved_model.save(module, path, signatures=signatures)


def _export(order: Order, folder: str) -> dict[str, str]:
    save(order.network, folder, size=order.size, read_picture=order.read_picture)
    return {}


def _interface(card: Card) -> str:
    features, projections = f"[batch, {card.features}]", f"[batch, {card.projection}]"
    logits = f"logits [batch, {card.classes}]" if card.classes else ""
    rows = [
        ("call or signature", "returns"),
        ("`__call__(images, training=False, batch_norm_momentum=...)`", f"features {features}"),
        ("`endpoints(images, training=False)`", "a dict: block_group1 to 4, pyramid, ..."),
        ("`project(images, training=False)`", f"the projection head's output {projections}"),
        ("`classify(images, training=False)`", logits),
        ("`serving_default`: images", f"features {features}"),
        ("`class_names()`", f"string [{card.classes}], in the order of the logits"),
        (
            "`serving_bytes`: image_bytes, JPEG or PNG of any size",
            f"features{', logits, probabilities' * bool(logits)}",
        ),
        ("`classify`: images", f"{logits}, probabilities"),
    ]
    left_out = ([] if logits else ["classify"]) + ([] if card.class_names else ["class_names"])
    rows = [row for row in rows if not any(word in row[0] for word in left_out)]
    return (
        f"{table(rows)}\n\nThe module and each of its parts (`endpoints` and so on) has"
        " `variables` and `trainable_variables`: hub.KerasLayer takes any of them. `serving_bytes`"
        f" decodes, crops and resizes to {card.fixed_size or card.image_size} pixels as evaluation"
        " does; it ignores a JPEG's EXIF orientation."
    )


FORMAT = Format(
    folder="hub",
    save=_export,
    interface=_interface,
    example="""\
import tensorflow as tf
import tensorflow_hub as hub
import tf_keras as keras

encoder = hub.KerasLayer("PATH_OF_THIS_FOLDER", trainable=True)  # False: a frozen encoder
images, labels = tf.random.uniform([10, SIDE, SIDE, 3]), tf.range(10)  # yours, in [0, 1]
model = keras.Sequential([encoder, keras.layers.Dense(10)])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss, metrics=["accuracy"])
model.fit(images, labels)
""",
    classifying="""\
import tensorflow as tf
import tensorflow_hub as hub

module = hub.load("PATH_OF_THIS_FOLDER")
images = tf.random.uniform([1, SIDE, SIDE, 3])  # yours, in [0, 1]
logits = module.classify(images)
number = int(tf.argmax(logits[0]))
print(module.class_names()[number].numpy().decode(), tf.nn.softmax(logits[0])[number].numpy())
""",
    by_training="encoder, for TF-Hub",
)
