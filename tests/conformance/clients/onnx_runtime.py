"""onnxruntime: no TensorFlow at all."""

import json
import sys

import numpy as np
import onnxruntime

path, given, found = sys.argv[1:]
images = np.load(given)["images"]
session = onnxruntime.InferenceSession(f"{path}/model.onnx")
names = json.loads(session.get_modelmeta().custom_metadata_map["class_names"])
outputs = {"class_names": names}
for name, batch in {
    "all": images,
    "one": images[:1],
    "large": np.tile(images, [1, 2, 2, 1]),
}.items():
    values = session.run(["features", "logits"], {"images": batch})
    outputs |= {f"{name}/features": values[0], f"{name}/logits": values[1]}
assert not {"tensorflow", "tf_simclr"} & set(sys.modules)
np.savez(found, **outputs)
