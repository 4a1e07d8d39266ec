"""One replica's part of a step on many, as XLA programs it: no strategy and no TPU is needed.

TensorFlow's own TPUStrategy compiles a step for all replicas only where there are TPUs. What
crosses replicas goes through a few functions of tf_simclr/replicas.py and through the optimiser:
here they are XLA's collectives, in the form that TPUStrategy gives them.
"""

import tensorflow as tf
import tf_keras as keras
from tensorflow.compiler.tf2xla.ops import gen_xla_ops

from tf_simclr import replicas


def become_one_of(count: int) -> None:
    """From now on this program's steps are those of one of `count` replicas on TPUs."""
    replicas.count = lambda: count
    replicas.on_tpu = lambda: True
    if count == 1:
        return
    replicas.index = gen_xla_ops.xla_replica_id
    replicas.gather = lambda local: _gather(local, count)
    replicas.mean = lambda local: _sum(local, count) / count


def sum_gradients(optimizer: keras.optimizers.Optimizer, count: int) -> None:
    """Makes an optimiser add up gradients over `count` replicas, as a strategy makes it."""
    if count > 1:
        optimizer.aggregate_gradients = lambda pairs: [(_sum(g, count), v) for g, v in pairs]


def _sum(local: tf.Tensor, count: int) -> tf.Tensor:
    """The sum over replicas; its gradient is the sum of theirs."""
    everyone = tf.constant([list(range(count))], tf.int32)

    def reduced(value: tf.Tensor) -> tf.Tensor:
        return gen_xla_ops.xla_all_reduce(value, everyone, "Add", "CrossReplica")

    return tf.custom_gradient(lambda value: (reduced(value), reduced))(tf.convert_to_tensor(local))


def _gather(local: tf.Tensor, count: int) -> tf.Tensor:
    """[batch, ...] of each -> [count * batch, ...]: a sum of arrays with one part that is not 0."""
    # As tf.distribute's _TPUReplicaContext.all_gather does it.
    here = tf.one_hot(gen_xla_ops.xla_replica_id(), count, dtype=local.dtype)
    here = tf.reshape(here, [count] + [1] * local.shape.rank)
    batch, *rest = local.shape
    return tf.reshape(_sum(local[tf.newaxis] * here, count), [count * batch, *rest])
