"""Conditions under which a flag has an effect, for `only` of its field, and reasons if not.

A field lists its broadest condition first: the first one that fails is the reason given.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tf_simclr.config.choices import MODES, TRAIN_MODES

if TYPE_CHECKING:
    from tf_simclr.config import Config

LINEAR_HEAD_ONLY = 4  # --fine_tune_after_block: all four groups of a ResNet are frozen.
SMALLEST_BLURRED = 20  # pixels: below this the kernel, a tenth of the side, is one pixel
HANDING_OUT = ("export", "embed")


@dataclasses.dataclass(frozen=True)
class Modes:
    """The modes in which a flag has an effect; `|` joins two.

    Attributes:
      deciding: values of --mode in which it has an effect.
      shown: those in which it is only shown, such as on the page of an evaluation.
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
        if mode == "report":
            return "with --mode=report, which draws what the run's folder has"
        if mode in HANDING_OUT:
            return f"with --mode={mode}, which uses the settings of the trained run"
        if mode == "eval" and "train" in self.deciding:
            return "with --mode=eval, which evaluates the run in --model_dir"
        if mode == "train" and "eval" in self.deciding:
            return "with --mode=train"
        return f"without --mode={self.deciding[0]}"


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of other flags with which a flag has an effect.

    Attributes:
      fit: whether a config has them.
      reason: why the flag "has no effect" with others; a flag's {name} stands for its value.
      adopted: whether --mode=export and embed take these settings from the trained run, so that
        the command alone cannot tell.
    """

    fit: Callable[["Config"], bool]
    reason: str
    adopted: bool = True

    def why_not(self, config: "Config") -> str:
        """Why the flag "has no effect" with this config: the words after that; "" if it has."""
        unknown = self.adopted and config.run.mode in (*HANDING_OUT, "report")
        return "" if unknown or self.fit(config) else self.reason.format(**config.flat())


Condition = Modes | Settings


def needs(name: str, *, adopted: bool = True) -> Settings:
    """The condition that another flag is set: not none, 0 or false."""
    return Settings(lambda config: bool(config.flat()[name]), f"without --{name}", adopted)


def unless(name: str) -> Settings:
    """The condition that another flag is not set."""
    return Settings(lambda config: not config.flat()[name], f"with --{name}")


def needs_one(name: str, *values: Any) -> Settings:
    """The condition that another flag has one of some values."""
    return Settings(lambda config: config.flat()[name] in values, f"with --{name}={{{name}}}")


def _has_head(config: "Config") -> bool:
    return not config.run.pretrains or config.training.lineareval_while_pretraining


def _trains_norms(config: "Config") -> bool:
    head_alone = config.finetuning.fine_tune_after_block == LINEAR_HEAD_ONLY
    follow = config.finetuning.frozen_batch_norm == "training"
    return config.run.pretrains or not head_alone or follow or _reads_pyramid(config)


def _reads_pyramid(config: "Config") -> bool:
    return config.finetuning.classify_pyramid and not config.run.pretrains


def _freezes(config: "Config") -> bool:
    block, layer = config.finetuning.fine_tune_after_block, config.finetuning.ft_proj_selector
    unread = _reads_pyramid(config) or layer not in (-1, config.model.num_projections)
    return block >= 0 or unread


def _in_views(config: "Config", word: str) -> bool:
    first = config.data.view_operations or config.default_view
    second = (config.run.pairs and config.data.second_view_operations) or first
    return word in first.split(",") or word in second.split(",")


ALWAYS = Modes(MODES)
TRAINING = Modes(("train", "train_then_eval"))
SHOWN = Modes(TRAINING.deciding, shown=("eval",))
EVALUATING = Modes(("eval", "train_then_eval"))
RUNNING = TRAINING | EVALUATING
EXPORTING = Modes(("export",))
EMBEDDING = Modes(("embed",))

PRETRAINING = needs_one("train_mode", "pretrain")
CLASSIFYING = needs_one("train_mode", *(word for word in TRAIN_MODES if word != "pretrain"))
PRETRAINED = (TRAINING, PRETRAINING)
TWO_VIEWS = needs_one("pretext_task", "simclr")
CONTRASTIVE = (*PRETRAINED, TWO_VIEWS)
PROJECTING = Settings(
    lambda config: config.run.projects,
    "with --pretext_task={pretext_task}, which has a head of its own",
)
PRETRAINED_SHOWN = (SHOWN, PRETRAINING)
CROPPED = Settings(
    lambda config: config.run.method != "exemplar",
    "with --pretext_task=exemplar, which makes copies of patches",
)
WHOLE_VIEWS = Settings(
    lambda config: config.run.method != "relative_position",
    "with --pretext_task=relative_position, which trains on patches",
)
CROPPED_SHOWN = (*PRETRAINED_SHOWN, CROPPED)
DISTILLED = (TRAINING, needs_one("train_mode", "distill"))

WITH_TEMPERATURE = Settings(
    lambda config: config.flat()["loss"] not in ("margin_triplet",),
    "with --loss={loss}, which has none",
)
ON_TPU = needs("use_tpu", adopted=False)
OFF_TPU = Settings(unless("use_tpu").fit, "with --use_tpu: a TPU always compiles the step")
WITH_ROOM_TO_BLUR = Settings(
    lambda config: config.data.view_side >= SMALLEST_BLURRED,
    f"with --image_size or --view_size below {SMALLEST_BLURRED}: a blur over one pixel does"
    " nothing",
)
BLUR = Settings(lambda config: _in_views(config, "blur"), "without blur in --view_operations")
COLOR = Settings(lambda config: _in_views(config, "color"), "without color in --view_operations")
IN_FOLDER = Settings(needs_one("dataset", "image_folder").fit, "without --dataset=image_folder")
TASK_WITH_HEAD = Settings(
    lambda config: config.run.pairs,
    "with --pretext_task={pretext_task}, which trains no linear head",
)
LINEAR_HEAD = Settings(_has_head, "without the linear head of --lineareval_while_pretraining")
PROJECTION_READ = Settings(
    lambda config: not _reads_pyramid(config),
    "with --classify_pyramid, which reads no layer of the head",
)
# An evaluation uses labels, whatever was trained.
LABELS_FOR_TASK = Settings(
    lambda config: config.run.mode != "train" or config.run.pairs, TASK_WITH_HEAD.reason
)
LABELS_FOR_HEAD = Settings(
    lambda config: config.run.mode != "train" or _has_head(config), LINEAR_HEAD.reason
)
LABELS_FOR_STUDENT = Settings(
    lambda config: (
        config.run.mode != "train"
        or config.run.train_mode != "distill"
        or config.distillation.distill_alpha != 1
    ),
    "with --distill_alpha=1, which ignores labels",
)
TRAINED_NORMS = Settings(
    _trains_norms, f"with --fine_tune_after_block={LINEAR_HEAD_ONLY}: no norm trains"
)
FROZEN_LAYERS = Settings(_freezes, "where every layer trains")
# Pictures that are held out are left out of training.
JUDGED_OR_HELD_OUT = Settings(
    lambda config: config.run.mode != "train" or "held_out" in config.data.eval_split,
    "with --mode=train",
)
FROM_CHECKPOINT = needs("checkpoint")
# Without --checkpoint, an evaluation uses the run's own averaged weights.
AVERAGED_TO_START = Settings(
    lambda config: not config.run.trains or FROM_CHECKPOINT.fit(config), FROM_CHECKPOINT.reason
)
AVERAGED_TO_JUDGE = Settings(
    lambda config: (
        config.run.mode != "eval" or config.run.pretrains or not FROM_CHECKPOINT.fit(config)
    ),
    "with --mode=eval: it says which weights the run started from",
)
# Fails if a run resumes: only remarks_on_resuming knows the step.
AT_THE_START = Settings(lambda config: True, "when the run resumes from its own step {step}")
