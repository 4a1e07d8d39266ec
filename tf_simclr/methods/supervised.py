"""Supervised training from scratch, the papers' baseline (arXiv 2002.05709, table 8)."""

from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.methods.classifying import Classifying
from tf_simclr.reporting.words import LEARNING_RATE, OF_LABELS, Words


class Supervised(Classifying):
    """Trains a whole network with labels, without a checkpoint."""

    words = Words(
        title="Supervised training",
        learned="Trained with the labels of {}.",
        classifier="Supervised classifier",
        curves={**OF_LABELS, **LEARNING_RATE},
    )

    def check(self, config: Config) -> None:
        super().check(config)
        checkpoint = config.finetuning.checkpoint
        scratch = not config.run.trains or checkpoint is None
        rule = "must be left out with --train_mode=supervised, which starts from scratch"
        mend = "To start from it, give --train_mode=finetune."
        require(scratch, "checkpoint", rule, checkpoint, mend)


METHOD = Supervised()
