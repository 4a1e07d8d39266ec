"""Fine-tuning: a pretrained encoder is trained with labels (arXiv 2006.10029, section 2)."""

from tf_simclr.methods.classifying import CURVES, LINE, Classifying
from tf_simclr.reporting.words import LEARNING_RATE, Words


class Finetuning(Classifying):
    """Trains the layers that --fine_tune_after_block leaves unfrozen, from a checkpoint."""

    words = Words(
        title="Fine-tuning",
        learned="Fine-tuned on {}.",
        classifier="Fine-tuned classifier",
        curves={**CURVES, **LEARNING_RATE},
        line=LINE,
    )


METHOD = Finetuning()
