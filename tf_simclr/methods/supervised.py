"""Supervised training from scratch, the papers' baseline (arXiv 2002.05709, table 8)."""

from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.methods.classifying import CURVES, LINE, Classifying
from tf_simclr.reporting.words import LEARNING_RATE, Words


class Supervised(Classifying):
    """Trains a whole network with labels, without a checkpoint."""

    words = Words(
        title="Supervised training",
        learned="Trained with the labels of {}.",
        classifier="Supervised classifier",
        curves={**CURVES, **LEARNING_RATE},
        line=LINE,
    )

    def check(self, config: Config) -> None:
        super().check(config)
        checkpoint = config.finetuning.checkpoint
        require(
            not config.run.trains or checkpoint is None,
            "checkpoint",
            "must be left out with --train_mode=supervised, which starts from scratch",
            checkpoint,
            "To start from it, give --train_mode=finetune.",
        )


METHOD = Supervised()
