"""SimCLR v2 on the bundled pictures: pretrain, fine-tune with few labels, distil, and one table.

    python -m benchmarks.demo_v2 --model_dir=runs/demo_v2

Each run is one command, which is printed before it starts. Finished runs are not repeated.
The three steps: arXiv 2006.10029, figure 3.
"""

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any

from absl import app, flags

from benchmarks import recipe_runs

MODEL_DIR = flags.DEFINE_string("model_dir", "runs/demo_v2", "Folder of the runs.")
SEEDS = (0, 1, 2)  # of the choice of labels, the initial weights and the order of pictures
PROBE = "linear_probe_top1"


def run(recipe: str, folder: str, **more: object) -> dict[str, Any]:
    """The results of a recipe's run in `folder`."""
    return recipe_runs.run(recipe, _path(folder), **more)


def _path(folder: str) -> str:
    return os.path.join(MODEL_DIR.value, folder)


def parameters(folder: str) -> int:
    """Number of parameters of a run's classifier, without moving averages."""
    from tf_simclr.pretrained.trained import open_trained

    layers = open_trained(_path(folder)).network.of_classifier
    return sum(
        weight.shape.num_elements() for layer in layers for weight in layer.trainable_weights
    )


def row(title: str, folder: str, known: str, scores: Sequence[float]) -> str:
    """A line of the table: labels, parameters, mean top-1 and its spread over seeds."""
    apart = f"{100 * spread(scores):.1f}" if len(scores) > 1 else "-"
    top_1 = 100 * statistics.mean(scores)
    return f"{title:38}{known:>14}{parameters(folder):>13,}{top_1:>9.1f} %{apart:>8}"


def spread(scores: Sequence[float]) -> float:
    """The difference of the best seed and the worst."""
    return max(scores) - min(scores)


def verdicts(scores: dict[str, list[float]]) -> Iterator[str]:
    """The conclusions on fine-tuning and distillation."""
    tuned, supervised = scores["layer1"], scores["supervised"]
    apart = max(spread(tuned), spread(supervised))
    gain = statistics.mean(tuned) - statistics.mean(supervised)
    larger = "more" if gain > apart else "NOT more"
    yield (
        f"Fine-tuned from layer 1 against supervised: {100 * gain:+.1f} points, {larger} than"
        f" the larger spread of the two ({100 * apart:.1f})."
    )
    teacher = tuned[0]
    for title, name in (("The student", "student"), ("Its teacher's twin", "self")):
        behind = scores[name][0] - teacher
        yield f"{title} against the teacher's {100 * teacher:.1f} %: {100 * behind:+.1f} points."


def main(argv: Sequence[str]) -> None:
    """Runs all and prints the table."""
    del argv
    started = time.monotonic()
    run("emoji32_v2", "pretrained")
    scores: dict[str, list[float]] = {}
    start = {"checkpoint": _path("pretrained")}
    for seed in SEEDS:
        for name, recipe, more in (
            ("supervised", "emoji32_supervised_10pct", {}),
            ("layer0", "emoji32_finetune_10pct", {**start, "ft_proj_selector": 0}),
            ("layer1", "emoji32_finetune_10pct", start),
        ):
            result = run(recipe, f"{name}_{seed}", **more, seed=seed, **recipe_runs.QUICK)
            scores.setdefault(name, []).append(result[recipe_runs.CLASSIFIER])
        few = run("emoji32_v2", "pretrained", mode="eval", label_fraction=0.1, seed=seed)
        scores.setdefault("probe", []).append(few[PROBE])
    teacher = _path("layer1_0")
    for name, recipe in (("student", "emoji32_distill"), ("self", "emoji32_self_distill")):
        scores[name] = [
            run(recipe, f"{name}_0", teacher=teacher, **recipe_runs.QUICK)[recipe_runs.CLASSIFIER]
        ]

    known = f"{recipe_runs.labels(_path('layer1_0')):,}"
    print(f"\n{'':38}{'labels':>14}{'parameters':>13}{'top-1':>11}{'spread':>8}")
    for title, name, folder in (
        ("Supervised from scratch", "supervised", "supervised_0"),
        ("Linear probe of the encoder", "probe", "pretrained"),
        ("Fine-tuned from the encoder's output", "layer0", "layer0_0"),
        ("Fine-tuned from projection layer 1", "layer1", "layer1_0"),
        ("Student of the one above, seed 0", "student", "student_0"),
        ("The same of its teacher's size", "self", "self_0"),
    ):
        print(row(title, folder, known, scores[name]))
    print(
        f"\nTop-1 on the test pictures: the mean of {len(SEEDS)} seeds, and how far the best"
        " and the worst lie apart."
    )
    for line in verdicts(scores):
        print(line)
    print(f"All of it took {(time.monotonic() - started) / 60:.0f} min.")


if __name__ == "__main__":
    app.run(main)
