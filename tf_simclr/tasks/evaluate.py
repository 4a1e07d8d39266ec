"""Evaluation of a run's checkpoint: labels, probes and baselines -> result.json and report.html."""

import json
import os
import time
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tf_simclr import build, build_data, checkpoints, run_folder
from tf_simclr.checkpoint_contents import CheckpointContents
from tf_simclr.config import Config
from tf_simclr.data.sources import Source
from tf_simclr.evaluation.confusion import as_csv, most_confused
from tf_simclr.summaries import Summaries
from tf_simclr.tasks.classify import classify
from tf_simclr.tasks.export import tell_results
from tf_simclr.tasks.judge import METRICS, encoder_features, judge, raw_pixels
from tf_simclr.tasks.page import write_page
from tf_simclr.tasks.trained import (
    OF_AVERAGED,
    OF_LABELS,
    known_labels,
    labels_of_run,
    results_of,
)

POLL_SECONDS = 15
CONFUSION = "confusion_matrix.csv"  # in the run's folder
MOST_CONFUSED = 3  # Pairs of classes that the terminal names.
# Result keys start with the row's prefix; what is judged, in the order of the table.
ROWS = {"": "This encoder", "raw_pixels/": "Raw pixels", "random_init/": "Untrained network"}
CLASSIFIERS = {
    "pretrain": "Linear head trained beside",
    "finetune": "Fine-tuned classifier",
    "supervised": "Supervised classifier",
    "distill": "Student",
}
EXPORTS = ("encoder, for TF-Hub", "all endpoints")
COLUMNS = dict(zip(METRICS, ("Linear probe", "kNN", "Retrieval at 1")))


def evaluate(config: Config, *, again: bool = True) -> None:
    """Evaluates the newest checkpoint of the run: result.json, result_STEP.json, report.html.

    And, where the network classifies labelled data, confusion_matrix.csv.

    Args:
      config: of the run.
      again: whether to do it once more where the results of this step are there already.

    Raises:
      ValueError: if there is no checkpoint, it does not fit, or the split does not exist.
    """
    model_dir = run_folder.require_model_dir(config)
    prefix = _own_checkpoint(config, model_dir)
    step = checkpoints.step_of(prefix)
    page = os.path.join(model_dir, "report.html")
    known, averaged = known_labels(config), _averaged(config)
    result = results_of(model_dir, step, labels=known)
    confused = ""
    if again or not result or not tf.io.gfile.exists(page):
        data = build_data.source(config)
        data.num_examples(config.data.eval_split)
        what = f"the averaged weights of step {step}" if averaged else f"step {step}"
        what += f" ({known})" if known else ""
        print(f"Evaluates {what} on {config.data.eval_split!r} of {data.name}.")
        result, judged, matrix = _results(config, data, prefix, step)
        write_page(config, data, judged[""], _rows(result), page, matrix)
        table = os.path.join(model_dir, CONFUSION)
        if matrix is None:
            if tf.io.gfile.exists(table):  # Of another evaluation.
                tf.io.gfile.remove(table)
        else:
            run_folder.write_atomically(table, as_csv(matrix, data.class_names))
            confused = _confused(matrix, data.class_names)
        _write(config, model_dir, result)
        tell_results(model_dir, step)
    else:
        print(f"Evaluation is done: result.json is of step {step}.")
    _print_summary(config, result, step, confused)


def evaluate_until_trained(config: Config) -> None:
    """Evaluates the newest checkpoint and, while another process trains on, each new one.

    Raises:
      ValueError: as `evaluate`.
    """
    model_dir = run_folder.require_model_dir(config)
    evaluated = None
    while True:
        training = run_folder.is_locked(model_dir)  # Asked first: else the last one is missed.
        saved = checkpoints.listed(model_dir)
        if saved == evaluated and not training:
            return
        if saved == evaluated or (training and not saved):
            time.sleep(POLL_SECONDS)
        else:
            evaluate(config)
            evaluated = saved


def _averaged(config: Config) -> bool:
    """Whether the run's own averaged weights are meant, and not those of what it starts from."""
    from_others = config.run.classifies and config.finetuning.checkpoint is not None
    return config.run.mode == "eval" and config.finetuning.use_ema_weights and not from_others


def _own_checkpoint(config: Config, model_dir: str) -> str:
    theirs = run_folder.read_settings(model_dir)
    if theirs is None:
        raise ValueError(
            "`model_dir` must be the folder of a trained run. Received:"
            f" model_dir={model_dir!r}, where there is none. Train first with --mode=train."
        )
    run_folder.check_architecture(config, theirs, model_dir)
    return checkpoints.find(model_dir)


