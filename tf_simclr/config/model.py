"""Flags for the encoder, the projection head and the loss."""

import dataclasses
from typing import Any

from tf_simclr.config.choices import (
    ARCHITECTURES,
    DEPTHS,
    HEAD_MODES,
    LOSS_IMPLEMENTATIONS,
    LOSSES,
    NEGATIVES,
    STEMS,
)
from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import (
    ALWAYS,
    CONTRASTIVE,
    PROJECTING,
    TRAINED_NORMS,
    TRAINING,
    WITH_TEMPERATURE,
    needs,
    needs_one,
)

NORMS = (TRAINING, TRAINED_NORMS)


@dataclasses.dataclass(frozen=True)
class ModelConfig(Section):
    """The encoder, the projection head and the loss."""

    architecture: str = flag("resnet", "Kind of encoder.", ARCHITECTURES, only=ALWAYS)
    resnet_depth: int = flag(50, "Depth of the ResNet.", DEPTHS, only=ALWAYS)
    width_multiplier: float = flag(1.0, "Multiplies the channels of every layer.", only=ALWAYS)
    stem: str = flag(
        "auto",
        "Start of the ResNet: small keeps every pixel, large quarters the side by strides and a"
        " pool; auto is small for pictures up to 32 pixels.",
        STEMS,
        only=ALWAYS,
    )
    sk_ratio: float = flag(0.0, "Selective kernels; 0.0625 switches them on.", only=ALWAYS)
    se_ratio: float = flag(0.0, "Squeeze-and-excitation; 0.25 is usual.", only=ALWAYS)
    batch_norm_decay: float = flag(0.9, "Momentum of batch norm's moving averages.", only=NORMS)
    global_bn: bool = flag(True, "Compute batch norm over all replicas together.", only=NORMS)
    proj_head_mode: str = flag(
        "nonlinear",
        "Kind of projection head. rotation and exemplar add a linear classifier after it; none"
        " leaves that classifier alone, as in their papers.",
        HEAD_MODES,
        only=(ALWAYS, PROJECTING),
    )
    proj_out_dim: int = flag(
        128,
        "Width of the projection head's last layer.",
        only=(ALWAYS, PROJECTING, needs_one("proj_head_mode", "linear", "nonlinear")),
    )
    num_proj_layers: int = flag(
        3,
        "Layers of a nonlinear projection head.",
        only=(ALWAYS, PROJECTING, needs_one("proj_head_mode", "nonlinear")),
    )
    loss: str = flag(
        "nt_xent",
        "Contrastive loss: nt_xent (SimCLR), dcl (decoupled), or nt_logistic or margin_triplet,"
        " which SimCLR's paper compares it with.",
        LOSSES,
        only=CONTRASTIVE,
    )
    loss_implementation: str = flag(
        "auto",
        "Compute all similarities at once (dense), or block by block in linear memory (blockwise);"
        " auto is blockwise for large batches.",
        LOSS_IMPLEMENTATIONS,
        only=CONTRASTIVE,
    )
    negatives: str = flag(
        "both",
        "Negatives of a view: both views of every other picture (both), or only the opposite view"
        " (other), so that first views are compared with second views. --memory_size adds to"
        " either.",
        NEGATIVES,
        only=CONTRASTIVE,
    )
    semi_hard: bool = flag(
        False,
        "With nt_logistic or margin_triplet, use only the hardest negative that is still less"
        " similar than the positive.",
        only=CONTRASTIVE,
    )
    temperature: float = flag(
        0.1, "Temperature of the contrastive loss.", only=(*CONTRASTIVE, WITH_TEMPERATURE)
    )
    triplet_margin: float = flag(
        0.4,
        "How much more similar, as a difference of cosines, a positive must be than a negative, for"
        " --loss=margin_triplet.",
        only=(*CONTRASTIVE, needs_one("loss", "margin_triplet")),
    )
    hidden_norm: bool = flag(True, "Compare projections by cosine similarity.", only=CONTRASTIVE)
    memory_size: int = flag(
        0,
        "Negatives to keep from earlier batches, projected by an averaged network; 0 keeps none."
        " With a few thousand pictures and batches of 16 to 128 it has cost accuracy.",
        only=CONTRASTIVE,
    )
    ema_decay: float = flag(
        0.999,
        "Decay of the averaged network for --memory_size.",
        only=(*CONTRASTIVE, needs("memory_size")),
    )

    def _check(self) -> None:
        self._positive("width_multiplier", "temperature")
        self._at_least(1, "proj_out_dim", "num_proj_layers")
        self._shares("sk_ratio", "se_ratio")
        self._at_least(0, "memory_size", "triplet_margin")
        for name in ("batch_norm_decay", "ema_decay"):
            self._require(0 <= getattr(self, name) < 1, name, "must be in [0, 1)")

    @property
    def norms(self) -> dict[str, Any]:
        """Arguments of encoder and projection head about batch norm."""
        return {"bn_momentum": self.batch_norm_decay, "global_bn": self.global_bn}

    @property
    def num_projections(self) -> int:
        """Layers of the projection head, whatever its kind."""
        return {"none": 0, "linear": 1, "nonlinear": self.num_proj_layers}[self.proj_head_mode]
