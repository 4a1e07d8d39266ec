"""The encoder as a reusable TF2 SavedModel: what hub.load and hub.KerasLayer take.

The interface is that of an image feature vector ("Reusable SavedModels" and "Common SavedModel APIs
for images" of TF-Hub).
"""

import tensorflow as tf
import tf_keras as keras

from tf_simclr.exporting.saved_model import images_spec


class FeatureVector(tf.__internal__.tracking.AutoTrackable):
    """`__call__(images, training=False)`: float32 [batch, h, w, 3] in [0, 1] -> [batch, features].

    `variables` and `trainable_variables` are lists, not properties: only so are they saved, and
    only so does hub.KerasLayer(trainable=True) find something to train.

    Args:
      encoder: a built ResNet.
    """

    def __init__(self, encoder: keras.Model):
        super().__init__()
        self.encoder = encoder
        self.variables = list(encoder.variables)
        self.trainable_variables = list(encoder.trainable_variables)
        self.regularization_losses: list = []

        def call(images, training=False):
            return encoder(images, training=training)["final_avg_pool"]

        self.__call__ = tf.function(call)
        for training in (True, False):
            self.__call__.get_concrete_function(images_spec(), training)
            self.__call__.get_concrete_function(images_spec(), training=training)


def save(encoder: keras.Model, path: str) -> None:
    """Writes the SavedModel of `FeatureVector` to `path`, with its serving_default signature."""
    module = FeatureVector(encoder)
    signature = tf.function(lambda images: module.__call__(images, training=False))
    tf.saved_model.save(
        module, path, signatures={"serving_default": signature.get_concrete_function(images_spec())}
    )
