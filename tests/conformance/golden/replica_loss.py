"""A program: the recorded losses over several replicas, computed by as many logical CPUs.

Logical devices have to exist before anything runs, so this cannot be done inside of a test.
"""

import sys

import numpy as np
import tensorflow as tf

from golden import folder
from tf_simclr import replicas
from tf_simclr.losses.nt_xent import nt_xent

CASE = r"(r\d+)_hidden"


def settings(path, case: str) -> dict:
    """The meta of one case: replicas, temperature, hidden_norm."""
    by_number = {record["case"]: record for record in folder.meta(path)["replica"]}
    return by_number[int(case[1:])]


def loss_and_gradient(hidden, temperature: float, hidden_norm: bool):
    """Of one replica: hidden [2 * local, dim]."""
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        loss, logits, labels = nt_xent(hidden, temperature=temperature, hidden_norm=hidden_norm)
        share = loss / replicas.count()
    return {
        "loss": loss,
        "logits_ab": logits,
        "labels": labels,
        "grad_hidden": tape.gradient(share, hidden),
    }


def compute(strategy, hidden: np.ndarray, temperature: float, hidden_norm: bool) -> dict:
    """What loss_and_gradient returns, with the replicas on a new first axis."""
    parts = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(hidden[context.replica_id_in_sync_group])
    )
    run = tf.function(
        lambda part: strategy.run(loss_and_gradient, (part, temperature, hidden_norm)),
        autograph=False,
    )
    return {
        name: np.stack(strategy.experimental_local_results(value))
        for name, value in run(parts).items()
    }


def main(target: str, count: int) -> None:
    """Writes file/case/array -> value of every case of `count` replicas to `target`."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * count
    )
    strategy = replicas.make_strategy(use_tpu=False)
    results = {}
    for path, case in folder.cases("loss", CASE):
        record = settings(path, case)
        if record["replicas"] == count:
            hidden = folder.read(path)[0][f"{case}_hidden"]
            outputs = compute(strategy, hidden, record["temperature"], record["hidden_norm"])
            results |= {f"{path.stem}/{case}/{name}": value for name, value in outputs.items()}
    np.savez(target, **results)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
