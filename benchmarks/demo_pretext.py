"""Pretext tasks side by side: one encoder, one data set, one time of training, and one table.

    python -m benchmarks.demo_pretext --model_dir=runs/demo_pretext

Each run is one command, which is printed before it starts. Finished runs are not repeated. The
steps of each are written down here, and were chosen so that all train equally long on one machine;
the table says how long they took. The best layer of a network is chosen on a fifth of the training
pictures, and so are the two tasks that are repeated with another seed. The supervised network has
learned the labels of that fifth, so its best layer cannot be chosen, and it is not among the two.
"""

import math
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

from absl import app, flags

from benchmarks import recipe_runs
from benchmarks.judges import goodness, spearman

MODEL_DIR = flags.DEFINE_string("model_dir", "runs/demo_pretext", "Folder of the runs.")
SEEDS = (0, 1)
REPEATED = 2  # tasks without labels, the best ones
RAW, UNTRAINED = "Raw pixels", "Untrained network"
PROBE, BEST = "linear_probe_top1", "best_layer/linear_probe_top1"
NEIGHBOURS = ("knn_top1", "retrieval_at_1")
HELD_OUT = "held_out/final"
# Lines of 80 characters.
ROW = "{:17}{:>8}{:>9}{:>9}  {:16}{:>8}{:>10}"
WITHOUT_LABELS = "{:17}{:>9}{:>7}{:>8}{:>10}{:>11}{:>10}{:>7}"

SIMCLR, SUPERVISED = "SimCLR", "Supervised"
# Title of a row -> its recipe, and what differs from it: steps that take as long as the others'.
ENTRIES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "Exemplar": ("emoji32_exemplar", {}),
    "Rotation": ("emoji32_rotation", {}),
    "Relative position": ("emoji32_relative_position", {}),
    SIMCLR: ("emoji32_v2", {"num_proj_layers": 1, "temperature": 0.07, "train_steps": 2800}),
    SUPERVISED: ("emoji32_supervised_10pct", {"label_fraction": 1.0, "train_steps": 8600}),
}


def run(title: str, seed: int) -> dict[str, Any]:
    """The results of an entry's run."""
    recipe, more = ENTRIES[title]
    more = {**more, "seed": seed, "judge_endpoints": "all"}
    return recipe_runs.run(recipe, folder(title, seed), **more)


def folder(title: str, seed: int) -> str:
    """The folder of an entry's run."""
    return os.path.join(MODEL_DIR.value, f"{title.lower().replace(' ', '_')}_{seed}")


def minutes(title: str, seed: int) -> float:
    """How long a run has trained."""
    from tf_simclr.workdir.summaries import training_seconds

    return training_seconds(folder(title, seed)) / 60


def without_labels() -> dict[str, dict[str, float | None]]:
    """Title -> the judges without labels, which ask all networks about SimCLR's views."""
    import tensorflow as tf

    from tf_simclr import methods
    from tf_simclr.assembly import build_data
    from tf_simclr.evaluation.features import extract
    from tf_simclr.judging.baselines import raw_pixels
    from tf_simclr.judging.judge import encoder_features
    from tf_simclr.judging.without_labels import judge_without_labels, view_features
    from tf_simclr.pretrained.trained import open_trained
    from tf_simclr.reporting.names import FEATURES
    from tf_simclr.workdir.run_folder import read_settings

    config = read_settings(folder(SIMCLR, SEEDS[0])).replaced({"mode": "eval"})
    data, strategy = methods.source(config), tf.distribute.get_strategy()
    encoders = {UNTRAINED: methods.network(config, methods.Lesson(0)).encoder}
    for title in ENTRIES:
        encoders[title] = open_trained(folder(title, SEEDS[0])).network.encoder
    networks = {title: encoder_features(each, strategy) for title, each in encoders.items()}
    networks = {RAW: raw_pixels, **networks}
    pictures = build_data.evaluation_data(config, data, config.data.eval_split)
    found = extract(networks, pictures, limit=config.evaluation.judge_examples)
    vectors = {title: features.vectors for title, features in found.items()}
    judged = judge_without_labels(vectors, view_features(config, data, networks))
    counts = {title: {FEATURES: float(each.shape[1])} for title, each in vectors.items()}
    return {title: {**scores, **counts[title]} for title, scores in judged.items()}


