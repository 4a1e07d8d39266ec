"""Flags of the encoder, the projection head and the loss."""

import dataclasses
from typing import Any

from tf_simclr.config.choices import ARCHITECTURES, DEPTHS
from tf_simclr.config.fields import Section, flag, require


@dataclasses.dataclass(frozen=True)
class ModelConfig(Section):
    """The encoder, the projection head and the loss."""

    architecture: str = flag("resnet", "Kind of encoder.", ARCHITECTURES)
    resnet_depth: int = flag(50, "Depth of the ResNet.", DEPTHS)
    width_multiplier: float = flag(1.0, "Scales every number of channels.")
    sk_ratio: float = flag(0.0, "Selective kernels; 0.0625 switches them on.")
    se_ratio: float = flag(0.0, "Squeeze-and-excitation; 0.25 is usual.")
    batch_norm_decay: float = flag(0.9, "Momentum of batch norm's moving averages.")
    global_bn: bool = flag(True, "Batch norm over the batch of all replicas.")
    proj_head_mode: str = flag(
        "nonlinear", "Kind of projection head.", ("none", "linear", "nonlinear")
    )
    proj_out_dim: int = flag(128, "Width of the projection head's last layer.")
    num_proj_layers: int = flag(3, "Layers of a nonlinear projection head.")
    loss: str = flag(
        "nt_xent", "The contrastive loss: SimCLR's, or the decoupled one.", ("nt_xent", "dcl")
    )
    loss_implementation: str = flag(
        "auto",
        "Whether the loss holds all similarities at once, or block by block in linear memory: auto"
        " does so with large batches.",
        ("auto", "dense", "blockwise"),
    )
    temperature: float = flag(0.1, "Of the contrastive loss.")
    hidden_norm: bool = flag(True, "Compare projections by cosine.")
    memory_size: int = flag(
        0, "Negatives that the loss remembers of former batches, by an averaged network; 0 is none."
    )
    ema_decay: float = flag(0.999, "Of the averaged network that fills the memory.")

    ARCHITECTURE = (
        "architecture",
        "resnet_depth",
        "width_multiplier",
        "sk_ratio",
        "se_ratio",
        "proj_head_mode",
        "proj_out_dim",
        "num_proj_layers",
    )

    def _check(self) -> None:
        self._positive("width_multiplier", "temperature")
        self._at_least(1, "proj_out_dim", "num_proj_layers")
        self._shares("sk_ratio", "se_ratio")
        decay = self.batch_norm_decay
        require(0 <= decay < 1, "batch_norm_decay", "must be in [0, 1)", decay)
        self._at_least(0, "memory_size")
        require(0 <= self.ema_decay < 1, "ema_decay", "must be in [0, 1)", self.ema_decay)

    @property
    def norms(self) -> dict[str, Any]:
        """What an encoder and a projection head are told of batch norm."""
        return {"bn_momentum": self.batch_norm_decay, "global_bn": self.global_bn}

    @property
    def num_projections(self) -> int:
        """Layers of the projection head, whatever its kind."""
        return {"none": 0, "linear": 1, "nonlinear": self.num_proj_layers}[self.proj_head_mode]
