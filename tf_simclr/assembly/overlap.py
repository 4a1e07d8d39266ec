"""Whether evaluation pictures were used in training: compares splits picture by picture."""

import os
from collections.abc import Iterator

from tf_simclr.config import Config
from tf_simclr.data.opening import open_source
from tf_simclr.data.source import Source, count_shared
from tf_simclr.workdir import run_folder
from tf_simclr.workdir.dataset_facts import held_out_at

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
        (_shared(learned, split, data, judged), f"in {split!r}, which {learner} from")
        for learner, learned, split in _learned_from(config, data, trained)
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


def _learned_from(
    config: Config, data: Source, trained: Config
) -> Iterator[tuple[str, Source, str]]:
    """(words for who learns, data as the learner knows it, split of that)."""
    split, of_run = config.data.train_split, trained.data.train_split
    learned = _as_learned(config, data, trained)
    if not _same_data(config, trained):
        yield "the probe and kNN learn", data, split
    elif split == of_run and learned is data:
        yield "the run learns", data, split
    else:
        yield "the network learned", learned, of_run
        yield "the probe and kNN learn", data, split


def _as_learned(config: Config, data: Source, trained: Config) -> Source:
    """The data as its run knew it, which may have held out nothing, or sliced it otherwise."""
    held_out_then = not data.held_out or held_out_at(config.run.model_dir)
    if trained is not config and not held_out_then:
        data = data.with_all()
    ours, theirs = (one.data.stratified_slices for one in (config, trained))
    return data if ours == theirs else data.in_order(stratified=theirs)


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
        whole = open_source(
            FOLDER, data_dir=trained.data.data_dir, max_bad_fraction=1.0, report=_say_nothing
        )
        before = held_out_at(config.run.model_dir)
        learned = (whole.hold_out(before, _say_nothing) if before else None) or whole
        learned = learned.in_order(stratified=trained.data.stratified_slices)
        ours = _paths(config, data, config.data.eval_split)
        return len(ours & _paths(trained, learned, trained.data.train_split))
    except ValueError:  # The folder no longer exists.
        return 0


def _paths(config: Config, data: Source, split: str) -> set[str]:
    folder = run_folder.placed(config)["data_dir"]
    return {os.path.join(folder, name) for name in _names(data, split)}


def _names(data: Source, split: str) -> set[str]:
    names = data.records(split, names=True).map(lambda record: record["name"])
    return {name.decode() for name in names.as_numpy_iterator()}


def _shared(learned: Source, first: str, data: Source, second: str) -> int:
    if not (learned.has(first) and data.has(second)):  # A missing split is reported elsewhere.
        return 0
    if learned is data:
        return count_shared(data.ranges(first), data.ranges(second))
    return len(_names(learned, first) & _names(data, second))


def _say_nothing(line: str) -> None:
    """The pictures of another folder are not what the user asked about."""
