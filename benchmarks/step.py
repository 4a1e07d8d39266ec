"""The training step compared with a straightforward one and PyTorch's: rate and profile.

    python -m benchmarks.step
    python -m benchmarks.step --torch_python=/path/to/a/python/that/has/torch

ResNet-18 at 32 pixels, 64 pictures (128 views), a projection head of three layers. The programs
take turns (benchmarks/turns.py), and a number is the median of its rounds.
"""

import dataclasses
import importlib.util
import os
import statistics
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from absl import app, flags

from benchmarks import turns
from benchmarks.step_profile import KINDS, flops, profile

PROGRAM = flags.DEFINE_string("program", None, "For the benchmark's own use.")
TORCH_PYTHON = flags.DEFINE_string("torch_python", None, "A Python with torch; this by default.")
ROUNDS = 5
BATCH, SIZE, CLASSES, TEMPERATURE = 64, 32, 10, 0.1


@dataclasses.dataclass
class Variant:
    """One row of the table."""

    title: str
    straightforward: bool = False
    jit_compile: bool = False
    policy: str = "float32"


VARIANTS = {
    "plain": Variant("straightforward, batch norm unfused", straightforward=True),
    "ours": Variant("tf_simclr"),
    "compiled": Variant("tf_simclr, jit_compile", jit_compile=True),
    "half": Variant("tf_simclr, mixed_bfloat16", policy="mixed_bfloat16"),
}


def straightforward():
    """A step as in a tutorial: Keras layers, dense logits, all gradients, plain momentum."""
    import tensorflow as tf
    import tf_keras as keras

    layers = keras.layers

    def conv(hidden, width, kernel, stride, name):
        hidden = layers.Conv2D(width, kernel, stride, "same", use_bias=False)(hidden)
        return layers.BatchNormalization(epsilon=1e-5, momentum=0.9, fused=False, name=name)(hidden)

    images = keras.Input([SIZE, SIZE, 3])
    hidden = layers.ReLU()(conv(images, 64, 3, 1, "stem_bn"))
    for width in (64, 128, 256, 512):
        for number in range(2):
            stride = 2 if number == 0 and width > 64 else 1
            scope, shortcut = f"b{width}_{number}", hidden
            if number == 0:
                shortcut = conv(hidden, width, 1, stride, f"{scope}_shortcut_bn")
            hidden = layers.ReLU()(conv(hidden, width, 3, stride, f"{scope}_bn1"))
            hidden = layers.ReLU()(conv(hidden, width, 3, 1, f"{scope}_bn2") + shortcut)
    hidden = layers.GlobalAveragePooling2D()(hidden)
    for number, width in enumerate((512, 512, 128)):
        hidden = layers.BatchNormalization()(layers.Dense(width, use_bias=False)(hidden))
        hidden = layers.ReLU()(hidden) if number < 2 else hidden
    model = keras.Model(images, hidden)
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9, jit_compile=False)

    def step(images, labels):
        del labels
        with tf.GradientTape() as tape:
            views = tf.concat(tf.split(images, 2, axis=-1), axis=0)
            projections = tf.math.l2_normalize(model(views, training=True), axis=-1)
            logits = tf.matmul(projections, projections, transpose_b=True) / TEMPERATURE
            logits -= 1e9 * tf.eye(2 * BATCH)
            others = tf.roll(tf.range(2 * BATCH), BATCH, axis=0)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(others, logits)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    return step


def ours():
    """The library's step, as `fit` runs it."""
    from tf_simclr.nets.heads import ProjectionHead
    from tf_simclr.nets.resnet import ResNet
    from tf_simclr.nets.simclr import SimCLR
    from tf_simclr.optim.lars import LARS

    model = SimCLR(ResNet(18, small_images=True), ProjectionHead(), num_classes=CLASSES)
    model.compile(LARS(0.1, weight_decay=1e-4))
    return lambda images, labels: model.train_step((images, labels))


