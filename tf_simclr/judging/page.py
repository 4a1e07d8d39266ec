"""Draws a run's page from what its folder has: results, curves, settings, and kept pictures."""

import os
import shlex
from collections.abc import Mapping
from typing import Any

from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.config import Config
from tf_simclr.config.repeat import repeat_command
from tf_simclr.evaluation.provenance import DATE, PICTURES, said
from tf_simclr.judging import summary
from tf_simclr.judging.kept import Kept, read_kept
from tf_simclr.reporting import content
from tf_simclr.reporting.by_layer import (
    BEST_LAYER,
    FINER,
    LAYER_FEATURES,
    OF_LAYER,
    best_layers,
    layer_notes,
    layers_in,
)
from tf_simclr.reporting.label_free import LabelFreeRow, LabelFreeTable
from tf_simclr.reporting.layers import BestLayer, Layer, LayerTable
from tf_simclr.reporting.names import (
    COLUMNS,
    LABEL_FREE,
    MEANINGS,
    TOP_1,
    TOP_5,
    label_free_note,
    label_free_text,
    rows_in,
)
from tf_simclr.reporting.pyramid import PyramidTable
from tf_simclr.reporting.report import render
from tf_simclr.reporting.words import Words
from tf_simclr.workdir import checkpoints, run_folder
from tf_simclr.workdir.dataset_facts import DATASET
from tf_simclr.workdir.run_facts import read_run_facts
from tf_simclr.workdir.subject import KEPT, REPORT, RESULT, file_of
from tf_simclr.workdir.summaries import read_scalars, training_seconds

BYTES_OF_A_WEIGHT = 4  # float32
# The judges without labels that lead the page where nothing has been judged by labels.
WITHOUT_LABELS = ("two_view_retrieval", "rankme", "lidar")


def draw_page(model_dir: str, name: str, words: Words) -> str:
    """Writes the page of one of a run's evaluations, or of the run itself before it has any.

    Args:
      model_dir: of the run.
      name: of the evaluation's files; "" for the run's own.
      words: of the run's method.

    Returns:
      The page's path.

    Raises:
      ValueError: if the folder has no run, or its settings cannot be read.
    """
    kept = read_kept(os.path.join(model_dir, file_of(KEPT, name)))
    result = run_folder.read_facts(os.path.join(model_dir, file_of(RESULT, name)))
    trained = run_folder.read_settings(model_dir) or Config()
    page = content.Report(
        title=_title(trained, model_dir, words),
        opening=_opening(trained, result),
        state=_state(model_dir, trained, result),
        scores=_scores(result, kept, words, trained),
        pyramid=_pyramid(result),
        layers=_layers(result),
        label_free=_label_free(result),
        neighbours=kept.neighbours if kept else None,
        feature_map=kept.feature_map if kept else None,
        mistakes=kept.mistakes if kept else None,
        confusion=kept.confusion if kept else None,
        history=_history(model_dir, words),
        views=kept.views if kept else None,
        snippet=_snippet(model_dir, trained),
        facts=_facts(trained, kept, result, model_dir),
        command=repeat_command(trained, model_dir=model_dir),
    )
    path = os.path.join(model_dir, file_of(REPORT, name))
    run_folder.write_atomically(path, render(page))
    return path


def _title(trained: Config, model_dir: str, words: Words) -> str:
    name = trained.data.dataset
    if name == "image_folder" and trained.data.data_dir:
        name = os.path.basename(trained.data.data_dir.rstrip("/")) or name
    return f"{words.title} on {name}"


def _opening(trained: Config, result: Mapping[str, Any]) -> str:
    data = trained.data
    views = "views of " if data.view_side != data.image_size else ""
    parts = [architecture_of(trained.flat()).title, f"{views}{data.view_side} pixels"]
    if "global_step" in result:
        parts.append(f"{result['global_step']:,} steps")
    if PICTURES in result:
        parts.append(f"judged on {result[PICTURES]:,} pictures: {said(result)}")
    return " · ".join(parts)


