"""Counts what the Python of a training reads from its devices; run by device_reads_test.py.

    python device_reads.py FLAGS.json COUNTS.json

The replicas are on logical CPUs of their own. What is read counts from the end of the first
execution on, but for variables of the host, which is CPU:0, and what TensorFlow itself reads while
it writes files.
"""

import collections
import contextlib
import json
import sys
import threading

import tensorflow as tf

HOST = "CPU:0"
REPLICAS = 2


class Reads:
    """A context that lists, by what is done meanwhile, tensors that become numbers."""

    def __init__(self):
        self.found = []
        self._phase = "starting"
        self._doing = threading.local()
        self._patches = contextlib.ExitStack()

    def __enter__(self):
        tensor = next(kind for kind in type(tf.constant(0)).__mro__ if "_numpy" in vars(kind))
        variable = type(tf.Variable(0))
        self._around(tensor, "_numpy", lambda _: self._note())
        self._around(variable, "numpy", self._of_variable)
        return self

    def __exit__(self, *error):
        self._patches.close()

    def executions(self, owner, name):
        """Lists calls of a method; what is done from the first one on is training."""

        def act(_):
            self._phase = "training"
            self.found.append("executions")
            return contextlib.nullcontext()

        self._around(owner, name, act)

    def calls(self, owner, name, what):
        """What is done in calls of a method."""
        self._around(owner, name, lambda _: self._while(what))

    def _note(self):
        self.found.append(getattr(self._doing, "what", self._phase))
        return contextlib.nullcontext()

    def _of_variable(self, variable):
        on_host = variable.device.endswith(HOST)
        return self._while("host") if on_host else contextlib.nullcontext()

    @contextlib.contextmanager
    def _while(self, what):
        before = dict(vars(self._doing))
        self._doing.what = what
        yield
        vars(self._doing).clear()
        vars(self._doing).update(before)

    def _around(self, owner, name, act):
        method = getattr(owner, name)

        def wrapped(*args, **kwargs):
            with act(args[0]):
                return method(*args, **kwargs)

        setattr(owner, name, wrapped)
        self._patches.callback(setattr, owner, name, method)


def main(flags_path: str, counts_path: str) -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * (1 + REPLICAS)
    tf.config.set_logical_device_configuration(cpu, devices)
    strategy = tf.distribute.MirroredStrategy([f"CPU:{n + 1}" for n in range(REPLICAS)])
    import tf_keras as keras

    from tf_simclr import replicas
    from tf_simclr.config import Config
    from tf_simclr.nets.resnet import BLOCKS
    from tf_simclr.tasks import train
    from tf_simclr.workdir.checkpoints import Checkpoints
    from tf_simclr.workdir.summaries import Summaries

    replicas.make_strategy = lambda **_: strategy
    train.export_run = lambda config: None
    sys.stdout.isatty = lambda: True  # The line of progress is written after each execution.
    fit, done = train._fit, {}

    def counted_fit(*args):
        with Reads() as reads:
            reads.executions(keras.callbacks.CallbackList, "on_train_batch_end")
            reads.calls(Checkpoints, "save", "saving")
            reads.calls(tf.train.CheckpointManager, "save", "writing")
            reads.calls(Summaries, "scalars", "writing")
            fit(*args)
        done[args[0].config.run.model_dir] = collections.Counter(reads.found)

    train._fit = counted_fit
    with open(flags_path) as file:
        cases = json.load(file)
    BLOCKS[10] = (1, 1)  # Two groups, to trace half as many layers.
    for flags in cases.values():
        train.train(Config.from_flat(flags))
    with open(counts_path, "w") as file:
        json.dump({name: done[flags["model_dir"]] for name, flags in cases.items()}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
