"""The base class of methods that train a classifier: on one view of each picture, and its label."""

from typing import Any

import tensorflow as tf

from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.architectures.head import layer_read
from tf_simclr.assembly import build
from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.data import pipeline
from tf_simclr.data.augment import policies
from tf_simclr.data.pipeline import Stream
from tf_simclr.methods.method import Lesson, Method, Needed
from tf_simclr.nets.classifier import Classifier


class Classifying(Method):
    """Trains an encoder with a classifier on labels (arXiv 2002.05709, section 4.2)."""

    state_flags = ("fine_tune_after_block",)

    def check(self, config: Config) -> None:
        super().check(config)
        architecture, asked = architecture_of(config.flat()), config.finetuning.classify_pyramid
        rule = f"needs an encoder with several stages, and this is a {architecture.kind}"
        require(not asked or architecture.has_pyramid, "classify_pyramid", rule, asked)

    def labels(self, config: Config) -> Needed:
        return "all"

    def has_classifier(self, config: Config) -> bool:
        return True

    def trained_projections(self, config: Config) -> int:
        layer = layer_read(config.flat())
        return layer if isinstance(layer, int) else 0

    def keeps_averages(self, config: Config) -> bool:
        # With --checkpoint, --use_ema_weights says which weights the run started from.
        return not config.finetuning.checkpoint

    def network(self, config: Config, lesson: Lesson, *, training: bool) -> Classifier:
        net = self.classifier(config, lesson)
        net.build([None, config.data.image_size, config.data.image_size, 3])
        return net

    def classifier(self, config: Config, lesson: Lesson) -> Classifier:
        """The network, before it is built."""
        return Classifier(
            build.encoder(config), build.projection_head(config), **self.options(config, lesson)
        )

    def options(self, config: Config, lesson: Lesson) -> dict[str, Any]:
        """The arguments of Classifier apart from its parts."""
        finetuning = config.finetuning
        return {
            "num_classes": lesson.num_classes,
            "selector": layer_read(config.flat()),
            "freeze_up_to": finetuning.fine_tune_after_block,
            "frozen_batch_norm": finetuning.frozen_batch_norm,
            "zero_init": finetuning.zero_init_logits_layer,
        }

    def batches(
        self, config: Config, stream: Stream, num_classes: int, context: tf.distribute.InputContext
    ) -> tf.data.Dataset:
        view = policies.FinetuneView(config.data.view_side, config.data.min_crop_area)
        return pipeline.finetune_batches(stream, view, num_classes, context)
