"""Training, from pretraining to fine-tuning: build, restore, fit, save, export."""

import sys
from collections.abc import Callable, Collection, Sequence

import tf_keras as keras

from tf_simclr import replicas
from tf_simclr.assembly import build, build_data
from tf_simclr.assembly.machine import strategy_to_train
from tf_simclr.assembly.overlap import overlaps
from tf_simclr.assembly.train_checks import check_data, check_hosts, check_machine
from tf_simclr.assembly.views import view_pairs, view_strip
from tf_simclr.config import Config
from tf_simclr.config.remarks import remarks_on_resuming
from tf_simclr.data.classes import NO_NAMES, check_same_classes
from tf_simclr.data.one_pass import OnePass
from tf_simclr.data.sources import Source
from tf_simclr.pretrained.origins import Origin, origin_of
from tf_simclr.pretrained.teacher import Teacher, open_teacher
from tf_simclr.pretrained.warm_start import warm_start
from tf_simclr.tasks.export import export_run
from tf_simclr.workdir import checkpoints, run_folder
from tf_simclr.workdir.callbacks import SaveCheckpoints, StopOnSignal, StopWhenTaken, WriteScalars
from tf_simclr.workdir.dataset_facts import check_order, class_names_at, write_dataset
from tf_simclr.workdir.labels_file import check_labels, write_labels
from tf_simclr.workdir.segments import export_steps, segments
from tf_simclr.workdir.summaries import Summaries
from tf_simclr.workdir.watching import MeasureWaiting, ProgressBar, WatchSteps


def train(
    config: Config,
    origin: Origin | None = None,
    typed: Collection[str] | None = None,
    *,
    open_data: Callable[[Config], Source] = build_data.source,
) -> None:
    """Trains the config's model to its last step, from wherever the run's folder says it stands.

    Args:
      config: of the run.
      origin: of the config, where it has been opened already: that reads a checkpoint through.
      typed: names of the flags that notes may speak of; None is all that are not at their default.
      open_data: opens the data of the config.

    Raises:
      ValueError: for what the user can mend; nothing of the run is changed.
      NonFinite, Interrupted: as checkpoints and callbacks raise them; a good checkpoint is kept.
    """
    model_dir = run_folder.require_model_dir(config)
    strategy = strategy_to_train(config)
    data = open_data(config)
    examples = check_data(config, data)
    for line in overlaps(config, data):
        print(f"Note: {line}")
    check_machine(config, strategy)
    check_hosts(data, strategy)
    with strategy.scope():
        teacher = _teacher(config, data)
        net = build.model(
            config,
            data.num_classes or (teacher.num_classes if teacher else 0),
            precision=config.training.precision,
            teacher=teacher,
            training=True,
        )
        build.compile_model(config, net, examples)
        origin = origin or origin_of(config)
        if origin is not None:
            warm_start(config, origin, net, data.class_names)
    chief = replicas.is_chief()
    with run_folder.workplace(model_dir, chief=chief) as (folder, require_held):
        changed: list[str] = []
        run_folder.check_owner(config, report=changed.append)
        if net.supervised_head is not None:
            _check_classes(model_dir, data.class_names or (teacher.class_names if teacher else ()))
        with strategy.scope():
            saved = checkpoints.Checkpoints(
                folder,
                build.parts(net) | {"optimizer": net.optimizer},
                keep=config.training.keep_checkpoint_max,
            )
            step = saved.restore_newest(model_dir) or 0
        for line in remarks_on_resuming(config, step, typed) if step else ():
            print(f"Note: {line}")
        total = build.total_steps(config, examples)
        if 0 < step < total:
            check_order(model_dir, step)
        print("".join(f"{line}\n" for line in changed), end="")
        if step < total:
            _note_warmup(config, examples, total)
            check_labels(data, model_dir, step)
            run_folder.write_settings(config, folder)
            write_dataset(data, folder, class_names=teacher.class_names if teacher else ())
            write_labels(data, folder)
            print(f"Trains steps {step + 1} to {total}: {examples} pictures, {_describe(config)}.")
            _fit(config, net, data, strategy, saved, Summaries(folder), step, total, require_held)
        else:
            print(f"Training is done: {model_dir} is at step {step} of {total}.")
            if changed:
                print(
                    "No step was trained with the settings that changed. Give more --train_steps"
                    " or --train_epochs, or another --model_dir."
                )
        # Differs from the original: it exports when it evaluates, and only then.
        if chief:
            export_run(config)


