"""hub.KerasLayer under MirroredStrategy over two logical devices."""

import sys

import numpy as np
import tensorflow as tf
import tensorflow_hub as hub
import tf_keras as keras

path, given, found = sys.argv[1:]
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
keras.utils.set_random_seed(0)
images = np.load(given)["images"]
labels = np.arange(len(images)) % 2
images[labels == 1] *= 0.5
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    layer = hub.KerasLayer(path, trainable=True)
    model = keras.Sequential([keras.layers.InputLayer([16, 16, 3]), layer, keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss)
features = model.layers[0](images).numpy()
before = [weight.numpy() for weight in layer.weights]
history = model.fit(images, labels, batch_size=16, epochs=12, verbose=0).history
moved = sum(not np.array_equal(a, b.numpy()) for a, b in zip(before, layer.weights))
replicas = strategy.experimental_local_results(layer.trainable_weights[0])
assert "tf_simclr" not in sys.modules
np.savez(
    found,
    features=features,
    losses=history["loss"],
    moved=moved,
    weights=len(layer.weights),
    replicas=strategy.num_replicas_in_sync,
    apart=max(np.abs(replicas[0].numpy() - replica.numpy()).max() for replica in replicas),
)
