"""The subject of an evaluation: its data, splits, picture size, labels and weights.

{"dataset": "image_folder", "data_dir": "/pictures", "train_split": "train",
 "eval_split": "test", "image_size": 48, "weights": "trained"}
"""

import itertools
import os
import re
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tf_simclr.config import Config
from tf_simclr.evaluation.provenance import AVERAGED, CENTER_CROP, KEYS, LABELS, STRATIFIED, TRAINED
from tf_simclr.workdir import run_folder
from tf_simclr.workdir.dataset_facts import dataset_facts

Subject = Mapping[str, Any]

RESULT, REPORT, CONFUSION, KEPT = "result", "report", "confusion_matrix", "page"
LONGEST_NAME = 100  # characters; a file's name may have 255 bytes
SUFFIXES = {RESULT: ".json", REPORT: ".html", CONFUSION: ".csv", KEPT: ".npz"}


def subject_of(config: Config, *, averaged: bool = False) -> dict[str, Any]:
    """The subject of an evaluation with this config.

    Args:
      config: of a run or of a command that evaluates it.
      averaged: whether the averaged weights are judged.
    """
    data, labels = config.data, known_labels(config)
    told: dict[str, Any] = {
        "dataset": data.dataset,
        "train_split": data.train_split,
        "eval_split": data.eval_split,
        "image_size": data.image_size,
        "weights": AVERAGED if averaged else TRAINED,
    }
    if data.dataset == "image_folder" and data.data_dir:  # For others it is where they are kept.
        told["data_dir"] = run_folder.absolute(data.data_dir)
        told |= {STRATIFIED: True} if data.stratified_slices else {}
    told |= {CENTER_CROP: data.center_crop} if data.center_crop else {}
    return told | ({LABELS: labels} if labels else {})


def own_subject(model_dir: str, wanted: Subject) -> dict[str, Any]:
    """The subject of the run's own evaluation.

    If the run only trained, and left --eval_split at a name that its data does not have, its first
    evaluation decides the split.

    Args:
      model_dir: of a run with settings.
      wanted: the subject of the evaluation now.
    """
    settings = run_folder.read_settings(model_dir) or Config()
    own = subject_of(settings)
    splits = dataset_facts(model_dir).get("pictures", {})
    named = own["eval_split"] != Config().data.eval_split or own["eval_split"] in splits
    if not named:
        first = run_folder.read_result(model_dir)
        own["eval_split"] = first.get("eval_split", wanted.get("eval_split"))
    return own


def known_labels(settings: Config) -> str:
    """Which labels a run with these settings knows, as its results name them; "" for all."""
    return settings.labels.said(settings.run.seed)


def name_of(wanted: Subject, own: Subject, eval_name: str | None) -> str:
    """The name in an evaluation's files; "" for the run's own evaluation.

    >>> other = {"dataset": "emoji32", "eval_split": "test", "image_size": 64}
    >>> name_of(other, other | {"image_size": 32}, None)
    'emoji32-test-64px'

    Args:
      wanted: the subject of the evaluation.
      own: the subject of the run's own evaluation.
      eval_name: what the user calls it; None makes a name of data, split and size.
    """
    if dict(wanted) == dict(own):
        return ""
    chosen = _in_a_file_name(eval_name or "")
    if chosen:
        # A number alone would be a step of the run's own evaluation.
        return f"step-{chosen}" if chosen.isdigit() else chosen
    data = os.path.basename(wanted.get("data_dir", "")) or wanted["dataset"]
    parts = [data, wanted["eval_split"], f"{wanted['image_size']}px"]
    if wanted.get("train_split") != own.get("train_split"):
        parts.insert(1, f"by-{wanted['train_split']}")
    if wanted.get(STRATIFIED) != own.get(STRATIFIED):
        parts.append("stratified" if STRATIFIED in wanted else "not-stratified")
    if wanted.get(CENTER_CROP) != own.get(CENTER_CROP):
        parts.append(f"center-{wanted.get(CENTER_CROP, 0):g}")
    parts += [AVERAGED] if wanted.get("weights") == AVERAGED else []
    parts += [wanted[LABELS]] if wanted.get(LABELS) != own.get(LABELS) and LABELS in wanted else []
    return _in_a_file_name("-".join(parts))


def free_name(model_dir: str, name: str, wanted: Subject) -> str:
    """A name made by `name_of`, with a number if results of another subject have it.

    Args:
      model_dir: of the run.
      name: the one made: two folders of pictures may be called the same.
      wanted: the subject of the evaluation.
    """
    taken = f"{name}-{{}}"
    for number in itertools.count(2):
        there = run_folder.read_facts(os.path.join(model_dir, file_of(RESULT, name)))
        if not there or tells_of(there, wanted):
            break
        name = taken.format(number)
    return name


def file_of(kind: str, name: str) -> str:
    """An evaluation's file in the run's folder: result_NAME.json, or without a name result.json.

    Args:
      kind: RESULT, REPORT, CONFUSION or KEPT.
      name: as `name_of` gives it.
    """
    return f"{kind}_{name}{SUFFIXES[kind]}" if name else f"{kind}{SUFFIXES[kind]}"


def tells_of(result: Mapping[str, Any], wanted: Subject) -> bool:
    """Whether a result is of the wanted subject; an old one without a subject is of the run's own.

    Args:
      result: content of a result's file.
      wanted: as `subject_of` gives it.
    """
    if "weights" not in result:
        former = {LABELS: result.get(LABELS), "weights": TRAINED}
        averaged = bool(result.get("use_ema_weights"))
        return not averaged and all(former[key] == wanted.get(key) for key in former)
    return all(result.get(key) == wanted.get(key) for key in KEYS)


def listed_results(model_dir: str) -> list[str]:
    """Names of the files of evaluations other than the run's own, sorted."""
    pattern = re.compile(rf"{RESULT}_(?!\d+\.).+\{SUFFIXES[RESULT]}")
    return sorted(filter(pattern.fullmatch, tf.io.gfile.listdir(model_dir)))


def results_of(model_dir: str, step: int | None, *, averaged: bool = False) -> dict[str, Any]:
    """The results of a step's evaluation on the run's own data; {} if there are none.

    Args:
      model_dir: the run's folder.
      step: of the checkpoint; None if it is not known.
      averaged: whether the averaged weights are meant, whose results have a file of another name.
    """
    if step is None:
        return {}
    weights = AVERAGED if averaged else TRAINED
    for name in listed_results(model_dir) if averaged else [run_folder.RESULT]:
        result = run_folder.read_facts(os.path.join(model_dir, name))
        own = own_subject(model_dir, result) | {"weights": weights}
        if result.get("global_step") == step and tells_of(result, own):
            return result
    return {}


def _in_a_file_name(text: str) -> str:
    return re.sub(r"[^\w.]+", "-", text)[:LONGEST_NAME].strip("-.")
