"""A comparison of export formats: size, load time, latency, throughput, parity.

    python -m benchmarks.exports --model_dir=runs/emoji32_quickstart

There are two networks: the run's encoder at the size it was trained at, and ResNet-50 at 224
pixels with random weights, whose norms are drawn so that each block matters. Each time is the
median of ROUNDS, in which the formats take turns. The last two columns compare features with those
of the network itself: the largest difference as a share of the largest feature, and the smallest
cosine.
"""

import os
import statistics
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
import tf_keras as keras
from absl import app, flags

from tf_simclr.assembly import build, build_data
from tf_simclr.config import Config
from tf_simclr.exporting import hub_module, lite, onnx
from tf_simclr.exporting.parity import parity
from tf_simclr.exporting.trained_network import TrainedNetwork
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.pretrained import trained
from tf_simclr.quiet import stderr_silenced

MODEL_DIR = flags.DEFINE_string("model_dir", None, "Folder of the quick start's run.")
DATA_DIR = flags.DEFINE_string("data_dir", None, "Where TFDS keeps emoji32.")
ROUNDS, CALIBRATION = 5, 64
BATCHES = (1, 64)
Run = dict[str, float]


def load_saved_model(folder):
    """A function of images, loaded by TensorFlow."""
    serve = tf.saved_model.load(f"{folder}/hub").signatures["serving_default"]
    return lambda images: serve(images=tf.constant(images))["features"].numpy()


def load_onnx(folder):
    """A function of images, loaded by onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(f"{folder}/{onnx.FILE}")
    return lambda images: session.run(["features"], {"images": images})[0]


def load_lite(name):
    """A loader for a LiteRT file, which returns a function of images."""

    def load(folder):
        from ai_edge_litert.interpreter import Interpreter

        with stderr_silenced():
            interpreter = Interpreter(f"{folder}/{name}", num_threads=os.cpu_count())
            run = interpreter.get_signature_runner()
        return lambda images: run(images=images)["features"]

    return load


FORMATS = {
    "SavedModel": ("hub", load_saved_model),
    "ONNX": (onnx.FILE, load_onnx),
    "LiteRT float32": (lite.FLOAT, load_lite(lite.FLOAT)),
    "LiteRT int8": (lite.INT8, load_lite(lite.INT8)),
}


def megabytes(path):
    """Size of a file, or of all files in a folder."""
    files = [os.path.join(top, name) for top, _, names in os.walk(path) for name in names]
    return sum(map(os.path.getsize, files or [path])) / 1e6


def seconds(act):
    """(seconds, result)."""
    start = time.perf_counter()
    result = act()
    return time.perf_counter() - start, result


def measure(folder, pictures):
    """Format -> name of a figure -> its median over the rounds."""
    rounds: dict[str, dict[str, list[float]]] = {name: {} for name in FORMATS}
    for _ in range(ROUNDS):
        for name, (_, load) in FORMATS.items():
            figures = {}

            def start(load=load):
                run = load(folder)
                run(pictures[:1])  # Some formats only load in their first call.
                return run

            figures["load"], run = seconds(start)
            for batch in BATCHES:
                run(pictures[:batch])  # Warms up: the first call with a size is slow.
                figures[f"batch {batch}"] = seconds(lambda n=batch, run=run: run(pictures[:n]))[0]
            for key, value in figures.items():
                rounds[name].setdefault(key, []).append(value)
    return {
        name: {key: statistics.median(values) for key, values in figures.items()}
        for name, figures in rounds.items()
    }


def table(title, network, pictures):
    """Exports a network, measures each format, and prints a Markdown table."""
    side = pictures.shape[1]
    with tempfile.TemporaryDirectory() as folder:
        read = lambda encoded: tf.ensure_shape(tf.io.decode_png(encoded, 3) / 255, [side, side, 3])  # noqa: E731
        hub_module.save(network, f"{folder}/hub", read_picture=read)
        onnx.save(network, folder)
        lite.save(network, folder, size=side, pictures=pictures[-CALIBRATION:])
        test = pictures[: max(BATCHES)]
        expected = network.features(tf.constant(test[:16]))["features"].numpy()
        figures = measure(folder, test)
        print(f"\n### {title}\n")
        print(
            "| format | size | load, first picture | latency, batch 1 | pictures/s, batch 64"
            " | of SavedModel | largest difference | cosine |"
        )
        print("|---|---|---|---|---|---|---|---|")
        base = figures["SavedModel"]["batch 64"]
        for name, (file, load) in FORMATS.items():
            row = figures[name]
            near = parity(expected, load(folder)(test[:16]))
            print(
                f"| {name} | {megabytes(f'{folder}/{file}'):.1f} MB | {1e3 * row['load']:.0f} ms"
                f" | {1e3 * row['batch 1']:.1f} ms | {64 / row['batch 64']:.0f}"
                f" | {base / row['batch 64']:.2f} | {near.largest_difference:.0e}"
                f" | {near.cosine:.4f} |",
                flush=True,
            )


def quick_start():
    """The run's network, and real pictures; the first ones are not used for calibration."""
    found = trained.open_trained(MODEL_DIR.value)
    config = Config.from_flat(found.settings.flat() | {"data_dir": DATA_DIR.value})
    batches = build_data.evaluation_data(config, build_data.source(config), config.data.eval_split)
    pictures = np.concatenate([b["image"].numpy() for b in batches.take(1)])
    return found.network, pictures[: max(BATCHES) + CALIBRATION]


def resnet50(pictures):
    """ResNet-50 with norms such that each block matters, and the pictures at 224 pixels."""
    config = Config.from_flat({"resnet_depth": 50, "proj_head_mode": "none"})
    keras.utils.set_random_seed(0)
    encoder, head = build.encoder(config), build.projection_head(config)
    large = tf.image.resize(pictures, [224, 224], method="bicubic").numpy().clip(0, 1)
    head(encoder(large[:1])["final_avg_pool"])
    norms = [layer for layer in encoder.submodules if isinstance(layer, BatchNorm)]
    random = np.random.default_rng(0)
    for norm in norms:
        norm.gamma.assign(random.uniform(0.5, 1.0, norm.gamma.shape))
        norm.momentum = 0.0
    encoder(large[:16], training=True)  # Follows the statistics of these pictures.
    return TrainedNetwork(encoder, head, None, 0, norms), large


def main(argv):
    """Prints both tables."""
    del argv
    network, pictures = quick_start()
    side = pictures.shape[1]
    print(f"TensorFlow {tf.__version__}, {os.cpu_count()} cores, medians of {ROUNDS} rounds.")
    table(f"The quick start's encoder, {side} x {side} pixels", network, pictures)
    table("ResNet-50, 224 x 224 pixels, untrained", *resnet50(pictures))


if __name__ == "__main__":
    flags.mark_flag_as_required("model_dir")
    app.run(main)
