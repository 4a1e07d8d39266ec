"""Every loss that there is, by its word: what all of them promise is tested over these."""

import contextlib
import dataclasses

from tf_simclr import things
from tf_simclr.config.choices import LOSSES
from tf_simclr.losses.blockwise import blockwise_loss
from tf_simclr.losses.blockwise_terms import blockwise_terms

# What a word may be followed by, and the settings that it stands for: "nt_xent+other".
EXTRAS = {"semi_hard": {"semi_hard": True}, "other": {"negatives": "other"}}


def made(kind, implementation="dense", **settings):
    """The loss of a kind, with those of the settings that it takes."""
    word, *extras = kind.split("+")
    flags = {"temperature": 0.3, "loss_implementation": implementation}
    for extra in extras:
        flags |= EXTRAS[extra]
    return things.load("losses", word).of(flags | settings)


def kinds(word):
    """A word, alone and with everything that chooses among its negatives."""
    fields = {field.name for field in dataclasses.fields(things.load("losses", word))}
    found = [word]
    for extra, settings in EXTRAS.items():
        if fields & set(settings):
            found += [f"{kind}+{extra}" for kind in found]
    return found


def implementations(kind):
    """In how many ways it is computed, by name."""
    there_are = things.load("losses", kind.split("+")[0]).blockwise
    return ("dense", "blockwise") if there_are else ("dense",)


@contextlib.contextmanager
def blocks_of(images):
    """Inside, losses are computed in blocks of as many images."""
    functions = (blockwise_loss, blockwise_terms)
    before = [function.__kwdefaults__["block"] for function in functions]
    try:
        for function in functions:
            function.__kwdefaults__["block"] = images
        yield
    finally:
        for function, block in zip(functions, before):
            function.__kwdefaults__["block"] = block


KINDS = [kind for word in LOSSES for kind in kinds(word)]
CASES = [(kind, implementation) for kind in KINDS for implementation in implementations(kind)]
# Words alone, and words with all that they may be followed by.
PLAIN = [case for case in CASES if case[0] in LOSSES]
EVERYTHING = [case for case in CASES if case[0] in {kinds(word)[-1] for word in LOSSES}]
