"""NT-Xent whole and in blocks: time and peak memory, forward and backward, of 1k to 64k pictures.

    python -m benchmarks.loss [--sizes=1024,8192] [--dense_up_to=8192]

A size is a number of pictures: `hidden` is [2 * size, 128], and the matrix of all pairs has
4 * size ** 2 elements. "Dense" is written here after the paper's pseudocode and only computes the
loss; "blocks" is the package's, which also computes accuracy and entropy. Each has its own process
for each size. The two take turns, and a time is the median. Peak memory is the system's maximum for
the process (VmHWM), also without the part that it held before: TensorFlow and a small loss.
"""

import multiprocessing
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from absl import app, flags

SIZES = flags.DEFINE_list(
    "sizes", [str(2**n) for n in range(10, 17)], "Numbers of pictures, with commas."
)
DENSE_UP_TO = flags.DEFINE_integer("dense_up_to", 8192, "Pictures up to which dense is measured.")
DIM, TEMPERATURE = 128, 0.1
SMALL = 64  # pictures in the first loss of each process
ROUNDS = 6  # the first one traces and does not count
ONCE_FROM = 32768  # from this many pictures on there is one round


def in_blocks(hidden):
    """The package's loss in blocks."""
    from tf_simclr.losses.nt_xent import NTXent

    return NTXent(temperature=TEMPERATURE, implementation="blockwise")(hidden).loss


def dense(hidden):
    """Algorithm 1 of arXiv 2002.05709, in four products."""
    import tensorflow as tf

    a, b = tf.split(tf.math.l2_normalize(hidden, axis=-1), 2)
    pictures = tf.shape(a)[0]
    mask = 1e9 * tf.eye(pictures)
    logits_aa = tf.matmul(a, a, transpose_b=True) / TEMPERATURE - mask
    logits_bb = tf.matmul(b, b, transpose_b=True) / TEMPERATURE - mask
    logits_ab = tf.matmul(a, b, transpose_b=True) / TEMPERATURE
    logits_ba = tf.matmul(b, a, transpose_b=True) / TEMPERATURE
    losses = sum(
        tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.range(pictures), logits=tf.concat(logits, axis=1)
        )
        for logits in ([logits_ab, logits_aa], [logits_ba, logits_bb])
    )
    return tf.reduce_mean(losses)


LOSSES = {"blocks": in_blocks, "dense": dense}


def peak_megabytes():
    """Peak memory of this process, in 1e6 bytes."""
    with open("/proc/self/status") as status:
        (line,) = [line for line in status if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e6


def serve(connection, name, pictures):
    """A process: computes once for each message, and sends (seconds, loss, peak, peak before)."""
    import tensorflow as tf

    @tf.function
    def loss_and_gradient(hidden):
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            loss = LOSSES[name](hidden)
        return loss, tape.gradient(loss, hidden)

    random = np.random.default_rng(0)
    loss_and_gradient(tf.constant(random.standard_normal((2 * SMALL, DIM), np.float32)))
    before = peak_megabytes()
    hidden = tf.constant(random.standard_normal((2 * pictures, DIM), np.float32))
    while connection.recv():
        start = time.perf_counter()
        loss, _ = loss_and_gradient(hidden)
        loss = float(loss)
        connection.send((time.perf_counter() - start, loss, peak_megabytes(), before))


def measure(pictures, names):
    """Name -> (median of seconds, loss, peak, peak before); the losses take turns."""
    context = multiprocessing.get_context("spawn")
    processes, connections = [], {}
    for name in names:
        connections[name], theirs = context.Pipe()
        processes.append(context.Process(target=serve, args=(theirs, name, pictures), daemon=True))
        processes[-1].start()
    rounds = 1 if pictures >= ONCE_FROM else ROUNDS
    answers = {name: [] for name in names}
    for _ in range(rounds):
        for name, connection in connections.items():
            connection.send(True)
            answers[name].append(connection.recv())
    for process, connection in zip(processes, connections.values()):
        connection.send(False)
        process.join()
    return {
        name: (statistics.median(answer[0] for answer in given[1:] or given), *given[-1][1:])
        for name, given in answers.items()
    }


def row(pictures):
    """One line of the table."""
    names = list(LOSSES) if pictures <= DENSE_UP_TO.value else ["blocks"]
    found = measure(pictures, names)
    seconds, loss, peak, before = found["blocks"]
    cells = [f"{pictures}", f"{seconds:.3f} s", "", "", f"{peak - before:.0f} MB", f"{peak:.0f} MB"]
    cells += ["", "", ""]
    if "dense" in found:
        dense_seconds, dense_loss, peak, before = found["dense"]
        cells[2:4] = [f"{dense_seconds:.3f} s", f"{seconds / dense_seconds:.2f}"]
        difference = abs(loss - dense_loss) / dense_loss
        cells[6:] = [f"{peak - before:.0f} MB", f"{peak:.0f} MB", f"{difference:.0e}"]
    return f"| {' | '.join(cells)} |"


def main(argv):
    """Prints the table."""
    del argv
    print(
        f"{os.cpu_count()} cores, {DIM} dimensions, float32; medians of {ROUNDS - 1} rounds, one"
        f" run with its tracing from {ONCE_FROM} pictures on.\n"
    )
    print(
        "| pictures | blocks | dense | ratio | blocks: above idle | whole process"
        " | dense: above idle | whole process | difference of the loss |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for size in SIZES.value:
        print(row(int(size)), flush=True)


if __name__ == "__main__":
    app.run(main)
