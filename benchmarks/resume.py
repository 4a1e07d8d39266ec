"""How long a run waits for its first batch if it resumes inside an epoch, and in a fresh start.

    python -m benchmarks.resume [--folder=DIR]

A data set of FILES * RECORDS pictures of 32 pixels, 3 KB each, is written in TFDS's format: 3 GB,
unless the folder has it already. Then input pipelines that start at several places of an epoch take
turns, and each makes its first batch: of records only, and of pairs of views as in training. A
number is the minimum of ROUNDS. The table has CPU seconds of the process too, for a machine that is
busy. The last row, measured once, reads everything before the place: the records of the epoch, in
the order of the files, through tf.data's `shuffle`.
"""

import os
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from absl import app, flags, logging

from tf_simclr.data import pipeline
from tf_simclr.data.augment.color import Color
from tf_simclr.data.augment.crop import Crop
from tf_simclr.data.augment.flip import Flip
from tf_simclr.data.augment.gray import Gray
from tf_simclr.data.augment.views import PretrainViews, View
from tf_simclr.data.opening import open_source
from tf_simclr.data.source import Source

FOLDER = flags.DEFINE_string("folder", None, "Folder of the data; by default a temporary one.")
FILES, RECORDS, SIDE, BATCH = 100, 10_000, 32, 512
PLACES = (0, 0.1, 0.5, 0.95)  # of an epoch
ROUNDS = 5
PICTURES = 256  # that differ
NAME = "benchmark_of_resume"


def write(folder: str) -> None:
    """Writes the files and TFDS's metadata."""
    home = os.path.join(folder, NAME, "1.0.0")
    if os.path.exists(os.path.join(home, "dataset_info.json")):
        return
    os.makedirs(home)
    image = tfds.features.Image(shape=(SIDE, SIDE, 3), encoding_format="png")
    features = tfds.features.FeaturesDict({"image": image})
    random = np.random.default_rng(0)
    examples = [
        features.serialize_example({"image": random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)})
        for _ in range(PICTURES)
    ]
    for number in range(FILES):
        name = f"{NAME}-train.tfrecord-{number:05d}-of-{FILES:05d}"
        with tf.io.TFRecordWriter(os.path.join(home, name)) as file:
            for row in range(RECORDS):
                file.write(examples[(number + row) % PICTURES])
    info = tfds.core.SplitInfo(
        name="train",
        shard_lengths=[RECORDS] * FILES,
        num_bytes=FILES * RECORDS * len(examples[0]),
        filename_template=None,
    )
    tfds.folder_dataset.write_metadata(
        data_dir=home, features=features, split_infos=[info], version="1.0.0"
    )


def stream(source: Source, place: float) -> pipeline.Stream:
    """The stream of a run that resumes at a share of its first epoch."""
    start = int(place * FILES * RECORDS) // BATCH
    return pipeline.Stream(source, "train", BATCH, SIDE, seed=0, start_step=start)


def records(source: Source, place: float) -> tf.data.Dataset:
    """Records in training order."""
    picked = pipeline.endless_records(stream(source, place), tf.distribute.InputContext())
    return picked.batch(BATCH)


def views(source: Source, place: float) -> tf.data.Dataset:
    """Pairs of views."""
    made = PretrainViews(SIDE, (View.of(Crop(), Flip(), Color(0.5), Gray()),) * 2)
    return pipeline.pretrain_batches(stream(source, place), made, 0, tf.distribute.InputContext())


def by_reading(source: Source, place: float) -> tf.data.Dataset:
    """Records from a shuffle buffer, after reading everything before the place."""
    picked, start = stream(source, place), int(place * FILES * RECORDS)
    buffered = source.records("train").shuffle(picked.shuffle_window, seed=0)
    return buffered.skip(start).batch(BATCH)


def seconds(make, source: Source, place: float) -> np.ndarray:
    """Seconds to make a pipeline and its first batch: by the clock, and of CPU time."""
    start = np.array([time.perf_counter(), time.process_time()])
    next(iter(make(source, place)))
    return np.array([time.perf_counter(), time.process_time()]) - start


def measure(folder: str) -> None:
    """Prints a row for each place."""
    source = open_source(NAME, data_dir=folder)
    kinds = {"records": records, "views": views, "reading up to there": by_reading}
    least = {(kind, place): np.full(2, np.inf) for kind in kinds for place in PLACES}
    seconds(views, source, 0)  # To warm up.
    for number in range(ROUNDS):
        for kind, place in least:
            if kinds[kind] is not by_reading or not number:
                took = seconds(kinds[kind], source, place)
                least[kind, place] = np.minimum(least[kind, place], took)
    print("| first batch | at | clock | of a fresh start | CPU | of a fresh start |")
    print("|---|---|---|---|---|---|")
    for (kind, place), took in least.items():
        cells = [f"{t:.2f} s | {t / fresh:.2f}" for t, fresh in zip(took, least[kind, 0])]
        print(f"| {kind} | {place:.0%} | {' | '.join(cells)} |")


def main(_):
    """Writes the data and measures."""
    logging.set_verbosity(logging.ERROR)  # TFDS logs each reading.
    if FOLDER.value:
        write(FOLDER.value)
        measure(FOLDER.value)
        return
    with tempfile.TemporaryDirectory() as folder:
        write(folder)
        measure(folder)


if __name__ == "__main__":
    app.run(main)
