"""The ResNets of SimCLR v1 and v2 as an architecture.

Small images need another stem. SimCLRv2 adds selective kernels and wider networks (arXiv
2006.10029, section 2).
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from tf_simclr.architectures.architecture import Architecture, Shapes
from tf_simclr.architectures.head import HeadArchitecture
from tf_simclr.architectures.resnet_layers import Skeleton, recognise
from tf_simclr.nets.layers import SelectiveKernel
from tf_simclr.nets.resnet import ResNet
from tf_simclr.resnet_sizes import SMALL, WIDTHS, has_small_stem

LARGE = 224  # pixels: picture side of released networks with a stem for large images
SK_RATIO = 0.0625  # arXiv 2006.10029, section 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResNetArchitecture(Architecture):
    """A ResNet and its projection head.

    Attributes:
      resnet_depth: a key of resnet_sizes.BLOCKS.
      width_multiplier: multiplies the channels of every layer.
      sk_ratio: of selective kernels; 0 without them, None if the variables do not tell.
      se_ratio: of squeeze-and-excitation; 0 without it.
      stem: a value of --stem; with "auto" the pictures' side decides.
    """

    word = "resnet"
    kind = "ResNet"
    groups = ResNet.num_groups

    resnet_depth: int
    width_multiplier: float
    sk_ratio: float | None
    se_ratio: float
    stem: str = "auto"

    @classmethod
    def of_variables(cls, shapes: Shapes, *, linear: bool = False) -> "ResNetArchitecture | None":
        """The ResNet that has these variables; None if there is none."""
        encoder = shapes["encoder"]
        skeleton = recognise(encoder)
        if skeleton is None:
            return None

        def outputs(layer: str) -> tuple[int, ...]:
            groups = range(1, cls.groups + 1)
            return tuple(encoder[f"group{g}/block0/{layer}/kernel"][-1] for g in groups)

        widths = outputs("conv1")
        small = skeleton.stem == 1 and encoder["stem/conv1/kernel"][0] == 3
        sk_ratio: float | None = 0.0
        if skeleton.selective:
            sk_ratio = SK_RATIO
            if skeleton.bottleneck and outputs("sk/reduce_conv") != _mixing(SK_RATIO, widths):
                sk_ratio = _ratio(outputs("sk/reduce_conv"), widths, SelectiveKernel.MIN_MIXING)
        elif small and not skeleton.bottleneck:
            sk_ratio = None  # It only shows in the stem or in bottlenecks.
        return cls(
            resnet_depth=skeleton.depth,
            width_multiplier=widths[-1] / WIDTHS[-1],
            sk_ratio=sk_ratio,
            se_ratio=_ratio(outputs("se/reduce"), widths, 1) if skeleton.squeeze else 0.0,
            image_size=SMALL if small else LARGE,
            head=HeadArchitecture.of_variables(shapes["projection_head"], linear=linear),
        )

    @property
    def small_images(self) -> bool:
        """Whether it has the stem for small images."""
        return has_small_stem(self.stem, self.image_size)

    @property
    def skeleton(self) -> Skeleton:
        """Which layers the encoder has."""
        selective = bool(self.sk_ratio)
        stem = 3 if selective and not self.small_images else 1
        return Skeleton(self.resnet_depth, stem, selective, self.se_ratio > 0)

    @property
    def stages(self) -> dict[str, str]:
        """The stem, after its pooling, and the groups of residual blocks."""
        groups = [f"block_group{number}" for number in range(1, self.groups + 1)]
        return {"stem": "initial_max_pool"} | dict(zip(groups, groups))

    @property
    def has_pyramid(self) -> bool:
        """Whether the encoder has the endpoint "pyramid": all of them."""
        return True

    @property
    def title(self) -> str:
        """Such as "ResNet-50 x 1"."""
        return f"ResNet-{self.resnet_depth} x {self.width_multiplier:g}"

    def describe(self) -> str:
        """A description: "ResNet-50 x 1, sk_ratio 0, se_ratio 0, a stem for large images, ..."."""
        ratios = {"sk_ratio": self.sk_ratio, "se_ratio": self.se_ratio}
        words = [self.title]
        words += [f"{name} {ratio:g}" for name, ratio in ratios.items() if ratio is not None]
        words.append(f"a stem for {'small' if self.small_images else 'large'} images")
        return ", ".join(words + ([self.head.describe()] if self.head else []))

    def original_names(self) -> dict[str, str]:
        """Role -> name of each variable in the original's TensorFlow 1 checkpoints."""
        return self.skeleton.names()

    def encoder(self, **norms: Any) -> ResNet:
        """The untrained ResNet; `norms` are its arguments about batch norm."""
        return ResNet(
            self.resnet_depth,
            width_multiplier=self.width_multiplier,
            sk_ratio=self.sk_ratio or 0.0,
            se_ratio=self.se_ratio,
            small_images=self.small_images,
            **norms,
        )

    def _agrees(self, flag: str, theirs: "ResNetArchitecture") -> bool:
        ours, value = getattr(self, flag), getattr(theirs, flag)
        widths = _widths(theirs.width_multiplier)
        if flag == "width_multiplier":
            return widths == _widths(ours)
        if flag in ("image_size", "stem"):  # What is to be changed is the flag that decides.
            decides = "image_size" if self.stem == theirs.stem == "auto" else "stem"
            return flag != decides or self.small_images == theirs.small_images
        if flag == "sk_ratio" and ours and value:
            basic = not theirs.skeleton.bottleneck
            return basic or _mixing(ours, widths) == _mixing(value, widths)
        if flag == "se_ratio" and ours and value:
            return _channels(ours, widths, 1) == _channels(value, widths, 1)
        return bool(ours == value)


ARCHITECTURE = ResNetArchitecture


def _widths(width_multiplier: float) -> tuple[int, ...]:
    return tuple(int(width * width_multiplier) for width in WIDTHS)


def _mixing(ratio: float, widths: Sequence[int]) -> tuple[int, ...]:
    return _channels(ratio, widths, SelectiveKernel.MIN_MIXING)


def _channels(ratio: float, widths: Sequence[int], least: int) -> tuple[int, ...]:
    """max(int(width * ratio), least) channels at every width."""
    return tuple(max(int(width * ratio), least) for width in widths)


def _ratio(channels: Sequence[int], widths: Sequence[int], least: int) -> float:
    """The smallest r with which `_channels` gives these channels."""
    pairs = [pair for pair in zip(channels, widths) if pair[0] > least]
    shares = [count / width for count, width in pairs or [(least, widths[-1])]]
    ratio = max(shares)
    exact = all(int(width * ratio) >= count for count, width in pairs)
    return ratio if exact else math.nextafter(ratio, 1)  # Rounding fell short of an integer.
