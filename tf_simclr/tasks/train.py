"""Training, from pretraining to fine-tuning: build, restore, fit, save, export."""

import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence

import tensorflow as tf
import tf_keras as keras

from tf_simclr import build, build_data, checkpoints, replicas, run_folder
from tf_simclr.callbacks import (
    MeasureWaiting,
    SaveCheckpoints,
    StopOnNonFinite,
    StopOnSignal,
    WriteScalars,
)
from tf_simclr.config import Config
from tf_simclr.data.labelled_subset import LabelledSubset
from tf_simclr.data.name_lists import as_lines, names_in
from tf_simclr.data.sources import Source
from tf_simclr.quiet import compile_unseen
from tf_simclr.remarks import remarks_on_resuming
from tf_simclr.summaries import Summaries
from tf_simclr.tasks.classes import NO_NAMES, check_same_classes
from tf_simclr.tasks.dataset_facts import class_names_at, write_dataset
from tf_simclr.tasks.export import export_run
from tf_simclr.tasks.origins import Origin, origin_of
from tf_simclr.tasks.overlap import overlaps
from tf_simclr.tasks.teacher import Teacher, open_teacher
from tf_simclr.tasks.views import view_pairs, view_strip
from tf_simclr.tasks.warm_start import warm_start

LABELS = "labels.txt"  # in a run's folder: the pictures whose labels it was given, if not all


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
    strategy = replicas.make_strategy(
        use_tpu=config.run.use_tpu,
        tpu_name=config.run.tpu_name or config.run.master,
        zone=config.run.tpu_zone,
        project=config.run.gcp_project,
    )
    data = open_data(config)
    examples = check_data(config, data)
    for line in overlaps(config, data):
        print(f"Note: {line}")
    check_machine(config, strategy)
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
    with run_folder.workplace(model_dir, chief=chief) as folder:
        changed: list[str] = []
        run_folder.check_owner(config, report=changed.append)
        if net.supervised_head is not None:
            _check_classes(model_dir, data.class_names or (teacher.class_names if teacher else ()))
        saved = checkpoints.Checkpoints(
            folder,
            build.parts(net) | {"optimizer": net.optimizer},
            keep=config.training.keep_checkpoint_max,
        )
        with strategy.scope():
            step = saved.restore_newest(model_dir) or 0
        for line in remarks_on_resuming(config, step, typed) if step else ():
            print(f"Note: {line}")
        total = build.total_steps(config, examples)
        print("".join(f"{line}\n" for line in changed), end="")
        if step < total:
            _note_warmup(config, examples, total)
            _check_labels(data, model_dir, step)
            run_folder.write_settings(config, folder)
            write_dataset(data, folder, class_names=teacher.class_names if teacher else ())
            _write_labels(data, folder)
            print(f"Trains steps {step + 1} to {total}: {examples} pictures, {_describe(config)}.")
            _fit(config, net, data, strategy, saved, Summaries(folder), step, total)
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


def _check_labels(data: Source, model_dir: str, step: int) -> None:
    """Raises ValueError where a run that goes on has learned from labels that are left out now."""
    if not step or not isinstance(data, LabelledSubset):
        return
    path = os.path.join(model_dir, LABELS)
    knew = "all labels"
    if tf.io.gfile.exists(path):
        if set(_read_labels(path)) <= set(data.labelled):
            return
        knew = f"other labels, those in {LABELS}"
    raise ValueError(
        "`model_dir` must not be of a run that has learned from labels which are left out now."
        f" Received: model_dir={model_dir!r}, at step {step} with {knew}. Give another folder."
    )


def _read_labels(path: str) -> list[str]:
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            return names_in(file.read().decode())
    except (tf.errors.OpError, UnicodeDecodeError) as error:
        raise ValueError(
            f"`model_dir` holds a {LABELS} that cannot be read ({error}). Received:"
            f" model_dir={os.path.dirname(path)!r}. Restore {path!r}, or give another folder."
        ) from error


def _write_labels(data: Source, folder: str) -> None:
    path = os.path.join(folder, LABELS)
    if not isinstance(data, LabelledSubset):
        if tf.io.gfile.exists(path):  # Of a run that goes on with all labels.
            tf.io.gfile.remove(path)
        return
    run_folder.write_atomically(path, as_lines(data.labelled))
    others = "are left out" if data.drop else "have none"
    print(
        f"{len(data.labelled)} of {data.source.num_examples(data.split)} pictures in"
        f" {data.split!r} have labels ({LABELS} names them), the others {others}."
    )


