"""Classifiers of emoji32 that know few labels: fine-tuned, and from scratch."""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks import recipe_runs
from tf_simclr import load_classifier
from tf_simclr.assembly import build_data
from tf_simclr.cli import written_in
from tf_simclr.config import Config
from tf_simclr.judging.classify import classify
from tf_simclr.workdir.run_folder import read_settings

PRETRAINED, TUNED, SCRATCH = "emoji32_v2", "emoji32_finetune_10pct", "emoji32_supervised_10pct"
OF_TUNING = {"train_mode", "checkpoint", "ft_proj_selector"}
# Kind -> its title in tables.
KINDS = {
    "tuned": "Fine-tuned",
    "same": "From scratch, same recipe",
    "best": "From scratch, own recipe",
}
# Of the choice of labels, the first weights and the order of pictures.
SEEDS = (0, 1, 2, 3, 4)
# Title -> the flags that choose labels. A batch has no more pictures than there are labels.
FEW: Mapping[str, Mapping[str, object]] = {
    "1 a class": {"labels_per_class": 1, "train_batch_size": 32},
    "5 a class": {"labels_per_class": 5},
    "a tenth": {},
}


def kinds(pretrained: str) -> dict[str, tuple[str, dict[str, object]]]:
    """Kind -> its recipe, and the flags over it.

    The network that is fine-tuned is compared with one that is trained from scratch by the same
    recipe, and with one that is trained by a recipe of its own.

    Args:
      pretrained: folder of the run that fine-tuning starts from.
    """
    tuned, scratch = written_in(recipe=TUNED), written_in(recipe=SCRATCH)
    same = {
        name: value
        for name, value in tuned.items()
        if name not in OF_TUNING and value != scratch.get(name)
    }
    return {
        "tuned": (TUNED, {"checkpoint": pretrained}),
        "same": (SCRATCH, same),
        "best": (SCRATCH, {}),
    }


def top_1(config: Config) -> float:
    """The share of the test pictures whose class a run's classifier gives, in [0, 1].

    Args:
      config: of the run; its evaluation says how pictures are shown.
    """
    classifier = load_classifier(config.run.model_dir)
    _, scores = classify(config, build_data.source(config), classifier)
    return scores[recipe_runs.CLASSIFIER]


def paired(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """The mean of the differences, seed by seed, and its standard error."""
    apart = [a - b for a, b in zip(ours, theirs)]
    error = statistics.stdev(apart) / math.sqrt(len(apart))
    return f"{statistics.mean(apart):+.1f} +- {error:.1f}"


def compare(runs: str) -> None:
    """Trains each kind with each number of labels and each seed, and prints a table.

    Args:
      runs: a folder; runs that are finished there are not repeated.
    """
    pretrained = f"{runs}/few_pretrained"
    recipe_runs.run(PRETRAINED, pretrained, mode="train")
    found: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    for number, labels in enumerate(FEW.values()):
        for kind, (recipe, flags) in kinds(pretrained).items():
            folder = f"{runs}/few_{kind}_{number}"
            found[kind].append(_scores(folder, recipe, {**flags, **labels}))
    print("\n".join(table(found)))


def table(found: Mapping[str, Sequence[Sequence[float]]]) -> Iterator[str]:
    """Lines of a table: of each kind the mean and the spread, and how far fine-tuning is ahead.

    Args:
      found: kind -> for each of FEW the scores of the seeds, in %.
    """
    yield _row("emoji32", FEW)
    for kind, columns in found.items():
        yield _row(KINDS[kind], map(recipe_runs.mean_and_spread, columns))
    for kind in ("same", "best"):
        cells = (paired(*pair) for pair in zip(found["tuned"], found[kind]))
        yield _row(f"Ahead of {KINDS[kind].lower()}", cells)


def _row(title: str, cells: Iterable[str]) -> str:
    return f"{title:36}" + "".join(f"{cell:>14}" for cell in cells)


def _scores(folder: str, recipe: str, flags: Mapping[str, object]) -> list[float]:
    """Top-1 of a run for each seed, in %."""
    found = []
    for seed in SEEDS:
        place = f"{folder}_{seed}"
        recipe_runs.run(recipe, place, mode="train", **flags, seed=seed)
        config = read_settings(place)
        assert config is not None
        with recipe_runs.told_to(f"{place}.log"):
            found.append(100 * top_1(config))
    return found
