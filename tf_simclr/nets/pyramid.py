"""Features of several stages side by side: earlier ones keep what the last one learns to ignore.

A contrastive loss asks the last stage to forget where things are and what colours they have. A
classifier or a search with few labels can use both. Standard deviations beside the means say how
unevenly a feature is spread, which a mean forgets (Snyder et al., X-vectors: robust DNN embeddings
for speaker recognition, ICASSP 2018, section 2.1: statistics pooling).
"""

from collections.abc import Sequence

import tensorflow as tf

from tf_simclr.nets.pooling import shared_grid_deviations, shared_grid_means

# On each axis of a map other than the last stage's. Chosen on a part of emoji32's training split.
CELLS = 2


def pyramid(maps: Sequence[tf.Tensor]) -> tf.Tensor:
    """Means and standard deviations of the cells of some stages' maps, each of length 1.

    The last stage is one cell, so its means are the representation h; other stages have 2 x 2.

    # Differs from the papers: they judge the means of the last stage alone.

    Args:
      maps: float [batch, height, width, channels] of any height and width, the last stage's first.

    Returns:
      float32 [batch, 2 * channels of the last stage + 8 * channels of each other stage].
    """
    parts = []
    for number, of_stage in enumerate(maps):
        of_stage, cells = tf.cast(of_stage, tf.float32), CELLS if number else 1
        for statistic in (shared_grid_means, shared_grid_deviations):
            parts.append(tf.math.l2_normalize(statistic(of_stage, cells), axis=-1))
    return tf.concat(parts, axis=-1)
