"""Whether evaluation pictures were used in training: compares splits picture by picture."""

import os
from collections.abc import Iterator

from tf_simclr.config import Config
from tf_simclr.data.opening import open_source
from tf_simclr.data.source import Source, count_shared
from tf_simclr.workdir import run_folder

FOLDER = "image_folder"


def overlaps(config: Config, data: Source, trained: Config | None = None) -> list[str]:
    """One line for each pair of splits that share pictures; [] if there are none.

    Args:
      config: of the run, or of a command that evaluates it.
      data: of the config.
      trained: settings of the run that is evaluated; None is `config`.
    """
    judged, trained = config.data.eval_split, trained or config
    found = [
        (_shared(data, split, judged), f"in {split!r}, which {learner} from")
        for learner, split in _learned_from(config, trained)
    ]
    if _nested(config, trained):
        shared = _shared_files(config, data, trained)
        found.append((shared, f"in {trained.data.data_dir}, which the network learned from"))
    return [
        f"{shared} of the {data.num_examples(judged)} pictures to judge on ({judged!r}) are also"
        f" {where}: results on them say little about new pictures."
        for shared, where in found
        if shared
    ]


def _learned_from(config: Config, trained: Config) -> Iterator[tuple[str, str]]:
    """(words for who learns, split of this data)."""
    split, of_run = config.data.train_split, trained.data.train_split
    if not _same_data(config, trained):
        yield "the probe and kNN learn", split
    elif split == of_run:
        yield "the run learns", split
    else:
        yield "the network learned", of_run
        yield "the probe and kNN learn", split


def _same_data(config: Config, trained: Config) -> bool:
    ours, theirs = run_folder.placed(config), run_folder.placed(trained)
    return all(ours[name] == theirs[name] for name in ("dataset", "data_dir"))


def _nested(config: Config, trained: Config) -> bool:
    """Whether one folder of pictures is inside the other: split/class here, class there."""
    if _same_data(config, trained) or {config.data.dataset, trained.data.dataset} != {FOLDER}:
        return False
    ours, theirs = (run_folder.placed(one)["data_dir"] for one in (config, trained))
    return ours.startswith(f"{theirs}/") or theirs.startswith(f"{ours}/")


def _shared_files(config: Config, data: Source, trained: Config) -> int:
    """How many evaluation pictures the network was trained on, by their paths."""
    try:
        learned = open_source(
            FOLDER, data_dir=trained.data.data_dir, max_bad_fraction=1.0, report=lambda line: None
        )
        ours = _paths(config, data, config.data.eval_split)
        return len(ours & _paths(trained, learned, trained.data.train_split))
    except ValueError:  # The folder no longer exists.
        return 0


def _paths(config: Config, data: Source, split: str) -> set[str]:
    folder = run_folder.placed(config)["data_dir"]
    names = data.records(split, names=True).map(lambda record: record["name"])
    return {os.path.join(folder, name.decode()) for name in names.as_numpy_iterator()}


def _shared(data: Source, first: str, second: str) -> int:
    there = data.has(first) and data.has(second)  # A missing split is reported elsewhere.
    return count_shared(data.ranges(first), data.ranges(second)) if there else 0
