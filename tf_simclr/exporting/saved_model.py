"""The original's SavedModel: `__call__(images, trainable)` -> a dict of all endpoints."""

import tensorflow as tf

from tf_simclr.exporting.card import Card
from tf_simclr.exporting.format import Format, Order
from tf_simclr.exporting.traced import TracedModule, images_spec
from tf_simclr.exporting.trained_network import TrainedNetwork


def save(network: TrainedNetwork, path: str, *, size: int | None = None) -> None:
    """Writes `__call__(images, trainable=False)` -> endpoints to the folder `path`.

    Images are float32 [batch, height, width, 3] in [0, 1]. Keys of the result: initial_conv,
    initial_max_pool, block_group1..4, final_avg_pool, pyramid, proj_head_input, proj_head_output
    and, where there is a classifier, logits_sup; where the pyramid's whitening is known,
    pyramid_white. The signature serving_default returns them, too. A variable `trained_size` is
    the side of the pictures that it was trained on.

    Args:
      network: what is saved.
      path: of the SavedModel.
      size: side of the pictures that it takes, in pixels; None takes any height and width.
    """
    encode = network.traced_encode(size)
    images = images_spec(size)

    # Differs from the original, which traces the random blur into the export.
    def call(images: tf.Tensor, trainable: bool = False) -> dict[str, tf.Tensor]:
        return network.outputs(encode(images, trainable), trainable)

    module = TracedModule(call, network.parts.values(), images)
    network.add_to(module)
    # Not traced here: TensorFlow traces again while it saves, and would save both traces.
    serve = tf.function(call, input_signature=[images], autograph=False)
    tf.saved_model.save(module, path, signatures={"serving_default": serve})


def _export(order: Order, folder: str) -> dict[str, str]:
    save(order.network, folder, size=order.size)
    return {}


def _interface(card: Card) -> str:
    logits = ", logits_sup" if card.classes else ""
    return (
        "`__call__(images, trainable=False)` returns a dict: initial_conv, initial_max_pool,"
        f" block_group1 to 4, final_avg_pool [batch, {card.features}], pyramid, of a run's last"
        " step also pyramid_white, proj_head_input, proj_head_output"
        f" [batch, {card.projection}]{logits}."
    )


FORMAT = Format(
    folder="saved_model",
    save=_export,
    interface=_interface,
    example="""\
import tensorflow as tf

model = tf.saved_model.load("PATH_OF_THIS_FOLDER")
images = tf.random.uniform([1, SIDE, SIDE, 3])  # yours, in [0, 1]
outputs = model(images, trainable=False)
features = outputs["final_avg_pool"]
print({name: value.shape for name, value in outputs.items()})
""",
    classifying="""\
import tensorflow as tf

model = tf.saved_model.load("PATH_OF_THIS_FOLDER")
images = tf.random.uniform([1, SIDE, SIDE, 3])  # yours, in [0, 1]
logits = model(images, trainable=False)["logits_sup"]
number = int(tf.argmax(logits[0]))
print(model.class_names()[number].numpy().decode(), tf.nn.softmax(logits[0])[number].numpy())
""",
    by_training="all endpoints",
)
