"""How much the batch and the number of steps matter on emoji32: the curves of docs/choosing.md.

    python -m benchmarks.choosing RUNS

A fifth of the training split is cut off for the probe; the test split is not looked at. All other
settings are the quick start's. The batches see the same number of pictures.
"""

import pathlib
import sys

import tf_simclr

RECIPE = pathlib.Path(__file__).parents[1] / "flags" / "emoji32_quickstart.cfg"
SPLITS = {"train_split": "train[:80%]", "eval_split": "train[80%:]"}
PICTURES = 64_000  # seen by each run of the first table
BATCHES = (32, 64, 128, 256)
STEPS = (125, 250, 500, 1000, 2000)
COLUMNS = {"linear_probe_top1": "linear probe", "knn_top1": "kNN"}


def measured(folder: pathlib.Path, **flags: int) -> dict[str, float]:
    """The scores of one run; one that was done before is read, and not trained again."""
    name = "_".join(f"{key}{value}" for key, value in flags.items())
    run = tf_simclr.run(flagfile=str(RECIPE), model_dir=str(folder / name), **SPLITS, **flags)
    return {key: run.results[key] for key in COLUMNS}


def table(title: str, rows: dict[str, dict[str, float]]) -> str:
    """A table in Markdown: a row for each run, its scores in percent."""
    lines = [f"| {title} | {' | '.join(COLUMNS.values())} |", "|---" * (1 + len(COLUMNS)) + "|"]
    for name, scores in rows.items():
        shown = " | ".join(f"{100 * scores[key]:.1f} %" for key in COLUMNS)
        lines.append(f"| {name} | {shown} |")
    return "\n".join(lines)


def main(folder: pathlib.Path) -> None:
    """Trains the runs in a folder, which keeps them, and prints both tables."""
    by_batch, by_steps = {}, {}
    for batch in BATCHES:
        steps = PICTURES // batch
        scores = measured(folder, train_batch_size=batch, train_steps=steps)
        by_batch[f"{batch}, {steps:,} steps"] = scores
    for steps in STEPS:
        by_steps[f"{steps:,}"] = measured(folder, train_batch_size=128, train_steps=steps)
    print(table("batch", by_batch), table("steps of 128", by_steps), sep="\n\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
