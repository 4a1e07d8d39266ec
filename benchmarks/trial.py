"""One trial of settings for small data: trains, judges several outputs, and writes a row each.

    python -m benchmarks.trial NAME SIZES [--flag=value ...]

SIZES, such as 48,64, are the sides of the whole pictures that the encoder is judged on, in pixels.
The flags are those of `tf-simclr`, over the quick start's, on emoji32 cut by identities
(validation_cut.py). Rows go to benchmarks/trials.csv: flags, seed, machine, the time of training,
and what the validation part says of each output of the encoder.
"""

import csv
import json
import os
import pathlib
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks import validation_cut
from tf_simclr import load_encoder
from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.evaluation import whitening
from tf_simclr.evaluation.features import Features, extract_together
from tf_simclr.evaluation.knn import knn
from tf_simclr.evaluation.linear_probe import linear_probe
from tf_simclr.evaluation.retrieval import retrieval_at_k
from tf_simclr.workdir.run_facts import read_run_facts
from tf_simclr.workdir.run_folder import read_settings
from tf_simclr.workdir.summaries import training_seconds

ROOT = pathlib.Path(__file__).parents[1]
TABLE = ROOT / "benchmarks" / "trials.csv"
RUNS = pathlib.Path("runs/trials")
# No look and no checkpoint before the last step takes time from a trial.
BASE = ["--recipe=quickstart", "--mode=train", "--looks_while_pretraining=False"]
COLUMNS = (
    "trial",
    "commit",
    "cpu",
    "seed",
    "flags",
    "steps",
    "minutes",
    "size",
    "output",
    "features",
)
# White ones are of neighbours that are found after PCA whitening. `all_` ones are of training and
# validation part together, so that chance decides less; the encoder has seen the former.
SCORES = (
    "linear_probe",
    "knn",
    "retrieval",
    "white_knn",
    "white_retrieval",
    "all_probe",
    "all_white_knn",
    "all_white_retrieval",
)
FOLDS = 3  # of the training part; the validation part is one more
L2 = 0.01  # of the linear probe of folds
# Output -> endpoint of the encoder.
OUTPUTS = {"final": "final_avg_pool", "pyramid": "pyramid"}


def train(folder: pathlib.Path, flags: list[str]) -> None:
    """Trains a run; its output goes to a log beside its folder."""
    data = validation_cut.prepare(str(RUNS / "data"))
    command = ["-m", "tf_simclr.main", *BASE, f"--data_dir={data}", f"--model_dir={folder}", *flags]
    with open(f"{folder}.log", "w") as log:
        subprocess.run([sys.executable, *command], stdout=log, stderr=log, check=True)


def outputs(config: Config) -> dict[str, dict[str, Features]]:
    """Split -> output -> features."""
    encoder = load_encoder(config.run.model_dir)
    encoder.trained_size = None  # It is judged at other sizes on purpose.

    @tf.function(autograph=False, reduce_retracing=True)
    def judged(images: tf.Tensor) -> dict[str, tf.Tensor]:
        endpoints = encoder(images)
        return {output: endpoints[name] for output, name in OUTPUTS.items()}

    data = build_data.source(config)
    return {
        split: extract_together(
            judged, build_data.evaluation_data(config, data, split), limit=10_000
        )
        for split in ("train", "test")
    }


def scores(train: Features, test: Features) -> dict[str, float]:
    """SCORES of an output."""
    assert test.identities is not None and test.groups is not None
    things = train.identities
    probe = linear_probe(
        train.vectors, train.labels, test.vectors, test.labels, train_identities=things
    )
    found = {"linear_probe": probe.top1}
    white = whitening.fit(train.vectors)
    for prefix, change in (("", np.asarray), ("white_", white)):
        known, asked = change(train.vectors), change(test.vectors)
        found[f"{prefix}knn"] = knn(known, train.labels, asked, test.labels)
        found[f"{prefix}retrieval"] = retrieval_at_k(asked, test.identities, test.groups)
    return found | _of_all(train, test, white)


def _of_all(train: Features, test: Features, white: whitening.Whitening) -> dict[str, float]:
    """The scores of both parts together: by labels in folds of different things."""
    vectors, labels, identities, groups = (
        np.concatenate([getattr(part, name) for part in (train, test)])
        for name in ("vectors", "labels", "identities", "groups")
    )
    things = np.unique(train.identities)
    order = np.random.default_rng(0).permutation(len(things)) % FOLDS
    fold = np.full(len(labels), FOLDS)
    fold[: len(train.labels)] = order[np.searchsorted(things, train.identities)]
    right = {"all_probe": 0.0, "all_white_knn": 0.0}
    for number in range(FOLDS + 1):
        known, asked = fold != number, fold == number
        tables = vectors[known], labels[known], vectors[asked], labels[asked]
        of_fold = whitening.fit(tables[0])
        near = knn(of_fold(tables[0]), tables[1], of_fold(tables[2]), tables[3])
        right["all_white_knn"] += asked.sum() * near
        right["all_probe"] += asked.sum() * linear_probe(*tables, l2=[L2]).top1
    found = {name: count / len(labels) for name, count in right.items()}
    return found | {"all_white_retrieval": retrieval_at_k(white(vectors), identities, groups)}


def rows(config: Config, sizes: list[int]) -> Iterator[dict[str, object]]:
    """What the validation part says of each output at each size."""
    for size in sizes:
        found = outputs(config.replaced({"image_size": size, "center_crop": 1.0}))
        for output, test in found["test"].items():
            of_output = {"size": size, "output": output, "features": test.vectors.shape[1]}
            yield of_output | scores(found["train"][output], test)


def write(row: Mapping[str, object]) -> None:
    """Adds a row to the table."""
    new = not TABLE.exists()
    with open(TABLE, "a", newline="") as file:
        writer = csv.DictWriter(file, [*COLUMNS, *SCORES], lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def main(name: str, sizes: list[int], flags: list[str]) -> None:
    """Trains and judges one trial."""
    folder = RUNS / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    train(folder, flags)
    config = read_settings(str(folder))
    assert config is not None
    facts = {
        "trial": name,
        "commit": _commit(),
        "cpu": read_run_facts(str(folder)).get("cpu"),
        "seed": config.run.seed,
        "flags": shlex.join(flags),
        "steps": config.training.train_steps,
        "minutes": f"{training_seconds(str(folder)) / 60:.2f}",
    }
    print(json.dumps(facts))
    for row in rows(config, sizes):
        write({**facts, **row, **{key: f"{row[key]:.4f}" for key in SCORES}})
        shown = "  ".join(f"{key} {100 * row[key]:.1f}" for key in SCORES)
        print(f"  {row['size']} px  {row['output']:22} {row['features']:5}  {shown}", flush=True)


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], [int(size) for size in sys.argv[2].split(",")], sys.argv[3:])
