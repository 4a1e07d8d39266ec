"""Fine-tuning: a pretrained encoder is trained with labels (arXiv 2006.10029, section 2)."""

from tf_simclr.methods.classifying import Classifying
from tf_simclr.reporting.words import LEARNING_RATE, OF_LABELS, Words


class Finetuning(Classifying):
    """Trains the layers that --fine_tune_after_block leaves unfrozen, from a checkpoint."""

    words = Words(
        title="Fine-tuning",
        learned="Fine-tuned on {}.",
        classifier="Fine-tuned classifier",
        curves={**OF_LABELS, **LEARNING_RATE},
    )


METHOD = Finetuning()
