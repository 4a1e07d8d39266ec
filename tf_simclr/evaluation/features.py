"""Frozen features of pictures, with their labels, as arrays."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import tensorflow as tf

# float32 [batch, height, width, 3] -> [batch, ...]
Network = Callable[[tf.Tensor], tf.Tensor | np.ndarray]


@dataclasses.dataclass(frozen=True)
class Features:
    """A table of features, one row a picture.

    Attributes:
      vectors: float32 [n, features].
      labels: int64 [n], -1 where there is none.
      identities: int64 [n], what is shown; None if the data does not say.
      groups: int64 [n], who shows it; None if the data does not say.
    """

    vectors: np.ndarray
    labels: np.ndarray
    identities: np.ndarray | None
    groups: np.ndarray | None


def extract(
    networks: Mapping[str, Network], batches: Iterable[Mapping[str, tf.Tensor]], *, limit: int
) -> dict[str, Features]:
    """Runs networks over batches until `limit` pictures are done; reads each picture once.

    Args:
      networks: by name; what they return, [batch, ...], is flattened to one vector a picture.
      batches: dicts of image, label and perhaps identity and group, as pipeline.evaluation_batches
        gives them.
      limit: the most rows to return, >= 1.

    Returns:
      Name -> Features of the first pictures, in their order.

    Raises:
      ValueError: if there is no picture.
    """

    def together(images: tf.Tensor) -> dict[str, tf.Tensor | np.ndarray]:
        return {name: represent(images) for name, represent in networks.items()}

    return extract_together(together, batches, limit=limit)


def extract_together(
    together: Callable[[tf.Tensor], Mapping[str, tf.Tensor | np.ndarray]],
    batches: Iterable[Mapping[str, tf.Tensor]],
    *,
    limit: int,
) -> dict[str, Features]:
    """Like `extract`, of one function that gives several kinds of features at once.

    Args:
      together: float32 [batch, height, width, 3] -> name -> [batch, ...].
      batches: as in `extract`.
      limit: the most rows to return, >= 1.

    Returns:
      Name -> Features of the first pictures, in their order.

    Raises:
      ValueError: if there is no picture.
    """
    columns: dict[str, list[np.ndarray]] = {}
    vectors: dict[str, list[np.ndarray]] = {}
    done = 0
    for batch in batches:
        for name in set(batch) - {"image"}:
            columns.setdefault(name, []).append(batch[name].numpy())
        for name, found in together(batch["image"]).items():
            rows = np.asarray(found)
            vectors.setdefault(name, []).append(rows.reshape(len(rows), -1))
        done += len(batch["image"])
        if done >= limit:
            break
    if not done:
        raise ValueError("`batches` must hold a picture. Received: none.")
    table = {name: np.concatenate(parts)[:limit] for name, parts in columns.items()}
    beside = (table["label"], table.get("identity"), table.get("group"))
    # One at a time: batches and table of every kind together would be twice as large.
    return {
        name: Features(np.concatenate(vectors.pop(name))[:limit], *beside) for name in [*vectors]
    }
