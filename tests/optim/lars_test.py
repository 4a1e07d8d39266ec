"""LARS against its recurrence written out in NumPy, and the Keras optimiser against both."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr.optim.lars import LARS, lars_update, trust_ratio
from tf_simclr.optim.schedules import WarmupCosine

RULES = [(True, False), (True, True), (False, False), (False, True)]  # classic, nesterov
SHAPES = [(3, 4), (5,)]
STEPS = 3
HYPER = {"momentum": 0.8, "weight_decay": 0.01, "eeta": 0.05}


def three_steps(shape):
    """Start and gradients, float64."""
    random = np.random.default_rng(len(shape))
    return random.standard_normal(shape), random.standard_normal((STEPS, *shape))


def numpy_lars(w, gradients, *, rates, momentum, weight_decay, eeta, classic, nesterov):
    """arXiv 1708.03888, algorithm 1, in both of the original's forms; eeta None: no adaptation."""

    def trust(update):
        if eeta is None or not np.any(w) or not np.any(update):
            return 1.0
        return eeta * np.sqrt(np.sum(w**2)) / np.sqrt(np.sum(update**2))

    v, path = np.zeros_like(w), []
    for g, rate in zip(gradients, rates):
        g = g + weight_decay * w
        if classic:
            scaled = rate * trust(g) * g
            v = momentum * v + scaled
            w = w - (momentum * v + scaled if nesterov else v)
        else:
            v = momentum * v + g
            direction = momentum * v + g if nesterov else v
            w = w - rate * trust(direction) * direction
        path.append((w, v))
    return path


def keras_path(optimizer, starts, gradients):
    """Values of all variables after each step."""
    variables = [tf.Variable(w, name=f"w{number}") for number, w in enumerate(starts)]
    path = []
    for step in range(STEPS):
        optimizer.apply_gradients((tf.constant(g[step]), v) for g, v in zip(gradients, variables))
        path.append([variable.numpy() for variable in variables])
    return path


