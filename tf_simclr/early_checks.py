"""Checks that need no TensorFlow, whose import takes seconds."""

import os

from tf_simclr import network, stopping
from tf_simclr.config import Config, flag_fields
from tf_simclr.config.fields import require


def check(config: Config) -> None:
    """Checks that a command names what it needs, and that it can be reached.

    Raises:
      ValueError: for what the user can fix; NotNow if the storage cannot be reached.
    """
    check_output(config)
    _check_folders(config)
    _check_place(config)
    _check_length(config)
    paths = paths_of(config)
    for name, path in paths.items():
        on_the_web = path.startswith(("https://", "http://"))
        require(not on_the_web, name, "must be a path, not a URL", path, "Download it first.")
    remote = [name for name, path in paths.items() if path.startswith("gs://")]
    if remote and not network.reachable(network.CLOUD_STORAGE):
        raise stopping.NotNow(
            f"`{remote[0]}` must be a local path while Google Cloud Storage cannot be reached."
            f" Received: {remote[0]}={paths[remote[0]]!r}. Go online, or copy it to this machine."
        )


def paths_of(config: Config) -> dict[str, str]:
    """The flags that name files or folders -> their values; "" if not given."""
    values = config.flat()
    return {f.name: values[f.name] or "" for f in flag_fields() if f.metadata["path"]}


def _check_folders(config: Config) -> None:
    model_dir, data_dir = config.run.model_dir, config.data.data_dir or ""
    needed = config.run.mode not in ("export", "embed") or not config.finetuning.checkpoint
    rule, mend = "must name the folder of the run", "Give --model_dir=DIR, or --help for all flags."
    require(bool(model_dir) or not needed, "model_dir", rule, model_dir, mend)
    # An empty value is what a shell makes of a variable that is not set.
    named = config.data.data_dir != ""
    require(named, "data_dir", "must name a folder", "", "Give --data_dir=DIR, or leave it out.")
    # Without --dataset a folder of pictures is meant, or one where TFDS keeps data.
    guessed = config.run.trains and data_dir and "dataset" not in config.given
    if (config.data.dataset == "image_folder" or guessed) and "://" not in data_dir:
        there = os.path.isdir(data_dir)
        require(there, "data_dir", "must be a folder that exists", data_dir)
        apart = not model_dir or os.path.realpath(model_dir) != os.path.realpath(data_dir)
        rule = "must not be the folder of pictures, where what a run writes would be taken for data"
        require(apart, "model_dir", rule, model_dir, "Give a folder of its own.")


def _check_place(config: Config) -> None:
    """Raises ValueError if the folder of a run cannot be written, before its data is read."""
    model_dir = config.run.model_dir or ""
    needs_run = config.run.mode in ("eval", "report")
    writes = config.run.trains or (needs_run and os.path.isdir(model_dir))
    if not writes or "://" in model_dir:
        return
    place = os.path.abspath(model_dir)
    while not os.path.lexists(place):  # It will be made in the first folder that is there.
        place = os.path.dirname(place)
    told = ""
    if not os.path.isdir(place):
        told = f"{place} is not a directory"
    elif not os.access(place, os.W_OK | os.X_OK):
        told = f"{place}; no right to write"
    rule = f"must be a folder that can be written ({told})"
    require(not told, "model_dir", rule, model_dir, "Give another --model_dir.")


def _check_length(config: Config) -> None:
    """Raises ValueError for two lengths of one training, both typed or both of a recipe."""
    minutes = config.training.train_minutes
    by_clock = bool(minutes) and "train_minutes" in config.given
    for name in ("train_steps", "train_epochs"):
        if by_clock and name in config.given:
            same = (name in config.typed) == ("train_minutes" in config.typed)
            rule = f"must be left out with --{name}, which sets the length too"
            require(not same, "train_minutes", rule, minutes, "Give one of the two.")


def check_output(config: Config) -> None:
    """Raises ValueError unless --mode=embed has a file of features to write."""
    output = config.exporting.output or ""
    if config.run.mode == "embed":
        rule, mend = "must name a file that ends in .npz", "Give --output=features.npz."
        require(output.endswith(".npz"), "output", rule, config.exporting.output, mend)
