"""What a kind of training is: its words, its needs, its network, its batches, its own judgement."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import tensorflow as tf

from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.data.pipeline import Stream
from tf_simclr.data.source import Source
from tf_simclr.judging import summary
from tf_simclr.judging.ask_classifier import Classified, ask_classifier, told_of
from tf_simclr.nets.trainable import TrainableNet
from tf_simclr.pretrained.teacher import Teacher
from tf_simclr.reporting.words import Words

Needed = Literal["none", "some", "all"]  # pictures with a label


class Lesson(NamedTuple):
    """What a network is taught to tell apart.

    Attributes:
      num_classes: 0 where there are none.
      class_names: one for each class, in order; () where nobody names them.
      teacher: whose answers are learned from; None where there is no teacher, or only judging.
    """

    num_classes: int = 0
    class_names: Sequence[str] = ()
    teacher: Teacher | None = None


class Judgement(NamedTuple):
    """What a method finds out about its own network, beyond what the common judges say.

    Attributes:
      results: key -> value, as result.json takes them.
      classified: what the network's classifier said; None without one.
    """

    results: Mapping[str, Any]
    classified: Classified | None = None


class Method(abc.ABC):
    """A kind of training. Each lies in a file of its own, as METHOD.

    Attributes:
      words: what it is called.
      state_flags: flags that decide which variables train, and so what a checkpoint holds.
      classifies: whether the network that it trains is a classifier, whose layer of the projection
        head and whose labels are its user's choice, and not an encoder alone.
    """

    words: ClassVar[Words]
    state_flags: ClassVar[tuple[str, ...]] = ()
    classifies: ClassVar[bool] = False

    def check(self, config: Config) -> None:
        """Checks what no section of the config can check alone.

        Raises:
          ValueError: for settings that contradict each other.
        """
        selector, layers = config.finetuning.ft_proj_selector, config.model.num_projections
        require(
            -1 <= selector <= layers,
            "ft_proj_selector",
            f"must be from -1 to {layers}, the layers of this projection head",
            selector,
        )

    @abc.abstractmethod
    def labels(self, config: Config) -> Needed:
        """Which pictures need a label: "none", "some", or "all", the others being left out."""

    @abc.abstractmethod
    def has_classifier(self, config: Config) -> bool:
        """Whether its network has a classifier where the data has classes."""

    def check_data(self, config: Config, data: Source) -> None:
        """Checks that the data has the labels that are needed.

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

    # What else a user can do whose data has no labels.
    without_labels: ClassVar[str] = ""

    def lesson(self, config: Config, data: Source) -> Lesson:
        """What a network of the config is taught by the data, in the scope of its strategy.

        Raises:
          ValueError: if a teacher cannot be opened, or knows other classes.
        """
        return Lesson(data.num_classes, data.class_names)

    @abc.abstractmethod
    def network(self, config: Config, lesson: Lesson, *, training: bool) -> TrainableNet:
        """The untrained, built network.

        Args:
          config: of the run.
          lesson: what it is taught.
          training: whether it is to be trained, with all that only training needs.
        """

    @abc.abstractmethod
    def batches(
        self,
        config: Config,
        stream: Stream,
        num_classes: int,
        context: tf.distribute.InputContext,
    ) -> tf.data.Dataset:
        """Endless batches for one input pipeline, as the network's `fit` takes them.

        Args:
          config: of the run.
          stream: what to read, and from where on.
          num_classes: of the data; 0 leaves labels out.
          context: of the input pipeline.
        """

    def parts_of_batch(self, config: Config) -> int:
        """Equal parts that a replica's batch is worked through in."""
        return 1

    def keeps_averages(self, config: Config) -> bool:
        """Whether a run of this method may hold averaged weights of its own."""
        return True

    def describe(self, config: Config) -> str:
        """What else the line says that tells of a training's start; "" for nothing."""
        return ""

    def views(self, config: Config, data: Source) -> np.ndarray | None:
        """Pairs of views to look at, uint8 [pairs, 2, side, side, 3]; None where it makes none."""
        return None

    def judge(
        self, config: Config, data: Source, net: TrainableNet, restored: Sequence[str]
    ) -> Judgement:
        """Judges the network beyond the common judges: its classifier, where the data has classes.

        Args:
          config: of the evaluation.
          data: of the config.
          net: the run's network.
          restored: names of those parts whose weights are the run's.
        """
        # Differs from the original: it fails without a linear head.
        if "supervised_head" not in restored or not data.num_classes:
            return Judgement({})
        classified = ask_classifier(config, data, net, self.words.classifier)
        return Judgement(told_of(classified) if classified else {}, classified)

    def told(self, result: Mapping[str, Any]) -> list[str]:
        """What the terminal says of `judge`'s results: one line each.

        Args:
          result: content of result.json.
        """
        return summary.classifier_lines(self.words.classifier, result)