def _note_warmup(config: Config, examples: int, total: int) -> None:
    schedule = build.schedule(config, examples)
    if schedule.warmup_steps > total:
        print(
            f"Note: the warm-up of --warmup_epochs={config.optimization.warmup_epochs:g} has"
            f" {schedule.warmup_steps} steps and the run {total}: its learning rate gets to"
            f" {float(schedule(total)):.3g} of {schedule.peak:.3g}. Lower --warmup_epochs."
        )


def _teacher(config: Config, data: Source) -> Teacher | None:
    """Whom a student of the config learns from, opened in the strategy's scope."""
    path = config.distillation.teacher
    if config.run.train_mode != "distill" or path is None:
        return None
    return open_teacher(
        path,
        num_classes=data.num_classes,
        image_size=config.data.image_size,
        class_names=data.class_names,
    )


def _check_classes(model_dir: str, class_names: Sequence[str]) -> None:
    """Raises ValueError where the run's classifier knows other classes than are taught now."""
    knows = class_names_at(model_dir)
    check_same_classes("model_dir", model_dir, knows, class_names)
    if class_names and not knows and checkpoints.listed(model_dir):
        print(f"Note: the run in {model_dir} {NO_NAMES}.")


def _fit(config, net, data, strategy, saved, summaries, step, total, require_held):
    examples = data.num_examples(config.data.train_split)
    if not config.run.classifies and step == 0:
        summaries.image("image", view_strip(view_pairs(config, data)), step=0)
    per_epoch = max(1, examples // config.training.train_batch_size)
    watch, waiting = WatchSteps(step), MeasureWaiting()
    with StopOnSignal(saved, watch) as stop_on_signal:
        callbacks = [StopWhenTaken(require_held), watch, waiting]
        if config.training.train_summary_steps:
            every = config.training.train_summary_steps
            callbacks.append(WriteScalars(summaries, every, watch, waiting))
        every = build.checkpoint_interval(config, examples)
        callbacks += [SaveCheckpoints(saved, every, watch), stop_on_signal, ProgressBar(watch)]
        exports = export_steps(step, total, build.export_interval(config, examples))
        stops = [step, *exports, total]
        batches = OnePass(build_data.training_data(config, data, step, strategy))
        for begin, end in zip(stops, stops[1:]):
            for first, last in segments(
                begin,
                end,
                per_epoch,
                every=config.training.checkpoint_steps,
                per_execution=config.training.steps_per_execution,
            ):
                steps = min(per_epoch, last - first)
                net.fit(
                    batches,
                    initial_epoch=first // per_epoch,
                    epochs=-(-last // per_epoch),
                    steps_per_epoch=steps,
                    callbacks=_of_all_epochs(callbacks, net, steps, -(-total // per_epoch)),
                )
            saved.save(end)  # Each worker's part in it.
            if end in exports and replicas.is_chief():
                export_run(config)
    if waiting.share() is not None:
        print(f"Waited for data in {waiting.share():.1%} of the time.")


def _of_all_epochs(callbacks, net, steps: int, epochs: int) -> keras.callbacks.CallbackList:
    """The callbacks of a part of the training, whose lines count to the last epoch of it all."""
    return keras.callbacks.CallbackList(
        callbacks,
        add_history=True,
        model=net,
        verbose=1 if sys.stdout.isatty() else 2,
        epochs=epochs,
        steps=steps,
    )


def _describe(config: Config) -> str:
    model, training = config.model, config.training
    views = "" if config.run.classifies else f", views made on the {config.views_on}"
    return (
        f"{config.run.train_mode} of ResNet-{model.resnet_depth} x {model.width_multiplier:g} at"
        f" {config.data.image_size} pixels, batch {training.train_batch_size}{views}"
    )
