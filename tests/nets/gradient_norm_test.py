"""The mean norm of the gradient, in the status alone."""

import numpy as np
import pytest
from counting import counting, fit

from tf_simclr.workdir.watching import WatchSteps


class Known(type(counting())):
    """Its gradients are [[s]] at step s, which is not finite at step 2 of `overflow`."""

    overflow = False

    def train_step(self, data):
        import tensorflow as tf

        step = tf.cast(self.optimizer.iterations, tf.float32) + 1.0
        gradient = tf.where((step == 2.0) & self.overflow, np.inf, 0.0 * step + step)
        pairs = [(tf.reshape(3 * gradient, [1, 1]), self.dense.kernel)]
        self.descend(step, [*pairs, (tf.reshape(4 * gradient, [1]), self.dense.bias)])
        self.track(loss=step)
        return self.results()


@pytest.mark.parametrize(("overflow", "expected"), [(False, 10.0), (True, 10.0)])
def test_it_is_of_all_gradients_together_and_leaves_out_what_overflows(overflow, expected):
    """By hand: |(3 s, 4 s)| = 5 s; the mean of 5, 10 and 15, or of 5 and 15."""
    net = Known()
    net.dense.build([None, 1])
    net.overflow = overflow
    watch = WatchSteps()
    fit(net, [watch], steps=3)
    assert watch.status.means["gradient_norm"] == pytest.approx(expected)
    assert "gradient_norm" not in net.results()
