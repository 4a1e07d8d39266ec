"""The encoder as a reusable TF2 SavedModel: what hub.load and hub.KerasLayer take.

The interface is that of an image feature vector ("Reusable SavedModels" and "Common SavedModel APIs
for images" of TF-Hub).
"""

from collections.abc import Callable

import tensorflow as tf

from tf_simclr.exporting import serving
from tf_simclr.exporting.traced import TracedModule, bare, images_spec
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

    Images are float32 [batch, height, width, 3] in [0, 1]. The module and each of the three has
    `variables`, `trainable_variables` and `regularization_losses` of its own, so that
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
        outputs = encode(images, training)
        return outputs | network.heads(outputs["final_avg_pool"], training)

    def project(images: tf.Tensor, training: bool = False) -> tf.Tensor:
        return head(call(images, training), training=training)[-1]

    def classify(images: tf.Tensor, training: bool = False) -> tf.Tensor:
        return network.classify(call(images, training), training)

    module = TracedModule(call, [encoder], images, [MOMENTUM])
    module.endpoints = TracedModule(endpoints, network.parts.values(), images)
    module.project = TracedModule(project, [encoder, head], images)
    if network.supervised_head is not None:
        module.classify = TracedModule(classify, network.of_classifier, images)
    for name, part in network.parts.items():
        setattr(module, name, bare(part))
    network.tell_size(module)
    signatures = serving.signatures(module, images, read_picture)
    tf.saved_model.save(module, path, signatures=signatures)
