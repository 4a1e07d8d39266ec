"""Chooses what a command leaves open: by its data, and by a few timed steps on this machine."""

import dataclasses
import functools
import itertools
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tf_simclr import methods, replicas
from tf_simclr.assembly import build, build_data
from tf_simclr.assembly.machine import device_of, strategy_to_train
from tf_simclr.choosing import estimate, pictures, plan
from tf_simclr.choosing.choice import Choice
from tf_simclr.choosing.cost import step_gflop
from tf_simclr.choosing.length import steps_by_clock
from tf_simclr.config import Config
from tf_simclr.config.remarks import unused_flags
from tf_simclr.config.repeat import FOLDER, chooses, folded, repeat_command
from tf_simclr.data.folder_kind import holds_pictures
from tf_simclr.data.image_folder import ImageFolder
from tf_simclr.data.source import Source
from tf_simclr.pretrained.checkpoint import Checkpoint
from tf_simclr.tasks.stopwatch import AUTO, Stopwatch
from tf_simclr.tasks.timed import Timed
from tf_simclr.workdir import run_folder
from tf_simclr.workdir.choices_file import read_choices, wait_for_choices, write_choices

FEWEST = 2  # pictures to train on


class Settled(NamedTuple):
    """A command with nothing left open.

    Attributes:
      config: with all choices.
      open_data: opens the data of a config; that of this one is open already.
      timed: what the timed steps took; None if none were timed.
    """

    config: Config
    open_data: Callable[[Config], Source]
    timed: Timed | None = None


def with_kind(config: Config) -> Config:
    """The config of a command with its one length, its kind of data, and its mode.

    Of a length that was typed and another one in a recipe, the typed one counts. A folder of
    pictures without --dataset is an image_folder.

    Args:
      config: of the command, as it was given.

    Raises:
      ValueError: if --data_dir holds neither pictures nor what TFDS prepared, or pictures where a
        recipe names other data.
    """
    config, place = _with_one_length(config), config.data.data_dir
    if not config.run.trains:
        return config
    if place and _is_for_another_recipe(config, place):
        raise ValueError(
            f"`data_dir` holds pictures, but the recipe trains on {config.data.dataset}. Received:"
            f" data_dir={place!r}. Give --dataset={FOLDER} too, or leave out the recipe."
        )
    if config.run.choose and "dataset" not in config.given and place and holds_pictures(place):
        config = config.replaced({"dataset": FOLDER})
    if chooses(config) and "mode" not in config.given:
        config = config.replaced({"mode": "train_then_eval"})
    return config


def _is_for_another_recipe(config: Config, place: str) -> bool:
    """Whether a folder of pictures was typed for a recipe of other data.

    TFDS would prepare the recipe's data between the pictures.
    """
    of_recipe = "dataset" in config.given - config.typed and config.data.dataset != FOLDER
    if not of_recipe or "data_dir" not in config.typed or not os.path.isdir(place):
        return False
    try:
        return holds_pictures(place)
    except ValueError:  # Neither pictures nor prepared data: TFDS may write there.
        return False


def _with_one_length(config: Config) -> Config:
    lengths = set(plan.LENGTHS) & config.given
    if not config.training.train_minutes or not lengths:
        return config
    typed = "train_minutes" in config.typed
    dropped = lengths if typed else {"train_minutes"}
    values = {name: value for name, value in config.flat().items() if name not in dropped}
    return Config.from_flat(values, given=config.given - dropped, typed=config.typed - dropped)


def choose(config: Config, origin: Checkpoint | None = None) -> Settled:
    """Makes the choices that the config leaves open, and prints each with its reason.

    A run that goes on keeps its settings: nothing is chosen or timed.

    Args:
      config: of a training command or an evaluation.
      origin: checkpoint that it starts from.

    Raises:
      ValueError: as methods.source.
    """
    config = _with_precision_open(config)
    training = config.training
    of_folder = config.run.choose and config.data.dataset == FOLDER
    if not (of_folder or training.train_minutes or training.precision == AUTO):
        return Settled(config, functools.cache(methods.source))
    theirs = run_folder.read_settings(run_folder.require_model_dir(config))
    if not config.run.trains or theirs is not None:
        config = config if theirs is None else _with_settled_of(config, theirs)
        return Settled(config, functools.cache(methods.source))
    strategy = strategy_to_train(config)  # First: of several workers no operation may come before.
    if replicas.workers() > 1:
        return _of_the_chief(config, origin, strategy)
    return _by_data_and_machine(config, origin, strategy)


def _of_the_chief(
    config: Config, origin: Checkpoint | None, strategy: tf.distribute.Strategy
) -> Settled:
    """What one of several workers has chosen: the chief, which writes it for the others."""
    folder = run_folder.require_model_dir(config)
    found = read_choices(folder, config)
    if found is None and not replicas.is_chief():
        found = wait_for_choices(folder, config)
    if found is not None:
        return Settled(methods.checked(found), functools.cache(methods.source))
    settled = _by_data_and_machine(config, origin, strategy)
    if not config.run.dry_run:
        write_choices(folder, config, settled.config)
    return settled


def _by_data_and_machine(
    config: Config, origin: Checkpoint | None, strategy: tf.distribute.Strategy
) -> Settled:
    if config.run.choose and config.data.dataset == FOLDER:
        config, data = _opened_folder(config, origin)
    else:
        data = methods.source(config)
    config, timed = _chosen(config, data, strategy)
    return Settled(methods.checked(config), _opened(config, data), timed)


