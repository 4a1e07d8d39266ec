"""Whether pictures that are judged were learned from: splits are compared picture by picture."""

from collections.abc import Iterator

from tf_simclr import run_folder
from tf_simclr.config import Config
from tf_simclr.data.sources import Source, count_shared


def overlaps(config: Config, data: Source, trained: Config | None = None) -> list[str]:
    """One line for each pair of splits that share pictures; [] where the results are of new ones.

    Args:
      config: of the run, or of a command that evaluates it.
      data: of the config.
      trained: the settings of the run that is evaluated; None is `config`.
    """
    judged = config.data.eval_split
    lines = []
    for learner, split in _learned_from(config, trained or config):
        shared = _shared(data, split, judged)
        if shared:
            lines.append(
                f"{shared} of the {data.num_examples(judged)} pictures to judge on ({judged!r}) are"
                f" also in {split!r}, which {learner} from: results on them say little about new"
                " pictures."
            )
    return lines


def _learned_from(config: Config, trained: Config) -> Iterator[tuple[str, str]]:
    """(who learns, split of this data)."""
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


def _shared(data: Source, first: str, second: str) -> int:
    try:
        return count_shared(data.ranges(first), data.ranges(second))
    except ValueError:  # One of them does not exist: whoever needs it says so.
        return 0
