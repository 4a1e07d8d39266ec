"""The signatures of a Hub module, which TensorFlow Serving and saved_model_cli call by name."""

from collections.abc import Callable, Mapping

import tensorflow as tf

from tf_simclr.exporting.traced import TracedModule

PICTURES = tf.TensorSpec([None], tf.string, name="image_bytes")


def signatures(
    module: TracedModule, images: tf.TensorSpec, read_picture: Callable[[tf.Tensor], tf.Tensor]
) -> Mapping[str, Callable]:
    """The module's signatures by name; those that need a classifier only if the module has one.

        serving_default   images        -> features
        serving_bytes     image_bytes   -> features; with a classifier logits, probabilities too
        classify          images        -> logits, probabilities; only with a classifier

    Args:
      module: with endpoints(images) -> final_avg_pool and perhaps logits_sup.
      images: spec of the module's input.
      read_picture: a scalar string, an encoded picture -> float32 [side, side, 3].
    """

    def see(pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        # The trace for any size: pictures of a known size would get a trace of their own.
        return module.endpoints.__call__.get_concrete_function(images, False)(pictures)

    def scores(endpoints: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        logits = endpoints["logits_sup"]
        return {"logits": logits, "probabilities": tf.nn.softmax(logits)}

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"features": see(images)["final_avg_pool"]}

    def classify(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return scores(see(images))

    def serve_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        images = tf.map_fn(read_picture, image_bytes, fn_output_signature=tf.float32)
        endpoints = see(images)
        more = scores(endpoints) if "logits_sup" in endpoints else {}
        return {"features": endpoints["final_avg_pool"]} | more

    functions = {"serving_default": (serve, images), "serving_bytes": (serve_bytes, PICTURES)}
    if hasattr(module, "classify"):
        functions["classify"] = (classify, images)
    # Not traced here: TensorFlow traces again while it saves, and would save both traces.
    return {
        name: tf.function(function, input_signature=[spec], autograph=False)
        for name, (function, spec) in functions.items()
    }
