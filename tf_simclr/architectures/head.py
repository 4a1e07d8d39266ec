"""The architecture of a projection head."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from tf_simclr.nets.heads import PYRAMID, ProjectionHead

# Flag -> (value here, value of the weights).
Misfits = dict[str, tuple[Any, Any]]


@dataclasses.dataclass(frozen=True)
class HeadArchitecture:
    """A projection head (arXiv 2002.05709, section 2.1); its fields are flags.

    Attributes:
      proj_head_mode: "nonlinear", "linear" or "none".
      proj_out_dim: width of the last layer, if there is one.
      num_proj_layers: layers of a nonlinear head; no effect on the others.
    """

    proj_head_mode: str = "none"
    proj_out_dim: int = 1
    num_proj_layers: int = 1

    @classmethod
    def of_settings(cls, values: Mapping[str, Any]) -> "HeadArchitecture":
        """The head that flags ask for.

        Args:
          values: flag -> value, of this class's flags and any others.
        """
        return cls(**{field.name: values[field.name] for field in dataclasses.fields(cls)})

    @classmethod
    def of_variables(
        cls, shapes: Mapping[str, Sequence[int]], *, linear: bool = False
    ) -> "HeadArchitecture":
        """The head that has these variables.

        Args:
          shapes: role in a projection head, such as "layer1/dense/kernel" -> shape; {} for no head.
          linear: whether to call it linear. A nonlinear head of one layer has the same variables.
        """
        layers = len({role.split("/")[0] for role in shapes})
        if not layers:
            return cls()
        width = shapes[f"layer{layers}/dense/kernel"][-1]
        return cls("linear" if linear else "nonlinear", width, layers)

    @property
    def layers(self) -> int:
        """How many layers it has, whatever its mode."""
        return {"none": 0, "linear": 1, "nonlinear": self.num_proj_layers}[self.proj_head_mode]

    def layer(self, selector: int) -> int:
        """The output that `ft_proj_selector` means; 0 is the encoder's.

        Args:
          selector: from -1, the last layer, to `layers`.
        """
        return selector % (self.layers + 1)

    def settings(self) -> dict[str, Any]:
        """The flags that make it, without those that have no effect."""
        used = {"none": 1, "linear": 2, "nonlinear": 3}[self.proj_head_mode]
        return dict(list(dataclasses.asdict(self).items())[:used])

    def misfits(self, theirs: "HeadArchitecture") -> Misfits:
        """Flags by which the weights of another head do not fit this one; {} if they fit.

        Args:
          theirs: the head of the weights.
        """
        wanted = theirs.settings()
        if self.layers == theirs.layers == 1:
            # A head of one layer has no ReLU, so both modes are the same.
            wanted = {"proj_out_dim": theirs.proj_out_dim}
        pairs = {name: (getattr(self, name), value) for name, value in wanted.items()}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def describe(self) -> str:
        """A description: "a nonlinear projection head of 3 layers to 128"."""
        if not self.layers:
            return "no projection head"
        plural = "s" * (self.layers != 1)
        return (
            f"a {self.proj_head_mode} projection head of {self.layers} layer{plural} to"
            f" {self.proj_out_dim}"
        )

    def build(self, **norms: Any) -> ProjectionHead:
        """The untrained head; `norms` are ProjectionHead's arguments about batch norm."""
        layers, width = self.num_proj_layers, self.proj_out_dim
        return ProjectionHead(self.proj_head_mode, out_dim=width, num_layers=layers, **norms)


def layer_read(values: Mapping[str, Any]) -> int | str:
    """The output of the projection head that a classifier reads; 0 is the encoder's.

    Args:
      values: flag -> value, of `train_mode`, `classify_pyramid`, `ft_proj_selector`, the head's
        flags and any others.

    Returns:
      PYRAMID for a classifier that reads the encoder's pyramid. A linear head that is trained
      alongside pretraining does not.
    """
    if values["classify_pyramid"] and values["train_mode"] != "pretrain":
        return PYRAMID
    return HeadArchitecture.of_settings(values).layer(values["ft_proj_selector"])
