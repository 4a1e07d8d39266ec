"""Rotation prediction: by how much was a picture turned? (arXiv 1803.07728)."""

import tensorflow as tf

from tf_simclr.assembly import build, build_data
from tf_simclr.assembly.views import Drawn, views_of_first
from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.data import pipeline
from tf_simclr.data.pipeline import Stream
from tf_simclr.data.source import Source
from tf_simclr.losses.supervised import top_k_hits
from tf_simclr.methods.method import Lesson
from tf_simclr.methods.pretext import Pretext
from tf_simclr.nets.pretext import PretextNet
from tf_simclr.nets.rotation import TURNS, RotationNet, four_turns, turns_of
from tf_simclr.reporting.content import ViewWords
from tf_simclr.reporting.words import LEARNING_RATE, LOOKS, Asked, Shown, Words

SHOWN = ViewWords(
    title="Four turns",
    explanation=(
        "A random view of a training picture, and the same turned anticlockwise by 90, 180 and 270"
        " degrees. The network is asked which of the four it sees, so it must learn what stands"
        " upright and where a thing's parts are."
    ),
    row="and its four turns",
    captions=("0°", "90°", "180°", "270°"),
)


class Rotation(Pretext):
    """Trains an encoder to tell the four turns of a picture apart (arXiv 1803.07728, section 3)."""

    words = Words(
        title="Rotation prediction",
        learned="Learned on {} by predicting rotations.",
        classifier="Classifier of rotations",
        curves={
            "train/rotation_loss": "Rotation loss",
            "train/rotation_acc": "Rotation accuracy",
            **LOOKS,
            **LEARNING_RATE,
        },
        line=(
            (Shown("rotation_loss", "loss"),),
            (Shown("rotation_acc", "rotations", share=True),),
        ),
        asked=Asked(
            "eval/rotation_accuracy",
            "eval/rotation_chance",
            "Rotation accuracy",
            "Share of turns that the network recognises; each test picture is shown in all four.",
        ),
    )

    def check(self, config: Config) -> None:
        super().check(config)
        data, turned = config.data, "rotate" in config.operations[0]
        name = "view_operations" if data.extra_augmentation == "none" else "extra_augmentation"
        rule = "must not have rotate with --pretext_task=rotation, whose labels it would make wrong"
        require(not turned, name, rule, getattr(data, name), "Leave it out.")

    def network(self, config: Config, lesson: Lesson, *, training: bool) -> RotationNet:
        net = RotationNet(
            build.encoder(config),
            build.projection_head(config),
            make_views=build_data.views_in_the_step(config, build_data.single_view(config)),
            microbatches=config.training.microbatches,
            seed=config.run.seed,
        )
        net(tf.zeros([1, config.data.image_size, config.data.image_size, 3]))
        return net

    def batches(
        self, config: Config, stream: Stream, num_classes: int, context: tf.distribute.InputContext
    ) -> tf.data.Dataset:
        view, on_device = build_data.single_view(config), config.views_on == "device"
        return pipeline.pretrain_batches(stream, view, num_classes, context, on_device=on_device)

    def views_of_each(self, config: Config) -> float:
        return TURNS * config.data.view_area

    def describe(self, config: Config) -> str:
        return f", {TURNS} turns of each, views made on the {config.views_on}"

    def views(self, config: Config, data: Source) -> Drawn | None:
        if not data.has(config.data.train_split):
            return None
        first = views_of_first(config, data, build_data.single_view(config))  # [n, 1, ...]
        turned = tf.stack(tf.split(four_turns(first[:, 0]), TURNS), axis=1)
        return Drawn(turned.numpy(), SHOWN)

    def chance(self, config: Config) -> float:
        return 1 / TURNS

    def right(self, config: Config, net: PretextNet, images: tf.Tensor) -> tf.Tensor:
        one_hot = turns_of(tf.shape(images)[0])
        logits = net(four_turns(images), training=False)["logits_rotation"]
        hits = tf.reshape(top_k_hits(logits, one_hot, 1), [TURNS, -1])
        return tf.reduce_mean(hits, axis=0)


METHOD = Rotation()