def _state(model_dir: str, trained: Config, result: Mapping[str, Any]) -> str:
    """What the page cannot show yet; "" if it shows the whole run."""
    saved = checkpoints.listed(model_dir)
    step, judged = checkpoints.step_of(saved[-1]) if saved else 0, result.get("global_step")
    again = shlex.join(["tf-simclr", "--mode=report", f"--model_dir={model_dir}"])
    if run_folder.is_locked(model_dir):
        total = f" of {trained.training.train_steps:,}" if trained.training.train_steps else ""
        state = f"It is in training; its newest checkpoint is of step {step:,}{total}. "
        if judged is not None:
            state += f"The numbers are those of step {judged:,}. "
        return f"{state}To draw this page anew: {again}"
    if judged is None:
        judge = shlex.join(["tf-simclr", "--mode=eval", f"--model_dir={model_dir}"])
        return f"It has not been evaluated, so it has no numbers and no pictures. To do so: {judge}"
    if step > judged:
        return f"The numbers are those of step {judged:,}; the newest checkpoint is of {step:,}."
    return ""


def _scores(
    result: Mapping[str, Any], kept: Kept | None, words: Words, trained: Config
) -> list[content.Score]:
    frozen = [
        content.Score(
            COLUMNS[key],
            MEANINGS[key],
            result.get(key),
            [(title, result.get(row + key)) for row, title in rows_in(result).items() if row],
        )
        for key in COLUMNS
    ]
    if not any(score.value is not None for score in frozen):  # There are no labels.
        frozen = [
            content.Score(
                LABEL_FREE[key].title,
                f"{LABEL_FREE[key].meaning[0].upper()}{LABEL_FREE[key].meaning[1:]}.",
                result.get(key),
                [(title, result.get(row + key)) for row, title in rows_in(result).items() if row],
                share=key == "two_view_retrieval",
            )
            for key in WITHOUT_LABELS
        ]
    if words.asked and words.asked.key in result:
        asked = words.asked
        chance = [("By chance", result.get(asked.chance))]
        frozen.append(content.Score(asked.title, asked.meaning, result[asked.key], chance))
    if TOP_1 not in result:
        return frozen
    five = f"{100 * result[TOP_5]:.1f} % among the first five" if TOP_5 in result else ""
    judged = f"On {kept.scored_on}." if kept and kept.scored_on else ""
    own = content.Score(words.classifier, judged, result[TOP_1], note=five)
    return [*frozen, own] if trained.run.pretrains else [own, *frozen]


def _pyramid(result: Mapping[str, Any]) -> PyramidTable | None:
    rows = summary.pyramid_rows(result)
    return PyramidTable(tuple(COLUMNS.values()), list(rows.items())) if rows else None


def _layers(result: Mapping[str, Any]) -> LayerTable | None:
    names, best = layers_in(result), best_layers(result)
    if not names:
        return None
    layers = [
        Layer(
            name,
            name.removesuffix(FINER),
            result[f"{LAYER_FEATURES}/{name}"],
            [result.get(f"{kind}/{name}") for kind in OF_LAYER],
            result.get(f"random_init/probe/{name}"),
            best=name == best.get(""),
        )
        for name in names
    ]
    chosen = [
        BestLayer(
            summary.titles(result)[row],
            name,
            result.get(row + "linear_probe_top1"),
            [result.get(f"{row}{BEST_LAYER}/{key}") for key in COLUMNS],
        )
        for row, name in best.items()
    ]
    return LayerTable(tuple(COLUMNS.values()), layers, chosen, " ".join(layer_notes(result)))


def _label_free(result: Mapping[str, Any]) -> LabelFreeTable | None:
    note, titles = label_free_note(result), summary.titles(result)
    if not note:
        return None
    rows = [
        LabelFreeRow(
            judge.title,
            judge.meaning,
            judge.better,
            [label_free_text(result, row, key) for row in titles],
        )
        for key, judge in LABEL_FREE.items()
    ]
    return LabelFreeTable(list(titles.values()), rows, " ".join(note))