def _opened_folder(config: Config, origin: Checkpoint | None) -> tuple[Config, Source]:
    """The config with its split to evaluate on and its size, and its data."""
    size = origin.trained_size if origin else None
    if size and "image_size" not in config.given and size != config.data.image_size:
        _say({"image_size": Choice(size, "as the checkpoint was trained")})
        config = config.replaced({"image_size": size})
    if "eval_split" in config.given:
        return config, methods.source(config)
    data = build_data.opened(config)
    choice = pictures.eval_split(list(data.splits))
    _say({"eval_split": choice})
    config = config.replaced({"eval_split": choice.value})
    return config, methods.source(config, data)


def _opened(config: Config, data: Source) -> Callable[[Config], Source]:
    others = functools.cache(methods.source)
    return lambda asked: data if asked == config else others(asked)


def _with_precision_open(config: Config) -> Config:
    """The config with precision `auto` where settings are chosen and it was not given."""
    if chooses(config) and "precision" not in config.given:
        return config.replaced({"precision": AUTO})
    return config


def _with_settled_of(config: Config, theirs: Config) -> Config:
    """The config with what the machine decided when the run began: its length, its precision."""
    names = plan.LENGTHS if config.training.train_minutes else ()
    if config.training.precision == AUTO:
        names = (*names, "precision")
    settled = {name: theirs.flat()[name] for name in names}
    return config.replaced({**settled, "train_minutes": 0.0})


def _chosen(
    config: Config, data: Source, strategy: tf.distribute.Strategy
) -> tuple[Config, Timed | None]:
    given = {name: config.flat()[name] for name in config.given}
    watch = Stopwatch(data, strategy)
    if not chooses(config):
        return _with_precision_and_length(config, watch)
    assert isinstance(data, ImageFolder)
    facts = data.facts(config.data.train_split)
    if facts.pictures < FEWEST:
        raise ValueError(
            f"`data_dir` must hold at least {FEWEST} pictures to train on. Received:"
            f" data_dir={config.data.data_dir!r}, with {facts.pictures} in"
            f" {config.data.train_split!r}."
        )
    machine = plan.Machine(device_of(config), strategy.num_replicas_in_sync)
    unused = unused_flags(config)
    first = config.replaced(plan.first_timed(facts, given, machine.replicas))
    settled, timed = watch.faster(first)
    config, first = (each.replaced(_values(settled)) for each in (config, first))
    if plan.untimed(given):
        timed = timed or watch.time(first)
        gflop = _gflop(first)
        machine = dataclasses.replace(machine, per_gflop=timed.per_step / gflop)
        chosen = config.replaced(_values(plan.plan(facts, given, machine, unused)))
        if _gflop(chosen) != gflop:
            timed = watch.time(chosen)
        machine = dataclasses.replace(machine, per_step=timed.per_step)
    choices = {**settled, **plan.plan(facts, given, machine, unused)}
    _say(choices)
    config = config.replaced({**_values(choices), "train_minutes": 0.0})
    if "view_operations" not in given:
        print(f"  flip: {pictures.about_flip(config.operations[0])}", flush=True)
    return config, timed


def _with_precision_and_length(config: Config, watch: Stopwatch) -> tuple[Config, Timed | None]:
    """The config with the faster precision and the steps that --train_minutes allows."""
    minutes = config.training.train_minutes
    choices, timed = watch.faster(config)
    config = config.replaced(_values(choices))
    if minutes:
        timed = timed or watch.time(config)
        choices = {**choices, "train_steps": steps_by_clock(minutes, timed.per_step)}
    _say(choices)
    return config.replaced({**_values(choices), "train_minutes": 0.0}), timed


def _values(choices: Mapping[str, Choice]) -> dict[str, Any]:
    return {name: choice.value for name, choice in choices.items()}


def _say(choices: Mapping[str, Choice]) -> None:
    """Prints a line for each reason: "image_size 48: the pictures' median shorter side is 50"."""
    for reason, names in itertools.groupby(choices, lambda name: choices[name].reason):
        told = ", ".join(f"{name} {_shown(choices[name].value)}" for name in names)
        print(f"  {told}: {reason}", flush=True)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _gflop(config: Config) -> float:
    model = config.model
    resnet = model.architecture == "resnet"
    shape = (model.resnet_depth, model.width_multiplier) if resnet else (18, 0.5)
    batch = config.training.train_batch_size
    size, view = config.data.image_size, config.data.view_size
    return step_gflop(*shape, size, batch, model.stem, view)


def estimate_of(settled: Settled, from_step: int = 0) -> str:
    """The line of what the run takes: minutes, memory and disk.

    Args:
      settled: with timed steps.
      from_step: where training begins.
    """
    config, timed = settled.config, settled.timed
    assert timed is not None
    data = settled.open_data(config)
    method = methods.method_of(config)
    examples = method.examples(config, data)
    total = build.total_steps(config, examples)
    judge = None
    if config.run.mode in ("train_then_eval", "eval"):
        most = config.evaluation.judge_examples
        splits = (config.data.train_split, config.data.eval_split)
        judged = sum(min(data.num_examples(split), most) for split in splits)
        per_picture = timed.per_step / config.training.train_batch_size
        judge = estimate.judging_seconds(
            judged,
            per_picture,
            views=method.views_of_each(config),
            layers=2 * len(method.judged_layers(config)),
        )
    keep = config.training.keep_checkpoint_max
    written = -(-total // build.checkpoint_interval(config, examples))
    disk = estimate.disk_bytes(timed.sizes, min(keep, written) if keep else written)
    train = timed.start + (total - from_step) * timed.per_step
    trains = config.run.trains and from_step < total
    return estimate.estimate_line(
        train_seconds=train if trains else None,
        judge_seconds=judge,
        sizes=timed.sizes,
        disk=disk if trains else estimate.SMALL_FILES,
    )


def repeat_lines(config: Config) -> list[str]:
    """The lines with the command that trains the same run, with nothing to choose or to time."""
    return ["The same run again, without choosing or timing:", folded(repeat_command(config))]