def row(title: str, results: Mapping[str, Any], prefix: str = "", trained: str = "-") -> str:
    """A line of the table of scores."""
    probe, at_best, *others = (
        f"{100 * results[prefix + key]:.1f} %" for key in (PROBE, BEST, *NEIGHBOURS)
    )
    layer = results[f"{prefix}best_layer"]
    if title == SUPERVISED:
        at_best, layer = "-", "-"
    return ROW.format(title, trained, probe, at_best, layer, *others)


def over_seeds(title: str, results: Sequence[Mapping[str, Any]]) -> str:
    """A line on the mean over seeds, and how far they are apart in points."""
    cells = []
    for key in (PROBE, BEST):
        scores = [100 * each[key] for each in results]
        cells.append(f"{statistics.mean(scores):.1f} % ({max(scores) - min(scores):.1f} apart)")
    return f"{title:18}linear probe {cells[0]}, at the best layer {cells[1]}"


def main(argv: Sequence[str]) -> None:
    """Runs all and prints the tables."""
    del argv
    started = time.monotonic()
    first = {title: run(title, SEEDS[0]) for title in ENTRIES}
    tasks = [title for title in ENTRIES if title != SUPERVISED]
    best = sorted(tasks, key=lambda title: first[title][HELD_OUT], reverse=True)[:REPEATED]
    again = {title: [first[title], *(run(title, seed) for seed in SEEDS[1:])] for title in best}
    simclr = first[SIMCLR]

    print("\n" + ROW.format("", "minutes", "probe", "at best", "layer", "kNN", "retrieval"))
    print(row(RAW, simclr, "raw_pixels/"))
    print(row(UNTRAINED, simclr, "random_init/"))
    for title, results in first.items():
        print(row(title, results, trained=f"{minutes(title, SEEDS[0]):.1f}"))
    print(f"\nMeans of {len(SEEDS)} seeds:")
    for title in best:
        print(over_seeds(title, again[title]))

    probes = {RAW: simclr[f"raw_pixels/{PROBE}"], UNTRAINED: simclr[f"random_init/{PROBE}"]}
    tables_without_labels(probes | {title: first[title][PROBE] for title in ENTRIES})
    print(f"\nAll of it took {(time.monotonic() - started) / 60:.0f} min.")


def tables_without_labels(probes: Mapping[str, float]) -> None:
    """Prints the judges without labels, and how well each ranks the rows by their probe."""
    import numpy as np

    from tf_simclr.reporting.names import LABEL_FREE, label_free_text

    with recipe_runs.told_to(os.path.join(MODEL_DIR.value, "without_labels.log")):
        judged = without_labels()
    words = [judge.title.split() for judge in LABEL_FREE.values()]
    print("\n" + WITHOUT_LABELS.format("", *(" ".join(each[:-1]) for each in words)).rstrip())
    print(WITHOUT_LABELS.format("", *(each[-1] for each in words)))
    for title in probes:
        cells = (label_free_text(judged[title], "", key) for key in LABEL_FREE)
        print(WITHOUT_LABELS.format(title, *cells))
    print("Their views are SimCLR's, which favours SimCLR.")
    print("How well they rank the rows, by Spearman's correlation with the linear probe; what is")
    print("below 0.79 of 7 rows, or below 1.00 of 5, may be chance:")
    for name, chosen in (("all rows", list(probes)), ("trained networks", list(ENTRIES))):
        truth = np.array([probes[title] for title in chosen])
        cells = []
        for key in LABEL_FREE:
            values = [judged[title][key] for title in chosen]
            good = [math.nan if each is None else goodness(key, each) for each in values]
            cells.append(f"{spearman(np.array(good), truth):.2f}")
        print(WITHOUT_LABELS.format(name, *cells))


if __name__ == "__main__":
    app.run(main)
