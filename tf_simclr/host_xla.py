"""Whether XLA can compile for the host's CPU, which the TensorFlow for TPUs cannot."""

import functools

import tensorflow as tf

from tf_simclr import quiet


@functools.cache
def compiles() -> bool:
    """Has XLA compile something for the CPU, unseen, and returns whether it could.

    The wheels of tensorflow-tpu have XLA for TPUs alone: there jit_compile=True fails on the host,
    and the same function has to run without it.

    At the first time of a process TensorFlow 2.15 writes a line about it to the terminal, whatever
    the level of its log. After the strategy is made: it starts the devices.
    """
    with quiet.stderr_silenced(), tf.init_scope(), tf.device("CPU:0"):
        try:
            zero = tf.zeros([])
            add_one = tf.function(lambda x: x + 1.0, jit_compile=True)
            add_one.get_concrete_function(zero)(zero)  # Compiled even if functions run eagerly.
        except tf.errors.OpError:
            return False
    return True
