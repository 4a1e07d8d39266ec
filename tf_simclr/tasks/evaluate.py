"""Evaluation of a run's checkpoint: labels, probes and baselines -> result.json and report.html."""

import dataclasses
import datetime
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from tf_simclr import methods, picture_range
from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.assembly.machine import strategy_to_judge
from tf_simclr.assembly.overlap import overlaps
from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.evaluation.confusion import as_csv
from tf_simclr.evaluation.provenance import AVERAGED, DATE, KEYS, LABELS, PICTURES
from tf_simclr.judging.ask_classifier import Classified, classes_in
from tf_simclr.judging.baselines import PIXELS_SIDE, baselines
from tf_simclr.judging.endpoints import hog_of, layers_of, pixels_of
from tf_simclr.judging.judge import Judged, encoder_outputs, judge
from tf_simclr.judging.kept import write_kept
from tf_simclr.judging.layers import judge_layers
from tf_simclr.judging.page import draw_page
from tf_simclr.judging.projector import project
from tf_simclr.judging.pyramid import judge_pyramid
from tf_simclr.judging.show import choose, teller
from tf_simclr.judging.summary import mixed_up, summary_lines
from tf_simclr.methods.going_on import check_architecture
from tf_simclr.nets.trainable import TrainableNet
from tf_simclr.pretrained.find import find
from tf_simclr.pretrained.own import restore
from tf_simclr.reporting.by_layer import JUDGE_ENDPOINTS
from tf_simclr.reporting.names import VIEW_PICTURES, VIEWS_OF_EACH
from tf_simclr.tasks.export import BY_TRAINING, FORMATS, tell_results
from tf_simclr.workdir import checkpoints, run_folder, subject
from tf_simclr.workdir.looking import BEST, best_of
from tf_simclr.workdir.run_facts import facts_of_this
from tf_simclr.workdir.run_settings import adopt_settings, changed_for_judging
from tf_simclr.workdir.subject import CONFUSION, KEPT, REPORT, RESULT
from tf_simclr.workdir.summaries import Summaries

POLL_SECONDS = 15


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """One evaluation: its subject, and the names of its files.

    Attributes:
      config: of the evaluation.
      model_dir: of the run.
      step: of the checkpoint.
      prefix: of the checkpoint.
      subject: as subject.subject_of gives it.
      name: of its files; "" for the run's own evaluation.
    """

    config: Config
    model_dir: str
    step: int
    prefix: str
    subject: subject.Subject
    name: str

    @property
    def averaged(self) -> bool:
        """Whether the averaged weights are judged."""
        return self.subject["weights"] == AVERAGED

    def path(self, kind: str) -> str:
        """The path of one of its files: RESULT, REPORT or CONFUSION of subject.py."""
        return os.path.join(self.model_dir, subject.file_of(kind, self.name))


class Evaluated(NamedTuple):
    """The outcome of an evaluation.

    Attributes:
      result: content of result.json.
      summary: the lines that a terminal shows.
    """

    result: Mapping[str, Any]
    summary: Sequence[str]


def evaluate(
    config: Config, *, again: bool = True, open_data: Callable[[Config], Source] = methods.source
) -> Evaluated:
    """Evaluates the run's newest checkpoint; writes result.json, result_STEP.json, report.html.

    If the network classifies labelled data, it also writes confusion_matrix.csv. If the data,
    picture size, labels or weights are not the run's own, it writes result_NAME.json,
    report_NAME.html and confusion_matrix_NAME.csv instead.

    Args:
      config: of the run.
      again: whether to evaluate again if this step has results already.
      open_data: opens the data of the config.

    Raises:
      ValueError: if there is no checkpoint, it does not fit, or the split does not exist.
    """
    todo = _evaluation(config)
    result = {} if again else _done(todo)
    confused = ""
    if result and tf.io.gfile.exists(todo.path(REPORT)):
        print(f"Evaluation is done: {subject.file_of(RESULT, todo.name)} is of step {todo.step}.")
    else:
        strategy = strategy_to_judge(config)  # Made first, as in training.
        result, confused = _evaluate(todo, open_data(config), strategy)
    lines = methods.method_of(config).told(result)
    return Evaluated(result, summary_lines(result, _files(todo), lines=lines, confused=confused))


