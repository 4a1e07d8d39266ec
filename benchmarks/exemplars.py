"""Exemplars: drawing patches from up to 1,000,000 pictures, and the softmax over 100,000 classes.

    python -m benchmarks.exemplars [--pictures=10000,100000,1000000] [--classes=8000,100000]

Pictures are noise of 32 x 32 pixels, made as they are read; PATCHES patches are drawn from them.
The softmax is that of BATCH pictures of WIDTH features: "dense" is a linear layer and TensorFlow's
cross entropy, "blocks" is the package's. A step is loss, gradient and optimiser. Each cell has a
process of its own. Memory is the rise of the system's maximum for the process (VmHWM) above what it
held before: for the softmax the weights and the optimiser's slots, and TensorFlow with what a small
step needed.
"""

import multiprocessing
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from absl import app, flags

PICTURES = flags.DEFINE_list("pictures", ["10000", "100000"], "Numbers of pictures, with commas.")
CLASSES = flags.DEFINE_list("classes", ["8000", "100000"], "Numbers of classes, with commas.")
PATCHES, SIDE = 8000, 32
BATCH, WIDTH, SMALL, ROUNDS = 512, 128, 64, 6
OPTIMIZERS = ("none", "momentum", "adam")


def megabytes(name):
    """A line of the system's about this process, in MB."""
    with open("/proc/self/status") as file:
        found = next(line for line in file if line.startswith(name))
    return int(found.split()[1]) / 1024


def forget_peak():
    """The maximum begins anew at what the process holds now."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return megabytes("VmRSS")


def drawing(queue, count):
    """Seconds and memory of drawing patches from `count` pictures."""
    import tensorflow as tf

    from tf_simclr.data.seed_patches import draw
    from tf_simclr.data.source import Source

    class Noise(Source):
        """Picture n is noise of seed n."""

        num_examples = ranges = share_at = places = None

        def records(self, split, *, names=False):
            def record(number):
                return {"image": tf.strings.as_string(number), "name": tf.strings.as_string(number)}

            return tf.data.Dataset.range(self.splits[split]).map(record)

        def decode(self, image):
            seed = tf.stack([tf.strings.to_number(image, tf.int64), 0])
            noise = tf.random.stateless_uniform([SIDE, SIDE, 3], seed, 0, 256, tf.int32)
            return tf.cast(noise, tf.uint8)

    Noise.num_examples = lambda self, split: self.splits[split]
    Noise.__abstractmethods__ = frozenset()

    def drawn(pictures, patches):
        source = Noise("noise", 0, (), {"train": pictures}, False, "")
        return draw(source, "train", patches, seed=0, show=False)

    drawn(1000, PATCHES)
    before, start = forget_peak(), time.perf_counter()
    drawn(count, PATCHES)
    queue.put((time.perf_counter() - start, megabytes("VmHWM") - before))


def softmax(queue, kind, classes, optimizer):
    """Seconds and memory of a step."""
    import tensorflow as tf
    import tf_keras as keras

    from tf_simclr.losses.supervised import softmax_cross_entropy
    from tf_simclr.nets.heads import SupervisedHead
    from tf_simclr.nets.many_classes import ManyClasses

    def prepared(classes):
        """A step on `classes` classes, whose weights and slots are there."""
        head = ManyClasses(classes) if kind == "blocks" else SupervisedHead(classes)
        features = tf.random.stateless_normal([BATCH, WIDTH], [0, 0])
        labels = tf.random.stateless_uniform([BATCH], [0, 1], 0, classes, tf.int64)
        head.build(features.shape)
        chosen = {"momentum": keras.optimizers.SGD(0.1, 0.9), "adam": keras.optimizers.Adam()}
        optimiser = chosen.get(optimizer)
        if optimiser is not None:
            optimiser.build(head.trainable_weights)

        @tf.function(autograph=False)
        def step():
            with tf.GradientTape() as tape:
                if kind == "blocks":
                    loss, _ = head(features, labels)
                else:
                    loss = softmax_cross_entropy(head(features), tf.one_hot(labels, classes))
            gradients = tape.gradient(loss, head.trainable_weights)
            if optimiser is not None:
                optimiser.apply_gradients(zip(gradients, head.trainable_weights))
                return loss
            with tf.control_dependencies([loss]):
                return tf.add_n([tf.reduce_max(gradient) for gradient in gradients])

        step.get_concrete_function()
        return step

    prepared(SMALL)()
    step = prepared(classes)
    before = forget_peak()
    step().numpy()
    peak, taken = megabytes("VmHWM") - before, []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        step().numpy()
        taken.append(time.perf_counter() - start)
    queue.put((statistics.median(taken), peak))


def measured(function, *arguments):
    """What a function puts into its queue, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=function, args=(queue, *arguments))
    process.start()
    found = queue.get()
    process.join()
    return found


def main(argv):
    """Prints both tables."""
    del argv
    print(f"| pictures | seconds for {PATCHES:,} patches | memory above |\n|---|---|---|")
    for count in map(int, PICTURES.value):
        seconds, memory = measured(drawing, count)
        print(f"| {count:,} | {seconds:.0f} | {memory:.0f} MB |", flush=True)
    print("\n| classes | optimiser | dense | blocks | dense | blocks |\n|---|---|---|---|---|---|")
    for classes in map(int, CLASSES.value):
        for optimizer in OPTIMIZERS:
            dense, blocks = (
                measured(softmax, kind, classes, optimizer) for kind in ("dense", "blocks")
            )
            print(
                f"| {classes:,} | {optimizer} | {dense[1]:.0f} MB | {blocks[1]:.0f} MB"
                f" | {dense[0]:.2f} s | {blocks[0]:.2f} s |",
                flush=True,
            )


if __name__ == "__main__":
    app.run(main)
