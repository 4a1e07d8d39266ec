"""tf.saved_model.load of the original's format."""

import sys

import numpy as np
import tensorflow as tf

path, given, found = sys.argv[1:]
images = np.load(given)["images"]
model = tf.saved_model.load(path)
outputs = dict(model(images, trainable=False))
outputs["variables"] = len(model.variables)
outputs["class_names"] = [name.decode() for name in model.class_names().numpy()]
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(images, trainable=True)["proj_head_output"] ** 2)
gradients = tape.gradient(loss, model.trainable_variables)
outputs["without_gradient"] = sum(gradient is None for gradient in gradients)
assert "tf_simclr" not in sys.modules
np.savez(found, **outputs)
