"""Pretext tasks side by side: one encoder, one data set, one time of training, and one table.

    python -m benchmarks.demo_pretext --model_dir=runs/demo_pretext

Each run is one command, which is printed before it starts. Finished runs are not repeated. The
steps of each are written down here, and were chosen so that all train equally long on one machine;
the table says how long they took. The best layer of a network is chosen on a fifth of the training
pictures, and so are the two runs that are repeated with another seed.
"""

import contextlib
import os
import shlex
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from absl import app, flags

import tf_simclr
from benchmarks.judges import goodness, spearman

MODEL_DIR = flags.DEFINE_string("model_dir", "runs/demo_pretext", "Folder of the runs.")
SEEDS = (0, 1)
REPEATED = 2  # runs, the best ones
PROBE, HELD_OUT = "linear_probe_top1", "held_out/final"


class Entry(NamedTuple):
    """A training of the table.

    Attributes:
      title: of its row.
      recipe: its settings.
      more: flags that differ from the recipe; steps that take as long as the others'.
    """

    title: str
    recipe: str
    more: Mapping[str, Any]


ENTRIES = (
    Entry("Exemplar", "emoji32_exemplar", {}),
    Entry("Rotation", "emoji32_rotation", {}),
    Entry("Relative position", "emoji32_relative_position", {}),
    Entry("SimCLR", "emoji32_quickstart", {"train_steps": 3000}),
    Entry("Supervised", "emoji32_supervised_10pct", {"label_fraction": 1.0, "train_steps": 3000}),
)


def run(entry: Entry, seed: int) -> Mapping[str, Any]:
    """Runs an entry, or what is left of it; returns the content of its result.json."""
    model_dir, started = folder(entry, seed), time.monotonic()
    given = {"recipe": entry.recipe, "model_dir": model_dir, **entry.more}
    given |= {"seed": seed, "judge_endpoints": "all"}
    command = ["tf-simclr", *(f"--{name}={value}" for name, value in given.items())]
    print(f"\n$ {shlex.join(command)}", flush=True)
    with _told_to(f"{model_dir}.log"):
        results = tf_simclr.run(**given).results
    print(f"{time.monotonic() - started:.0f} s, log in {model_dir}.log", flush=True)
    return results


def folder(entry: Entry, seed: int) -> str:
    """The folder of an entry's run."""
    return os.path.join(MODEL_DIR.value, f"{entry.title.lower().replace(' ', '_')}_{seed}")


@contextlib.contextmanager
def _told_to(path: str) -> Iterator[None]:
    """Prints inside go to the file at `path`."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a") as log, contextlib.redirect_stdout(log):
        yield


def minutes(entry: Entry, seed: int) -> float:
    """How long a run has trained."""
    from tf_simclr.workdir.summaries import training_seconds

    return training_seconds(folder(entry, seed)) / 60


def without_labels(entries: Sequence[Entry]) -> dict[str, dict[str, float]]:
    """Title -> the judges without labels, which ask all networks about SimCLR's views."""
    import tensorflow as tf

    from tf_simclr import methods
    from tf_simclr.assembly import build_data
    from tf_simclr.evaluation.features import extract
    from tf_simclr.judging.judge import encoder_features, raw_pixels
    from tf_simclr.judging.without_labels import judge_without_labels, view_features
    from tf_simclr.pretrained.trained import open_trained
    from tf_simclr.workdir.run_folder import read_settings

    (simclr,) = (entry for entry in entries if entry.title == "SimCLR")
    config = read_settings(folder(simclr, SEEDS[0])).replaced({"mode": "eval"})
    data, strategy = methods.source(config), tf.distribute.get_strategy()
    opened = {e.title: open_trained(folder(e, SEEDS[0])).network.encoder for e in entries}
    untrained = methods.network(config, methods.Lesson(0)).encoder
    encoders = {"Untrained network": untrained, **opened}
    networks = {title: encoder_features(each, strategy) for title, each in encoders.items()}
    networks = {"Raw pixels": raw_pixels, **networks}
    pictures = build_data.evaluation_data(config, data, config.data.eval_split)
    found = extract(networks, pictures, limit=config.evaluation.judge_examples)
    vectors = {title: features.vectors for title, features in found.items()}
    return judge_without_labels(vectors, view_features(config, data, networks))