def _history(model_dir: str, words: Words) -> content.History:
    scalars = words.complete(read_scalars(model_dir))
    return {
        title: (scalars[tag][0].tolist(), scalars[tag][1].tolist())
        for tag, title in words.curves.items()
        if tag in scalars
    }


def _snippet(model_dir: str, trained: Config) -> tuple[str, str]:
    folder = run_folder.from_anywhere(model_dir)
    if not trained.run.pretrains:
        return (
            "Use the classifier",
            f"""from tf_simclr import load_classifier

classifier = load_classifier({folder!r})
# images: float32 [batch, height, width, 3] in [0, 1]
logits = classifier(images)  # [batch, classes]
names = [classifier.class_names[place] for place in logits.numpy().argmax(axis=1)]""",
        )
    return (
        "Use the encoder",
        f"""from tf_simclr import load_encoder

encoder = load_encoder({folder!r})
# images: float32 [batch, height, width, 3] in [0, 1]
features = encoder(images)["final_avg_pool"]""",
    )


def _facts(
    trained: Config, kept: Kept | None, result: Mapping[str, Any], model_dir: str
) -> list[tuple[str, str]]:
    judged = dict(kept.dataset) if kept else {}
    data = run_folder.read_facts(os.path.join(model_dir, DATASET)) or judged
    side = trained.data.image_size
    machine = read_run_facts(model_dir) or dict(kept.machine if kept else {})
    found = {
        "Pictures": _counts(data),
        "Judged on": _counts(judged) if _counts(judged) != _counts(data) else "",
        "Classes": f"{len(data.get('class_names', ())):,}" if data.get("class_names") else "none",
        "Encoder": architecture_of(trained.flat()).title,
        **_size(machine),
        "Made for": f"pictures of about {side} x {side} pixels, values in [0, 1]",
        "Training": _training(trained, result),
        "Training time": _duration(training_seconds(model_dir)),
        "Machine": _machine(machine),
        "Versions": _versions(machine),
        "Evaluated": str(result.get(DATE, "")),
        "Seed": str(trained.run.seed),
        "Licence of the pictures": data.get("licence", ""),
    }
    return [(name, value) for name, value in found.items() if value]


def _counts(data: Mapping[str, Any]) -> str:
    """How many pictures there are: "emoji32: 4,251 in train, 1,413 in test"; "" if not known."""
    counts = [f"{count:,} in {split}" for split, count in data.get("pictures", {}).items()]
    return f"{data.get('name')}: {', '.join(counts)}" if counts else ""


def _size(machine: Mapping[str, Any]) -> dict[str, str]:
    count = machine.get("encoder_parameters")
    if not count:
        return {}
    megabytes = count * BYTES_OF_A_WEIGHT / 1e6
    return {"Size of the encoder": f"{count:,} parameters, {megabytes:,.1f} MB"}


def _training(trained: Config, result: Mapping[str, Any]) -> str:
    batch = f"batches of {trained.training.train_batch_size:,} pictures"
    return f"{result['global_step']:,} steps, {batch}" if "global_step" in result else batch


def _duration(seconds: float) -> str:
    """A time in words: "1 h 05 min"; "" for none."""
    if not seconds:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _machine(machine: Mapping[str, Any]) -> str:
    if not machine:
        return ""
    cores = f"{machine.get('cores')} cores of {machine.get('cpu')}"
    devices = machine.get("devices", "CPU")
    return cores if devices == "CPU" else f"{devices}; {cores}"


def _versions(machine: Mapping[str, Any]) -> str:
    titles = {"tf_simclr": "tf_simclr", "tensorflow": "TensorFlow", "python": "Python"}
    return ", ".join(f"{title} {machine[key]}" for key, title in titles.items() if key in machine)
