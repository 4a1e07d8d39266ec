"""Which layers are frozen, as Keras' own formats save it along with a network's arguments."""

from collections.abc import Iterable, Iterator

import tf_keras as keras

PACKAGE = "tf_simclr"  # In Keras' names of our classes, such as tf_simclr>ResNet


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
