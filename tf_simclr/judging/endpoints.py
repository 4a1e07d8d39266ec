"""The layers of a network that can be judged: their names, and their features.

stem, stem_2x2, block_group1, block_group1_2x2, ...   stages, averaged, and pooled to 2 x 2
final                                                 the representation h
projection1, projection2, ...                         layers of the projection head
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tf_simclr.architectures.architecture import Architecture
from tf_simclr.config.fields import require
from tf_simclr.evaluation import hog
from tf_simclr.evaluation.over_replicas import over_replicas
from tf_simclr.judging.baselines import hog_and_colours
from tf_simclr.nets.pooling import grid_means
from tf_simclr.nets.trainable import TrainableNet
from tf_simclr.reporting.by_layer import FINER

FINAL, PROJECTION = "final", "projection"
HOG_CELLS = (3, 6, 12)
CELLS = 2  # on each axis of the finer pooling


class Layers(NamedTuple):
    """Features of several layers, or pixels at several sizes.

    Attributes:
      names: of those that are judged, in their order.
      features: float32 images [batch, size, size, 3] -> name -> [batch, features]. It may leave out
        names: a map of one pixel is not pooled to 2 x 2.
      last: the name of the one that every evaluation judges.
    """

    names: Sequence[str]
    features: Callable[[tf.Tensor], Mapping[str, np.ndarray]]
    last: str


def names_of(architecture: Architecture, projections: int) -> tuple[str, ...]:
    """The names of all layers of a network that can be judged.

    Args:
      architecture: of the network.
      projections: how many layers of its projection head have been trained.
    """
    stages = [name for stage in architecture.stages for name in (stage, stage + FINER)]
    return (*stages, FINAL, *(f"{PROJECTION}{layer}" for layer in range(1, projections + 1)))


def asked(names: Sequence[str], judge_endpoints: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """The names that a flag asks for, in the network's order.

    Args:
      names: as `names_of` gives them.
      judge_endpoints: the flag, for the message.
      wanted: the names in the flag; () for all.

    Raises:
      ValueError: for a name that the network does not have.
    """
    known = not set(wanted) - set(names)
    rule = f"must be last, all, or some of {', '.join(names)}"
    require(known, "judge_endpoints", rule, judge_endpoints)
    return tuple(name for name in names if not wanted or name in wanted)


def layers_of(
    net: TrainableNet,
    stages: Mapping[str, str],
    names: Sequence[str],
    strategy: tf.distribute.Strategy,
) -> Layers:
    """Features of a network's layers, in inference mode; maps are pooled on the device.

    Args:
      net: built in the strategy's scope.
      stages: of its architecture.
      names: of the layers, as `asked` gives them.
      strategy: its replicas share each batch.
    """

    def features(images: tf.Tensor) -> dict[str, tf.Tensor]:
        endpoints: Mapping[str, tf.Tensor] = net.encoder(images, training=False)
        found = {FINAL: endpoints["final_avg_pool"]}
        for stage, endpoint in stages.items():
            maps = endpoints[endpoint]
            found[stage] = grid_means(maps, 1)
            if min(maps.shape[1:3]) >= CELLS:
                found[stage + FINER] = grid_means(maps, CELLS)
        if any(name.startswith(PROJECTION) for name in names):
            outputs = net.projection_head(found[FINAL], training=False)
            found |= {f"{PROJECTION}{layer}": outputs[layer] for layer in range(1, len(outputs))}
        return {name: found[name] for name in names if name in found}

    return Layers(names, over_replicas(features, strategy), FINAL)


def hog_of() -> Layers:
    """HOG + colours by the number of cells that gradients are counted in, on each side."""
    names = [f"{cells}x{cells}" for cells in HOG_CELLS]

    def features(images: tf.Tensor) -> dict[str, Any]:
        return {name: hog_and_colours(images, cells) for name, cells in zip(names, HOG_CELLS)}

    return Layers(names, features, f"{hog.CELLS}x{hog.CELLS}")


def pixels_of(side: int) -> Layers:
    """Raw pixels at several sizes, scaled down by 2 each time: the choice that layers have.

    Args:
      side: the largest size, at which every evaluation judges them.
    """
    sides = [size for size in (1, 2, 4, 8, 16, 32) if size < side] + [side]

    def features(images: tf.Tensor) -> dict[str, Any]:
        return {
            f"{size}x{size}": images
            if images.shape[1] == size
            else tf.image.resize(images, [size, size], antialias=True)
            for size in sides
        }

    names = [f"{size}x{size}" for size in sides]
    return Layers(names, features, names[-1])
