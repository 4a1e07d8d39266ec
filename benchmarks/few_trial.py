"""One trial of training with few labels: a row of trials.csv for each seed.

    python -m benchmarks.few_trial NAME KIND SEEDS [--flag=value ...]

KIND is `supervised`, which trains from scratch, or `finetune`, which needs --checkpoint=RUN. SEEDS,
such as 0,1,2, choose the labels, the first weights and the order of the pictures. The flags are
those of `tf-simclr`, over the recipe's, on emoji32 cut by identities (validation_cut.py). Top-1 is
of the validation part, and `features` counts the labels.
"""

import os
import statistics
import sys
from collections.abc import Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks import few_labels, recipe_runs, trial

BASES = {
    "supervised": ["--recipe=emoji32_supervised_10pct"],
    "finetune": ["--recipe=emoji32_finetune_10pct"],
}


def main(name: str, kind: str, seeds: Sequence[str], flags: Sequence[str]) -> None:
    """Trains with each seed, and prints the scores."""
    scores = []
    for seed in seeds:
        folder = trial.RUNS / f"{name}_{seed}"
        config = trial.train(folder, [*BASES[kind], "--mode=train", f"--seed={seed}", *flags])
        with recipe_runs.told_to(f"{folder}.log"):
            score = few_labels.top_1(config)
        labels = recipe_runs.labels(str(folder))
        row = {**trial.facts(name, flags, config), "size": config.data.image_size}
        row |= {"output": kind, "features": labels, trial.CLASSIFIED: f"{score:.4f}"}
        trial.write(row)
        scores.append(100 * score)
    shown = " ".join(f"{score:.1f}" for score in scores)
    print(f"{name}: {statistics.mean(scores):.1f} ({shown})", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[2] not in BASES:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3].split(","), sys.argv[4:])
