"""What Keras' own formats save of a network: its arguments, and which layers are frozen."""

from collections.abc import Iterable, Iterator
from typing import Any

import tf_keras as keras

PACKAGE = "tf_simclr"  # In Keras' names of our classes, such as tf_simclr>ResNet


def attributes(layer: keras.layers.Layer, *names: str) -> dict[str, Any]:
    """Arguments that a layer keeps as attributes of the same names, for its get_config."""
    return {name: getattr(layer, name) for name in names}


def frozen_paths(layer: keras.layers.Layer) -> list[str]:
    """Paths, below `layer`, of the layers that are frozen: "stem/bn1"; "" is `layer` itself."""
    return [path for path, inner in _layers(layer) if not inner.trainable]


def freeze_paths(layer: keras.layers.Layer, paths: Iterable[str]) -> None:
    """Freezes exactly the layers that `frozen_paths` named.

    Args:
      layer: made like the one that the paths came from. Layers that it makes only when it is built
        may be missing: they do not train if the layer around them is frozen.
      paths: as from `frozen_paths`.
    """
    frozen = set(paths)
    for path, inner in _layers(layer):
        # Not the setter, which also sets all layers inside.
        inner._trainable = path not in frozen


def _layers(layer: keras.layers.Layer, path: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    yield path, layer
    for inner in layer._flatten_layers(recursive=False, include_self=False):
        yield from _layers(inner, f"{path}/{inner.name}".removeprefix("/"))
