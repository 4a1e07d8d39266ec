"""Pictures of a folder that a config holds out for evaluation: those of its run, or chosen anew."""

from collections.abc import Callable

from tf_simclr.config import Config
from tf_simclr.data import held_out
from tf_simclr.data.source import Source
from tf_simclr.data.split_slices import names_in
from tf_simclr.workdir import run_folder
from tf_simclr.workdir.dataset_facts import around, held_out_at


def holding_out(config: Config, data: Source, report: Callable[[str], None]) -> Source:
    """The data, with the split held_out if a flag names it or the run in model_dir has it.

    A run keeps the pictures that it held out. One that starts from a --checkpoint on the same
    pictures holds out those that the checkpoint's run did not learn from.

    Args:
      config: of the command.
      data: all of it.
      report: called with a line that says how many are held out, and why these.

    Raises:
      ValueError: nothing can be held out.
    """
    named, embeds = names_held_out(config), config.run.mode == "embed"
    origin = config.finetuning.checkpoint if named or embeds else None
    for path in (config.run.model_dir, origin):
        before = held_out_at(path)
        found = data.hold_out(before, report) if before else None
        if found is not None:
            report(f"{_counted(data, found)}, as in {path}")
            return found
    found = data.hold_out(None, report) if named else None
    if found is None:  # Others say that there is no such split.
        return data
    report(f"{_counted(data, found)}, {_why(data)}")
    if (
        origin
        and not embeds
        and any(_is_of_same_folder(config, folder) for folder in around(origin))
    ):
        report(f"Note: {origin} held out nothing, and has learned from them.")
    return found


def names_held_out(config: Config) -> bool:
    """Whether one of the splits that a command uses is held_out, or has a part of it."""
    splits: tuple[str | None, ...] = (config.exporting.embed_split,)
    if config.run.mode != "embed":  # Its other splits are those of the run, not of these pictures.
        splits += config.data.train_split, config.data.eval_split
    return any(held_out.SPLIT in names_in(split) for split in splits if split)


def check_held_out(config: Config, data: Source, step: int) -> None:
    """Checks that a resumed run has not learned from what is held out now.

    Args:
      config: of the run.
      data: of the config.
      step: where it resumes.

    Raises:
      ValueError: if it held out nothing before, on the same pictures.
    """
    model_dir = run_folder.require_model_dir(config)
    if not step or not data.held_out or held_out_at(model_dir):
        return
    if _is_of_same_folder(config, model_dir):
        raise ValueError(
            "`eval_split` must not hold out pictures that the run has learned from. Received:"
            f" eval_split={config.data.eval_split!r}, model_dir={model_dir!r}, at step {step} of a"
            " training with all pictures. Give another --eval_split, or another --model_dir."
        )


def _is_of_same_folder(config: Config, folder: str) -> bool:
    """Whether there is a run in a folder that learned from the config's folder of pictures."""
    theirs = run_folder.read_settings(folder)
    same = run_folder.placed(theirs or config)["data_dir"] == run_folder.placed(config)["data_dir"]
    return theirs is not None and same


def _counted(data: Source, found: Source) -> str:
    held, every = found.splits[held_out.SPLIT], data.splits["train"]
    verb = "is" if held == 1 else "are"
    return f"{data.name}: {held:,} of {every:,} pictures {verb} held out for evaluation"


def _why(data: Source) -> str:
    every = data.splits["train"]
    which = "the same share of each class" if data.num_classes else "drawn at random"
    few = held_out.SHARE * every < held_out.LEAST
    return which + (f" (at least {held_out.LEAST}, or half)" if few else "")
