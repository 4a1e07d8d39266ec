"""The distribution strategy, made once at the start, and the collectives used inside a step.

Code that spans replicas needs four functions: `count`, `index`, `gather`, `mean`. Outside of a
strategy the first two return 1 and 0, and the others their input, so that the same code runs on one
device. `gather_constant` is the cheaper gather, without a gradient. `may_loop` says whether they
may be called in a loop, `on_tpu` whether the replicas are a TPU's, and `on_cpu` whether they are
CPUs.
"""

import functools
import json
import os
from typing import Any

import tensorflow as tf

from tf_simclr import tpu


def make_strategy(
    *, use_tpu: bool, tpu_name: str | None = None, **cluster: Any
) -> tf.distribute.Strategy:
    """Returns the strategy that suits the machine.

    If the environment variable TF_CONFIG names several workers, it is MultiWorkerMirroredStrategy:
    each worker runs this program, and calls this before any other TensorFlow operation. Only one of
    them, `is_chief`, writes the files that they share.

    Args:
      use_tpu: TPUStrategy; otherwise MirroredStrategy over all GPUs (or logical CPUs when several
        were configured), or the default strategy of one device when there is no second one.
      tpu_name: name or gRPC address of the TPU, as `tpu.connect` takes it.
      **cluster: `zone` and `project` of the TPU, as `tpu.connect` takes them.

    Raises:
      ValueError: if `use_tpu` is set and no TPU answers.
    """
    if use_tpu:
        return tpu.connect(tpu_name, **cluster)
    if _place_among_workers()[1] > 1:
        return _multi_worker()
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) > 1:
        return _mirrored(tuple(device.name for device in devices))
    return tf.distribute.get_strategy()


def is_chief() -> bool:
    """Whether this process writes what the workers share: the first of them, or the only one."""
    return _place_among_workers()[0] == 0


def workers() -> int:
    """How many processes train together, by the environment variable TF_CONFIG; 1 without it."""
    return _place_among_workers()[1]


def lost_a_worker(error: BaseException) -> bool:
    """Whether an error says that another of several workers has ended."""
    ended = "Collective ops is aborted by" in str(error)
    ended |= isinstance(error, tf.errors.UnavailableError)
    return workers() > 1 and isinstance(error, tf.errors.OpError) and ended


def _place_among_workers() -> tuple[int, int]:
    """(number of this process, how many train together), by TF_CONFIG; (0, 1) without it."""
    text = os.environ.get("TF_CONFIG", "{}")
    try:
        config = json.loads(text)
        lists, task = config.get("cluster", {}), config.get("task", {})
        workers = [
            (kind, n) for kind in ("chief", "worker") for n in range(len(lists.get(kind, [])))
        ]
        if len(workers) < 2:
            return 0, 1
        return workers.index((task.get("type"), int(task.get("index")))), len(workers)
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(
            "`TF_CONFIG` in the environment must be a JSON object with lists of addresses as its"
            " cluster, and the type and index of one of them as its task. Received:"
            f" TF_CONFIG={text!r}."
        ) from error


@functools.cache
def _multi_worker() -> tf.distribute.MultiWorkerMirroredStrategy:
    """One for the whole process, as the other workers set up their collectives with it.

    It waits for all of them without a time limit. TensorFlow holds Python's lock meanwhile, and
    has put its own handler in the place of ours for SIGTERM.
    """
    print(
        f"Waiting until all {workers()} workers of TF_CONFIG have started. Until then only kill -9"
        " ends this process.",
        flush=True,
    )
    return tf.distribute.MultiWorkerMirroredStrategy()


@functools.cache
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.MirroredStrategy:
    """One for each set of devices: a second one would number its collectives from the start.

    TensorFlow remembers each number's shape until the process ends, and aborts at another one.
    """
    return tf.distribute.MirroredStrategy(devices)


def count() -> int:
    """Number of replicas that run the current step together; 1 outside of a strategy."""
    context = tf.distribute.get_replica_context()
    return context.num_replicas_in_sync if context else 1


def on_tpu() -> bool:
    """Whether the current replica context is a TPU's."""
    context = tf.distribute.get_replica_context()
    return bool(context) and isinstance(context.strategy, tf.distribute.TPUStrategy)


def on_cpu() -> bool:
    """Whether the current replica is a CPU's; outside of a strategy, whether there is no GPU."""
    return not on_tpu() and not tf.config.list_logical_devices("GPU")


def index() -> tf.Tensor | int:
    """Index of this replica, 0 <= index < count(): a scalar int32 tensor, or plain 0 for one."""
    if count() == 1:
        return 0
    # Differs by strategy: a Python int, or a tensor under TPUStrategy.
    return tf.convert_to_tensor(tf.distribute.get_replica_context().replica_id_in_sync_group)


def gather(local: tf.Tensor) -> tf.Tensor:
    """Concatenates `local` [batch, ...] of all replicas on axis 0, in replica order, with gradient.

    The gradient with respect to `local` is that of the sum of all replicas' losses.

    The cost depends on the strategy. Under MirroredStrategy and MultiWorkerMirroredStrategy each
    replica sends its part once. Under TPUStrategy TensorFlow uses an all-reduce of the whole
    result, to which each replica adds its own part and zeros elsewhere. The gradient is an
    all-reduce of the whole result under every strategy: count() times the traffic of sending parts,
    and on TPUs the forward traffic once more.

    On one device it returns `local` itself.

    Returns:
      [count() * batch, ...], the same on each replica.
    """
    if count() == 1:
        return local
    return tf.distribute.get_replica_context().all_gather(local, axis=0)


def gather_constant(local: tf.Tensor) -> tf.Tensor:
    """`gather` of `local` [batch, ...] as a constant: without a gradient and without its traffic.

    A loss that uses it must compute the gradient of what it gathered in another way.
    """
    return gather(tf.stop_gradient(local))


def mean(local: tf.Tensor) -> tf.Tensor:
    """Mean of `local`, of any shape, over the replicas, element by element, with gradient."""
    if count() == 1:
        return local
    context = tf.distribute.get_replica_context()
    # SUM has a gradient under every strategy (its own all-reduce); MEAN lacks one under some.
    return context.all_reduce(tf.distribute.ReduceOp.SUM, local) / count()


def may_loop() -> bool:
    """Whether `gather` and `mean` may be called in a loop of the graph.

    XLA compiles loops with collectives inside, so on TPUs they may. Under the mirrored strategies
    they may not: each replica's step is traced by a thread of its own, and the threads must meet in
    every collective, which they cannot do while they trace the body of a loop.
    """
    mirrored = (tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy)
    return count() == 1 or not isinstance(tf.distribute.get_strategy(), mirrored)
