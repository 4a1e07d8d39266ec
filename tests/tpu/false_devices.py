"""TPUStrategy over logical CPUs that pass for the cores of a TPU: a step can be traced, not run.

The strategy, Keras' training function, the distributed iterator and tpu.replicate are TensorFlow's
own; only the list of devices is false. What is an error while a TPU's step is traced is one here.
Logical devices are made before TensorFlow starts: in a process of its own.
"""

from typing import NamedTuple

import tensorflow as tf
from tensorflow.python.tpu.tpu_system_metadata import TPUSystemMetadata


class _CoreName(str):
    """The name of a logical CPU in which TPUStrategy finds the "device:TPU:" that it looks for."""

    def __contains__(self, part):
        return part == "device:TPU:" or super().__contains__(part)


class _Core(NamedTuple):
    name: str
    device_type: str = "TPU"


class _Resolver(tf.distribute.cluster_resolver.TPUClusterResolver):
    """Answers without asking for a TPU, as the parent would when it is made."""

    _tpu_topology = None

    def __init__(self, cores: int):
        self._cores = cores

    def get_tpu_system_metadata(self):
        device = "/job:localhost/replica:0/task:0/device:CPU:{}"
        cores = tuple(_Core(_CoreName(device.format(1 + core))) for core in range(self._cores))
        return TPUSystemMetadata(
            num_cores=self._cores,
            num_hosts=1,
            num_of_cores_per_host=self._cores,
            topology=None,
            devices=cores,
        )


def tpu_strategy(cores: int) -> tf.distribute.TPUStrategy:
    """A strategy of so many replicas on one host, which is CPU:0."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * (1 + cores)
    tf.config.set_logical_device_configuration(cpu, devices)
    return tf.distribute.TPUStrategy(_Resolver(cores))
