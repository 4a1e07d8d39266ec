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
    if config.data.dataset == "image_folder" and "://" not in data_dir:
        there = os.path.isdir(data_dir)
        require(there, "data_dir", "must be a folder that exists", data_dir)


def check_output(config: Config) -> None:
    """Raises ValueError unless --mode=embed has a file of features to write."""
    output = config.exporting.output or ""
    if config.run.mode == "embed":
        rule, mend = "must name a file that ends in .npz", "Give --output=features.npz."
        require(output.endswith(".npz"), "output", rule, config.exporting.output, mend)
