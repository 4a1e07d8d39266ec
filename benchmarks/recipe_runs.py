"""Runs of recipes, one after the other: each is printed as the command it is."""

import contextlib
import os
import shlex
import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any

import tf_simclr

CLASSIFIER = "eval/label_top_1_accuracy"  # key of a result
# Few pictures for probe and neighbours, where their results are not used.
QUICK = {"judge_examples": 300}


def run(recipe: str, model_dir: str, **more: object) -> dict[str, Any]:
    """Runs a recipe, or what is left of it; returns the content of its result.json."""
    started = time.monotonic()
    given = {"recipe": recipe, "model_dir": model_dir, **more}
    command = ["tf-simclr", *(f"--{name}={value}" for name, value in given.items())]
    print(f"\n$ {shlex.join(command)}", flush=True)
    with told_to(f"{model_dir}.log"):
        results = tf_simclr.run(**given).results
    print(f"{time.monotonic() - started:.0f} s, log in {model_dir}.log", flush=True)
    return results


def mean_and_spread(scores: Sequence[float]) -> str:
    """The mean of several seeds, and the difference of the best and the worst: "62.3 (1.7)"."""
    return f"{statistics.mean(scores):.1f} ({max(scores) - min(scores):.1f})"


def labels(model_dir: str) -> int:
    """Number of labels that a run knew, of one that was given few."""
    from tf_simclr.workdir.labels_file import LABELS

    with open(os.path.join(model_dir, LABELS)) as file:
        return len(file.readlines())


@contextlib.contextmanager
def told_to(path: str) -> Iterator[None]:
    """Prints inside go to the file at `path`."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a") as log, contextlib.redirect_stdout(log):
        yield
