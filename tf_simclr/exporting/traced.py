"""What is saved of a network: one traced function of images, and its weights in lists."""

from collections.abc import Callable, Mapping

import tensorflow as tf
import tf_keras as keras


class TracedModule(tf.__internal__.tracking.AutoTrackable):
    """`__call__(images, mode=False)`, traced for both modes, with its weights.

    `variables` and `trainable_variables` are lists, not properties: only so are they saved, and
    only so does hub.KerasLayer(trainable=True) find something to train.

    Args:
      call: (images, mode) -> a tensor or a dict of tensors, with the mode's default False.
      mode: the name of the second argument.
      parts: name -> built layer that `call` uses. A checkpoint of the module has these names.
    """

    def __init__(self, call: Callable, mode: str, parts: Mapping[str, keras.layers.Layer]):
        super().__init__()
        self.variables = [v for part in parts.values() for v in part.variables]
        self.trainable_variables = [v for part in parts.values() for v in part.trainable_variables]
        self.regularization_losses: list = []
        for name, part in parts.items():
            setattr(self, name, _weights(part, {}))
        # Differs from the original: it traces the random blur into the export.
        self.__call__ = tf.function(call, autograph=False)
        for value in (True, False):
            self.__call__.get_concrete_function(images_spec(), value)
            self.__call__.get_concrete_function(images_spec(), **{mode: value})

    def save(self, path: str) -> None:
        """Writes the SavedModel to `path`; its serving_default signature takes `images` alone."""
        serve = tf.function(lambda images: self.__call__(images, False), autograph=False)
        signature = serve.get_concrete_function(images_spec())
        tf.saved_model.save(self, path, signatures={"serving_default": signature})


def _weights(trackable, made: dict):
    """A copy of `trackable` down to its variables, which are shared, with nothing of Keras.

    Keras would save each layer's own function beside: twice the file, in thrice the time.

    Args:
      trackable: a layer, or what lies in one.
      made: id -> copy, of what was copied before.
    """
    if isinstance(trackable, tf.Variable):
        return trackable
    if id(trackable) not in made:
        copy = made[id(trackable)] = tf.__internal__.tracking.AutoTrackable()
        for name, child in tf.train.TrackableView.children(trackable).items():
            setattr(copy, name, _weights(child, made))
    return made[id(trackable)]


def images_spec() -> tf.TensorSpec:
    """Float32 [batch, height, width, 3] in [0, 1], of any size."""
    return tf.TensorSpec([None, None, None, 3], tf.float32, name="images")
