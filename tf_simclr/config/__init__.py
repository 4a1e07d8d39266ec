"""The settings of a run: a frozen, validated config in sections, to and from JSON.

Neither TensorFlow nor absl is imported, so that a config can be read anywhere, fast.
"""

import dataclasses
import json
from collections.abc import Collection, Mapping
from typing import Any

from tf_simclr.config.choices import ORIGINAL_VIEW, VIEWS_OF_TASKS
from tf_simclr.config.data import DataConfig
from tf_simclr.config.distillation import DistillationConfig
from tf_simclr.config.evaluation import EvaluationConfig
from tf_simclr.config.exemplar import ExemplarConfig
from tf_simclr.config.exporting import ExportConfig
from tf_simclr.config.finetuning import FinetuningConfig
from tf_simclr.config.labels import LabelsConfig
from tf_simclr.config.model import ModelConfig
from tf_simclr.config.optimization import OptimizationConfig
from tf_simclr.config.relative_position import RelativePositionConfig
from tf_simclr.config.run import RunConfig
from tf_simclr.config.training import TrainingConfig

# Former name of a flag -> its name today, for the settings of older runs.
RENAMED: dict[str, str] = {}


@dataclasses.dataclass(frozen=True)
class Config:
    """All settings of a run, in sections. Every field has the name of its flag.

    It also knows which flags the user set; this is neither compared nor written.

    Attributes:
      given: names of the flags that the user set, on the command line or in a recipe. The values of
        the others may come from a trained run.
      typed: names of those set outside recipes. Only these get notes: users do not write recipes.
    """

    run: RunConfig = dataclasses.field(default_factory=RunConfig)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    labels: LabelsConfig = dataclasses.field(default_factory=LabelsConfig)
    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    relative_position: RelativePositionConfig = dataclasses.field(
        default_factory=RelativePositionConfig
    )
    exemplar: ExemplarConfig = dataclasses.field(default_factory=ExemplarConfig)
    optimization: OptimizationConfig = dataclasses.field(default_factory=OptimizationConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)
    evaluation: EvaluationConfig = dataclasses.field(default_factory=EvaluationConfig)
    exporting: ExportConfig = dataclasses.field(default_factory=ExportConfig)
    finetuning: FinetuningConfig = dataclasses.field(default_factory=FinetuningConfig)
    distillation: DistillationConfig = dataclasses.field(default_factory=DistillationConfig)
    given: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)
    typed: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)

    @property
    def views_on(self) -> str:
        """Where pretraining views are made: "host" or "device"."""
        if self.data.augment_on != "auto":
            return self.data.augment_on
        # A TPU's host feeds many chips, and its TensorFlow has no XLA for the CPU.
        return "device" if self.run.use_tpu else "host"

    @property
    def default_view(self) -> str:
        """The operations of a view, separated by commas, if --view_operations does not say."""
        return VIEWS_OF_TASKS.get(self.run.method, ORIGINAL_VIEW)

    @property
    def operations(self) -> tuple[tuple[str, ...], ...]:
        """The operations of the first and of the second view, by their words and in order."""
        first = self.data.operations(self.default_view)
        second = self.data.second_view_operations if self.run.pairs else None
        return first, tuple(second.split(",")) if second else first

    def flat(self) -> dict[str, Any]:
        """Flag name -> value."""
        sections = [getattr(self, name) for name in SECTIONS]
        return {
            field.name: getattr(section, field.name)
            for section in sections
            for field in dataclasses.fields(section)
        }

    def changed(self) -> dict[str, Any]:
        """Flag name -> value, for all flags that are not at their default."""
        return {f.name: v for f, v in zip(flag_fields(), self.flat().values()) if v != f.default}

    @classmethod
    def from_flat(
        cls,
        values: Mapping[str, Any],
        *,
        given: Collection[str] | None = None,
        typed: Collection[str] | None = None,
    ) -> "Config":
        """The config with these flag values, and defaults for all other flags.

        Args:
          values: flag name -> value.
          given: flags that the user set; None takes those that are not at their default.
          typed: flags that the user set outside recipes; None takes all that are given. What a
            recipe says is dropped if a flag that is typed stands in its place, such as
            labels_per_class for label_fraction.

        Raises:
          ValueError: for an unknown name, a value out of range, or values that contradict.
        """
        defaults = {field.name: field.default for field in flag_fields()}
        if unknown := values.keys() - defaults:
            raise ValueError(f"Unknown settings: {', '.join(sorted(unknown))}.")
        if given is None:
            given = [name for name, value in values.items() if value != defaults[name]]
        of_user = frozenset(given)
        of_typed = of_user if typed is None else frozenset(typed)
        dropped = replaced_by(of_typed) & (of_user - of_typed)
        values = {name: value for name, value in values.items() if name not in dropped}
        sections: dict[str, Any] = {}
        for name, section in SECTIONS.items():
            names = [field.name for field in dataclasses.fields(section) if field.name in values]
            sections[name] = section(**{key: values[key] for key in names})
        return cls(**sections, given=of_user - dropped, typed=of_typed)

    def replaced(self, values: Mapping[str, Any]) -> "Config":
        """A copy with other values for some flags; `given` and `typed` stay the same."""
        return self.from_flat({**self.flat(), **values}, given=self.given, typed=self.typed)

    def to_json(self) -> str:
        """Sorted, indented JSON of `flat`."""
        return json.dumps(self.flat(), indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Config":
        """The inverse of `to_json`. Raises ValueError as `from_flat` does, and for bad JSON."""
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("Settings must be a JSON object of names and values.")
        for name in RENAMED.keys() & values:
            values[RENAMED[name]] = values.pop(name)
        if values.get("view_operations") == ORIGINAL_VIEW == cls.from_flat(values).default_view:
            values["view_operations"] = None  # Older runs wrote the default out.
        return cls.from_flat(values)


# Only sections are compared.
SECTIONS: dict[str, Any] = {f.name: f.type for f in dataclasses.fields(Config) if f.compare}


def flag_fields() -> list[dataclasses.Field]:
    """Every field of every section, in order: the flags of the command line."""
    return [field for section in SECTIONS.values() for field in dataclasses.fields(section)]


def replaced_by(names: Collection[str]) -> set[str]:
    """The names of the flags in whose place those of these names stand: see `flag`."""
    fields = [field for field in flag_fields() if field.name in names]
    return {other for field in fields for other in field.metadata["instead_of"]}
