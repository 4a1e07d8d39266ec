"""What SimCLR and Classifier share, on a model of one weight that can be followed by hand."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.trainable import SinceNonFinite, TrainableNet
from tf_simclr.optim.lars import LARS


class Line(TrainableNet):
    """loss = mean of slope * x, and + offset where there are labels."""

    METRICS = ("loss", "weight_decay")

    def __init__(self):
        super().__init__(name="line")
        self.slope = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="slope")
        self.offset = self.add_weight("offset", shape=[1], initializer="ones")

    def call(self, x):
        return self.slope(x)

    def train_step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self(x))
            if y is not None:
                loss += tf.reduce_mean(y * self.offset)
            total = loss + self.penalty()
        self.minimize(tape, total)
        self.track(loss=(loss, 2.0), weight_decay=self.penalty())
        return self.results()


@pytest.fixture
def net():
    net = Line()
    net(tf.ones([1, 1]))
    return net


def data(*values):
    """One value a batch."""
    return tf.data.Dataset.from_tensor_slices(np.float32(values)[:, None]).batch(1)


def test_takes_the_gradient_step_of_loss_and_penalty(net):
    kernel = net.slope.kernel
    net.compile(keras.optimizers.SGD(0.1), weight_decay=0.5, l2_variables=[kernel])
    history = net.fit(data(3.0), verbose=0).history
    # d(3 w + .5 w^2 / 2)/dw = 3.5 at w = 1
    np.testing.assert_allclose(kernel.numpy().item(), 1 - 0.1 * 3.5, rtol=1e-6)
    np.testing.assert_allclose(history["loss"], [3.0])


def test_penalty_is_half_the_decayed_square_and_0_before_compile(net):
    net.slope.kernel.assign([[3.0]])
    assert float(net.penalty()) == 0
    net.compile(weight_decay=0.5, l2_variables=[net.slope.kernel, net.offset])
    assert float(net.penalty()) == pytest.approx(0.5 * (9 + 1) / 2)


def test_penalised_variables_of_a_layer_frozen_after_compile_do_not_train(net):
    net.compile(keras.optimizers.SGD(0.1), weight_decay=0.5, l2_variables=[net.slope.kernel])
    net.slope.trainable = False
    assert [variable.name for variable in net.trainable_variables] == ["offset:0"]


def test_a_batch_without_labels_may_come_first(net):
    optimizer = LARS(0.1, exclude_from_weight_decay=[net.offset])
    net.compile(optimizer)
    net.fit(data(1.0), verbose=0)
    assert net.offset.numpy() == [1.0]
    net.fit(tf.data.Dataset.zip((data(1.0), data(2.0))), verbose=0)
    # v = .1 * 2 (not adapted)
    np.testing.assert_allclose(net.offset, [1 - 0.1 * 2], rtol=1e-6)
    assert len(optimizer.velocities) == 2


def test_results_are_running_means_that_start_again_each_epoch(net):
    net.compile(keras.optimizers.SGD(0.0))
    history = net.fit(data(1.0, 2.0, 6.0), epochs=2, verbose=0).history
    assert history["loss"] == [3.0, 3.0]
    assert history["weight_decay"] == [0.0, 0.0]


@pytest.mark.parametrize(
    "options",
    [{}, {"steps_per_execution": 3}, {"run_eagerly": True}, {"jit_compile": True}],
    ids=str,
)
def test_the_status_has_the_sums_and_the_learning_rate(net, options):
    # 1 - s / 4 of the first at step s, counted from 0; too little for the weights to move.
    schedule = keras.optimizers.schedules.PolynomialDecay(1e-12, 4, 0.0)
    net.compile(keras.optimizers.SGD(schedule), **options)
    assert net.last_status() is None
    net.fit(data(1.0, 2.0, 6.0), steps_per_epoch=3, verbose=0)
    status = net.read_status(net.last_status())
    # each batch was tracked with weight 2
    # The losses are 1, 2 and 6 times a weight of 1: so are the gradients.
    sums = {"loss": (18.0, 6.0), "weight_decay": (0.0, 3.0), "gradient_norm": (9.0, 3.0)}
    assert status.sums == sums
    assert status.means == {"loss": 3.0, "weight_decay": 0.0, "gradient_norm": 3.0}
    assert status.learning_rate == pytest.approx(0.5e-12)
    assert status.since_non_finite == 0


def test_metrics_are_not_among_the_weights(net):
    net.compile(weight_decay=0.5, l2_variables=[net.slope.kernel])
    assert {weight.name for weight in net.weights} == {"line/slope/kernel:0", "offset:0"}
    assert [metric.name for metric in net.metrics] == [
        "loss",
        "weight_decay",
        "gradient_norm",
        "steps_since_non_finite",
    ]


@pytest.mark.parametrize(
    ("values", "since"), [([1.0, np.nan, np.inf], 2), ([np.inf], 1), ([np.nan, 1.0, 1.0], 3)]
)
def test_counts_the_steps_since_the_first_loss_that_is_not_finite(net, values, since):
    net.compile(keras.optimizers.SGD(0.0))
    net.fit(data(*values), verbose=0)
    assert net.read_status(net.last_status()).since_non_finite == since


def test_steps_are_counted_since_the_first_that_is_not_finite_until_the_reset():
    metric, counts = SinceNonFinite(), []
    for loss in (1.0, np.nan, 1.0, -np.inf):
        metric.update_state(tf.constant(loss))
        counts.append(int(metric.result()))
    assert counts == [0, 1, 2, 3]
    metric.reset_state()
    assert int(metric.result()) == 0
