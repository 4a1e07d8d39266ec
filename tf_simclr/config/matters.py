"""When a flag does something, and why it does nothing elsewhere: what its field says by `only`.

A field names the broadest condition first: the first one that fails is the reason given.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from tf_simclr.config.choices import MODES

if TYPE_CHECKING:
    from tf_simclr.config import Config

LINEAR_HEAD_ONLY = 4  # --fine_tune_after_block: all four groups are frozen.
SMALLEST_BLURRED = 20  # pixels: below it a tenth of the side is a kernel of one pixel
HANDING_OUT = ("export", "embed")


@dataclasses.dataclass(frozen=True)
class Modes:
    """The modes in which a flag does something; `|` joins two.

    Attributes:
      deciding: values of --mode in which it decides something.
      shown: those in which it decides nothing and is shown, as on the page of an evaluation.
    """

    deciding: tuple[str, ...]
    shown: tuple[str, ...] = ()

    def __or__(self, other: "Modes") -> "Modes":
        return Modes(self.deciding + other.deciding, self.shown + other.shown)

    def why_not(self, config: "Config") -> str:
        """Why the flag "has no effect" with this config: the words after that; "" if it has."""
        mode = config.run.mode
        if mode in self.deciding + self.shown:
            return ""
        if mode in HANDING_OUT:
            return f"with --mode={mode}, which goes by what was trained"
        if mode == "eval" and "train" in self.deciding:
            return "with --mode=eval, which judges what lies in --model_dir"
        if mode == "train" and "eval" in self.deciding:
            return "with --mode=train"
        return f"without --mode={self.deciding[0]}"


@dataclasses.dataclass(frozen=True)
class Settings:
    """The other settings with which a flag does something.

    Attributes:
      fit: whether a config has them.
      reason: why the flag "has no effect" with others; the {name} of a flag stands for its value.
      adopted: whether --mode=export and embed take them from what was trained, and not from the
        command, so that nothing can be said of them there.
    """

    fit: Callable[["Config"], bool]
    reason: str
    adopted: bool = True

    def why_not(self, config: "Config") -> str:
        """Why the flag "has no effect" with this config: the words after that; "" if it has."""
        unknown = self.adopted and config.run.mode in HANDING_OUT
        return "" if unknown or self.fit(config) else self.reason.format(**config.flat())


Condition = Modes | Settings


def _pretrains(config: "Config") -> bool:
    return config.run.train_mode == "pretrain"


def _has_head(config: "Config") -> bool:
    return not _pretrains(config) or config.training.lineareval_while_pretraining


def _trains_norms(config: "Config") -> bool:
    head_alone = config.finetuning.fine_tune_after_block == LINEAR_HEAD_ONLY
    follow = config.finetuning.frozen_batch_norm == "training"
    return _pretrains(config) or not head_alone or follow


def _freezes(config: "Config") -> bool:
    block, layer = config.finetuning.fine_tune_after_block, config.finetuning.ft_proj_selector
    return block >= 0 or layer not in (-1, config.model.num_projections)


ALWAYS = Modes(MODES)
TRAINING = Modes(("train", "train_then_eval"))
SHOWN = Modes(TRAINING.deciding, shown=("eval",))
EVALUATING = Modes(("eval", "train_then_eval"))
RUNNING = TRAINING | EVALUATING
EXPORTING = Modes(("export",))
EMBEDDING = Modes(("embed",))

ON_TPU = Settings(lambda c: c.run.use_tpu, "without --use_tpu", adopted=False)
OFF_TPU = Settings(
    lambda c: not c.run.use_tpu, "with --use_tpu: the step of a TPU is always compiled"
)
IN_FOLDER = Settings(lambda c: c.data.dataset == "image_folder", "without --dataset=image_folder")

PRETRAINING = Settings(_pretrains, "with --train_mode={train_mode}")
CLASSIFYING = Settings(lambda c: not _pretrains(c), PRETRAINING.reason)
DISTILLING = Settings(lambda c: c.run.train_mode == "distill", PRETRAINING.reason)
PRETRAINED = (TRAINING, PRETRAINING)
PRETRAINED_SHOWN = (SHOWN, PRETRAINING)

WITH_BLUR = Settings(lambda c: c.data.use_blur, "with --use_blur={use_blur}")
WITH_ROOM_TO_BLUR = Settings(
    lambda c: c.data.image_size >= SMALLEST_BLURRED,
    f"with --image_size below {SMALLEST_BLURRED}: one pixel is no blur",
)

LINEAR_HEAD = Settings(_has_head, "without the linear head of --lineareval_while_pretraining")
# An evaluation's judges read labels, whatever was trained.
LABELS_FOR_HEAD = Settings(lambda c: c.run.mode != "train" or _has_head(c), LINEAR_HEAD.reason)
LABELS_FOR_STUDENT = Settings(
    lambda c: c.run.mode != "train" or not DISTILLING.fit(c) or c.distillation.distill_alpha != 1,
    "with --distill_alpha=1, which ignores labels",
)

HEAD_REASON = "with --proj_head_mode={proj_head_mode}"
PROJECTION = Settings(lambda c: c.model.proj_head_mode != "none", HEAD_REASON)
NONLINEAR_PROJECTION = Settings(lambda c: c.model.proj_head_mode == "nonlinear", HEAD_REASON)
WITH_MEMORY = Settings(lambda c: c.model.memory_size > 0, "without --memory_size")
TRAINED_NORMS = Settings(
    _trains_norms, f"with --fine_tune_after_block={LINEAR_HEAD_ONLY}: no norm trains"
)
FROZEN_LAYERS = Settings(_freezes, "where every layer trains")

WITH_MOMENTUM = Settings(
    lambda c: c.optimization.optimizer in ("momentum", "lars"), "with --optimizer={optimizer}"
)
NO_STEPS = Settings(lambda c: not c.training.train_steps, "with --train_steps")
NO_CHECKPOINT_STEPS = Settings(lambda c: not c.training.checkpoint_steps, "with --checkpoint_steps")

FROM_CHECKPOINT = Settings(lambda c: bool(c.finetuning.checkpoint), "without --checkpoint")
# An evaluation without --checkpoint judges the averaged weights of the run itself.
AVERAGED_TO_START = Settings(
    lambda c: not c.run.trains or FROM_CHECKPOINT.fit(c), FROM_CHECKPOINT.reason
)
AVERAGED_TO_JUDGE = Settings(
    lambda c: c.run.mode != "eval" or _pretrains(c) or not FROM_CHECKPOINT.fit(c),
    "with --mode=eval: the averaged weights are those that the run started from",
)
# Fails where a run goes on, at a step that only remarks_on_resuming knows.
AT_THE_START = Settings(lambda c: True, "where the run goes on from its own step {step}")
