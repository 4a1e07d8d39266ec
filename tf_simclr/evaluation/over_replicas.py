"""Runs a function of a batch, such as an encoder, on all replicas of a strategy at once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf


def over_replicas(function: Callable[..., Any], strategy: tf.distribute.Strategy) -> Callable:
    """The same function, with the rows of a batch divided among the replicas.

    Args:
      function: tensors [n, ...] -> a structure of tensors [n, ...], row by row: no row depends on
        the others. Its variables were made in the strategy's scope.
      strategy: its replicas must all be run by this program. Those of a TPU slice with several
        hosts are (by TensorFlow's code, never tried); those of other workers' programs are not.
        The default strategy is a single device, which gets the whole batch.

    Returns:
      Tensors [n, ...] on the host -> the same structure of NumPy arrays [n, ...], in the rows'
      order. On replicas all calls have one static shape as long as n does not grow: smaller batches
      are padded with zeros, and the padding's rows are dropped.
    """
    with strategy.scope():
        if not tf.distribute.has_strategy():
            one = tf.function(function, autograph=False, reduce_retracing=True)
            return lambda *batch: tf.nest.map_structure(np.asarray, one(*batch))
    replicas = strategy.num_replicas_in_sync
    share = 0  # rows of a replica

    @tf.function(autograph=False)
    def run(*parts: Any) -> Any:
        return strategy.run(function, args=parts)

    def spread(column: tf.Tensor) -> Any:
        whole = np.zeros([share * replicas, *column.shape[1:]], column.dtype.as_numpy_dtype)
        whole[: len(column)] = column
        parts = np.split(whole, replicas)
        return strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group])
        )

    def call(*batch: tf.Tensor) -> Any:
        nonlocal share
        rows = len(batch[0])
        share = max(share, -(-rows // replicas))
        answers = run(*map(spread, batch))

        def collected(answer: Any) -> np.ndarray:
            parts = strategy.experimental_local_results(answer)
            return np.concatenate([part.numpy() for part in parts])[:rows]

        return tf.nest.map_structure(collected, answers)

    return call
