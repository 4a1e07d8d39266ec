"""Features of several stages side by side: earlier ones keep what the last one learns to ignore.

A contrastive loss asks the last stage to forget where things are and what colours they have. A
classifier or a search with few labels can use both.
"""

from collections.abc import Mapping

import tensorflow as tf

from tf_simclr.nets.pooling import shared_grid_means


def pyramid(final: tf.Tensor, maps: Mapping[str, tf.Tensor], grids: Mapping[str, int]) -> tf.Tensor:
    """The representation and the means of some stages' cells, each of length 1.

    # Differs from the papers: they judge the last stage alone.

    Args:
      final: float [batch, features], the representation h.
      maps: endpoint -> float [batch, height, width, channels], of any height and width.
      grids: endpoint -> cells on each axis of its grid, in the order in which they follow.

    Returns:
      float32 [batch, features + sum of cells^2 * channels].
    """
    parts = [final, *(shared_grid_means(maps[name], cells) for name, cells in grids.items())]
    units = [tf.math.l2_normalize(tf.cast(part, tf.float32), axis=-1) for part in parts]
    return tf.concat(units, axis=-1)