def row(title: str, results: Mapping[str, Any], prefix: str = "", trained: str = "-") -> str:
    """A row of the table of scores."""
    keys = (PROBE, "best_layer/linear_probe_top1", "knn_top1", "retrieval_at_1")
    scores = " | ".join(f"{100 * results[prefix + key]:.1f} %" for key in keys[:2])
    others = " | ".join(f"{100 * results[prefix + key]:.1f} %" for key in keys[2:])
    return f"| {title} | {trained} | {scores} | {results[prefix + 'best_layer']} | {others} |"


def told_of_seeds(entry: Entry, results: Sequence[Mapping[str, Any]]) -> str:
    """A sentence about the spread over seeds."""
    parts = []
    for name, key in (("linear probe", PROBE), ("retrieval at 1", "retrieval_at_1")):
        scores = [100 * each[key] for each in results]
        apart = max(scores) - min(scores)
        parts.append(f"{name} {statistics.mean(scores):.1f} %, {apart:.1f} points apart")
    return f"{entry.title}, the mean of {len(results)} seeds: {'; '.join(parts)}."


def main(argv: Sequence[str]) -> None:
    """Runs all and prints the tables."""
    del argv
    started = time.monotonic()
    first = {entry: run(entry, SEEDS[0]) for entry in ENTRIES}
    best = sorted(ENTRIES, key=lambda entry: first[entry][HELD_OUT], reverse=True)[:REPEATED]
    again = {entry: [first[entry], *(run(entry, seed) for seed in SEEDS[1:])] for entry in best}
    simclr = next(first[entry] for entry in ENTRIES if entry.title == "SimCLR")

    columns = "linear probe | at the best layer | which is | kNN | retrieval at 1"
    print(f"\n| | minutes of training | {columns} |\n|{'---|' * 7}")
    print(row("Raw pixels", simclr, "raw_pixels/"))
    print(row("Untrained network", simclr, "random_init/"))
    for entry in ENTRIES:
        print(row(entry.title, first[entry], trained=f"{minutes(entry, SEEDS[0]):.1f}"))
    print()
    for entry in best:
        print(told_of_seeds(entry, again[entry]))

    probes = {"Raw pixels": simclr[f"raw_pixels/{PROBE}"]}
    probes |= {"Untrained network": simclr[f"random_init/{PROBE}"]}
    probes |= {entry.title: first[entry][PROBE] for entry in ENTRIES}
    tables_without_labels(probes, without_labels(ENTRIES))
    print(f"\nAll of it took {(time.monotonic() - started) / 60:.0f} min.")


def tables_without_labels(
    probes: Mapping[str, float], judged: Mapping[str, Mapping[str, float]]
) -> None:
    """Prints the judges without labels, and how well each ranks the rows by their probe."""
    import numpy as np

    from tf_simclr.reporting.names import FEATURES, LABEL_FREE, label_free_text

    del FEATURES
    titles = [judge.title for judge in LABEL_FREE.values()]
    print(f"\n| without labels | {' | '.join(titles)} |\n|{'---|' * (1 + len(titles))}")
    for title in probes:
        cells = " | ".join(label_free_text(judged[title], "", key) for key in LABEL_FREE)
        print(f"| {title} | {cells} |")
    for name, chosen in (("all rows", list(probes)), ("trained rows", list(probes)[2:])):
        truth = np.array([probes[title] for title in chosen])
        good = {k: np.array([goodness(k, judged[t][k]) for t in chosen]) for k in LABEL_FREE}
        cells = " | ".join(f"{spearman(good[key], truth):.2f}" for key in LABEL_FREE)
        print(f"| rank correlation with the linear probe, {name} | {cells} |")


if __name__ == "__main__":
    app.run(main)
