"""Training, from pretraining to fine-tuning: build, restore, fit, save, export."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf
import tf_keras as keras

from tf_simclr import methods, replicas
from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.assembly import build
from tf_simclr.assembly.holding_out import check_held_out
from tf_simclr.assembly.machine import strategy_to_train
from tf_simclr.assembly.overlap import overlaps
from tf_simclr.assembly.train_checks import (
    check_examples,
    check_hosts,
    check_machine,
    slow_precision,
)
from tf_simclr.config import Config
from tf_simclr.config.remarks import remarks_on_resuming
from tf_simclr.data.classes import NO_NAMES, check_same_classes
from tf_simclr.data.one_pass import OnePass
from tf_simclr.data.source import Source
from tf_simclr.evaluation.linear_classifier import LinearClassifier
from tf_simclr.evaluation.whitening import Whitening
from tf_simclr.judging.judge import encoder_features
from tf_simclr.judging.linear_head import linear_head
from tf_simclr.judging.whiten import whitening_of
from tf_simclr.methods.going_on import check_owner
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.nets.trainable import TrainableNet
from tf_simclr.pretrained.checkpoint import Checkpoint
from tf_simclr.pretrained.origins import origin_of
from tf_simclr.pretrained.warm_start import warm_start
from tf_simclr.tasks.export import export_best, export_run
from tf_simclr.tasks.look import check_looks, looks_of
from tf_simclr.workdir import checkpoints, run_folder
from tf_simclr.workdir.callbacks import SaveCheckpoints, StopOnSignal, StopWhenTaken, WriteScalars
from tf_simclr.workdir.dataset_facts import check_order, class_names_at, write_dataset
from tf_simclr.workdir.fitted import read_fitted, write_fitted
from tf_simclr.workdir.labels_file import check_labels, write_labels
from tf_simclr.workdir.run_facts import facts_of_this, write_run_facts
from tf_simclr.workdir.run_line import RunLine
from tf_simclr.workdir.segments import export_steps, segments
from tf_simclr.workdir.summaries import Summaries, as_csv, read_scalars
from tf_simclr.workdir.watching import MeasureWaiting, WatchSteps


@dataclasses.dataclass(frozen=True)
class Training:
    """A training in progress: what all its parts need.

    Attributes:
      config: of the run.
      data: what it is trained on.
      net: compiled, with the weights of `step`.
      strategy: in whose scope `net` was made.
      saved: the run's checkpoints.
      place: where this process writes.
      step: where it starts.
      total: its last step.
    """

    config: Config
    data: Source
    net: TrainableNet
    strategy: tf.distribute.Strategy
    saved: checkpoints.Checkpoints
    place: run_folder.Workplace
    step: int
    total: int

    @property
    def method(self) -> methods.Method:
        """The run's method."""
        return methods.method_of(self.config)

    @property
    def examples(self) -> int:
        """How many pictures an epoch has."""
        return self.method.examples(self.config, self.data)

    @property
    def per_epoch(self) -> int:
        """Steps of an epoch."""
        return max(1, self.examples // self.config.training.train_batch_size)


def train(
    config: Config,
    origin: Checkpoint | None = None,
    *,
    open_data: Callable[[Config], Source] = methods.source,
) -> None:
    """Trains the config's network to its last step, from the newest checkpoint of the run.

    Args:
      config: of the run.
      origin: of the config, if it is open already: opening reads a whole checkpoint.
      open_data: opens the data of the config.

    Raises:
      ValueError: for what the user can fix; nothing of the run is changed.
      NonFinite, Interrupted: as checkpoints and callbacks raise them; a good checkpoint is kept.
    """
    model_dir = run_folder.require_model_dir(config)
    method = methods.method_of(config)
    strategy = strategy_to_train(config)
    data = open_data(config)
    examples = method.examples(config, data)
    check_examples(config, data, examples)
    method.check_data(config, data)
    check_looks(config, data)
    for line in overlaps(config, data):
        print(f"Note: {line}")
    check_machine(config, strategy, parts=method.parts_of_batch(config))
    check_hosts(data, strategy)
    with strategy.scope():
        lesson = method.lesson(config, data)
        net = methods.network(config, lesson, precision=config.training.precision, training=True)
        build.compile_model(config, net, examples)
        origin = origin or origin_of(config)
        if origin is not None:
            warm_start(config, origin, net, data.class_names)
    with run_folder.workplace(model_dir, chief=replicas.is_chief()) as place:
        changed: list[str] = []
        check_owner(config, report=changed.append)
        if net.supervised_head is not None:
            _check_classes(model_dir, lesson.class_names)
        with strategy.scope():
            parts, keep = net.parts(), config.training.keep_checkpoint_max
            parts |= {"optimizer": net.optimizer}
            saved = checkpoints.Checkpoints(place.folder, parts, keep=keep)
            step = saved.restore_newest(model_dir) or 0
        for line in remarks_on_resuming(config, step) if step else ():
            print(f"Note: {line}")
        if line := slow_precision(config, step):
            print(f"Note: {line}")
        total = build.total_steps(config, examples)
        if 0 < step < total:
            check_order(model_dir, step)
        print("".join(f"{line}\n" for line in changed), end="")
        training = Training(config, data, net, strategy, saved, place, step, total)
        if step < total:
            _note_warmup(config, examples, total)
            check_labels(data, model_dir, step)
            check_held_out(config, data, step)
            method.prepare(config, data, step)
            run_folder.write_settings(config, place.folder)
            write_dataset(data, place.folder, class_names=tuple(lesson.class_names))
            write_labels(data, place.folder)
            write_run_facts(place.folder, facts_of_this(net.encoder.count_params()))
            print(f"Training steps {step + 1} to {total}: {_describe(training)}.")
            try:
                _fit(training)
            finally:  # A run that was stopped has scalars, too.
                if replicas.is_chief():
                    _write_csv(place.folder)
        else:
            asked = f"of {total}" if step == total else f"and no more than {total} are asked for"
            print(f"Training is done: {model_dir} is at step {step} {asked}.")
            if changed:
                print(
                    "No step was trained with the settings that changed. Give more --train_steps"
                    " or --train_epochs, or another --model_dir."
                )
        if replicas.workers() == 1:
            _fit_to_features(training)
        # Differs from the original, which exports only when it evaluates.
        if replicas.is_chief():
            export_run(config)
            export_best(config)


def _write_csv(folder: str) -> None:
    scalars = read_scalars(folder)
    if scalars:
        run_folder.write_atomically(os.path.join(folder, "scalars.csv"), as_csv(scalars))


def _note_warmup(config: Config, examples: int, total: int) -> None:
    schedule = build.schedule(config, examples)
    if schedule.warmup_steps > total:
        print(
            f"Note: the warm-up of --warmup_epochs={config.optimization.warmup_epochs:g} has"
            f" {schedule.warmup_steps} steps and the run only {total}: the learning rate reaches"
            f" {float(schedule(total)):.3g} of {schedule.peak:.3g}. Lower --warmup_epochs."
        )


def _check_classes(model_dir: str, class_names: Sequence[str]) -> None:
    """Raises ValueError if the run's classifier knows classes other than those taught now."""
    knows = class_names_at(model_dir)
    check_same_classes("model_dir", model_dir, knows, class_names)
    if class_names and not knows and checkpoints.listed(model_dir):
        print(f"Note: the run in {model_dir} {NO_NAMES}.")


def _describe(training: Training) -> str:
    config, batch = training.config, training.config.training.train_batch_size
    what = f"{config.run.train_mode}, {architecture_of(config.flat()).title}"
    return (
        f"{training.data.num_examples(config.data.train_split)} pictures, {what} at"
        f" {config.data.sides}, batch {batch}{training.method.describe(config)}"
    )


def _fit(training: Training) -> None:
    """Trains from its step to its last one, with pauses for exports and checkpoints."""
    config, net, total = training.config, training.net, training.total
    summaries = Summaries(training.place.folder)
    views = training.method.views(config, training.data) if training.step == 0 else None
    if views is not None:
        summaries.image("image", views.strip(), step=0)
    summaries.settings(config.flat(), name=config.run.model_dir or "")
    watch, waiting = WatchSteps(training.step), MeasureWaiting()
    every = build.export_interval(config, training.examples)
    exports = export_steps(training.step, total, every)
    if every and training.step and training.step % every == 0 and replicas.is_chief():
        export_run(config)  # The last process may have stopped between checkpoint and export.
    stops, per_epoch = [training.step, *exports, total], training.per_epoch
    saves, together = config.training.checkpoint_steps, config.training.steps_per_execution
    line = RunLine(
        watch,
        total=total,
        batch_size=config.training.train_batch_size,
        line=training.method.words.line,
        show=replicas.is_chief(),
    )
    looks = looks_of(training, watch, summaries, say=line.say)
    with StopOnSignal(training.saved, watch) as stop_on_signal, line:
        callbacks = [*_callbacks(training, summaries, watch, waiting), *looks]
        callbacks += [stop_on_signal, line]
        data = methods.training_data(config, training.data, training.step, training.strategy)
        batches = OnePass(data)
        for begin, end in zip(stops, stops[1:]):
            for first, last in segments(begin, end, per_epoch, every=saves, per_execution=together):
                steps = min(per_epoch, last - first)
                net.fit(
                    batches,
                    initial_epoch=first // per_epoch,
                    epochs=-(-last // per_epoch),
                    steps_per_epoch=steps,
                    callbacks=callbacks,
                    verbose=0,
                )
            training.place.require_held()
            training.saved.save(end)  # All workers take part.
            if end == total and config.training.keep_best != "none":
                for look in looks:
                    look.look()
            if end in exports and replicas.is_chief():
                line.clear()
                export_run(config)
    if (share := waiting.share()) is not None:
        print(f"Waited for data {100 * share:.1f} % of the time.")


def _fit_to_features(training: Training) -> None:
    """Keeps what exports take from features of the trained network: see workdir/fitted.py."""
    config, net, strategy = training.config, training.net, training.strategy
    if architecture_of(config.flat()).has_pyramid:
        pyramid = encoder_features(net.encoder, strategy, "pyramid")
        _keep(
            training,
            Whitening,
            lambda: whitening_of(config, training.data, pyramid),
            "The exports have no pyramid_white.",
        )
    if config.data.view_side == config.data.image_size or not isinstance(net, SimCLR):
        return
    if net.supervised_head is not None:
        _keep(
            training,
            LinearClassifier,
            lambda: linear_head(config, training.data, net, strategy),
            "The linear head stays as it was trained on views.",
        )


def _keep(
    training: Training, kind: type[NamedTuple], fit: Callable[[], NamedTuple], otherwise: str
) -> None:
    """Fits and writes a file of the last step; if that cannot be, says what is `otherwise`.

    If nothing was trained, one that is there stays: the last process may have been killed before.
    """
    folder, step = training.place.folder, max(training.step, training.total)
    if training.step == step and read_fitted(folder, step, kind) is not None:
        return
    try:
        found = fit()
    except ValueError as error:
        print(f"Note: {otherwise} {error}")
        return
    write_fitted(folder, step, found)


def _callbacks(
    training: Training, summaries: Summaries, watch: WatchSteps, waiting: MeasureWaiting
) -> list[keras.callbacks.Callback]:
    """The callbacks that count, write and save: all that come before StopOnSignal."""
    config = training.config
    callbacks = [StopWhenTaken(training.place.require_held), watch, waiting]
    every = config.training.train_summary_steps
    if every:
        beside = training.method.words.beside
        callbacks.append(WriteScalars(summaries, every, watch, waiting, beside=beside))
    every = build.checkpoint_interval(config, training.examples)
    return [*callbacks, SaveCheckpoints(training.saved, every, watch)]