def evaluate_until_trained(
    config: Config, *, open_data: Callable[[Config], Source] = methods.source
) -> Iterator[Evaluated]:
    """Evaluates the newest checkpoint and, while another process trains, each new one.

    Args:
      config: of the command.
      open_data: opens the data of the config; called for each checkpoint.

    Raises:
      ValueError: as `evaluate`.
    """
    model_dir = run_folder.require_model_dir(config)
    evaluated = None
    while True:
        training = run_folder.is_locked(model_dir)  # First, or the last one could be missed.
        saved = checkpoints.listed(model_dir)
        if saved == evaluated and not training:
            return
        if saved == evaluated or (training and not saved):
            time.sleep(POLL_SECONDS)
        else:
            config = methods.checked(adopt_settings(config))  # There may have been none before.
            yield evaluate(config, open_data=open_data)
            evaluated = saved


def _evaluation(config: Config) -> Evaluation:
    model_dir = run_folder.require_model_dir(config)
    prefix = _own_checkpoint(config, model_dir)
    wanted = subject.subject_of(config, averaged=_averaged(config))
    own = subject.own_subject(model_dir, wanted)
    eval_name = config.evaluation.eval_name
    name = subject.name_of(wanted, own, eval_name)
    if name and not eval_name:
        name = subject.free_name(model_dir, name, wanted)
    return Evaluation(config, model_dir, checkpoints.step_of(prefix), prefix, wanted, name)


def _averaged(config: Config) -> bool:
    """Whether the run's own averaged weights are meant, not those of its starting checkpoint."""
    wanted = config.run.mode == "eval" and config.finetuning.use_ema_weights
    return wanted and methods.method_of(config).keeps_averages(config)


def _own_checkpoint(config: Config, model_dir: str) -> str:
    theirs = run_folder.read_settings(model_dir)
    if theirs is None:
        raise ValueError(
            "`model_dir` must be the folder of a trained run. Received:"
            f" model_dir={model_dir!r}, where there is none. Train first with --mode=train."
        )
    check_architecture(config, theirs, model_dir)
    return find(model_dir)


def _files(todo: Evaluation) -> dict[str, str]:
    """Kind of file -> path, for the files of this evaluation and its step in the run's folder."""
    forms = [FORMATS[kind] for kind in BY_TRAINING]
    exports = {form.by_training: f"{form.folder}/{todo.step}" for form in forms}
    files = {
        "report": subject.file_of(REPORT, todo.name),
        "results": subject.file_of(RESULT, todo.name),
        **({} if todo.averaged else exports),  # They have the plain weights.
        "checkpoint": f"ckpt-{todo.step}",
    }
    if best_of(os.path.join(todo.model_dir, BEST)):
        files["best weights"] = BEST
    return {what: os.path.join(todo.model_dir, name) for what, name in files.items()}


def _done(todo: Evaluation) -> dict[str, Any]:
    """The results that this evaluation wrote before; {} if it has not been done."""
    if todo.name:
        result = run_folder.read_facts(todo.path(RESULT))
        same = subject.tells_of(result, todo.subject)
        result = result if same and result.get("global_step") == todo.step else {}
    else:
        result = subject.results_of(todo.model_dir, todo.step)
    asked = todo.config.evaluation.judge_endpoints
    return result if asked in ("last", result.get(JUDGE_ENDPOINTS)) else {}


def _evaluate(
    todo: Evaluation, data: Source, strategy: tf.distribute.Strategy
) -> tuple[dict[str, Any], str]:
    """Evaluates and writes; result.json's content, and the most confused classes in words."""
    config = todo.config
    data.num_examples(config.data.eval_split)
    run_folder.make_writable(todo.model_dir)  # Fails now, not after the evaluation.
    trained = run_folder.read_settings(todo.model_dir) or config
    changed = changed_for_judging(config, trained)
    if changed:
        print(f"Differs from the run's own settings: {changed}.")
    side, own = config.data.image_size, trained.data.image_size
    if warning := picture_range.size_warning([side, side], own):
        print(f"Note: {warning} Give --image_size={own}, or leave it out.")
    for line in overlaps(config, data, trained):
        print(f"Note: {line}")
    what = f"the averaged weights of step {todo.step}" if todo.averaged else f"step {todo.step}"
    known = todo.subject.get(LABELS)
    what += f" ({known})" if known else ""
    print(f"Evaluating {what} on {config.data.eval_split!r} of {data.name}.", flush=True)
    result, judged, classified, size = _results(todo, data, strategy)
    method = methods.method_of(config)
    told = teller(config, judged[""], classified, data.class_names)
    kept = choose(
        config,
        data,
        judged,
        told=told,
        drawn=method.views(config, data),
        machine=facts_of_this(size),
        scored_on=classified.judged_on if classified else "",
    )
    write_kept(kept, todo.path(KEPT))
    confused = _write_matrix(todo, classified)
    _write(todo, result)
    draw_page(todo.model_dir, todo.name, method.words)
    project(config, data, judged[""].test, os.path.join(todo.model_dir, _curve(todo)))
    if not todo.name:
        tell_results(todo.model_dir, todo.step)
    return result, confused


