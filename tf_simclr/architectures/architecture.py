"""The architecture of a network, from the flags of a run or the variables of a checkpoint.

It checks whether weights fit, describes itself for errors, and makes the encoder and the head.
"""

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tf_simclr import things
from tf_simclr.architectures.head import HeadArchitecture, Misfits
from tf_simclr.nets.encoder import Encoder
from tf_simclr.nets.heads import ProjectionHead

# Part -> role of a variable in it -> its shape.
Shapes = Mapping[str, Mapping[str, Sequence[int]]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Architecture(abc.ABC):
    """An encoder and its projection head. Each kind of encoder is a subclass; its fields are flags.

    Attributes:
      word: value of --architecture, and name of the encoder's layer.
      kind: name of this kind of encoder.
      image_size: side of the pictures that it is made for, in pixels.
      head: the projection head; None if it is not known, or does not matter.
    """

    word: ClassVar[str]
    kind: ClassVar[str]

    image_size: int
    head: HeadArchitecture | None

    @classmethod
    def flags(cls) -> list[str]:
        """The flags of this kind of encoder, its own first."""
        ours = [field.name for field in dataclasses.fields(cls) if field.name != "head"]
        return sorted(ours, key=lambda name: name == "image_size")

    @classmethod
    def of_settings(cls, values: Mapping[str, Any]) -> "Architecture":
        """The architecture that flags ask for.

        Args:
          values: flag -> value, of its flags and any others.
        """
        ours = {name: values[name] for name in cls.flags()}
        return cls(head=HeadArchitecture.of_settings(values), **ours)

    @classmethod
    @abc.abstractmethod
    def of_variables(cls, shapes: Shapes, *, linear: bool = False) -> "Architecture | None":
        """The architecture that has exactly these variables; None if it is of another kind.

        Fields that the variables do not determine are None.

        Args:
          shapes: "encoder" and "projection_head" -> role -> shape.
          linear: whether to call a projection head of one layer linear.
        """

    def settings(self) -> dict[str, Any]:
        """The flags that make it, without those that are not known or have no effect."""
        ours = {name: getattr(self, name) for name in self.flags()}
        known = {name: value for name, value in ours.items() if value is not None}
        return {"architecture": self.word} | known | (self.head.settings() if self.head else {})

    def misfits(self, theirs: "Architecture") -> Misfits:
        """Flags by which weights do not fit this network: name -> (ours, theirs); {} if they fit.

        Args:
          theirs: the architecture of the weights; its unknown fields are not compared.
        """
        if type(self) is not type(theirs):
            return {"architecture": (self.word, theirs.word)}
        known = [name for name in self.flags() if getattr(theirs, name) is not None]
        different = {
            name: (getattr(self, name), getattr(theirs, name))
            for name in known
            if not self._agrees(name, theirs)
        }
        return different | (self.head.misfits(theirs.head) if self.head and theirs.head else {})

    def _agrees(self, flag: str, theirs: Any) -> bool:
        """Whether the two values of a flag make the same variables."""
        return bool(getattr(self, flag) == getattr(theirs, flag))

    @property
    @abc.abstractmethod
    def title(self) -> str:
        """A short name: "ResNet-50 x 1"."""

    @property
    @abc.abstractmethod
    def groups(self) -> int:
        """Groups of layers after the stem that --fine_tune_after_block can freeze."""

    @property
    def stages(self) -> Mapping[str, str]:
        """Name of a stage -> endpoint of the encoder, in their order; {} if none is judged.

        Each endpoint is a map of features, [batch, height, width, channels].
        """
        return {}

    @property
    def has_pyramid(self) -> bool:
        """Whether the encoder has the endpoint "pyramid"; see nets/pyramid.py."""
        return False

    @abc.abstractmethod
    def describe(self) -> str:
        """A description for errors and cards."""

    def original_names(self) -> dict[str, str]:
        """Role -> the original's name of each encoder variable; {} if it has no such encoder."""
        return {}

    @abc.abstractmethod
    def encoder(self, **norms: Any) -> Encoder:
        """The untrained encoder; `norms` are `bn_momentum` and `global_bn`, as in ResNet."""

    def projection_head(self, **norms: Any) -> ProjectionHead:
        """The untrained projection head, which must not be None; `norms` as for `encoder`."""
        assert self.head is not None
        return self.head.build(**norms)


def architecture_of(values: Mapping[str, Any]) -> Architecture:
    """The architecture that flags ask for.

    Args:
      values: flag -> value, --architecture among them.
    """
    kind: type[Architecture] = things.load("architectures", values["architecture"])
    return kind.of_settings(values)
