"""Whether XLA can compile for the host's CPU: not in the TensorFlow for TPUs."""

import functools
from collections.abc import Callable

import tensorflow as tf

from tf_simclr import quiet


@functools.cache
def compiles() -> bool:
    """Whether XLA can compile for the CPU, found out by compiling a small function.

    The wheels of tensorflow-tpu have XLA for TPUs only: there jit_compile=True fails on the host,
    and the same function has to run without it.

    It silences stderr, as TensorFlow 2.15 reports its first compilation there at any log level.
    Call it after the strategy is made: it starts the devices.
    """
    with quiet.stderr_silenced(), tf.init_scope(), tf.device("CPU:0"):
        try:
            zero = tf.zeros([])
            add_one = tf.function(lambda x: x + 1.0, jit_compile=True)
            add_one.get_concrete_function(zero)(zero)  # Compiled even if functions run eagerly.
        except tf.errors.OpError:
            return False
    return True


def compiled(function: Callable) -> Callable:
    """A function of tensors, compiled by XLA for the CPU, which fuses all work on a pixel.

    If XLA cannot compile for the CPU, it is a plain function of the graph: the same up to rounding,
    but slower.
    """
    return tf.function(function, autograph=False, jit_compile=compiles())
