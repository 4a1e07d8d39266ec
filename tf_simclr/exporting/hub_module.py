"""The encoder as a reusable TF2 SavedModel: what hub.load and hub.KerasLayer take.

The interface is that of an image feature vector ("Reusable SavedModels" and "Common SavedModel APIs
for images" of TF-Hub).
"""

import tf_keras as keras

from tf_simclr.exporting.traced import TracedModule


def save(encoder: keras.Model, path: str) -> None:
    """Writes `__call__(images, training=False)` -> float32 [batch, features] to the folder `path`.

    Images are float32 [batch, height, width, 3] in [0, 1].

    Args:
      encoder: a built ResNet.
      path: of the SavedModel.
    """

    def call(images, training=False):
        return encoder(images, training=training)["final_avg_pool"]

    TracedModule(call, "training", {"encoder": encoder}).save(path)
