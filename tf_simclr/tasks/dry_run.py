"""--dry_run: what a command would do, and what it would take; nothing is written."""

import os
import time

from tf_simclr import methods
from tf_simclr.assembly import build, build_data
from tf_simclr.assembly.machine import strategy_to_judge, strategy_to_train
from tf_simclr.choosing import estimate
from tf_simclr.config import Config
from tf_simclr.data.opening import unprepared
from tf_simclr.pretrained import trained
from tf_simclr.tasks.choose import Settled, estimate_of
from tf_simclr.tasks.embed import represent
from tf_simclr.tasks.report import settings_of_run
from tf_simclr.tasks.timed import bytes_of, time_steps
from tf_simclr.workdir import checkpoints, run_folder


def not_prepared(config: Config) -> str:
    """A line if TFDS would prepare the data first, which is writing; "" if it is there.

    Args:
      config: of the command.

    Raises:
      ValueError: if there is no such data, or nothing to evaluate.
    """
    if config.run.mode == "eval" and not run_folder.is_locked(config.run.model_dir or ""):
        trained.path_of(config)  # Raises where there is nothing to evaluate.
    place = unprepared(config.data.dataset, data_dir=config.data.data_dir)
    if place is None:
        return ""
    return (
        f"Would prepare {config.data.dataset} in {place} first, and then {config.run.mode} with it."
        " How long that takes is not known before."
    )


def of_training(settled: Settled) -> list[str]:
    """What training, or an evaluation, would do.

    Args:
      settled: the command with nothing left open.

    Raises:
      ValueError: as training and evaluation do for what the user can fix.
    """
    config = settled.config
    if not config.run.trains:
        return _of_evaluation(settled)
    data, model_dir = settled.open_data(config), run_folder.require_model_dir(config)
    if settled.timed is None:
        timed = time_steps(config, data, strategy_to_train(config))
        settled = settled._replace(timed=timed)
    total = build.total_steps(config, methods.method_of(config).examples(config, data))
    step = _step(model_dir)
    if step >= total:
        told = [f"Training is done: {model_dir} is at step {step} of {total}."]
    else:
        told = [f"Would train steps {step + 1} to {total}, {_batch(config)}, to {model_dir}."]
    if config.run.mode == "train_then_eval":
        told.append(_evaluation(settled))
    return [*told, estimate_of(settled, from_step=min(step, total))]


def _of_evaluation(settled: Settled) -> list[str]:
    config = settled.config
    model_dir = run_folder.require_model_dir(config)
    if run_folder.is_locked(model_dir) and not checkpoints.listed(model_dir):
        return [f"Would wait for the first checkpoint in {model_dir}, and evaluate it."]
    data = settled.open_data(config)
    told = [_evaluation(settled)]
    if data.has(config.data.train_split):
        timed = time_steps(config, data, strategy_to_train(config))
        settled = settled._replace(timed=timed)
        told.append(estimate_of(settled))
    return told


def of_export(config: Config) -> list[str]:
    """What an export would do.

    Args:
      config: of the command.

    Raises:
      ValueError: if there is nothing to export.
    """
    path = trained.path_of(config)
    found = trained.open_trained(path, averaged=config.finetuning.use_ema_weights)
    kind = config.exporting.export_format
    place = config.exporting.output or f"its folder in {config.run.model_dir}"
    network = found.network
    parts = network.encoder, network.projection_head, network.supervised_head
    size = sum(bytes_of(part.variables) for part in parts if part is not None)
    told = f"Would export {path} (step {found.step}) as {kind} to {place}."
    return [told, f"Estimate: {estimate.size(size)} of disk."]


def of_embedding(config: Config) -> list[str]:
    """What embedding would do; a batch is embedded to see how long it takes.

    Args:
      config: of the command.

    Raises:
      ValueError: if there is no encoder, or no such data.
    """
    path, strategy = trained.path_of(config), strategy_to_judge(config)
    with strategy.scope():
        found = trained.open_trained(path, averaged=config.finetuning.use_ema_weights)
    trained.require_data(found, config)
    config = trained.with_given(found, config)
    encode = represent(found, config.exporting.embed_output, strategy)
    if line := not_prepared(config):
        return [line]
    data = build_data.source(config)
    splits = [config.exporting.embed_split] if config.exporting.embed_split else list(data.splits)
    count = sum(data.num_examples(name) for name in splits)
    batch = next(iter(build_data.evaluation_data(config, data, splits[0])))["image"]
    width = encode(batch).shape[1]  # Traces.
    began = time.monotonic()
    encode(batch)
    seconds = (time.monotonic() - began) / len(batch) * count
    size = 4 * count * width
    return [
        f"Would embed {count} pictures of {data.name}: {', '.join(splits)}; features float32"
        f" [{count}, {width}] to {config.exporting.output}.",
        f"Estimate: about {estimate.minutes(seconds)}, {estimate.size(size)} of disk.",
    ]


def of_report(config: Config) -> list[str]:
    """What --mode=report would do.

    Args:
      config: of the command.

    Raises:
      ValueError: if there is no run in its folder.
    """
    settings_of_run(config)
    page = os.path.join(run_folder.require_model_dir(config), "report.html")
    return [f"Would draw {page} anew."]


def _step(model_dir: str) -> int:
    saved = checkpoints.listed(model_dir)
    return checkpoints.step_of(saved[-1]) if saved else 0


def _batch(config: Config) -> str:
    return f"batch {config.training.train_batch_size} at {config.data.sides}"


def _evaluation(settled: Settled) -> str:
    config = settled.config
    data = settled.open_data(config)
    split, model_dir = config.data.eval_split, run_folder.require_model_dir(config)
    step = "the last step" if config.run.trains else f"step {_step(model_dir)}"
    return (
        f"Would evaluate {step} on {data.num_examples(split)} pictures of {split!r}, and write"
        f" result.json and report.html to {model_dir}."
    )


OF_MODE = {"export": of_export, "embed": of_embedding, "report": of_report}


def dry_run(config: Config, settled: Settled | None = None) -> None:
    """Prints what a command would do.

    Args:
      config: of the command.
      settled: of a training or an evaluation; None for other modes.

    Raises:
      ValueError: as the command itself would.
    """
    told = OF_MODE[config.run.mode](config) if settled is None else of_training(settled)
    print("\n".join([*told, "Nothing was written."]), flush=True)
