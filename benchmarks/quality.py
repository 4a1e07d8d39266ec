"""What ten minutes of pretraining give, beside baselines: hours in all, three seeds of each.

    python -m benchmarks.quality RUNS emoji           the quick start's settings on emoji32
    python -m benchmarks.quality RUNS folders FOLDER  the settings that are chosen for a folder, on
                                                      the sets of picture_sets.py in FOLDER
    python -m benchmarks.quality RUNS few             few labels of emoji32: fine-tuned, and from
                                                      scratch, five seeds

Finished runs in RUNS are not repeated. Judged on test splits: what the settings were chosen on is
in trials.csv. Each score is a mean over seeds, with the difference of the best and the worst.
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tf_simclr
from benchmarks import few_labels, judged_outputs, picture_sets
from benchmarks.recipe_runs import mean_and_spread, told_to
from tf_simclr.config import Config
from tf_simclr.workdir.run_folder import read_settings
from tf_simclr.workdir.summaries import training_seconds

SEEDS = (0, 1, 2)
MINUTES = 10.0
PRECISIONS = ("auto", "float32")
COLUMNS = {
    "linear_probe": "Linear probe",
    "few_probe": "10 a class",
    "knn": "kNN",
    "white_knn": "white kNN",
    "retrieval": "Retrieval",
    "white_retrieval": "white retr.",
}


def trained(folder: str, **flags: object) -> Config:
    """The settings of a run of MINUTES with these flags; it is made unless it is there."""
    given = {"model_dir": folder, "mode": "train", "train_minutes": MINUTES, **flags}
    with told_to(f"{folder}.log"):
        tf_simclr.run(**given)
    config = read_settings(folder)
    assert config is not None
    minutes = training_seconds(folder) / 60
    steps, precision = config.training.train_steps, config.training.precision
    print(f"{folder}: {steps:,} steps in {minutes:.1f} min, {precision}", flush=True)
    return config


def judged(configs: Sequence[Config]) -> dict[str, list[Mapping[str, float]]]:
    """Output or baseline -> its scores for each run; raw pixels and HOG are the same for all."""
    found: dict[str, list[Mapping[str, float]]] = {}
    for config in configs:
        outputs = {**judged_outputs.of_run(config), **judged_outputs.of_baselines(config)}
        for output, parts in outputs.items():
            fixed = output in found and not _of_seed(output)
            scores = found[output][0] if fixed else judged_outputs.scores(output, parts)
            found.setdefault(output, []).append(scores)
    return found


def _of_seed(output: str) -> bool:
    return output in judged_outputs.OUTPUTS or output.startswith("untrained")


def table(title: str, found: Mapping[str, Sequence[Mapping[str, float]]]) -> Iterable[str]:
    """Lines of a table: mean and spread of each score of each output."""
    columns = [key for key in COLUMNS if any(key in runs[0] for runs in found.values())]
    yield f"\n{title:20}" + "".join(f"{COLUMNS[key]:>15}" for key in columns)
    for output, runs in found.items():
        cells = ([100 * run[key] for run in runs] for key in columns)
        yield f"{output:20}" + "".join(f"{mean_and_spread(cell):>15}" for cell in cells)


def emoji(runs: str) -> None:
    """The quick start's settings, in the faster precision and in float32."""
    for precision in PRECISIONS:
        configs = [
            trained(
                f"{runs}/emoji_{precision}_{seed}",
                recipe="quickstart",
                precision=precision,
                seed=seed,
            )
            for seed in SEEDS
        ]
        print("\n".join(table(f"emoji32, {precision}", judged(configs))), flush=True)


def folders(runs: str, sets: str) -> None:
    """The settings that are chosen for each set."""
    for name in picture_sets.PACKAGES:
        configs = [
            trained(f"{runs}/{name}_{seed}", data_dir=f"{sets}/{name}", seed=seed) for seed in SEEDS
        ]
        print("\n".join(table(name, judged(configs))), flush=True)


if __name__ == "__main__":
    if sys.argv[2:] == ["emoji"]:
        emoji(sys.argv[1])
    elif sys.argv[2:] == ["few"]:
        few_labels.compare(sys.argv[1])
    elif sys.argv[2:3] == ["folders"] and len(sys.argv) == 4:
        folders(sys.argv[1], sys.argv[3])
    else:
        sys.exit(__doc__)
