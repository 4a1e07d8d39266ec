"""A kind of training: its words, needs, network, batches and evaluation."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import tensorflow as tf

from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.assembly import build_data
from tf_simclr.assembly.views import Drawn
from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.data.pipeline import Stream
from tf_simclr.data.source import Source
from tf_simclr.judging import summary
from tf_simclr.judging.ask_classifier import Classified, ask_classifier, told_of
from tf_simclr.judging.endpoints import asked, names_of
from tf_simclr.nets.trainable import TrainableNet
from tf_simclr.pretrained.teacher import Teacher
from tf_simclr.reporting.words import Words

Needed = Literal["none", "some", "all"]  # pictures that need a label


class Lesson(NamedTuple):
    """The classes that a network learns, and its teacher.

    Attributes:
      num_classes: 0 without labels.
      class_names: one for each class, in order; () if they are not known.
      teacher: to learn from; None without a teacher, or if the network is not trained.
    """

    num_classes: int = 0
    class_names: Sequence[str] = ()
    teacher: Teacher | None = None


class Judgement(NamedTuple):
    """A method's evaluation of its own network, in addition to the common ones.

    Attributes:
      results: key -> value, for result.json.
      classified: the classifier's predictions; None without a classifier.
    """

    results: Mapping[str, Any]
    classified: Classified | None = None


class Method(abc.ABC):
    """A kind of training. Each has its own file, which defines METHOD.

    Attributes:
      words: its names and titles.
      state_flags: flags that decide which variables train, and so what a checkpoint holds.
      shape_flags: flags that decide the shapes of what the network has beyond its architecture.
    """

    words: ClassVar[Words]
    state_flags: ClassVar[tuple[str, ...]] = ()
    shape_flags: ClassVar[tuple[str, ...]] = ()

    def settled(self, config: Config) -> Config:
        """The config with what this method decides itself, whatever the flags say."""
        return config

    def check(self, config: Config) -> None:
        """Checks rules that cross the sections of the config.

        Raises:
          ValueError: for settings that contradict each other.
        """
        selector, layers = config.finetuning.ft_proj_selector, config.model.num_projections
        rule = f"must be from -1 to {layers}, the layers of this projection head"
        require(-1 <= selector <= layers, "ft_proj_selector", rule, selector)
        if config.run.mode in ("eval", "train_then_eval"):
            self.judged_layers(config)

    @abc.abstractmethod
    def labels(self, config: Config) -> Needed:
        """Which pictures need a label: "none", "some", or "all", which leaves out the others."""

    @abc.abstractmethod
    def has_classifier(self, config: Config) -> bool:
        """Whether its network has a classifier if the data has classes."""

    def check_data(self, config: Config, data: Source) -> None:
        """Checks that the data has the labels that training needs.

        Raises:
          ValueError: if it does not.
        """
        if self.labels(config) == "none":
            return
        mode, split = config.run.train_mode, config.data.train_split
        if not data.num_classes:
            raise ValueError(
                f"`train_mode` {mode} needs labels, and {data.name} has none. Received:"
                f" train_mode={mode!r}. {data.how_to_label}{self.without_labels}"
            )
        if data.num_labelled(split) == 0:
            raise ValueError(
                f"`train_split` must have labels for `train_mode` {mode}. Received:"
                f" train_split={split!r}, where none of {data.num_examples(split)} pictures has"
                f" one. {data.how_to_label}"
            )

    def prepare(self, config: Config, data: Source, step: int) -> None:
        """Prepares what training needs beyond the data, in the run's folder.

        Args:
          config: of the run.
          data: of the config.
          step: from which on it trains. If it goes on, what it began with must be there.

        Raises:
          ValueError: if it cannot be prepared, or is not there.
        """
        return

    def examples(self, config: Config, data: Source) -> int:
        """How many pictures an epoch has."""
        return data.num_examples(config.data.train_split)

    def stream(self, config: Config, data: Source, start_step: int) -> Stream:
        """What training reads, from step `start_step` on."""
        return build_data.stream(config, data, start_step)

    # Advice for data without labels, after the error.
    without_labels: ClassVar[str] = ""

    def lesson(self, config: Config, data: Source) -> Lesson:
        """The classes, from the data, and the teacher. Call it in the scope of the strategy.

        Raises:
          ValueError: if a teacher cannot be opened, or has other classes.
        """
        return Lesson(data.num_classes, data.class_names)

    @abc.abstractmethod
    def network(self, config: Config, lesson: Lesson, *, training: bool) -> TrainableNet:
        """The untrained, built network.

        Args:
          config: of the run.
          lesson: the classes and the teacher.
          training: whether it will be trained, and so needs parts that only training uses.
        """

    @abc.abstractmethod
    def batches(
        self, config: Config, stream: Stream, num_classes: int, context: tf.distribute.InputContext
    ) -> tf.data.Dataset:
        """Endless batches for one input pipeline, as the network's `fit` takes them.

        Args:
          config: of the run.
          stream: the pictures to read.
          num_classes: of the data; 0 leaves out labels.
          context: of the input pipeline.
        """

    def parts_of_batch(self, config: Config) -> int:
        """Number of equal parts in which a replica's batch is processed."""
        return 1

    def views_of_each(self, config: Config) -> float:
        """How many views, turns or patches of a picture a step puts through the network.

        Smaller ones than pictures count by their area.
        """
        return config.data.view_area

    def keeps_averages(self, config: Config) -> bool:
        """Whether a run of this method may have its own averaged weights."""
        return True

    def describe(self, config: Config) -> str:
        """An addition to the line that is printed when training starts; "" for none."""
        return ""

    def views(self, config: Config, data: Source) -> Drawn | None:
        """Pictures that it trains on, to look at; None if they are nothing special.

        Data other than the run's own may have no training split.
        """
        return None

    def judge(
        self, config: Config, data: Source, net: TrainableNet, restored: Sequence[str]
    ) -> Judgement:
        """Evaluates the network in addition to the common evaluations: its classifier, if any.

        Args:
          config: of the evaluation.
          data: of the config.
          net: the run's network.
          restored: names of the parts whose weights were restored from the run.
        """
        # Differs from the original: it fails without a linear head.
        if "supervised_head" not in restored or not data.num_classes:
            return Judgement({})
        classified = ask_classifier(config, data, net, self.words.classifier)
        return Judgement(told_of(classified) if classified else {}, classified)

    def trained_projections(self, config: Config) -> int:
        """How many layers of the projection head it trains; the others say nothing of a run."""
        return config.model.num_projections

    def judged_layers(self, config: Config) -> tuple[str, ...]:
        """The names of the layers that --judge_endpoints asks for; () for the last one alone.

        Args:
          config: of the evaluation.

        Raises:
          ValueError: for a layer that the network does not have.
        """
        evaluation = config.evaluation
        if evaluation.endpoints is None:
            return ()
        names = names_of(architecture_of(config.flat()), self.trained_projections(config))
        return asked(names, evaluation.judge_endpoints, evaluation.endpoints)

    def told(self, result: Mapping[str, Any]) -> list[str]:
        """The lines that are printed for the results of `judge`.

        Args:
          result: content of result.json.
        """
        return summary.classifier_lines(self.words.classifier, result)
