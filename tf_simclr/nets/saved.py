"""What Keras' own formats keep of a network beside its arguments: which layers are frozen."""

from collections.abc import Iterable, Iterator

import tf_keras as keras

PACKAGE = "tf_simclr"  # Keras' name of a class of ours: tf_simclr>ResNet


def frozen_paths(layer: keras.layers.Layer) -> list[str]:
    """Names from `layer` on of the layers in it that do not train: "" is itself, "stem/bn1"."""
    return [path for path, inner in _layers(layer) if not inner.trainable]


def freeze_paths(layer: keras.layers.Layer, paths: Iterable[str]) -> None:
    """Freezes the layers that `frozen_paths` named, and those of them alone.

    Args:
      layer: made as the one that was asked. What it makes only when it is built may be missing:
        a part of a frozen layer does not train at any rate.
      paths: names from `layer` on.
    """
    frozen = set(paths)
    for path, inner in _layers(layer):
        # Not the setter: that of a layer sets all that is in it.
        inner._trainable = path not in frozen


def _layers(layer: keras.layers.Layer, path: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    yield path, layer
    for inner in layer._flatten_layers(recursive=False, include_self=False):
        yield from _layers(inner, f"{path}/{inner.name}".removeprefix("/"))
