"""Choices by the pictures: the batch, and what views of a picture are like.

The values that work are those of the quick start, 4,000 emoji on two cores; the papers' are for a
million photographs (arXiv 2002.05709, appendix A).
"""

import math
from collections.abc import Sequence

from tf_simclr.choosing.choice import Choice
from tf_simclr.data.facts import Facts
from tf_simclr.data.seed_patches import OFFERED

STEPS_PER_EPOCH = 30  # about so many make one epoch
BATCHES = (32, 512)  # the smallest and the largest that are chosen
FEW, MANY = 10_000, 100_000  # pictures
GRAY = 0.9  # share of gray pictures from which on a folder counts as gray
# Patches of exemplars: 500 of 3,400 emoji were better than 2,000 and more; the paper's best number
# for 100,000 pictures, and many days.
CLASSES, PICTURES_OF_CLASS = (500, 8_000), 8
BLURRED = 96  # pixels: views of smaller pictures are not blurred
SHOWN_WHOLE = 64  # pixels: of larger pictures an evaluation shows the middle


def eval_split(splits: list[str]) -> Choice:
    """The split to evaluate on: test, else validation, else pictures that are held out.

    Args:
      splits: those that the folder has.
    """
    for name in ("test", "validation"):
        if name in splits:
            return Choice(name, f"the folder has a split {name}")
    return Choice("held_out", "no folder test: a tenth is left out of training")


def batch(facts: Facts, replicas: int = 1) -> Choice:
    """Pictures per step: the power of two that makes about STEPS_PER_EPOCH steps an epoch.

    Args:
      facts: of the training split.
      replicas: that share a batch; it is a multiple of them.
    """
    wanted = max(1.0, facts.pictures / STEPS_PER_EPOCH)
    value = min(max(2 ** round(math.log2(wanted)), BATCHES[0]), BATCHES[1])
    value = -(-value // replicas) * replicas
    if value > facts.pictures:
        value = max(replicas, facts.pictures // replicas * replicas)
    return Choice(
        value, f"{facts.pictures:,} pictures" + (f", {replicas} replicas" * (replicas > 1))
    )


def temperature(facts: Facts) -> Choice:
    """Of the contrastive loss: the quick start's for few pictures, otherwise the paper's best.

    Args:
      facts: of the training split.
    """
    if facts.pictures < FEW:
        return Choice(0.07, f"fewer than {FEW:,} pictures: as in the quick start")
    return Choice(0.1, "the best in SimCLR's table 5")


def crop_area(facts: Facts) -> Choice:
    """The smallest crop: the papers' for many pictures, larger ones for few.

    Args:
      facts: of the training split.
    """
    if facts.pictures >= MANY:
        return Choice(0.08, "SimCLR's crops, for many pictures")
    if facts.pictures >= FEW:
        return Choice(0.15, f"fewer than {MANY:,} pictures; SimCLR has .08")
    return Choice(0.25, f"fewer than {FEW:,} pictures; SimCLR has .08")


def colour_strength(facts: Facts) -> Choice:
    """Strength of the colour jitter, weaker for gray pictures and for few.

    Args:
      facts: of the training split.
    """
    if facts.gray >= GRAY:
        return Choice(0.4, f"{_percent(facts.gray)} are gray: only brightness, contrast change")
    if facts.pictures >= MANY:
        return Choice(1.0, f"{_percent(1 - facts.gray)} in colour: as in the papers")
    return Choice(0.6, f"{_percent(1 - facts.gray)} in colour; the papers' 1 needs more pictures")


def blur(image_size: int) -> Choice:
    """Whether views are blurred: only where pictures have detail to lose.

    Args:
      image_size: side of a view, in pixels.
    """
    yes = image_size >= BLURRED
    return Choice(yes, f"views of {image_size} pixels" + ("" if yes else " have no detail to lose"))


def center_crop(image_size: int) -> Choice:
    """The share of a picture that an evaluation shows: small ones are shown whole.

    Args:
      image_size: side of the network's pictures, in pixels.
    """
    if image_size <= SHOWN_WHOLE:
        return Choice(1.0, "small pictures are judged whole")
    return Choice(0.875, "seven eighths of pictures are judged, as in the papers")


def exemplar_classes(facts: Facts) -> Choice:
    """Patches for --pretext_task=exemplar: one for so many pictures, within CLASSES.

    Args:
      facts: of the training split.
    """
    offered = OFFERED * facts.pictures
    value = min(max(facts.pictures // PICTURES_OF_CLASS, CLASSES[0]), CLASSES[1], offered)
    if value == CLASSES[1]:
        return Choice(value, "the best number of arXiv 1406.6909")
    if value == offered:
        return Choice(value, f"{facts.pictures:,} pictures offer no more")
    return Choice(value, f"one for {PICTURES_OF_CLASS} pictures, and at least {CLASSES[0]}")


def head_alongside(facts: Facts) -> Choice:
    """Whether a linear head is trained alongside, to see how training goes.

    Args:
      facts: of the training split.
    """
    return Choice(
        facts.labelled > 0, f"{facts.labelled:,} of {facts.pictures:,} pictures have labels"
    )


def about_flip(operations: Sequence[str]) -> str:
    """What is said of mirroring: whether it changes what a picture shows cannot be read off it.

    Args:
      operations: of a view, by their words.
    """
    others = ",".join(word for word in operations if word != "flip")
    return (
        "yes; whether mirror images are the same thing cannot be known. Where\n"
        f"    they are not (text, signs), add --view_operations={others}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
