"""The LiteRT interpreter: no TensorFlow at all."""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

path, given, found = sys.argv[1:]
data = np.load(given)
with open(f"{path}/class_names.txt", encoding="utf-8") as file:
    outputs = {"class_names": file.read().splitlines()}
for name, images in {"model": data["images"], "model_int8": data["emoji"]}.items():
    run = Interpreter(f"{path}/{name}.tflite").get_signature_runner()
    for count in (len(images), 1):
        for key, value in run(images=images[:count]).items():
            outputs[f"{name}/{count}/{key}"] = value
assert not {"tensorflow", "tf_simclr"} & set(sys.modules)
np.savez(found, **outputs)
