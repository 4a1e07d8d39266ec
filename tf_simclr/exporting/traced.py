"""The form in which networks are saved: traced functions of images, and weights in lists."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import tensorflow as tf
import tf_keras as keras


class TracedModule(tf.__internal__.tracking.AutoTrackable):
    """A function of images that others call and train: `__call__(images, mode=False, ...)`.

    It is traced for both modes. `variables` and `trainable_variables` are lists, not properties:
    otherwise they would not be saved, and hub.KerasLayer(trainable=True) would find nothing to
    train ("Reusable SavedModels" of TF-Hub).

    Args:
      call: (images, mode, *options) -> a tensor or a dict of tensors; mode and options have
        defaults.
      used: layers whose weights `call` uses, built.
      images: spec of the images that `call` takes.
      options: specs of the options, scalars; a Python number is accepted, too.
    """

    def __init__(
        self,
        call: Callable,
        used: Iterable[keras.layers.Layer],
        images: tf.TensorSpec,
        options: Sequence[tf.TensorSpec] = (),
    ):
        super().__init__()
        used = list(used)
        self.variables = [v for layer in used for v in layer.variables]
        self.trainable_variables = [v for layer in used for v in layer.trainable_variables]
        self.regularization_losses: list = []
        self.__call__ = tf.function(call, autograph=False)
        for value in (True, False):
            self.__call__.get_concrete_function(images, value, *options)


def traced_once(
    function: Callable, images: tf.TensorSpec, options: Sequence[tf.TensorSpec] = ()
) -> Callable:
    """`function(images, mode, *options)`, traced only once for each mode.

    While it saves, TensorFlow traces every tf.function again, but saves concrete functions as they
    are. So only thin wrappers of this are traced twice, and two exports can share one trace.

    Args:
      function: (images, mode, *options) -> a tensor or a dict of tensors.
      images: spec of its images, float32 [batch, height, width, 3] in [0, 1].
      options: specs of the options, scalars.

    Returns:
      A function of the same arguments, for use in a tf.function.
    """

    def trace(mode: bool) -> Callable:
        def call(images: tf.Tensor, *options: tf.Tensor) -> Any:
            return function(images, mode, *options)

        traced = tf.function(call, input_signature=[images, *options], autograph=False)
        return traced.get_concrete_function()

    modes = {mode: trace(mode) for mode in (True, False)}
    return lambda images, mode, *options: modes[bool(mode)](images, *options)


def bare(layer: keras.layers.Layer) -> tf.__internal__.tracking.AutoTrackable:
    """A copy of a built layer without Keras, which shares its variables.

    It gives an export's checkpoint the layer's names. Keras would also save a function for each
    layer: twice the file size, in three times the time.
    """
    return _bare(layer, {})


def _bare(trackable: Any, made: dict[int, Any]) -> Any:
    if isinstance(trackable, tf.Variable):
        return trackable
    if id(trackable) not in made:
        copy = made[id(trackable)] = tf.__internal__.tracking.AutoTrackable()
        for name, child in tf.train.TrackableView.children(trackable).items():
            setattr(copy, name, _bare(child, made))
    return made[id(trackable)]


def images_spec(size: int | None = None) -> tf.TensorSpec:
    """Float32 [batch, height, width, 3] in [0, 1]; of any size, or of `size` pixels a side."""
    return tf.TensorSpec([None, size, size, 3], tf.float32, name="images")