def _fit(config, net, data, strategy, saved, summaries, step, total):
    compile_unseen()
    examples = data.num_examples(config.data.train_split)
    if not config.run.classifies and step == 0:
        summaries.image("image", view_strip(view_pairs(config, data)), step=0)
    per_epoch = max(1, examples // config.training.train_batch_size)
    with StopOnSignal(saved) as stop_on_signal:
        waiting = MeasureWaiting()
        callbacks = [waiting, StopOnNonFinite()]
        if config.training.train_summary_steps:
            every = config.training.train_summary_steps
            callbacks.append(WriteScalars(summaries, every, waiting))
        callbacks.append(SaveCheckpoints(saved, build.checkpoint_interval(config, examples)))
        callbacks.append(stop_on_signal)
        exports = export_steps(step, total, build.export_interval(config, examples))
        stops = [step, *exports, total]
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
                    build_data.training_data(config, data, first, strategy),
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
        add_progbar=True,
        model=net,
        verbose=1 if sys.stdout.isatty() else 2,
        epochs=epochs,
        steps=steps,
    )


def export_steps(start: int, total: int, every: int) -> list[int]:
    """The steps between `start` and `total`, both left out, to export at; [] if `every` is 0."""
    return list(range((start // every + 1) * every, total, every)) if every else []


def segments(
    start: int, total: int, per_epoch: int, *, every: int = 0, per_execution: int = 1
) -> list[tuple[int, int]]:
    """Cuts steps start..total where fit must be called anew.

    At most a broken epoch, whole epochs, and another broken one: so training ends at exactly
    `total` and goes on from any step. And at those multiples of `every`, if it is not 0, that lie
    inside an execution of `per_execution` steps: checkpoints are saved between executions.
    """
    # Differs from the original: it ends at a multiple of checkpoint_steps.
    first_whole = -(-start // per_epoch) * per_epoch
    last_whole = total // per_epoch * per_epoch
    cuts = sorted(
        {start, total} | {cut for cut in (first_whole, last_whole) if start < cut < total}
    )
    if every and per_execution > 1:
        inside = _inside_executions(start, total, per_epoch, every, per_execution)
        cuts = sorted({*cuts, *inside})
    return list(zip(cuts, cuts[1:]))


def _inside_executions(
    start: int, total: int, per_epoch: int, every: int, per_execution: int
) -> Iterator[int]:
    """Multiples that fall inside an execution, and both ends of the epochs that they break."""
    cut = start
    for multiple in range((start // every + 1) * every, total, every):
        epoch = multiple // per_epoch * per_epoch
        begin = max(cut, epoch)  # Executions are counted from there.
        if (multiple - begin) % per_execution:
            cut = multiple
            yield from (begin, multiple, min(epoch + per_epoch, total))


def check_data(config: Config, data: Source) -> int:
    """Counts the training pictures.

    Raises:
      ValueError: a batch needs more of them, or the way of training needs labels.
    """
    split, batch_size = config.data.train_split, config.training.train_batch_size
    examples = data.num_examples(split)
    # Differs from the original: from twice the data on it waits for ever.
    if batch_size > examples:
        raise ValueError(
            f"`train_batch_size` must not be larger than the data: {data.name} has {examples}"
            f" pictures in {split!r}. Received: train_batch_size={batch_size}."
        )
    mode, alpha = config.run.train_mode, config.distillation.distill_alpha
    needs_labels = config.run.classifies and not (mode == "distill" and alpha == 1)
    if needs_labels and not data.num_classes:
        rest = " Or give --distill_alpha=1, to learn from the teacher alone."
        raise ValueError(
            f"`train_mode` {mode} needs labels, and {data.name} has none. Received:"
            f" train_mode={mode!r}. {data.how_to_label}"
            f"{rest if mode == 'distill' else ''}"
        )
    if needs_labels and data.num_labelled(split) == 0:
        raise ValueError(
            f"`train_split` must have labels for `train_mode` {mode}. Received:"
            f" train_split={split!r}, where none of {examples} pictures has one."
            f" {data.how_to_label}"
        )
    with_head = config.training.lineareval_while_pretraining and not config.run.classifies
    if with_head and not data.num_classes:
        print(f"{data.name} has no labels: the linear head alongside is left out.")
    return examples


def check_machine(config: Config, strategy: tf.distribute.Strategy) -> None:
    """Raises ValueError for settings that the strategy's devices cannot carry out."""
    count, training = strategy.num_replicas_in_sync, config.training
    parts = 1 if config.run.classifies else training.microbatches
    if training.train_batch_size % (count * parts):
        of_each = f", times their {parts} microbatches" if parts > 1 else ""
        raise ValueError(
            f"`train_batch_size` must be a multiple of the {count} replicas{of_each}."
            f" Received: train_batch_size={training.train_batch_size}."
        )
    if training.jit_compile and count > 1 and not config.run.use_tpu:
        raise ValueError(
            f"`jit_compile` works on one device; there are {count} replicas here, and TensorFlow"
            " cannot compile what they exchange. Received: jit_compile=True."
        )
    if training.precision == "mixed_float16" and config.run.use_tpu:
        raise ValueError(
            "`precision` must be float32 or mixed_bfloat16 on a TPU. Received:"
            " precision='mixed_float16'."
        )


def _describe(config: Config) -> str:
    model, training = config.model, config.training
    return (
        f"{config.run.train_mode} of ResNet-{model.resnet_depth} x {model.width_multiplier:g} at"
        f" {config.data.image_size} pixels, batch {training.train_batch_size}"
    )
