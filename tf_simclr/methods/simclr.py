"""SimCLR: each view of a picture must find the other one (arXiv 2002.05709, section 2)."""

import numpy as np
import tensorflow as tf

from tf_simclr import things
from tf_simclr.assembly import build, build_data
from tf_simclr.assembly.views import Drawn, originals, views_of_first
from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.data import pipeline
from tf_simclr.data.pipeline import Stream
from tf_simclr.data.source import Source
from tf_simclr.losses.contrastive import Loss
from tf_simclr.methods.method import Lesson, Method, Needed
from tf_simclr.nets.memory import MemoryBank
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.reporting.content import PAIRS
from tf_simclr.reporting.words import LEARNING_RATE, LOOKS, Shown, Words

# The original adds the losses of both views of a picture, and so does every loss here. The paper's
# equation 1, and its table 2 but for the sign, are of one view.
PER_VIEW = 0.5


class Contrastive(Method):
    """Trains an encoder without labels; if there are labels, a linear probe alongside, online."""

    words = Words(
        title="SimCLR",
        learned="Learned on {} by SimCLR.",
        classifier="Linear head",
        curves={
            "train/contrastive_loss_per_view": "Contrastive loss",
            "train/contrast_acc": "Contrastive accuracy",
            "train/online_linear_probe_loss": "Loss of the online linear probe",
            "train/online_linear_probe_accuracy": "Accuracy of the online linear probe",
            **LOOKS,
            **LEARNING_RATE,
        },
        line=(
            (Shown("contrast_loss", "loss", PER_VIEW),),
            (
                Shown("supervised_acc", "online probe", share=True),
                Shown("contrast_acc", "contrastive", share=True),
            ),
        ),
        beside={
            "train/contrastive_loss_per_view": ("train/contrast_loss", PER_VIEW),
            "train/online_linear_probe_loss": ("train/supervised_loss", 1.0),
            "train/online_linear_probe_accuracy": ("train/supervised_acc", 1.0),
        },
    )
    state_flags = ("lineareval_while_pretraining", "memory_size")

    def check(self, config: Config) -> None:
        super().check(config)
        batch, parts = config.training.train_batch_size, config.training.microbatches
        rule = "must be at least 2 to pretrain: a picture is compared with the others in its batch"
        require(batch > 1, "train_batch_size", rule, batch)
        require(batch % parts == 0, "microbatches", f"must divide train_batch_size={batch}", parts)
        _loss(config)  # It refuses what it cannot do.

    def labels(self, config: Config) -> Needed:
        return "none"

    def has_classifier(self, config: Config) -> bool:
        return config.training.lineareval_while_pretraining

    def check_data(self, config: Config, data: Source) -> None:
        super().check_data(config, data)
        if self.has_classifier(config) and not data.num_classes:
            print(f"{data.name} has no labels: there is no online linear probe.")

    def network(self, config: Config, lesson: Lesson, *, training: bool) -> SimCLR:
        model, memory = config.model, None
        if training and model.memory_size:
            parts = build.encoder(config), build.projection_head(config)
            memory = MemoryBank(*parts, size=model.memory_size, decay=model.ema_decay)
        net = SimCLR(
            build.encoder(config),
            build.projection_head(config),
            num_classes=lesson.num_classes if self.has_classifier(config) else 0,
            selector=config.finetuning.ft_proj_selector,
            loss=_loss(config),
            microbatches=config.training.microbatches,
            make_views=build_data.views_in_the_step(config, build_data.pretrain_views(config)),
            memory=memory,
            seed=config.run.seed,
        )
        shape = [config.data.view_side, config.data.view_side, 3]
        net(tf.zeros([1, *shape]))
        if memory is not None:
            memory.follow(net.encoder, net.projection_head, shape)
        return net

    def batches(
        self, config: Config, stream: Stream, num_classes: int, context: tf.distribute.InputContext
    ) -> tf.data.Dataset:
        views, on_device = build_data.pretrain_views(config), config.views_on == "device"
        return pipeline.pretrain_batches(stream, views, num_classes, context, on_device=on_device)

    def views_of_each(self, config: Config) -> float:
        return 2 * config.data.view_area

    def parts_of_batch(self, config: Config) -> int:
        return config.training.microbatches

    def describe(self, config: Config) -> str:
        return f", views made on the {config.views_on}"

    def views(self, config: Config, data: Source) -> Drawn | None:
        if not data.has(config.data.train_split):
            return None
        pairs = views_of_first(config, data, build_data.pretrain_views(config))
        first = originals(config, data)[:, np.newaxis]
        return Drawn(np.concatenate([first, pairs], axis=1), PAIRS)


def _loss(config: Config) -> Loss:
    return things.load("losses", config.model.loss).of(vars(config.model))


METHOD = Contrastive()