def _results(
    todo: Evaluation, data: Source, strategy: tf.distribute.Strategy
) -> tuple[dict[str, Any], dict[str, Judged], Classified | None, int]:
    """result.json's content, prefix of a row -> Judged, the classifier's, the encoder's size."""
    config, classes = todo.config, classes_in(todo.prefix)
    with strategy.scope():
        net = methods.network(config, methods.Lesson(classes))
        # Restored at once: a live run may delete it soon.
        restored = restore(todo.prefix, net.parts(), averaged=todo.averaged)
        untrained = methods.network(config, methods.Lesson(classes))
    encoders = {"": net.encoder, "random_init/": untrained.encoder}
    pyramids = architecture_of(config.flat()).has_pyramid
    names = ("final_avg_pool", "pyramid") if pyramids else ("final_avg_pool",)
    outputs = {row: encoder_outputs(one, strategy, names) for row, one in encoders.items()}
    last = {row: of_encoder["final_avg_pool"] for row, of_encoder in outputs.items()}
    networks = {"": last.pop(""), **baselines(), **last}
    beside = {row: of_encoder["pyramid"] for row, of_encoder in outputs.items() if pyramids}
    judged = judge(config, data, networks, beside)
    today = datetime.date.today().isoformat()
    result: dict[str, Any] = {"global_step": todo.step, DATE: today, **todo.subject}
    if best := best_of(os.path.join(todo.model_dir, BEST)):  # As text: none of it is a score.
        result["best_weights"] = (
            f"{BEST}/ckpt-{best['step']}, by {best['by']} of {best['value']:.4g}"
        )
    result |= judge_pyramid(config, data, judged)
    result |= _layers(todo, data, strategy, {"": net, "random_init/": untrained}, judged)
    result[PICTURES] = len(judged[""].test.vectors)
    result[VIEW_PICTURES], result[VIEWS_OF_EACH] = judged[""].views
    if judged[""].strange:  # No picture is of a class that the classifier knows.
        restored = [part for part in restored if part != "supervised_head"]
    judgement = methods.method_of(config).judge(config, data, net, restored)
    result |= judgement.results
    for row, found in judged.items():
        result |= {row + name: score for name, score in found.scores.items() if score is not None}
    return result, judged, judgement.classified, net.encoder.count_params()


def _layers(
    todo: Evaluation,
    data: Source,
    strategy: tf.distribute.Strategy,
    nets: Mapping[str, TrainableNet],
    judged: Mapping[str, Judged],
) -> dict[str, Any]:
    """The keys of other layers than the last one; {} if --judge_endpoints asks for none."""
    config = todo.config
    names = methods.method_of(config).judged_layers(config)
    if not names:
        return {}
    stages = architecture_of(config.flat()).stages
    layers = {row: layers_of(net, stages, names, strategy) for row, net in nets.items()}
    layers["raw_pixels/"] = pixels_of(min(config.data.image_size, PIXELS_SIDE))
    if "hog/" in judged:
        layers["hog/"] = hog_of()
    asked = {JUDGE_ENDPOINTS: config.evaluation.judge_endpoints}
    return asked | judge_layers(config, data, layers, judged)


def _write_matrix(todo: Evaluation, classified: Classified | None) -> str:
    """Writes the confusion matrix, or removes an earlier one; the most confused classes."""
    path = todo.path(CONFUSION)
    if classified is None:
        if tf.io.gfile.exists(path):
            tf.io.gfile.remove(path)
        return ""
    run_folder.write_atomically(path, as_csv(classified.matrix, classified.class_names))
    return mixed_up(classified.matrix, classified.class_names)


def _curve(todo: Evaluation) -> str:
    """The name of its TensorBoard folder."""
    return f"eval_{todo.name}" if todo.name else todo.config.evaluation.eval_name or "eval"


def _write(todo: Evaluation, result: dict[str, Any]) -> None:
    text = json.dumps(result, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    summaries = Summaries(todo.model_dir, _curve(todo))
    numbers = {k: v for k, v in result.items() if isinstance(v, float | int) and k not in KEYS}
    summaries.scalars({f"eval/{k.removeprefix('eval/')}": v for k, v in numbers.items()}, todo.step)
    summaries.flush()
    if not todo.name:
        run_folder.write_atomically(os.path.join(todo.model_dir, f"result_{todo.step}.json"), text)
    run_folder.write_atomically(todo.path(RESULT), text)
