"""The layers of a ResNet, in the original's order, and the names of their variables.

A role is the path of a variable in this project's networks: "group1/block0/conv1/kernel". In the
original's TensorFlow 1 checkpoints the names in an encoder are

    base_model/conv2d[_k]/{kernel[, bias]}
    base_model/batch_normalization[_k]/{gamma, beta, moving_mean, moving_variance}

where k counts convolutions and norms in the order in which they are made.
"""

import collections
import dataclasses
from collections.abc import Collection, Iterator
from typing import NamedTuple

from tf_simclr.resnet_sizes import BLOCKS, FIRST_BOTTLENECK_DEPTH

NORM = ("gamma", "beta", "moving_mean", "moving_variance")


@dataclasses.dataclass(frozen=True)
class Skeleton:
    """The layers of a ResNet and their order, without widths.

    Attributes:
      depth: of the ResNet.
      stem: convolutions before the first group, 1 or 3.
      selective: whether bottlenecks have selective kernels.
      squeeze: whether blocks end in squeeze-and-excitation.
    """

    depth: int
    stem: int = 1
    selective: bool = False
    squeeze: bool = False

    @property
    def bottleneck(self) -> bool:
        """Whether blocks have three convolutions."""
        return self.depth >= FIRST_BOTTLENECK_DEPTH

    def names(self) -> dict[str, str]:
        """Role -> the original's name of every variable, in the original's order."""
        names: dict[str, str] = {}
        counts = collections.Counter[str]()
        for layer in self.layers():
            scope = numbered(layer.name, counts[layer.name])
            counts[layer.name] += 1
            names |= {f"{layer.role}/{leaf}": f"base_model/{scope}/{leaf}" for leaf in layer.leaves}
        return names

    def layers(self) -> Iterator["Layer"]:
        """The layers in the original's order: within a block the shortcut comes first."""
        for number in range(1, self.stem + 1):
            yield from _conv_norm("stem", f"conv{number}", f"bn{number}")
        for group, blocks in enumerate(BLOCKS[self.depth], start=1):
            for number in range(blocks):
                block = f"group{group}/block{number}"
                if number == 0:
                    yield from _conv_norm(f"{block}/shortcut", "conv", "bn")
                yield from self._main_branch(block)

    def _main_branch(self, block: str) -> Iterator["Layer"]:
        yield from _conv_norm(block, "conv1", "bn1")
        if self.bottleneck and self.selective:
            yield from _conv_norm(f"{block}/sk", "conv", "bn")
            yield from _conv_norm(f"{block}/sk", "reduce_conv", "reduce_bn")
            yield Layer(f"{block}/sk/expand_conv", "conv2d", ("kernel",))
        else:
            yield from _conv_norm(block, "conv2", "bn2")
        if self.bottleneck:
            yield from _conv_norm(block, "conv3", "bn3")
        if self.squeeze:
            yield Layer(f"{block}/se/reduce", "conv2d", ("kernel", "bias"))
            yield Layer(f"{block}/se/expand", "conv2d", ("kernel", "bias"))


class Layer(NamedTuple):
    """A layer by role; `name` is that of its class in the original."""

    role: str
    name: str
    leaves: tuple[str, ...]


def _conv_norm(place: str, conv: str, norm: str) -> Iterator[Layer]:
    yield Layer(f"{place}/{conv}", "conv2d", ("kernel",))
    yield Layer(f"{place}/{norm}", "batch_normalization", NORM)


def numbered(name: str, number: int) -> str:
    """conv2d, conv2d_1, conv2d_2 ...: unique names like TensorFlow's."""
    return f"{name}_{number}" if number else name


def skeletons() -> Iterator[Skeleton]:
    """Every ResNet that the original can make, as far as variables tell them apart.

    Selective kernels show in bottlenecks, and in a stem of three convolutions. For small images
    there is no such stem, so a ResNet of basic blocks has the same variables with and without.
    """
    for depth in BLOCKS:
        for squeeze in (False, True):
            for stem, selective in ((1, False), (3, True), (1, True)):
                skeleton = Skeleton(depth, stem, selective, squeeze)
                if skeleton.bottleneck or (stem == 3) == selective:
                    yield skeleton


def recognise(roles: Collection[str]) -> Skeleton | None:
    """The ResNet whose variables have exactly these `roles`; None if there is none."""
    found = set(roles)
    return next((skeleton for skeleton in skeletons() if found == set(skeleton.names())), None)
