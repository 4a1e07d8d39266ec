"""A whole command: settles its config, does what --mode says, and prints the results."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from tf_simclr import buckets, early_checks, methods, replicas
from tf_simclr.config import Config
from tf_simclr.config.remarks import remarks
from tf_simclr.data.source import Source
from tf_simclr.pretrained.origins import adopt_architecture, origin_of
from tf_simclr.tasks.embed import embed
from tf_simclr.tasks.evaluate import Evaluated, evaluate, evaluate_until_trained
from tf_simclr.tasks.export import export
from tf_simclr.tasks.train import train
from tf_simclr.workdir.run_settings import adopt_settings


class Outcome(NamedTuple):
    """What a command leaves.

    Attributes:
      results: of its evaluation, as in result.json; None if nothing was evaluated.
      written: the file or folder that --mode=export or embed wrote; None in other modes.
    """

    results: Mapping[str, Any] | None = None
    written: str | None = None


def carry_out(config: Config) -> Outcome:
    """Does what the config's mode says.

    Args:
      config: of the command.

    Raises:
      ValueError: for what the user can fix.
      NonFinite, Interrupted: in training, as checkpoints and callbacks raise them.
    """
    buckets.require_buckets(early_checks.paths_of(config))
    config = adopt_settings(config)
    for line in remarks(config):
        print(f"Note: {line}", flush=True)
    if config.run.mode in ("export", "embed"):
        task = export if config.run.mode == "export" else embed
        return Outcome(written=task(methods.checked(config)))
    origin = origin_of(config)
    config = methods.checked(adopt_architecture(config, origin))
    open_data = functools.cache(methods.source)  # Reads a folder, and warns about it, once.
    if config.run.trains:
        train(config, origin, open_data=open_data)
    if not replicas.is_chief():
        return Outcome()  # Only one worker evaluates.
    results = None
    for evaluated in _evaluations(config, open_data):
        print("\n".join(evaluated.summary), flush=True)
        results = evaluated.result
    return Outcome(results)


def _evaluations(config: Config, open_data: Callable[[Config], Source]) -> Iterable[Evaluated]:
    if config.run.mode == "train_then_eval":
        return [evaluate(config, again=False, open_data=open_data)]
    if config.run.mode == "eval":
        return evaluate_until_trained(config, open_data=open_data)
    return []