def _results(config: Config, data: Source, prefix: str, step: int):
    """(result.json's content, prefix of a row -> Judged, confusion matrix or None)."""
    num_classes = data.num_classes or _classes_in(prefix)  # A student may have no labels.
    net = build.model(config, num_classes)
    averaged = _averaged(config)
    # Now: a live run may delete it soon.
    restored = checkpoints.warm_start(prefix, build.parts(net), averaged=averaged)
    untrained = build.model(config, num_classes)
    networks = {
        "": encoder_features(net.encoder),
        "raw_pixels/": raw_pixels,
        "random_init/": encoder_features(untrained.encoder),
    }
    judged = judge(config, data, networks)
    result: dict[str, float | int | str] = {"global_step": step}
    if known := known_labels(config):
        result[OF_LABELS] = known
    matrix = None
    if averaged:
        result[OF_AVERAGED] = 1
    # Differs from the original: it fails without a linear head.
    if "supervised_head" in restored and data.num_classes:
        knew = _of_other_labels(config)
        if knew:
            title = CLASSIFIERS[config.run.train_mode]
            print(f"{title}: left out, it was trained with other labels ({knew}).")
        else:
            matrix, of_labels = classify(config, data, net)
            result |= of_labels
    for row in ROWS:
        scores = judged[row].scores.items()
        result |= {row + name: score for name, score in scores if score is not None}
    return result, judged, matrix


def _of_other_labels(config: Config) -> str:
    """What the run's classifier knew, where it is not what the evaluation chooses; "" else."""
    knew, chosen = labels_of_run(run_folder.require_model_dir(config)), known_labels(config)
    return (knew or "all") if chosen not in ("", knew) else ""


def _classes_in(prefix: str) -> int:
    """The number of classes of a checkpoint's classifier; 0 if it has none."""
    kernel = CheckpointContents(prefix).shape("supervised_head", "kernel")
    return kernel[-1] if kernel else 0


def _rows(result: dict) -> dict[str, list[float | None]]:
    """The table: a row's title -> its score in each column of COLUMNS."""
    titles = ROWS | ({"": "Averaged encoder"} if result.get(OF_AVERAGED) else {})
    return {title: [result.get(row + name) for name in METRICS] for row, title in titles.items()}


def _write(config: Config, model_dir: str, result: dict) -> None:
    text = json.dumps(result, indent=2, sort_keys=True) + "\n"
    summaries = Summaries(model_dir, config.evaluation.eval_name or "eval")
    numbers = {key: value for key, value in result.items() if key != OF_LABELS}
    summaries.scalars(
        {f"eval/{key.removeprefix('eval/')}": value for key, value in numbers.items()},
        result["global_step"],
    )
    summaries.flush()
    run_folder.write_atomically(
        os.path.join(model_dir, f"result_{result['global_step']}.json"), text
    )
    run_folder.write_atomically(os.path.join(model_dir, run_folder.RESULT), text)


def _confused(matrix: np.ndarray, class_names: Sequence[str]) -> str:
    """The pairs that are mixed up most often: "bird as mammal (12 of 90), ..."."""
    return ", ".join(
        f"{class_names[p.label]} as {class_names[p.prediction]} ({p.count} of {p.shown})"
        for p in most_confused(matrix, limit=MOST_CONFUSED)
    )


def _print_summary(config: Config, result: dict, step: int, confused: str) -> None:
    rows = {title: row for title, row in _rows(result).items() if any(v is not None for v in row)}
    if rows:
        print(f"\n{'':20}" + "".join(f"{title:>16}" for title in COLUMNS.values()))
        for title, row in rows.items():
            print(f"{title:20}" + "".join(f"{_percent(value):>16}" for value in row))
    if "eval/label_top_1_accuracy" in result:
        top_1, top_5 = (result[f"eval/label_top_{k}_accuracy"] for k in (1, 5))
        title = CLASSIFIERS[config.run.train_mode]
        print(f"\n{title}: top-1 {_percent(top_1)}, top-5 {_percent(top_5)}")
    if confused:
        print(f"Most confused: {confused}")
    print()
    for name, path in {
        "report": "report.html",
        "results": run_folder.RESULT,
        "encoder, for TF-Hub": f"hub/{step}",
        "all endpoints": f"saved_model/{step}",
        "checkpoint": f"ckpt-{step}",
    }.items():
        if name in EXPORTS and result.get(OF_AVERAGED):
            continue  # They have the other weights.
        print(f"{name:20} {os.path.join(run_folder.require_model_dir(config), path)}")


def _percent(value: float | None) -> str:
    return "-" if value is None or not np.isfinite(value) else f"{100 * value:.1f} %"
