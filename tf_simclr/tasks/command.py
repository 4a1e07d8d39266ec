"""A whole command: settles its config, does what --mode says, and prints the results."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from tf_simclr import buckets, early_checks, methods, replicas
from tf_simclr.config import Config
from tf_simclr.config.remarks import remarks
from tf_simclr.data.source import Source
from tf_simclr.pretrained.origins import adopt_architecture, origin_of
from tf_simclr.tasks.choose import choose, estimate_of, repeat_lines, with_kind
from tf_simclr.tasks.dry_run import dry_run, not_prepared
from tf_simclr.tasks.embed import embed
from tf_simclr.tasks.evaluate import Evaluated, evaluate, evaluate_until_trained
from tf_simclr.tasks.export import export
from tf_simclr.tasks.next_commands import lines, next_commands
from tf_simclr.tasks.report import report
from tf_simclr.tasks.train import train
from tf_simclr.workdir.run_settings import adopt_settings

# Modes that neither train nor evaluate.
OF_WHAT_IS_THERE = {"export": export, "embed": embed, "report": report}


class Outcome(NamedTuple):
    """What a command leaves.

    Attributes:
      results: of its evaluation, as in result.json; None if nothing was evaluated.
      written: what --mode=export, embed or report wrote; None in other modes.
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
    config = adopt_settings(with_kind(config))
    for line in remarks(config):
        print(f"Note: {line}", flush=True)
    if task := OF_WHAT_IS_THERE.get(config.run.mode):
        if config.run.dry_run:
            dry_run(methods.checked(config))
            return Outcome()
        return Outcome(written=task(methods.checked(config)))
    origin = origin_of(config)
    config = methods.checked(adopt_architecture(config, origin))
    if config.run.dry_run and (line := not_prepared(config)):
        print(line, flush=True)
        return Outcome()
    if config.run.dry_run and not replicas.is_chief():
        return Outcome()  # The chief says what all would do.
    settled = choose(config, origin)
    config, open_data = settled.config, settled.open_data
    if config.run.dry_run:
        dry_run(config, settled)
        return Outcome()
    if settled.timed is not None:
        print("\n".join([*repeat_lines(config), estimate_of(settled)]), flush=True)
    if config.run.trains:
        train(config, origin, open_data=open_data)
    if not replicas.is_chief():
        return Outcome()  # Only one worker evaluates.
    results = None
    for evaluated in _evaluations(config, open_data):
        print("\n".join(evaluated.summary), flush=True)
        results = evaluated.result
    if config.run.mode == "train_then_eval":
        print("\n".join(_next(config, open_data)), flush=True)
    return Outcome(results)


def _next(config: Config, open_data: Callable[[Config], Source]) -> list[str]:
    data = open_data(config)
    labelled = data.num_labelled(config.data.train_split) or 0
    return lines(next_commands(config, classes=data.num_classes, labelled=labelled))


def _evaluations(config: Config, open_data: Callable[[Config], Source]) -> Iterable[Evaluated]:
    if config.run.mode == "train_then_eval":
        return [evaluate(config, again=False, open_data=open_data)]
    if config.run.mode == "eval":
        return evaluate_until_trained(config, open_data=open_data)
    return []
