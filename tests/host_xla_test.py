"""Whether XLA compiles for the host is found out by trying, and said without a line."""

import types

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
    def without_the_host(*_):
        raise tf.errors.NotFoundError(None, None, "could not find registered transfer manager")

    def function(*_, jit_compile):
        assert jit_compile
        return types.SimpleNamespace(get_concrete_function=lambda *_: without_the_host)

    host_xla.compiles.cache_clear()
    monkeypatch.setattr(tf, "function", function)
    try:
        assert host_xla.compiles() is False
    finally:
        host_xla.compiles.cache_clear()
    assert capfd.readouterr() == ("", "")


def test_a_function_is_compiled_where_that_works(monkeypatch):
    asked = []
    monkeypatch.setattr(
        tf, "function", lambda f, *, autograph, jit_compile: asked.append(jit_compile) or f
    )
    for works in (True, False):
        monkeypatch.setattr(host_xla, "compiles", lambda works=works: works)
        assert host_xla.compiled(abs) is abs
    assert asked == [True, False]


def test_it_can_be_asked_while_a_graph_is_traced():
    @tf.function(autograph=False)
    def traced():
        host_xla.compiles.cache_clear()
        return tf.constant(host_xla.compiles())

    assert bool(traced()) is host_xla.compiles()


def test_it_is_tried_by_a_graph_even_if_functions_run_eagerly():
    """Eagerly nothing is compiled, and every TensorFlow would pass."""
    expected, traced = host_xla.compiles(), []
    host_xla.compiles.cache_clear()
    tf.config.run_functions_eagerly(True)
    add = tf.Tensor.__add__
    tf.Tensor.__add__ = lambda x, y: traced.append(not tf.executing_eagerly()) or add(x, y)
    try:
        assert host_xla.compiles() is expected
    finally:
        tf.Tensor.__add__ = add
        tf.config.run_functions_eagerly(False)
    assert traced == [True]
