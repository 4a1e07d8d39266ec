"""The original's SavedModel: `__call__(images, trainable)` -> a dict of all endpoints."""

import tensorflow as tf
import tf_keras as keras


class Endpoints(tf.__internal__.tracking.AutoTrackable):
    """What is saved: the parts of a model, and one function of images.

    Keys of the result: initial_conv, initial_max_pool, block_group1..4, final_avg_pool,
    proj_head_input, proj_head_output and, where there is a classifier, logits_sup.

    Args:
      parts: "encoder", "projection_head" and maybe "supervised_head", built.
      selector: the projection head's output that the classifier reads.
    """

    def __init__(self, parts: dict[str, keras.layers.Layer], selector: int):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        layers = list(parts.values())
        self.variables = [v for layer in layers for v in layer.variables]
        self.trainable_variables = [v for layer in layers for v in layer.trainable_variables]
        self.regularization_losses: list = []

        def call(images, trainable=False):
            endpoints = parts["encoder"](images, training=trainable)
            projections = parts["projection_head"](endpoints["final_avg_pool"], training=trainable)
            endpoints |= {"proj_head_input": projections[0], "proj_head_output": projections[-1]}
            if "supervised_head" in parts:
                endpoints["logits_sup"] = parts["supervised_head"](projections[selector])
            return endpoints

        self.__call__ = tf.function(call)
        for trainable in (True, False):
            self.__call__.get_concrete_function(images_spec(), trainable)
            self.__call__.get_concrete_function(images_spec(), trainable=trainable)


def images_spec() -> tf.TensorSpec:
    """Float32 [batch, height, width, 3] in [0, 1], of any size."""
    return tf.TensorSpec([None, None, None, 3], tf.float32, name="images")


def save(parts: dict[str, keras.layers.Layer], path: str, *, selector: int = 0) -> None:
    """Writes the SavedModel of `Endpoints` to `path`, with its serving_default signature."""
    module = Endpoints(parts, selector)
    signature = tf.function(lambda images: module.__call__(images, trainable=False))
    tf.saved_model.save(
        module, path, signatures={"serving_default": signature.get_concrete_function(images_spec())}
    )
