"""Exemplars: of which patch is this a copy? (arXiv 1406.6909)."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tf_simclr.assembly import build, exemplars
from tf_simclr.assembly.views import Drawn
from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.data import pipeline
from tf_simclr.data.pipeline import Stream
from tf_simclr.data.source import Source
from tf_simclr.evaluation.over_replicas import over_replicas
from tf_simclr.judging.summary import percent
from tf_simclr.methods.method import Judgement, Lesson
from tf_simclr.methods.pretext import Pretext
from tf_simclr.nets.exemplar import ExemplarNet
from tf_simclr.nets.trainable import TrainableNet
from tf_simclr.reporting.content import ViewWords
from tf_simclr.reporting.words import LEARNING_RATE, LOOKS, Asked, Shown, Words

SHOWN = ViewWords(
    title="Patches and their copies",
    explanation=(
        "Each row begins with a patch of a training picture, which is a class of its own. The rest"
        " are copies as the network sees them: moved, scaled, turned, and in other colours. It is"
        " asked which patch a copy was made of, so it learns to ignore what differs between them."
    ),
    row=f"has a patch, and {exemplars.COPIES} copies of it",
    captions=("",) * (1 + exemplars.COPIES),
    apart=1,
)


# Copies are made by the paper's transformations alone; those that judge without labels get the
# usual views.
VIEW_FLAGS = (
    *("view_operations", "second_view_operations", "extra_augmentation", "min_crop_area"),
    *("color_jitter_strength", "use_blur", "blur_sigma", "augment_on"),
)


class Exemplar(Pretext):
    """Trains an encoder to tell copies of patches apart (arXiv 1406.6909, section 2)."""

    words = Words(
        title="Exemplar prediction",
        learned="Learned on {} by telling copies of patches apart.",
        classifier="Classifier of patches",
        curves={
            "train/exemplar_loss": "Loss on copies of patches",
            "train/exemplar_acc": "Accuracy on copies of patches",
            **LOOKS,
            **LEARNING_RATE,
        },
        line=(
            (Shown("exemplar_loss", "loss"),),
            (Shown("exemplar_acc", "patches", share=True),),
        ),
        asked=Asked(
            "eval/exemplar_accuracy",
            "eval/exemplar_chance",
            "Exemplar accuracy",
            "Share of new copies that the network matches to the right patch. The patches are from"
            " training; test pictures have none.",
        ),
    )
    shape_flags = ("exemplar_classes",)

    def settled(self, config: Config) -> Config:
        usual = Config().flat()
        return config.replaced({name: usual[name] for name in VIEW_FLAGS})

    def check(self, config: Config) -> None:
        super().check(config)
        batch, classes = config.training.train_batch_size, config.exemplar.exemplar_classes
        rule = f"must not be larger than exemplar_classes={classes}, the patches of an epoch"
        require(batch <= classes, "train_batch_size", rule, batch)

    def check_data(self, config: Config, data: Source) -> None:
        super().check_data(config, data)
        exemplars.check_count(config, data)

    def prepare(self, config: Config, data: Source, step: int) -> None:
        exemplars.cuts_of(config, data, exemplars.seeds_of(config, data, step))

    def examples(self, config: Config, data: Source) -> int:
        return config.exemplar.exemplar_classes

    def stream(self, config: Config, data: Source, start_step: int) -> Stream:
        seeds = exemplars.seeds_of(config, data, start_step)
        stream = super().stream(config, data, start_step)
        return dataclasses.replace(stream, cuts=exemplars.cuts_of(config, data, seeds))

    def network(self, config: Config, lesson: Lesson, *, training: bool) -> ExemplarNet:
        net = ExemplarNet(
            build.encoder(config),
            build.projection_head(config),
            num_classes=config.exemplar.exemplar_classes,
            microbatches=config.training.microbatches,
            seed=config.run.seed,
        )
        net(tf.zeros([1, config.data.image_size, config.data.image_size, 3]))
        return net

    def batches(
        self, config: Config, stream: Stream, num_classes: int, context: tf.distribute.InputContext
    ) -> tf.data.Dataset:
        return pipeline.exemplar_batches(stream, context)

    def describe(self, config: Config) -> str:
        return f", copies of {config.exemplar.exemplar_classes} patches, made on the host"

    def views(self, config: Config, data: Source) -> Drawn | None:
        cuts = exemplars.cuts_of_run(config, data)
        return Drawn(exemplars.rows_of_copies(config, data, cuts), SHOWN) if cuts else None

    def chance(self, config: Config) -> float:
        return 1 / config.exemplar.exemplar_classes

    def judge(
        self, config: Config, data: Source, net: TrainableNet, restored: Sequence[str]
    ) -> Judgement:
        assert isinstance(net, ExemplarNet)
        if not net.parts().keys() <= set(restored):
            return Judgement({})
        cuts = exemplars.cuts_of_run(config, data)
        if cuts is None:
            print("No exemplar accuracy: the run's patches were cut from other pictures.")
            return Judgement({})
        ask = over_replicas(
            lambda copies, numbers: net.judged(copies, numbers, training=False)[1],
            net.distribute_strategy,
        )
        right = [ask(*batch) for batch in exemplars.copies_to_judge(config, data, cuts)]
        asked = self.words.asked
        assert asked is not None
        share = float(np.mean(np.concatenate(right)))
        return Judgement({asked.key: share, asked.chance: self.chance(config)})

    def told(self, result: Mapping[str, Any]) -> list[str]:
        asked = self.words.asked
        if asked is None or asked.key not in result:
            return []
        classes, share = round(1 / result[asked.chance]), percent(result[asked.key])
        return [f"{asked.title} on new copies of patches: {share} (chance 1 in {classes:,})"]


METHOD = Exemplar()
