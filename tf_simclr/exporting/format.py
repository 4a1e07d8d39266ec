"""What an export format is: each has a file of its own here, which defines it as FORMAT."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from tf_simclr.exporting.card import Card
from tf_simclr.exporting.trained_network import TrainedNetwork


@dataclasses.dataclass(frozen=True)
class Order:
    """What is exported, and what a format may need for it.

    Attributes:
      network: what is exported.
      size: side of the pictures that the export takes, in pixels; None takes any height and width.
      side: side of the pictures below, in pixels: `size`, or else that of the training pictures.
      read_picture: a scalar string, an encoded picture -> float32 [side, side, 3] in [0, 1], as
        evaluation sees it.
      pictures: n -> up to n pictures of the training split, float32 [n, side, side, 3] in [0, 1],
        as evaluation sees them; for a format with `needs_pictures`.
    """

    network: TrainedNetwork
    size: int | None
    side: int
    read_picture: Callable[[tf.Tensor], tf.Tensor]
    pictures: Callable[[int], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Format:
    """An export format.

    Attributes:
      folder: where its exports are in a run's folder.
      save: (order, a folder to be made) -> what was measured there, name -> value, for the card.
      interface: card -> what the export takes and returns, as Markdown.
      example: Python that loads it from PATH_OF_THIS_FOLDER and runs it on pictures of SIDE pixels.
      classifying: the same for an export with a classifier and the names of its classes: it prints
        the name of a picture's class.
      fixed_size: whether an export takes pictures of one size only.
      needs_pictures: what it needs training pictures for, as an error says it: "to ..."; "" if it
        needs none.
      by_training: its name in the list of a run's files, if training always writes it; "" if not.
    """

    folder: str
    save: Callable[[Order, str], dict[str, str]]
    interface: Callable[[Card], str]
    example: str
    classifying: str
    fixed_size: bool = False
    needs_pictures: str = ""
    by_training: str = ""


def inference_only(card: Card) -> str:
    """The interface of a file that returns what TrainedNetwork.features returns."""
    logits = f" and logits [batch, {card.classes}]" if card.classes else ""
    return (
        f"Input `images`; outputs of these names: features [batch, {card.features}]{logits}."
        " Inference only."
    )


@contextlib.contextmanager
def needs_extra(name: str) -> Iterator[None]:
    """Wraps the imports of packages that only one format needs: those of its extra in setup.py.

    Args:
      name: of the extra and of the format.

    Raises:
      ValueError: if one of them is not installed; it says how to install the extra.
    """
    try:
        yield
    except ImportError as error:
        raise ValueError(
            f"`export_format` {name} needs packages that are not installed ({error}). Received:"
            f" export_format={name!r}. Install the extra: pip install 'tf_simclr[{name}]'."
        ) from error
