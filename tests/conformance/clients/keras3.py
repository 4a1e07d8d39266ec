"""Keras 3: a TFSMLayer inside a model of its own."""

import sys

import keras
import numpy as np

path, given, found = sys.argv[1:]
images = np.load(given)["images"]
assert keras.version().startswith("3.")
inputs = keras.Input([16, 16, 3])
# Frozen: Keras 3 has no slots for weights that are not its own.
encoder = keras.layers.TFSMLayer(path, call_endpoint="serving_default", trainable=False)
features = encoder(inputs)["features"]
model = keras.Model(inputs, [features, keras.layers.Dense(2, name="head")(features)])
model.compile("adam", [None, keras.losses.SparseCategoricalCrossentropy(from_logits=True)])
labels = np.arange(len(images)) % 2
before = model.get_layer("head").get_weights()[0]
model.fit(images, [np.zeros(len(images)), labels], verbose=0)
moved = np.abs(model.get_layer("head").get_weights()[0] - before).max()
assert "tf_simclr" not in sys.modules
np.savez(found, features=model.predict(images, verbose=0)[0], moved=moved)
