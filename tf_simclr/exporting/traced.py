"""What is saved of a network: one traced function of images, and its weights in lists."""

from collections.abc import Callable, Sequence

import tensorflow as tf
import tf_keras as keras


class TracedModule(tf.__internal__.tracking.AutoTrackable):
    """`__call__(images, mode=False)`, traced for both modes, with its weights.

    `variables` and `trainable_variables` are lists, not properties: only so are they saved, and
    only so does hub.KerasLayer(trainable=True) find something to train.

    Args:
      call: (images, mode) -> a tensor or a dict of tensors, with the mode's default False.
      mode: the name of the second argument.
      layers: built; those that `call` uses.
    """

    def __init__(self, call: Callable, mode: str, layers: Sequence[keras.layers.Layer]):
        super().__init__()
        self.layers = list(layers)
        self.variables = [v for layer in layers for v in layer.variables]
        self.trainable_variables = [v for layer in layers for v in layer.trainable_variables]
        self.regularization_losses: list = []
        self.__call__ = tf.function(call)
        for value in (True, False):
            self.__call__.get_concrete_function(images_spec(), value)
            self.__call__.get_concrete_function(images_spec(), **{mode: value})

    def save(self, path: str) -> None:
        """Writes the SavedModel to `path`; its serving_default signature takes `images` alone."""
        serve = tf.function(lambda images: self.__call__(images, False))
        signature = serve.get_concrete_function(images_spec())
        tf.saved_model.save(self, path, signatures={"serving_default": signature})


def images_spec() -> tf.TensorSpec:
    """Float32 [batch, height, width, 3] in [0, 1], of any size."""
    return tf.TensorSpec([None, None, None, 3], tf.float32, name="images")