@pytest.mark.parametrize(("classic", "nesterov"), RULES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("eeta", [0.05, None])
def test_update_follows_the_recurrence(shape, classic, nesterov, eeta):
    w, gradients = three_steps(shape)
    rates, hyper = [0.5, 0.4, 0.3], HYPER | {"eeta": eeta}
    expected = numpy_lars(w, gradients, rates=rates, classic=classic, nesterov=nesterov, **hyper)
    v = tf.zeros(shape, tf.float64)
    for step in range(STEPS):
        w, v = lars_update(
            tf.constant(w),
            tf.constant(gradients[step]),
            v,
            learning_rate=tf.constant(rates[step], tf.float64),
            classic_momentum=classic,
            nesterov=nesterov,
            **hyper,
        )
        np.testing.assert_allclose(w, expected[step][0], rtol=1e-12)
        np.testing.assert_allclose(v, expected[step][1], rtol=1e-12)


def test_first_step_by_hand():
    # w = (3, 4), g = (0, 2): norms 5 and 2, trust .1 * 5 / 2 = .25, v = .8 * .25 * g = (0, .4).
    w, v = lars_update(
        tf.constant([3.0, 4.0]),
        tf.constant([0.0, 2.0]),
        tf.zeros([2]),
        learning_rate=tf.constant(0.8),
        momentum=0.9,
        weight_decay=0.0,
        eeta=0.1,
    )
    np.testing.assert_allclose(v, [0.0, 0.4], rtol=1e-6)
    np.testing.assert_allclose(w, [3.0, 3.6], rtol=1e-6)


@pytest.mark.parametrize(
    ("weights", "update", "expected"),
    [([0, 0], [1, 2], 1), ([1, 2], [0, 0], 1), ([0, 0], [0, 0], 1), ([0, 6], [3, 0], 0.02)],
)
def test_trust_is_1_where_a_norm_is_0(weights, update, expected):
    ratio = trust_ratio(tf.constant(weights, tf.float32), tf.constant(update, tf.float32), 0.01)
    assert float(ratio) == pytest.approx(expected)


def test_size_of_the_gradient_does_not_matter_to_an_adapted_variable():
    w, gradients = three_steps((3, 4))
    options = {"momentum": 0.9, "weight_decay": 0.0}
    ends = [keras_path(LARS(0.5, **options), [w], [gradients * scale])[-1] for scale in (1, 100)]
    np.testing.assert_allclose(*ends, rtol=1e-12)


@pytest.mark.parametrize(("classic", "nesterov"), RULES)
def test_optimizer_equals_the_recurrence(classic, nesterov):
    starts, gradients = zip(*map(three_steps, SHAPES))
    path = keras_path(
        LARS(0.5, classic_momentum=classic, nesterov=nesterov, **HYPER), starts, gradients
    )
    for number, (w, g) in enumerate(zip(starts, gradients)):
        rule = {"rates": [0.5] * STEPS, "classic": classic, "nesterov": nesterov}
        expected = numpy_lars(w, g, **rule, **HYPER)
        for step in range(STEPS):
            np.testing.assert_allclose(path[step][number], expected[step][0], rtol=1e-7)


@pytest.mark.parametrize("adapted", [True, False])
def test_excluded_variables_neither_decay_nor_adapt(adapted):
    starts, gradients = zip(*map(three_steps, SHAPES))
    # None: what does not decay is not adapted either.
    options = {"exclude_from_layer_adaptation": () if adapted else None}
    path = keras_path(
        LARS(0.5, exclude_from_weight_decay=["w1:0"], **options, **HYPER), starts, gradients
    )
    plain = {"rates": [0.5] * STEPS, "classic": True, "nesterov": False}
    kernel = numpy_lars(starts[0], gradients[0], **plain, **HYPER)
    excluded = HYPER | {"weight_decay": 0.0, "eeta": HYPER["eeta"] if adapted else None}
    bias = numpy_lars(starts[1], gradients[1], **plain, **excluded)
    np.testing.assert_allclose(path[-1][0], kernel[-1][0], rtol=1e-7)
    np.testing.assert_allclose(path[-1][1], bias[-1][0], rtol=1e-7)


def test_no_decay_but_its_own_is_applied():
    # With gradient 0 and decay excluded nothing may move, whatever Keras does with weight_decay.
    variable = tf.Variable([1.0, 2.0], name="w")
    optimizer = LARS(0.5, weight_decay=0.1, exclude_from_weight_decay=[variable])
    optimizer.apply_gradients([(tf.zeros([2]), variable)])
    np.testing.assert_array_equal(variable, [1.0, 2.0])


@pytest.mark.parametrize("in_a_graph", [True, False])
def test_follows_a_schedule(in_a_graph):
    w, gradients = three_steps((3, 4))
    schedule = WarmupCosine(0.5, warmup_steps=2, total_steps=4)
    optimizer, variable = LARS(schedule, **HYPER), tf.Variable(w)
    optimizer.build([variable])

    def step(gradient):
        optimizer.apply_gradients([(gradient, variable)])

    step = tf.function(step) if in_a_graph else step
    for gradient in gradients:
        step(tf.constant(gradient))
    # The schedule by hand: 0, half way up, and the peak.
    rule = {"rates": [0.0, 0.25, 0.5], "classic": True, "nesterov": False}
    expected = numpy_lars(w, gradients, **rule, **HYPER)[-1][0]
    np.testing.assert_allclose(variable, expected, rtol=1e-7)


def test_a_step_without_gradient_for_some_keeps_velocities_apart():
    starts = [np.ones(2), np.ones(3)]
    variables = [tf.Variable(w, name=f"w{n}") for n, w in enumerate(starts)]
    optimizer = LARS(0.5, exclude_from_weight_decay=variables)
    optimizer.build(variables)
    optimizer.apply_gradients([(tf.ones([3], tf.float64), variables[1])])
    velocities = [velocity.numpy() for velocity in optimizer.velocities]
    np.testing.assert_array_equal(velocities[0], np.zeros(2))
    np.testing.assert_array_equal(velocities[1], np.full(3, 0.5))


def test_sparse_gradients_become_dense():
    tables = [tf.Variable(np.ones((4, 2))) for _ in range(2)]
    sparse = tf.IndexedSlices(tf.ones([1, 2], tf.float64), [2], [4, 2])
    for table, gradient in zip(tables, (sparse, tf.convert_to_tensor(sparse))):
        LARS(0.5, **HYPER).apply_gradients([(gradient, table)])
    np.testing.assert_array_equal(*tables)


def test_serialisation_keeps_everything_exclusions_included():
    kernel, bias = tf.Variable([[1.0]], name="kernel"), tf.Variable([1.0], name="bias")
    optimizer = LARS(
        WarmupCosine(0.7, warmup_steps=2, total_steps=9),
        momentum=0.8,
        weight_decay=0.01,
        eeta=0.002,
        classic_momentum=False,
        nesterov=True,
        exclude_from_weight_decay=[bias],
        exclude_from_layer_adaptation=[kernel],
        name="layerwise",
    )
    config = keras.optimizers.serialize(optimizer)
    custom = {"LARS": LARS, "WarmupCosine": WarmupCosine}
    again = keras.optimizers.deserialize(config, custom_objects=custom)
    assert isinstance(again, LARS)
    assert again.get_config() == optimizer.get_config()
    assert again.get_config()["exclude_from_weight_decay"] == ["bias:0"]
    assert again.get_config()["exclude_from_layer_adaptation"] == ["kernel:0"]
    assert again.get_config()["weight_decay"] == 0.01


def test_a_restored_optimizer_takes_the_same_steps():
    starts, gradients = zip(*map(three_steps, SHAPES))
    optimizer = LARS(0.5, exclude_from_weight_decay=["w1:0"], **HYPER)
    again = LARS.from_config(optimizer.get_config())
    paths = [keras_path(each, starts, gradients) for each in (optimizer, again)]
    for first, second in zip(*paths):
        np.testing.assert_array_equal(first[0], second[0])
        np.testing.assert_array_equal(first[1], second[1])


def test_two_variables_of_an_excluded_name_are_an_error():
    twins = [tf.Variable([1.0], name="bias") for _ in range(2)]
    with pytest.raises(ValueError, match="must name one variable, and 2 are called 'bias:0'"):
        LARS(0.1, exclude_from_weight_decay=[twins[0]]).build(twins)


def test_an_exclusion_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="must name one variable, and 0 are called 'bia:0'"):
        LARS(0.1, exclude_from_weight_decay=["bia:0"]).build([tf.Variable([1.0], name="bias")])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"momentum": 1.0}, "`momentum` must be in .* Received: momentum=1.0"),
        ({"momentum": -0.1}, "`momentum` must be in .* Received: momentum=-0.1"),
        ({"weight_decay": -1.0}, "`weight_decay` must be >= 0. Received: weight_decay=-1.0"),
    ],
)
def test_numbers_out_of_range_are_errors(options, message):
    with pytest.raises(ValueError, match=message):
        LARS(0.1, **options)
