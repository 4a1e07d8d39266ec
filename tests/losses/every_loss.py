"""Every loss that there is, by its word: what all of them promise is tested over these."""

from tf_simclr import things
from tf_simclr.config.choices import LOSSES


def made(word, implementation="dense", **settings):
    """The loss of that word, with those of the settings that it takes."""
    flags = {"temperature": 0.3, "loss_implementation": implementation}
    return things.load("losses", word).of(flags | settings)


def implementations(word):
    """In how many ways it is computed, by name."""
    return ("dense", "blockwise") if things.load("losses", word).blockwise else ("dense",)


CASES = [(word, implementation) for word in LOSSES for implementation in implementations(word)]
