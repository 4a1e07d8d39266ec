"""hub.load: everything that a Hub module offers, by its documented names."""

import sys

import numpy as np
import tensorflow as tf
import tensorflow_hub as hub

path, given, found = sys.argv[1:]
data = np.load(given)
images = data["images"]
module = hub.load(path)
before = [variable.numpy() for variable in module.variables]
outputs = {f"weight/{number}": value for number, value in enumerate(before)}
outputs |= {f"endpoints/{name}": value for name, value in module.endpoints(images).items()}
outputs |= {
    "features": module(images),
    "features_positional": module(images, False),
    "features_by_name": module(images, training=False),
    "project": module.project(images),
    "classify": module.classify(images),
    "class_names": [name.decode() for name in module.class_names().numpy()],
    "any_size": module(tf.zeros([2, 40, 23, 3])),
    "untouched": all(np.array_equal(a, b.numpy()) for a, b in zip(before, module.variables)),
}
for name in ("serving_default", "classify"):
    for key, value in module.signatures[name](images=images).items():
        outputs[f"{name}/{key}"] = value

serve = module.signatures["serving_bytes"]
pictures = [data[f"picture{number}"].item() for number in range(3)]
for text in (b"no picture", b"", pictures[0][:40], b"\xff\xd8\xff\xe0 no JPEG"):
    try:
        serve(image_bytes=tf.constant([pictures[0], text]))
        raise SystemExit(f"{text} was taken for a picture")
    except tf.errors.InvalidArgumentError as error:
        outputs[f"said/{len(text)}"] = str(error)
for key, value in serve(image_bytes=tf.constant(pictures)).items():  # The process lives.
    outputs[f"serving_bytes/{key}"] = value

outputs["trained"] = module(images, training=True)
outputs["moved"] = np.array(
    [not np.array_equal(a, b.numpy()) for a, b in zip(before, module.variables)]
)
last = module.variables
for momentum in (1.0, 0.0):
    start = [variable.numpy() for variable in last]
    module(images, training=True, batch_norm_momentum=momentum)
    outputs[f"moved_at_{momentum:g}"] = sum(
        not np.array_equal(a, b.numpy()) for a, b in zip(start, last)
    )
for name in ("project", "classify", "endpoints"):
    outputs[f"weights/{name}"] = len(getattr(module, name).trainable_variables)
outputs["weights"] = len(module.trainable_variables)
outputs["regularization_losses"] = len(module.regularization_losses)
assert "tf_simclr" not in sys.modules
np.savez(found, **outputs)