def serve(variant: Variant) -> None:
    """A program for benchmarks.turns that trains."""
    import numpy as np
    import tensorflow as tf
    import tf_keras as keras

    # One operation at a time, so that their times add up; the step takes no longer.
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.mixed_precision.set_global_policy(variant.policy)
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    images = tf.constant(random.random((BATCH, SIZE, SIZE, 6), dtype=np.float32))
    labels = tf.one_hot(random.integers(0, CLASSES, BATCH), CLASSES)
    step = straightforward() if variant.straightforward else ours()
    step = tf.function(step, jit_compile=variant.jit_compile)
    matrix = tf.constant(random.random((turns.SIDE, turns.SIDE), dtype=np.float32))
    multiply = tf.function(tf.matmul)

    def run():
        step(images, labels)

    run()
    traced = step.experimental_get_tracing_count()

    def graph():
        return step.get_concrete_function(images, labels).graph

    turns.serve(
        {
            "step": lambda: turns.turn(run, lambda: multiply(matrix, matrix)),
            "retraced": lambda: step.experimental_get_tracing_count() - traced,
            "flops": lambda: flops(graph().get_operations()),
            "profile": lambda: profile(run),
        }
    )


def programs() -> dict[str, turns.Program]:
    """All programs that can run here, by title, warmed up."""
    here = [sys.executable, "-m", "benchmarks.step"]
    started = {
        variant.title: turns.Program([*here, f"--program={name}"])
        for name, variant in VARIANTS.items()
    }
    if TORCH_PYTHON.value or importlib.util.find_spec("torch"):
        python = TORCH_PYTHON.value or sys.executable
        started["PyTorch"] = turns.Program([python, "-m", "benchmarks.step_torch"])
    return started


def rates(started, work):
    """Prints the table of rates; returns the machine's GFLOP/s in a matrix product."""
    answers = {title: [] for title in started}
    for _ in range(ROUNDS):
        for title, program in started.items():
            answers[title].append(program.ask("step"))
    medians = {title: statistics.median(s for s, _ in rows) for title, rows in answers.items()}
    base = medians[VARIANTS["plain"].title]
    product = statistics.median(rate for _, rate in answers[VARIANTS["ours"].title])
    print("| step | pictures/s | of straightforward | GFLOP/s | of the matrix product |")
    print("|---|---|---|---|---|")
    for title, took in medians.items():
        done = work / took / 1e9
        print(f"| {title} | {BATCH / took:.1f} | {base / took:.2f}", end="")
        print(f" | {done:.0f} | {done / product:.2f} |", flush=True)
    return product


def places(started, work, product):
    """Prints where the time goes, before and after."""
    titles = [variant.title for variant in VARIANTS.values() if not variant.jit_compile]
    times = [started[title].ask("profile") for title in titles]
    print(f"\n| ms of a step | {' | '.join(titles)} |\n|---{'|---' * len(titles)}|")
    for kind in KINDS:
        print(f"| {kind} | {' | '.join(f'{time[kind]:.0f}' for time in times)} |")
    print(f"| all | {' | '.join(f'{sum(time.values()):.0f}' for time in times)} |")
    print(f"\nAt the matrix product's rate the step would take {work / product / 1e6:.0f} ms.")


def main(argv):
    """Prints both tables."""
    del argv
    if PROGRAM.value:
        serve(VARIANTS[PROGRAM.value])
        return
    started = programs()
    ours_started = started[VARIANTS["ours"].title]
    work = ours_started.ask("flops")
    product = rates(started, work)
    print(
        f"\n{os.cpu_count()} cores, {BATCH} pictures of two views, {work / 1e9:.0f} GFLOP a step; a"
        f" product of two {turns.SIDE} x {turns.SIDE} matrices runs at {product:.0f} GFLOP/s."
        f" Retraced after the first step: {ours_started.ask('retraced')} times."
    )
    places(started, work, product)
    for program in started.values():
        program.stop()


if __name__ == "__main__":
    app.run(main)
