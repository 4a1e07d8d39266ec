"""A loss and its gradient as each replica of a MirroredStrategy finds them."""

from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.losses.contrastive import ContrastiveLoss


def found_by_replicas(
    loss_of: Callable[..., ContrastiveLoss],
    cases: Iterable[tuple[str, str]],
    views: tuple[np.ndarray, np.ndarray],
    count: int,
) -> tuple[dict[str, np.ndarray], dict[str, tf.Graph]]:
    """Makes `count` logical devices, for which TensorFlow must not have started, and computes.

    Args:
      loss_of: ([2 * local, dim] first and second views, *case) -> ContrastiveLoss.
      cases: (kind, implementation), whose names are joined by _.
      views: [images, dim] each, which the replicas share.
      count: of the replicas.

    Returns:
      CASE/FIELD of ContrastiveLoss and CASE/gradient -> what each replica finds, on a new first
      axis; and CASE -> the graph that was run.
    """
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(cpu, devices)
    strategy = replicas.make_strategy(use_tpu=False)
    parts = [np.split(view, count) for view in views]
    a, b = (
        strategy.experimental_distribute_values_from_function(
            lambda context, view=view: tf.constant(view[context.replica_id_in_sync_group])
        )
        for view in parts
    )
    results, graphs = {}, {}
    for case in cases:

        def step(a, b, case=case):
            hidden = tf.concat([a, b], axis=0)
            with tf.GradientTape() as tape:
                tape.watch(hidden)
                found = loss_of(hidden, *case)
                share = found.loss / replicas.count()
            return *found, tape.gradient(share, hidden)

        function = tf.function(lambda a, b, step=step: strategy.run(step, (a, b)), autograph=False)
        values = map(strategy.experimental_local_results, function(a, b))
        names = (*ContrastiveLoss._fields, "gradient")
        results |= {f"{'_'.join(case)}/{name}": np.stack(v) for name, v in zip(names, values)}
        graphs["_".join(case)] = function.get_concrete_function(a, b).graph
    return results, graphs
