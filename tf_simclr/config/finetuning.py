"""Flags of what training starts from, and of which part of it is trained."""

import dataclasses
import re

from tf_simclr.config.fields import Section, flag, require

LINEAR_HEAD_ONLY = 4  # --fine_tune_after_block: all four groups of a ResNet are frozen.


@dataclasses.dataclass(frozen=True)
class FinetuningConfig(Section):
    """What training starts from, and which part of it moves."""

    checkpoint: str | None = flag(
        None, "Run folder, checkpoint, export or released model to start from.", path=True
    )
    zero_init_logits_layer: bool = flag(False, "Start the classifier at zero logits.")
    fine_tune_after_block: int = flag(
        -1, "What to train: -1 all, 0 after the stem, k after group k, 4 the linear head only."
    )
    frozen_batch_norm: str = flag(
        "inference",
        "Whether batch norm of what does not train stands still, or trains on as in the original.",
        ("inference", "training"),
    )
    ft_proj_selector: int = flag(
        0,
        "Layer of the projection head that the classifier, or the linear head of a pretraining,"
        " reads: 0 the encoder's output, -1 the last.",
    )
    variable_schema: str | None = flag(
        None,
        "What of --checkpoint is restored, by a regular expression of the names that TF1 used: of"
        " base_model/, head_contrastive/ and head_supervised/ each is taken whole. None is all.",
    )
    use_ema_weights: bool = flag(
        False, "Take the moving average of the weights that a checkpoint may hold."
    )

    def _check(self) -> None:
        self._at_least(-1, "fine_tune_after_block")
        require(self.checkpoint != "", "checkpoint", "must be a path, or left out", "")
        try:
            self.restores("")
        except (re.error, OverflowError, RecursionError) as error:
            rule = f"must be a regular expression ({error})"
            require(False, "variable_schema", rule, self.variable_schema)

    def restores(self, name: str) -> bool:
        """Whether `variable_schema` takes the variable that TF1's code called `name`."""
        return self.variable_schema is None or bool(re.match(self.variable_schema, name))
