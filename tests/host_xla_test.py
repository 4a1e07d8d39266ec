"""Whether XLA compiles for the host is found out by trying, and said without a line."""

import tensorflow as tf

from tf_simclr import host_xla


def test_the_answer_is_whether_a_compiled_function_runs_here():
    try:
        with tf.device("CPU:0"):
            tf.function(lambda x: 2 * x, jit_compile=True)(tf.ones([3]))
        runs = True
    except tf.errors.OpError:  # tensorflow-tpu
        runs = False
    assert host_xla.compiles() is runs


def test_a_compiler_without_the_host_is_no_error(monkeypatch, capfd):
    def function(*_, **options):
        assert options["jit_compile"]

        def run(*_):
            raise tf.errors.NotFoundError(None, None, "could not find registered transfer manager")

        return run

    host_xla.compiles.cache_clear()
    monkeypatch.setattr(tf, "function", function)
    try:
        assert host_xla.compiles() is False
    finally:
        host_xla.compiles.cache_clear()
    assert capfd.readouterr() == ("", "")


def test_it_can_be_asked_while_a_graph_is_traced():
    @tf.function(autograph=False)
    def traced():
        host_xla.compiles.cache_clear()
        return tf.constant(host_xla.compiles())

    assert bool(traced()) is host_xla.compiles()
