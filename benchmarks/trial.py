"""One trial of settings for small data: trains, judges several outputs, and writes a row each.

    python -m benchmarks.trial NAME SIZES [baselines] [--flag=value ...]

SIZES, such as 48,64, are the sides of the whole pictures that the encoder is judged on, in pixels.
The flags are those of `tf-simclr`, over the quick start's, on emoji32 cut by identities
(validation_cut.py). Rows go to benchmarks/trials.csv: flags, seed, machine, the time of training,
and what the validation part says of each output of the encoder and, after the word `baselines`, of
raw pixels, HOG + colours and the untrained network. Other data is --dataset=image_folder
--data_dir=FOLDER, whose split `test` is then what validates.
"""

import csv
import json
import os
import pathlib
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks import judged_outputs, validation_cut
from tf_simclr.config import Config
from tf_simclr.evaluation import whitening
from tf_simclr.evaluation.features import Features
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
BASELINES = "baselines"
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
# Of training and validation part together, so that chance decides less; the encoder has seen the
# former. Only where the data says what pictures show.
OF_ALL = ("all_probe", "all_white_knn", "all_white_retrieval")
SCORES = (*judged_outputs.SCORES, *OF_ALL)
CLASSIFIED = "top1"  # of a classifier (few_trial.py), on the validation part
FOLDS = 3  # of the training part; the validation part is one more
L2 = 0.01  # of the linear probe of folds


def train(folder: pathlib.Path, flags: Sequence[str]) -> Config:
    """Trains a run, on emoji32 as it is cut; its output goes to a log beside its folder."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    data = validation_cut.prepare(str(RUNS / "data"))
    command = ["-m", "tf_simclr.main", f"--data_dir={data}", f"--model_dir={folder}", *flags]
    with open(f"{folder}.log", "w") as log:
        subprocess.run([sys.executable, *command], stdout=log, stderr=log, check=True)
    config = read_settings(str(folder))
    assert config is not None
    return config


def facts(name: str, flags: Sequence[str], config: Config) -> dict[str, object]:
    """What a row says of a run, before its scores."""
    folder = config.run.model_dir
    return {
        "trial": name,
        "commit": _commit(),
        "cpu": read_run_facts(folder).get("cpu"),
        "seed": config.run.seed,
        "flags": shlex.join(flags),
        "steps": config.training.train_steps,
        "minutes": f"{training_seconds(folder) / 60:.2f}",
    }


def _of_all(train: Features, test: Features) -> dict[str, float]:
    """OF_ALL: by labels in folds of different things."""
    if train.identities is None or train.groups is None:
        return {}
    white = whitening.fit(train.vectors)
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
        count = (tables[3] >= 0).sum()
        right["all_white_knn"] += count * near
        right["all_probe"] += count * linear_probe(*tables, l2=[L2]).top1
    found = {name: count / (labels >= 0).sum() for name, count in right.items()}
    return found | {"all_white_retrieval": retrieval_at_k(white(vectors), identities, groups)}


def rows(config: Config, sizes: list[int], *, fixed: bool) -> Iterator[dict[str, object]]:
    """What the validation part says of each output at each size, and of the baselines if asked."""
    for size in sizes:
        of_size = config.replaced({"image_size": size, "center_crop": 1.0})
        found = {**judged_outputs.of_run(of_size)}
        if fixed:
            found |= judged_outputs.of_baselines(of_size)
        for output, parts in found.items():
            train, test = parts["train"], parts["test"]
            of_output = {"size": size, "output": output, "features": test.vectors.shape[1]}
            yield of_output | judged_outputs.scores(output, parts) | _of_all(train, test)


def write(row: Mapping[str, object]) -> None:
    """Adds a row to the table."""
    new = not TABLE.exists()
    with open(TABLE, "a", newline="") as file:
        writer = csv.DictWriter(file, [*COLUMNS, *SCORES, CLASSIFIED], lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def main(name: str, sizes: list[int], flags: list[str], *, fixed: bool) -> None:
    """Trains and judges one trial, and the baselines if asked."""
    config = train(RUNS / name, [*BASE, *flags])
    of_run = facts(name, flags, config)
    print(json.dumps(of_run))
    for row in rows(config, sizes, fixed=fixed):
        found = {key: row[key] for key in SCORES if key in row}
        write({**of_run, **row, **{key: f"{value:.4f}" for key, value in found.items()}})
        shown = "  ".join(f"{key} {100 * value:.1f}" for key, value in found.items())
        print(f"  {row['size']} px  {row['output']:22} {row['features']:5}  {shown}", flush=True)


def _commit() -> str:
    """The commit, and "-dirty" if anything but the table was changed."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(ROOT), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    rest = git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{TABLE}")
    return git("describe", "--always") + ("-dirty" if rest else "")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    flags = [flag for flag in sys.argv[3:] if flag != BASELINES]
    sizes = [int(size) for size in sys.argv[2].split(",")]
    main(sys.argv[1], sizes, flags, fixed=BASELINES in sys.argv)
