"""Flags for what training starts from, and which part of it is trained."""

import dataclasses
import re

from tf_simclr.config.choices import FROZEN_BATCH_NORMS
from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import (
    ALWAYS,
    AT_THE_START,
    AVERAGED_TO_JUDGE,
    AVERAGED_TO_START,
    CLASSIFYING,
    EMBEDDING,
    EXPORTING,
    FROM_CHECKPOINT,
    FROZEN_LAYERS,
    LINEAR_HEAD,
    PROJECTION_READ,
    RUNNING,
    TASK_WITH_HEAD,
    TRAINING,
)


@dataclasses.dataclass(frozen=True)
class FinetuningConfig(Section):
    """What training starts from, and which part of it is trained."""

    checkpoint: str | None = flag(
        None,
        "Run folder, checkpoint, export or released model to start from.",
        only=(TRAINING | EXPORTING | EMBEDDING, AT_THE_START),
        path=True,
    )
    fine_tune_after_block: int = flag(
        -1,
        "What to train: -1 everything, 0 all but the stem, k all after block group k, 4 only the"
        " linear head.",
        only=(RUNNING, CLASSIFYING),
    )
    frozen_batch_norm: str = flag(
        "inference",
        "Batch norm of layers that are not trained: fixed (inference), or still following the"
        " batches as in the original (training).",
        FROZEN_BATCH_NORMS,
        only=(TRAINING, CLASSIFYING, FROZEN_LAYERS),
    )
    zero_init_logits_layer: bool = flag(
        False, "Initialise the classifier to zero.", only=(TRAINING, CLASSIFYING, AT_THE_START)
    )
    ft_proj_selector: int = flag(
        0,
        "Layer of the projection head that the classifier, or the linear head trained alongside,"
        " reads: 0 is the encoder's output, -1 the last layer.",
        only=(RUNNING, TASK_WITH_HEAD, LINEAR_HEAD, PROJECTION_READ),
    )
    classify_pyramid: bool = flag(
        False,
        "Let the classifier read several stages of the encoder side by side, the pyramid, in place"
        " of its output or a layer of the projection head.",
        only=(RUNNING, CLASSIFYING),
    )
    variable_schema: str | None = flag(
        None,
        "What to restore from --checkpoint: a regular expression on the variable names of TF1."
        " base_model/, head_contrastive/ and head_supervised/ are each restored whole or not at"
        " all. By default all of them are.",
        only=(TRAINING, FROM_CHECKPOINT, AT_THE_START),
    )
    use_ema_weights: bool = flag(
        False,
        "Use the averaged weights of a checkpoint that holds them.",
        only=(ALWAYS, AVERAGED_TO_START, AVERAGED_TO_JUDGE, AT_THE_START),
        of_command=True,
    )

    def _check(self) -> None:
        self._at_least(-1, "fine_tune_after_block")
        self._require(self.checkpoint != "", "checkpoint", "must be a path, or left out")
        try:
            self.restores("")
        except (re.error, OverflowError, RecursionError) as error:
            self._require(False, "variable_schema", f"must be a regular expression ({error})")

    def restores(self, name: str) -> bool:
        """Whether `variable_schema` matches `name`, a variable's name in TF1."""
        return self.variable_schema is None or bool(re.match(self.variable_schema, name))
