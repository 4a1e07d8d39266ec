"""What a run is: a frozen, validated config in sections, JSON both ways.

Neither TensorFlow nor absl is imported, so that a config can be read anywhere, fast.
"""

import dataclasses
import json
from typing import Any

from tf_simclr.config.fields import require
from tf_simclr.config.sections import (
    DataConfig,
    EvaluationConfig,
    ExportConfig,
    LabelsConfig,
    ModelConfig,
    RunConfig,
)
from tf_simclr.config.training import (
    DistillationConfig,
    FinetuningConfig,
    OptimizationConfig,
    TrainingConfig,
)

SECTIONS: dict[str, type] = {
    "run": RunConfig,
    "data": DataConfig,
    "labels": LabelsConfig,
    "model": ModelConfig,
    "optimization": OptimizationConfig,
    "training": TrainingConfig,
    "evaluation": EvaluationConfig,
    "exporting": ExportConfig,
    "finetuning": FinetuningConfig,
    "distillation": DistillationConfig,
}


@dataclasses.dataclass(frozen=True)
class Config:
    """All of a run's settings, in sections; every field's name is unique, and the flag's."""

    run: RunConfig = dataclasses.field(default_factory=RunConfig)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    labels: LabelsConfig = dataclasses.field(default_factory=LabelsConfig)
    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    optimization: OptimizationConfig = dataclasses.field(default_factory=OptimizationConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)
    evaluation: EvaluationConfig = dataclasses.field(default_factory=EvaluationConfig)
    exporting: ExportConfig = dataclasses.field(default_factory=ExportConfig)
    finetuning: FinetuningConfig = dataclasses.field(default_factory=FinetuningConfig)
    distillation: DistillationConfig = dataclasses.field(default_factory=DistillationConfig)

    def __post_init__(self):
        selector, layers = self.finetuning.ft_proj_selector, self.model.num_projections
        require(
            -1 <= selector <= layers,
            "ft_proj_selector",
            f"must be from -1 to {layers}, the layers of this projection head",
            selector,
        )
        batch_size = self.training.train_batch_size
        require(
            self.run.classifies or batch_size > 1,
            "train_batch_size",
            "must be at least 2 to pretrain: pictures are told apart from the others in the batch",
            batch_size,
        )
        microbatches = self.training.microbatches
        require(
            self.run.classifies or batch_size % microbatches == 0,
            "microbatches",
            f"must divide train_batch_size={batch_size}",
            microbatches,
        )
        teacher = self.distillation.teacher
        require(
            self.run.train_mode != "distill" or not self.run.trains or teacher is not None,
            "teacher",
            "must name whom to learn from with --train_mode=distill",
            teacher,
        )
        checkpoint = self.finetuning.checkpoint
        require(
            self.run.train_mode != "supervised" or not self.run.trains or checkpoint is None,
            "checkpoint",
            "must be left out with --train_mode=supervised, which starts from scratch",
            checkpoint,
            "To start from it, give --train_mode=finetune.",
        )

    @property
    def reads_layer(self) -> int:
        """The projection head's output that the classifier reads, counted from 0, the encoder's.

        The classifier of a pretraining is the linear head trained alongside.
        """
        return self.finetuning.ft_proj_selector % (self.model.num_projections + 1)

    @property
    def views_on(self) -> str:
        """Where views are made for training: "host" or "device"; a classifier's on the host."""
        asked = "host" if self.run.classifies else self.data.augment_on
        if asked != "auto":
            return asked
        # A TPU's host has many chips to feed, and its TensorFlow no XLA for the CPU.
        return "device" if self.run.use_tpu else "host"

    @property
    def has_classifier(self) -> bool:
        """Whether a classifier is trained, or a linear head alongside, where there are labels."""
        return self.run.classifies or self.training.lineareval_while_pretraining

    def flat(self) -> dict[str, Any]:
        """Flag name -> value."""
        sections = [getattr(self, name) for name in SECTIONS]
        return {
            field.name: getattr(section, field.name)
            for section in sections
            for field in dataclasses.fields(section)
        }

    @classmethod
    def from_flat(cls, values: dict[str, Any]) -> "Config":
        """The config of flag values by name; what is not named takes its default.

        Raises:
          ValueError: for an unknown name, a value out of range, or values that contradict.
        """
        unknown = set(values) - {field.name for field in flag_fields()}
        if unknown:
            raise ValueError(f"Unknown settings: {', '.join(sorted(unknown))}.")
        sections = {}
        for name, section in SECTIONS.items():
            names = [field.name for field in dataclasses.fields(section) if field.name in values]
            sections[name] = section(**{key: values[key] for key in names})
        return cls(**sections)

    def to_json(self) -> str:
        """Sorted, indented JSON of `flat`."""
        return json.dumps(self.flat(), indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Config":
        """The inverse of `to_json`. Raises ValueError as `from_flat` does, and for bad JSON."""
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("Settings must be a JSON object of names and values.")
        return cls.from_flat(values)


def flag_fields() -> list[dataclasses.Field]:
    """Every field of every section, in order: what the command line offers."""
    return [field for section in SECTIONS.values() for field in dataclasses.fields(section)]


def changed_from_defaults(config: Config) -> dict[str, Any]:
    """Flag name -> value, of those flags that are not at their default."""
    values = config.flat()
    return {f.name: values[f.name] for f in flag_fields() if values[f.name] != f.default}


def differing_architecture(ours: Config, theirs: Config) -> dict[str, tuple[Any, Any]]:
    """Settings that decide the shape of the weights and differ: name -> (ours, theirs)."""
    names = ["train_mode", *ModelConfig.ARCHITECTURE]
    kinds = {ours.model.proj_head_mode, theirs.model.proj_head_mode}
    if kinds != {"nonlinear"}:
        names.remove("num_proj_layers")  # Else it decides nothing, or the kind says it all.
    if "none" in kinds:
        names.remove("proj_out_dim")
    if ours.has_classifier and theirs.has_classifier and ours.reads_layer != theirs.reads_layer:
        names.append("ft_proj_selector")  # Unless -1 is another name of the same layer.
    different = _differing(ours, theirs, names)
    small = ours.data.image_size <= 32, theirs.data.image_size <= 32  # They have another stem.
    if small[0] != small[1]:
        different["image_size <= 32"] = small
    return different


def differing_state(ours: Config, theirs: Config) -> dict[str, tuple[Any, Any]]:
    """Settings that decide what a checkpoint holds and differ: name -> (ours, theirs).

    Beside the architecture: which variables are trained, and by what, for the optimiser's slots.
    """
    trained = (
        ["fine_tune_after_block"]
        if theirs.run.classifies
        else ["lineareval_while_pretraining", "memory_size"]
    )
    return differing_architecture(ours, theirs) | _differing(ours, theirs, ["optimizer", *trained])


def _differing(ours: Config, theirs: Config, names: list[str]) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (ours.flat()[name], theirs.flat()[name]) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
