"""The original's SavedModel: `__call__(images, trainable)` -> a dict of all endpoints."""

import tf_keras as keras

from tf_simclr.exporting.traced import TracedModule


def save(parts: dict[str, keras.layers.Layer], path: str, *, selector: int = 0) -> None:
    """Writes `__call__(images, trainable=False)` -> endpoints to the folder `path`.

    Images are float32 [batch, height, width, 3] in [0, 1]. Keys of the result: initial_conv,
    initial_max_pool, block_group1..4, final_avg_pool, proj_head_input, proj_head_output and, where
    there is a classifier, logits_sup.

    Args:
      parts: "encoder", "projection_head" and maybe "supervised_head", built.
      path: of the SavedModel.
      selector: the projection head's output that the classifier reads.
    """

    def call(images, trainable=False):
        endpoints = parts["encoder"](images, training=trainable)
        projections = parts["projection_head"](endpoints["final_avg_pool"], training=trainable)
        endpoints |= {"proj_head_input": projections[0], "proj_head_output": projections[-1]}
        if "supervised_head" in parts:
            endpoints["logits_sup"] = parts["supervised_head"](projections[selector])
        return endpoints

    TracedModule(call, "trainable", parts).save(path)
