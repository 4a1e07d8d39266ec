"""What a run is: frozen, validated dataclasses, one field a flag, JSON both ways.

Names and defaults are those of the original SimCLR's flags; a section groups those that belong
together. Neither TensorFlow nor absl is imported, so that a config can be read anywhere, fast.
"""

import dataclasses
import json
from typing import Any

MODES = ("train", "eval", "train_then_eval")
TRAIN_MODES = ("pretrain", "finetune")
DEPTHS = (18, 34, 50, 101, 152, 200)


def _flag(default: Any, help: str, choices: tuple | None = None) -> Any:
    return dataclasses.field(default=default, metadata={"help": help, "choices": choices})


def _require(ok: bool, name: str, rule: str, value: Any, mend: str = "") -> None:
    if not ok:
        raise ValueError(f"`{name}` {rule}. Received: {name}={value!r}.{mend and ' ' + mend}")


class _Section:
    """A part of the config: choices are checked here, everything else in `check`."""

    def __post_init__(self):
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value, choices = getattr(self, field.name), field.metadata["choices"]
            if choices:
                _require(value in choices, field.name, f"must be one of {choices}", value)
        self.check()

    def check(self) -> None:
        """Raises ValueError for a value out of range."""

    def _at_least(self, bound: float, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            _require(value >= bound, name, f"must be at least {bound}", value)

    def _positive(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            _require(0 < value < float("inf"), name, "must be a finite number above 0", value)


@dataclasses.dataclass(frozen=True)
class RunConfig(_Section):
    """What is done, where, and on which machine."""

    mode: str = _flag("train", "What to do.", MODES)
    train_mode: str = _flag("pretrain", "What to train.", TRAIN_MODES)
    model_dir: str | None = _flag(None, "Folder of the run: checkpoints, exports, results, report.")
    seed: int = _flag(0, "Of weights, shuffling and augmentation: same seed, same weights.")
    use_tpu: bool = _flag(False, "Run on a TPU; otherwise on all GPUs, or on the CPU.")
    tpu_name: str | None = _flag(None, "Name or address of the TPU; none is the local one.")
    tpu_zone: str | None = _flag(None, "Cloud zone of the TPU.")
    gcp_project: str | None = _flag(None, "Cloud project of the TPU.")
    master: str | None = _flag(None, "Address of the TPU, where it has no name.")

    def check(self) -> None:
        _require(self.seed >= 0, "seed", "must be at least 0", self.seed)


@dataclasses.dataclass(frozen=True)
class DataConfig(_Section):
    """The pictures and what is done to them."""

    dataset: str = _flag(
        "imagenet2012", "A TFDS name, 'image_folder' (with --data_dir), or the bundled 'emoji32'."
    )
    data_dir: str | None = _flag(None, "Folder of pictures, or where TFDS keeps its data.")
    train_split: str = _flag("train", "Split to train on.")
    eval_split: str = _flag("validation", "Split to judge on.")
    cache_dataset: bool = _flag(False, "Keep the undecoded training pictures in memory.")
    max_bad_images: float = _flag(0.01, "Share of unreadable pictures that a folder may have.")
    image_size: int = _flag(224, "Side of the pictures that the network sees, in pixels.")
    color_jitter_strength: float = _flag(1.0, "Strength of the colour jitter; 0 is none.")
    min_crop_area: float = _flag(
        0.08, "Smallest share of a picture that a pretraining crop covers."
    )
    use_blur: bool = _flag(True, "Blur views at random when pretraining.")

    def check(self) -> None:
        self._at_least(1, "image_size")
        self._at_least(0, "color_jitter_strength")
        _require(
            0 < self.min_crop_area <= 1, "min_crop_area", "must be in (0, 1]", self.min_crop_area
        )
        _require(
            0 <= self.max_bad_images <= 1,
            "max_bad_images",
            "must be in [0, 1]",
            self.max_bad_images,
        )


@dataclasses.dataclass(frozen=True)
class ModelConfig(_Section):
    """The encoder, the projection head and the loss."""

    resnet_depth: int = _flag(50, "Depth of the ResNet.", DEPTHS)
    width_multiplier: float = _flag(1.0, "Scales every number of channels.")
    sk_ratio: float = _flag(0.0, "Selective kernels; 0.0625 switches them on.")
    se_ratio: float = _flag(0.0, "Squeeze-and-excitation; 0.25 is usual.")
    batch_norm_decay: float = _flag(0.9, "Momentum of batch norm's moving averages.")
    global_bn: bool = _flag(True, "Batch norm over the batch of all replicas.")
    proj_head_mode: str = _flag(
        "nonlinear", "Kind of projection head.", ("none", "linear", "nonlinear")
    )
    proj_out_dim: int = _flag(128, "Width of the projection head's last layer.")
    num_proj_layers: int = _flag(3, "Layers of a nonlinear projection head.")
    temperature: float = _flag(0.1, "Of the contrastive loss.")
    hidden_norm: bool = _flag(True, "Compare projections by cosine.")

    ARCHITECTURE = (
        "resnet_depth",
        "width_multiplier",
        "sk_ratio",
        "se_ratio",
        "proj_head_mode",
        "proj_out_dim",
        "num_proj_layers",
    )

    def check(self) -> None:
        self._positive("width_multiplier", "temperature")
        self._at_least(1, "proj_out_dim", "num_proj_layers")
        for name in ("sk_ratio", "se_ratio"):
            _require(0 <= getattr(self, name) <= 1, name, "must be in [0, 1]", getattr(self, name))
        decay = self.batch_norm_decay
        _require(0 <= decay < 1, "batch_norm_decay", "must be in [0, 1)", decay)

    @property
    def num_projections(self) -> int:
        """Layers of the projection head, whatever its kind."""
        return {"none": 0, "linear": 1, "nonlinear": self.num_proj_layers}[self.proj_head_mode]


@dataclasses.dataclass(frozen=True)
class OptimizationConfig(_Section):
    """How weights move."""

    optimizer: str = _flag("lars", "The optimiser.", ("momentum", "adam", "lars"))
    learning_rate: float = _flag(0.3, "Before it is scaled by the batch.")
    learning_rate_scaling: str = _flag(
        "linear", "By batch / 256, or by its root.", ("linear", "sqrt")
    )
    warmup_epochs: float = _flag(10.0, "Epochs of linear warm-up.")
    weight_decay: float = _flag(1e-6, "Weight decay.")
    momentum: float = _flag(0.9, "Of LARS and momentum.")

    def check(self) -> None:
        self._positive("learning_rate")
        self._at_least(0, "warmup_epochs", "weight_decay")
        _require(0 <= self.momentum < 1, "momentum", "must be in [0, 1)", self.momentum)


@dataclasses.dataclass(frozen=True)
class TrainingConfig(_Section):
    """How long, how much at a time, and what is written on the way."""

    train_batch_size: int = _flag(512, "Pictures per step, over all replicas.")
    train_epochs: float = _flag(100.0, "Epochs to train.")
    train_steps: int = _flag(0, "Steps to train; overrides train_epochs.")
    steps_per_execution: int = _flag(1, "Steps that run between two looks from Python.")
    lineareval_while_pretraining: bool = _flag(
        True, "Train a linear head beside; the encoder never sees it."
    )
    checkpoint_epochs: float = _flag(1.0, "Epochs between checkpoints.")
    checkpoint_steps: int = _flag(0, "Steps between checkpoints; overrides checkpoint_epochs.")
    keep_checkpoint_max: int = _flag(5, "Checkpoints to keep; 0 keeps all.")
    train_summary_steps: int = _flag(100, "Steps between TensorBoard scalars; 0 writes none.")

    def check(self) -> None:
        self._at_least(1, "train_batch_size", "steps_per_execution")
        names = ("train_steps", "checkpoint_steps", "keep_checkpoint_max", "train_summary_steps")
        self._at_least(0, *names)
        self._positive("checkpoint_epochs")
        if not self.train_steps:
            self._positive("train_epochs")


@dataclasses.dataclass(frozen=True)
class EvaluationConfig(_Section):
    """How a trained model is judged and handed out."""

    eval_batch_size: int = _flag(256, "Pictures per evaluation step.")
    eval_steps: int = _flag(0, "Evaluation steps; 0 is the whole split.")
    eval_name: str | None = _flag(None, "Name of the evaluation's TensorBoard folder.")
    judge_examples: int = _flag(
        10000, "Pictures of each split that probe, kNN and retrieval look at, at the most."
    )
    keep_hub_module_max: int = _flag(1, "Exports to keep; 0 keeps all.")

    def check(self) -> None:
        self._at_least(1, "eval_batch_size", "judge_examples")
        self._at_least(0, "eval_steps", "keep_hub_module_max")


@dataclasses.dataclass(frozen=True)
class FinetuningConfig(_Section):
    """What training starts from, and which part of it moves."""

    checkpoint: str | None = _flag(None, "Run folder, checkpoint or export to start from.")
    zero_init_logits_layer: bool = _flag(False, "Start the classifier at zero logits.")
    fine_tune_after_block: int = _flag(
        -1, "What to train: -1 all, 0 after the stem, k after group k, 4 the linear head only."
    )
    ft_proj_selector: int = _flag(
        0, "Layer of the projection head to classify from: 0 the encoder's output, -1 the last."
    )
    variable_schema: str | None = _flag(None, "TF1 only: accepted, and without effect here.")

    def check(self) -> None:
        block = self.fine_tune_after_block
        _require(-1 <= block <= 4, "fine_tune_after_block", "must be from -1 to 4", block)


@dataclasses.dataclass(frozen=True)
class Config:
    """All of a run's settings, in sections; every field's name is unique, and the flag's."""

    run: RunConfig = dataclasses.field(default_factory=RunConfig)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    optimization: OptimizationConfig = dataclasses.field(default_factory=OptimizationConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)
    evaluation: EvaluationConfig = dataclasses.field(default_factory=EvaluationConfig)
    finetuning: FinetuningConfig = dataclasses.field(default_factory=FinetuningConfig)

    def __post_init__(self):
        selector, layers = self.finetuning.ft_proj_selector, self.model.num_projections
        _require(
            -1 <= selector <= layers,
            "ft_proj_selector",
            f"must be from -1 to {layers}, the layers of this projection head",
            selector,
        )
        _require(
            self.data.dataset != "image_folder" or self.data.data_dir is not None,
            "data_dir",
            "must name the folder of pictures with --dataset=image_folder",
            self.data.data_dir,
        )

    def flat(self) -> dict[str, Any]:
        """Flag name -> value."""
        sections = [getattr(self, section.name) for section in dataclasses.fields(self)]
        return {
            field.name: getattr(section, field.name)
            for section in sections
            for field in dataclasses.fields(section)
        }

    @classmethod
    def from_flat(cls, values: dict[str, Any]) -> "Config":
        """The config of flag values by name; what is not named takes its default.

        Raises:
          ValueError: for an unknown name or a value out of range.
        """
        unknown = set(values) - {field.name for field in flag_fields()}
        if unknown:
            raise ValueError(f"Unknown settings: {sorted(unknown)}.")
        return cls(
            **{
                name: section(
                    **{
                        f.name: values[f.name]
                        for f in dataclasses.fields(section)
                        if f.name in values
                    }
                )
                for name, section in SECTIONS.items()
            }
        )

    def to_json(self) -> str:
        """Sorted, indented JSON of `flat`."""
        return json.dumps(self.flat(), indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Config":
        """The inverse of `to_json`. Raises ValueError as `from_flat` does, and for bad JSON."""
        return cls.from_flat(json.loads(text))


SECTIONS = {
    "run": RunConfig,
    "data": DataConfig,
    "model": ModelConfig,
    "optimization": OptimizationConfig,
    "training": TrainingConfig,
    "evaluation": EvaluationConfig,
    "finetuning": FinetuningConfig,
}


def flag_fields() -> list[dataclasses.Field]:
    """Every field of every section, in order: what the command line offers."""
    return [field for section in SECTIONS.values() for field in dataclasses.fields(section)]


def changed_from_defaults(config: Config) -> dict[str, Any]:
    """Flag name -> value, of those flags that are not at their default."""
    values = config.flat()
    return {f.name: values[f.name] for f in flag_fields() if values[f.name] != f.default}


def differing_architecture(ours: Config, theirs: Config) -> dict[str, tuple[Any, Any]]:
    """Settings that decide the shape of the weights and differ: name -> (ours, theirs)."""
    names = (*ModelConfig.ARCHITECTURE, "train_mode")
    pairs = {name: (ours.flat()[name], theirs.flat()[name]) for name in names}
    pairs["image_size <= 32"] = (ours.data.image_size <= 32, theirs.data.image_size <= 32)
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
