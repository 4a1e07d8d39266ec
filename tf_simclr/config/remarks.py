"""What is said of flags that were given and can do nothing in this run: one line a reason."""

from collections.abc import Collection, Iterator

from tf_simclr.config import Config, changed_from_defaults, flag_fields
from tf_simclr.config.finetuning import LINEAR_HEAD_ONLY
from tf_simclr.config.model import ModelConfig

# Flags, and why they do nothing.
Idle = tuple[tuple[str, ...], str]

TPU_ONLY = ("tpu_name", "tpu_zone", "gcp_project", "master")
LABELS = ("label_fraction", "labels_per_class", "label_list")
DISTILLATION_ONLY = ("teacher", "distill_temperature", "distill_alpha")
TRAINING_ONLY = (
    "cache_dataset",
    "min_crop_area",
    "batch_norm_decay",
    "global_bn",
    "temperature",
    "hidden_norm",
    "loss",
    "loss_implementation",
    "memory_size",
    "ema_decay",
    *DISTILLATION_ONLY,
    "microbatches",
    "precision",
    "jit_compile",
    "learning_rate",
    "learning_rate_scaling",
    "warmup_epochs",
    "momentum",
    "steps_per_execution",
    "checkpoint_epochs",
    "checkpoint_steps",
    "keep_checkpoint_max",
    "keep_hub_module_max",
    "export_epochs",
    "export_image_size",
    "train_summary_steps",
    "frozen_batch_norm",
    "zero_init_logits_layer",
    "checkpoint",
    "variable_schema",
)
EVALUATION_ONLY = (
    *("eval_split", "eval_batch_size", "eval_steps", "eval_name"),
    *("judge_examples", "probe_grid"),
)
PRETRAINING_ONLY = (
    "pretext_task",
    "color_jitter_strength",
    "use_blur",
    "blur_sigma",
    "augment_on",
    "extra_augmentation",
    "temperature",
    "hidden_norm",
    "loss",
    "loss_implementation",
    "memory_size",
    "ema_decay",
    "microbatches",
    "lineareval_while_pretraining",
)
FINETUNING_ONLY = (
    "fine_tune_after_block",
    "frozen_batch_norm",
    "zero_init_logits_layer",
)
# Of a command that hands out what was trained, those flags that do something.
HANDS_OUT = {
    *("mode", "model_dir", "checkpoint", "use_ema_weights", "output"),
    *("dataset", "data_dir", "max_bad_images", "image_size", *ModelConfig.ARCHITECTURE),
}
USED = {
    "export": HANDS_OUT | {"export_format", "export_image_size", "train_split"},
    "embed": HANDS_OUT | {"embed_split", "eval_batch_size", "use_tpu", *TPU_ONLY},
}
AT_THE_START = ("checkpoint", "variable_schema", "use_ema_weights", "zero_init_logits_layer")
SMALLEST_BLURRED = 20  # pixels: below it a tenth of the side is a kernel of one pixel


def remarks(config: Config, given: Collection[str] | None = None) -> list[str]:
    """One line for each reason why flags that were given do not do what they say; [] for none.

    Args:
      config: of the run.
      given: names of the flags that were given; None takes those that are not at their default.
    """
    left = set(changed_from_defaults(config) if given is None else given)
    lines = []
    for names, reason in _idle_flags(config):
        idle = [name for name in names if name in left]
        left -= set(idle)  # One reason is enough.
        lines += _no_effect(idle, reason)
    finetuning = config.finetuning
    freezes = config.run.classifies and finetuning.fine_tune_after_block >= 0
    if freezes and config.run.trains and not finetuning.checkpoint:
        lines.append("--fine_tune_after_block freezes untrained layers: there is no --checkpoint.")
    return lines


def remarks_on_resuming(
    config: Config, step: int, given: Collection[str] | None = None
) -> list[str]:
    """As `remarks`, of what concerns the start alone, for a run that goes on from `step`."""
    named = changed_from_defaults(config) if given is None else given
    idle = [name for name in AT_THE_START if name in named]
    return _no_effect(idle, f"where the run goes on from its own step {step}")


