"""How well judges without labels rank runs by their linear probe: Spearman's rank correlations.

    nice -n 19 python -m benchmarks.judges --folder=runs/judges

Trains a small network on three quarters of emoji32's training split in many ways, good and bad
ones, and judges all of them on the rest. What is done in the folder is not done again.
"""

import argparse
import json
import os
import time
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from tf_simclr import methods, run
from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.evaluation.rank import rankme
from tf_simclr.judging.judge import encoder_features, judge
from tf_simclr.judging.without_labels import judge_without_labels, view_features
from tf_simclr.pretrained.find import find
from tf_simclr.pretrained.own import restore
from tf_simclr.reporting.names import LABEL_FREE
from tf_simclr.tasks import train
from tf_simclr.workdir.summaries import read_scalars

BASE = {
    "dataset": "emoji32",
    "train_split": "train[:75%]",
    "eval_split": "train[75%:]",
    "image_size": 32,
    "resnet_depth": 10,
    "width_multiplier": 0.25,
    "num_proj_layers": 1,
    "temperature": 0.1,
    "min_crop_area": 0.4,
    "color_jitter_strength": 0.6,
    "use_blur": False,
    "lineareval_while_pretraining": False,
    "train_batch_size": 64,
    "train_steps": 60,
    "train_summary_steps": 10,
    "optimizer": "adam",
    "learning_rate": 1e-2,
    "warmup_epochs": 0.3,
}
# What makes each run better or worse than the first.
RUNS = {
    "as it is": {},
    "20 steps": {"train_steps": 20},
    "150 steps": {"train_steps": 150},
    "150 steps, no change of colour": {"train_steps": 150, "color_jitter_strength": 0.0},
    "150 steps, temperature 0.02": {"train_steps": 150, "temperature": 0.02},
    "150 steps, temperature 1": {"train_steps": 150, "temperature": 1.0},
    "crops from 90 %": {"min_crop_area": 0.9},
    "rate 0.1": {"learning_rate": 0.1},
    "rate 0.0003": {"learning_rate": 3e-4},
    "crops from 5 %": {"min_crop_area": 0.05},
    "batch 16": {"train_batch_size": 16},
    "crops from 90 %, no change of colour": {"min_crop_area": 0.9, "color_jitter_strength": 0.0},
    "temperature 0.3": {"temperature": 0.3},
    "quarter turns": {"view_operations": "crop,flip,color,gray,rotate"},
    "strong colour": {"color_jitter_strength": 1.0},
    "300 steps": {"train_steps": 300},
}
# Judges of views are asked twice: of each run's own views, and of the same ones for all runs.
OF_VIEWS = ("two_view_retrieval", "alignment", "lidar")
COMMON = " (one kind of views for all)"
OTHERS = {
    "projection_rankme": "RankMe of projections",
    "contrast_acc": "contrastive accuracy in training",
    "knn_top1": "kNN, which reads labels",
}


class Judges:
    """Judges runs, by one network that takes the weights of each: it is traced only once.

    Args:
      config: of the base, for evaluation.
    """

    def __init__(self, config: Config):
        self.data, self.config = build_data.source(config), config
        self.net = methods.network(config, methods.Lesson(0))
        self.encoder = {"": encoder_features(self.net.encoder, tf.distribute.get_strategy())}

    def judge(self, config: Config) -> dict[str, float]:
        """Scores of the run that `config` was made for, by labels and without."""
        restore(find(config.run.model_dir), self.net.parts())
        judged = judge(config, self.data, self.encoder)[""]
        scores, vectors = dict(judged.scores), judged.test.vectors
        again = scores
        if config.data != self.config.data:  # The same pictures by the base's views.
            views = view_features(self.config, self.data, self.encoder)
            again = judge_without_labels({"": vectors}, views)[""]
        scores |= {key + COMMON: again[key] for key in OF_VIEWS}
        projections = self.net.projection_head(tf.constant(vectors), training=False)[-1]
        scores["projection_rankme"] = rankme(projections.numpy())
        curves = read_scalars(config.run.model_dir)
        scores["contrast_acc"] = curves["train/contrast_acc"][1][-1]
        return {k: float("nan") if v is None else float(v) for k, v in scores.items()}


def train_run(flags: dict) -> None:
    """Trains a run, and exports nothing."""
    with mock.patch.object(train, "export_run", lambda config: None):
        run(mode="train", **flags)


def goodness(key: str, value: float) -> float:
    """A value that is higher for better features, as the judge's paper says."""
    better = LABEL_FREE[key.removesuffix(COMMON)].better if key not in OTHERS else "higher"
    return {"higher": value, "lower": -value, "near 1": -abs(value - 1)}[better]


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0, equal values sharing the mean of theirs."""
    return np.array([(values < v).sum() + ((values == v).sum() - 1) / 2 for v in values])


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of the places where both are finite."""
    known = np.isfinite(first) & np.isfinite(second)
    return float(np.corrcoef(ranks(first[known]), ranks(second[known]))[0, 1])


def tables(results: dict[str, dict[str, float]]) -> None:
    """Prints the correlations, the probe of the run that each judge would choose, and the runs."""
    probe = np.array([scores["linear_probe_top1"] for scores in results.values()])
    print(f"\n{len(results)} runs, linear probe from {probe.min():.1%} to {probe.max():.1%}\n")
    print("| judge | Spearman's rank correlation with the probe | probe of the run it chooses |")
    print("|---|---|---|")
    keys = [*LABEL_FREE, *(key + COMMON for key in OF_VIEWS), *OTHERS]
    for key in keys:
        good = np.array([goodness(key, scores[key]) for scores in results.values()])
        title = OTHERS.get(key) or LABEL_FREE[key.removesuffix(COMMON)].title
        shown = title + (COMMON if key.endswith(COMMON) else "")
        chosen = probe[np.nanargmax(good)]
        print(f"| {shown} | {spearman(good, probe):.2f} | {100 * chosen:.1f} % |")
    shown = ["linear_probe_top1", *LABEL_FREE]
    print(f"\n| run | {' | '.join(shown)} |\n|{'---|' * (len(shown) + 1)}")
    for name, scores in sorted(results.items(), key=lambda item: -item[1]["linear_probe_top1"]):
        print(f"| {name} | {' | '.join(f'{scores[key]:.3g}' for key in shown)} |")


def main() -> None:
    """Does what is not done yet, and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True, help="of the runs and their results")
    parser.add_argument("--data_dir", help="of emoji32")
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    path = os.path.join(arguments.folder, "results.json")
    base = BASE | {"data_dir": arguments.data_dir}
    judges = Judges(Config.from_flat(base))
    results = {}
    if os.path.exists(path):
        with open(path) as file:
            results = json.load(file)
    for name, changes in RUNS.items():
        if name not in results:
            start, own = time.process_time(), name.replace(" ", "_").replace("%", "percent")
            flags = base | changes | {"model_dir": os.path.join(arguments.folder, own)}
            train_run(flags)
            results[name] = judges.judge(Config.from_flat(flags))
            print(f"{name}: {time.process_time() - start:.0f} s of CPU", flush=True)
            with open(path, "w") as file:
                json.dump(results, file, indent=1)
    tables(results)


if __name__ == "__main__":
    main()
