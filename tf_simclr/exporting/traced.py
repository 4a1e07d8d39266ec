"""What is saved of a network: traced functions of images, and their weights in lists."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import tensorflow as tf
import tf_keras as keras


class TracedModule(tf.__internal__.tracking.AutoTrackable):
    """A function of images that others call and train: `__call__(images, mode=False, ...)`.

    It is traced for both modes. `variables` and `trainable_variables` are lists, not properties:
    only so are they saved, and only so does hub.KerasLayer(trainable=True) find something to train.
    ("Reusable SavedModels" of TF-Hub.)

    Args:
      call: (images, mode, *options) -> a tensor or a dict of tensors; mode and options have
        defaults.
      used: layers whose weights `call` uses, built.
      images: what `call` takes.
      options: specs of the options, scalars; a Python number does for them, too.
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
    """`function(images, mode, *options)`, traced once for each mode, whoever calls it.

    While it saves, TensorFlow traces every tf.function anew; what is traced already it saves as it
    is. So only what is thin around this is traced twice, and two exports can share one trace.

    Args:
      function: (images, mode, *options) -> a tensor or a dict of tensors.
      images: spec of what it takes, float32 [batch, height, width, 3] in [0, 1].
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
    """A copy of a built layer down to its variables, which are shared, with nothing of Keras.

    A checkpoint of an export has the layer's names by it. Keras would save each layer's own
    function beside: twice the file, in thrice the time.
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