def _no_effect(idle: list[str], reason: str) -> list[str]:
    if not idle:
        return []
    has = "has" if len(idle) == 1 else "have"
    return [f"{', '.join(f'--{name}' for name in idle)} {has} no effect {reason}."]


def _idle_flags(config: Config) -> Iterator[Idle]:
    """(flags, why they do nothing), whether or not they were given."""
    mode = config.run.mode
    if mode in USED:
        idle = tuple(field.name for field in flag_fields() if field.name not in USED[mode])
        yield idle, f"with --mode={mode}, which goes by what was trained"
        if not config.run.use_tpu:
            yield TPU_ONLY, "without --use_tpu"
        return
    yield from _in_mode(config)
    if config.run.classifies:
        yield from _when_classifying(config)
    else:
        yield from _when_pretraining(config)
    if config.run.train_mode != "distill":
        yield DISTILLATION_ONLY, f"with --train_mode={config.run.train_mode}"
    elif config.distillation.distill_alpha == 1 and mode == "train":
        yield LABELS, "with --distill_alpha=1, which hears the teacher alone"
    yield from _beside_others(config)


def _in_mode(config: Config) -> Iterator[Idle]:
    if config.run.mode == "eval":
        yield TRAINING_ONLY, "with --mode=eval, which judges what lies in --model_dir"
    if config.run.mode == "train":
        yield EVALUATION_ONLY, "with --mode=train"
    yield ("output", "export_format"), "without --mode=export"
    yield ("embed_split",), "without --mode=embed"
    if not config.run.use_tpu:
        yield TPU_ONLY, "without --use_tpu"
    elif config.run.trains:
        yield ("jit_compile",), "with --use_tpu: the step of a TPU is always compiled"


def _when_pretraining(config: Config) -> Iterator[Idle]:
    yield FINETUNING_ONLY, "with --train_mode=pretrain"
    if not config.model.memory_size:
        yield ("ema_decay",), "without --memory_size"
    if not config.training.lineareval_while_pretraining:
        if config.run.mode == "train":
            yield LABELS, "without the linear head of --lineareval_while_pretraining"
        idle = ("eval_steps", "ft_proj_selector")
        yield idle, "without the linear head of --lineareval_while_pretraining"
    if not config.data.use_blur:
        yield ("blur_sigma",), "with --use_blur=False"
    if config.data.image_size < SMALLEST_BLURRED:
        yield (
            ("use_blur", "blur_sigma"),
            f"with --image_size below {SMALLEST_BLURRED}: one pixel is no blur",
        )


def _when_classifying(config: Config) -> Iterator[Idle]:
    yield PRETRAINING_ONLY, f"with --train_mode={config.run.train_mode}"
    finetuning, layers = config.finetuning, config.model.num_projections
    block, follows = finetuning.fine_tune_after_block, finetuning.frozen_batch_norm == "training"
    if block < 0 and config.reads_layer == layers:
        yield ("frozen_batch_norm",), "where every layer trains"
    if block == LINEAR_HEAD_ONLY and not follows:
        yield ("batch_norm_decay", "global_bn"), "with --fine_tune_after_block=4: no norm trains"


def _beside_others(config: Config) -> Iterator[Idle]:
    head, optimizer = config.model.proj_head_mode, config.optimization.optimizer
    if not config.finetuning.checkpoint:
        averaged = ("use_ema_weights",) if config.run.trains else ()  # Else those of the run.
        yield ("variable_schema", *averaged), "without --checkpoint"
    elif config.run.mode == "eval" and config.run.classifies:
        yield ("use_ema_weights",), "with --mode=eval: they are what --checkpoint was started by"
    if config.data.dataset != "image_folder":
        yield ("max_bad_images",), "without --dataset=image_folder"
    if head == "none":
        yield ("proj_out_dim", "num_proj_layers"), "with --proj_head_mode=none"
    if head == "linear":
        yield ("num_proj_layers",), "with --proj_head_mode=linear"
    if optimizer in ("adam", "lamb"):
        yield ("momentum",), f"with --optimizer={optimizer}"
    if config.training.train_steps:
        yield ("train_epochs",), "with --train_steps"
    if config.training.checkpoint_steps:
        yield ("checkpoint_epochs",), "with --checkpoint_steps"
