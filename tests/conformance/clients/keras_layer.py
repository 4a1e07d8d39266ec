"""hub.KerasLayer: frozen, and trained with the network around it."""

import sys

import numpy as np
import tensorflow_hub as hub
import tf_keras as keras

path, given, found = sys.argv[1:]
keras.utils.set_random_seed(0)
images = np.load(given)["images"]
labels = np.arange(len(images)) % 2
images[labels == 1] *= 0.5
outputs = {}
for name, trainable in {"frozen": False, "trained": True}.items():
    layer = hub.KerasLayer(path, trainable=trainable)
    model = keras.Sequential([keras.layers.InputLayer([16, 16, 3]), layer, keras.layers.Dense(2)])
    before = [weight.numpy() for weight in layer.weights]
    features = layer(images).numpy()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss)
    history = model.fit(images, labels, batch_size=16, epochs=12, verbose=0).history
    moved = [not np.array_equal(a, b.numpy()) for a, b in zip(before, layer.weights)]
    outputs |= {
        f"{name}/features": features,
        f"{name}/losses": history["loss"],
        f"{name}/moved": sum(moved),
        f"{name}/weights": len(layer.weights),
        f"{name}/trainable": len(layer.trainable_weights),
    }
# A part of the module, with a head's weights too; and statistics at another pace.
head = hub.KerasLayer(hub.load(path).project, trainable=True)
outputs["head/features"] = head(images)
outputs["head/trainable"] = len(head.trainable_weights)
slow = hub.KerasLayer(path, trainable=True, arguments={"batch_norm_momentum": 1.0})
before = [weight.numpy() for weight in slow.weights]
slow(images, training=True)
outputs["slow/moved"] = sum(not np.array_equal(a, b) for a, b in zip(before, slow.get_weights()))
assert "tf_simclr" not in sys.modules
np.savez(found, **outputs)
