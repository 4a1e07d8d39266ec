"""The time that micro-batches cost and the memory they save, for ResNet-18 at 32 x 32 pixels.

    python -m benchmarks.microbatches [--batch=1024]

A time is that of a training step for each picture, the median of ROUNDS in which two steps take
turns: the plain step on a batch of one part, and a step on PARTS such parts. Memory is the peak
resident set of a separate process that makes one step.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
import tf_keras as keras
from absl import app, flags

from tf_simclr.assembly import build
from tf_simclr.config import Config
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.optim.lars import LARS

BATCH = flags.DEFINE_integer("batch", 4096, "Of the largest step: a multiple of 64.")
PEAK = flags.DEFINE_list("peak", None, "BATCH,MICROBATCHES: prints one step's memory in MB.")
SIZE, CLASSES = 32, 10
ROUNDS, PARTS, PART = 5, 4, 64


def network(microbatches):
    """ResNet-18 with projection and linear head, ready to train."""
    config = Config.from_flat({"resnet_depth": 18, "image_size": SIZE})
    keras.utils.set_random_seed(0)
    net = SimCLR(
        build.encoder(config),
        build.projection_head(config),
        num_classes=CLASSES,
        microbatches=microbatches,
    )
    net(tf.zeros([1, SIZE, SIZE, 3]))
    net.compile(LARS(0.1))
    net.optimizer.build(net.trainable_variables)
    return net


def data(batch):
    """Endless batches of noise, made on demand."""

    def make(number):
        seed = tf.stack([number, 0])
        labels = tf.one_hot(tf.range(batch) % CLASSES, CLASSES)
        return tf.random.stateless_uniform([batch, SIZE, SIZE, 6], seed), labels

    return tf.data.Dataset.range(2**62).map(make)


def seconds_per_picture():
    """Medians of the plain step and of micro-batches."""
    steps = {}
    for microbatches in (1, PARTS):
        net, batch = network(microbatches), microbatches * PART
        net.make_train_function()
        steps[microbatches] = (net, iter(data(batch)), batch)
    taken = {microbatches: [] for microbatches in steps}
    for number in range(1 + ROUNDS):
        for microbatches, (net, batches, batch) in steps.items():
            start = time.perf_counter()
            net.train_function(batches)["total_loss"].numpy()
            if number:  # The first call traces.
                taken[microbatches].append((time.perf_counter() - start) / batch)
    return {microbatches: statistics.median(times) for microbatches, times in taken.items()}


def print_peak(batch, microbatches):
    """Makes one step, and prints the peak resident set of this process in MB."""
    network(microbatches).fit(data(batch), steps_per_epoch=1, verbose=0)
    # Not getrusage, whose maximum includes the parent's.
    status = pathlib.Path("/proc/self/status").read_text()
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    print(int(kilobytes) / 1e3)


def peak(batch, microbatches):
    """Memory of one step, in MB."""
    command = [sys.executable, "-m", "benchmarks.microbatches", f"--peak={batch},{microbatches}"]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main(argv):
    """Prints both tables."""
    del argv
    if PEAK.value:
        print_peak(*map(int, PEAK.value))
        return
    print(f"TensorFlow {tf.__version__}, {os.cpu_count()} cores, medians of {ROUNDS} rounds.\n")
    print("| step | batch | a picture | of the plain step |\n|---|---|---|---|")
    found = seconds_per_picture()
    for microbatches, seconds in found.items():
        name = "plain" if microbatches == 1 else f"{microbatches} micro-batches of {PART}"
        print(
            f"| {name} | {microbatches * PART} | {1e3 * seconds:.0f} ms"
            f" | {seconds / found[1]:.2f} |",
            flush=True,
        )
    print("\n| step | batch | peak memory | a picture more |\n|---|---|---|---|")
    for name, cases in (
        ("plain", [(PART, 1), (2 * PART, 1)]),
        (f"micro-batches of {PART}", [(n, n // PART) for n in (128, BATCH.value)]),
    ):
        (less, memory), (more, larger) = [(batch, peak(batch, count)) for batch, count in cases]
        print(f"| {name} | {less} | {memory / 1e3:.2f} GB | |")
        grown = (larger - memory) / (more - less)
        print(f"| {name} | {more} | {larger / 1e3:.2f} GB | {grown:.3f} MB |", flush=True)


if __name__ == "__main__":
    app.run(main)
