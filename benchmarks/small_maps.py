"""The kernel's gradient in bfloat16 on a CPU: TensorFlow's own, and as matrix products.

    python -m benchmarks.small_maps

For each convolution of half a ResNet-10 on views of 24 pixels, and then for its whole step. Both
take turns.
"""

import os
import statistics
import time
from collections.abc import Callable, Mapping

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets import kernel_gradient
from tf_simclr.nets.heads import ProjectionHead
from tf_simclr.nets.resnet import ResNet
from tf_simclr.nets.simclr import SimCLR

VIEWS, SIZE = 256, 24
# Side of the output, channels in and out, side of the kernel, strides: of half a ResNet-10.
CONVOLUTIONS = (
    (24, 32, 32, 3, 1),
    (12, 32, 64, 3, 2),
    (12, 64, 64, 3, 1),
    (6, 64, 128, 3, 2),
    (6, 128, 128, 3, 1),
    (3, 128, 256, 3, 2),
    (3, 256, 256, 3, 1),
    (3, 128, 256, 1, 2),
)
ROUNDS = 40


def in_turns(programs: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median milliseconds of each; the first two calls of each, which trace, do not count."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS + 2):
        for name, program in programs.items():
            started = time.perf_counter()
            program()
            times[name].append(1e3 * (time.perf_counter() - started))
    return {name: statistics.median(each[2:]) for name, each in times.items()}


def row(title: str, times: Mapping[str, float]) -> None:
    """Prints a row of a table."""
    theirs, ours = times.values()
    print(f"| {title} | {theirs:.0f} ms | {ours:.0f} ms | {theirs / ours:.2f} |", flush=True)


def layer(
    out: int, channels: int, filters: int, side: int, strides: int
) -> dict[str, Callable[[], object]]:
    """The kernel's gradient of a convolution, both ways."""
    random = np.random.default_rng(0)
    places = strides * (out - 1) + side
    shapes = [VIEWS, places, places, channels], [VIEWS, out, out, filters]
    tables = [tf.cast(random.normal(size=each), tf.bfloat16) for each in shapes]

    @tf.function
    def theirs(inputs: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.Conv2DBackpropFilter(
            input=inputs,
            filter_sizes=[side, side, channels, filters],
            out_backprop=upstream,
            strides=[1, strides, strides, 1],
            padding="VALID",
        )

    @tf.function
    def ours(inputs: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        return kernel_gradient.kernel_gradient(inputs, upstream, side, strides)

    return {
        "theirs": lambda: theirs(*tables).numpy(),
        "ours": lambda: ours(*tables).numpy(),
    }


def step() -> None:
    """Of the network's step, without its data."""
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    random = np.random.default_rng(0)
    views = tf.constant(random.random([VIEWS // 2, SIZE, SIZE, 6], dtype=np.float32))
    programs = {}
    for name, largest in (("theirs", 0), ("ours", kernel_gradient.LARGEST)):
        net = SimCLR(
            ResNet(10, width_multiplier=0.5, small_images=True),
            ProjectionHead(num_layers=1),
            num_classes=1,
        )
        net.compile(keras.optimizers.Adam(1e-2))
        labels = tf.ones([VIEWS // 2, 1])
        traced = tf.function(lambda net=net, labels=labels: net.train_step((views, labels)))
        kernel_gradient.LARGEST = largest
        traced()  # Which of the two is decided when it is traced.
        programs[name] = lambda traced=traced: next(iter(traced().values())).numpy()
    row("the whole step", in_turns(programs))


if __name__ == "__main__":
    print("| output, channels, kernel | TensorFlow's | as products | ratio |\n|---|---|---|---|")
    for out, channels, filters, side, strides in CONVOLUTIONS:
        title = f"{out} x {out}, {channels} to {filters}, {side} x {side}, stride {strides}"
        row(title, in_turns(layer(out, channels, filters, side, strides)))
    step()
