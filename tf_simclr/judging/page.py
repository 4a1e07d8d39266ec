"""Gathers report.html from a run's folder and its judged features."""

import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tf_simclr import picture_range, progress
from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.evaluation.confusion import most_confused, top1_accuracy
from tf_simclr.evaluation.features import Features
from tf_simclr.evaluation.layout import layout_2d
from tf_simclr.evaluation.provenance import said
from tf_simclr.evaluation.retrieval import nearest
from tf_simclr.judging import summary
from tf_simclr.judging.ask_classifier import Classified
from tf_simclr.judging.judge import Judged
from tf_simclr.reporting import content
from tf_simclr.reporting.names import COLUMNS, TOP_1, TOP_5
from tf_simclr.reporting.report import render
from tf_simclr.reporting.words import Words
from tf_simclr.workdir import run_folder
from tf_simclr.workdir.summaries import read_scalars

QUERIES, NEIGHBOURS = 12, 5
CONFUSED = 10  # Pairs of classes in a list.
MAP_PICTURES = 1500  # More would not fit, and would take too long to lay out.
THUMBNAIL = 48  # pixels


def write_page(
    config: Config,
    data: Source,
    judged: Judged,
    result: Mapping[str, Any],
    path: str,
    *,
    words: Words,
    views: np.ndarray | None = None,
    classified: Classified | None = None,
) -> None:
    """Writes the report of a run to `path`.

    Args:
      config: of the run.
      data: its data.
      judged: this encoder's features of the test split.
      result: content of result.json.
      path: of the page.
      words: of the run's method.
      views: pairs that it was trained on, uint8 [pairs, 2, side, side, 3]; None for none.
      classified: the results of the run's classifier; None without one.
    """
    count = len(judged.test.vectors)
    pictures, several = _pictures(config, data, count), count > NEIGHBOURS
    page = content.Report(
        title=f"{words.title} on {data.name}",
        opening=f"{picture_range.made_for(_trained_size(config))} Judged on {said(result)}.",
        command=_command(config),
        facts=_facts(config, data, judged, result),
        history=_history(config, words),
        views=views,
        scores=_scores(classified) if classified else [],
        table=_table(summary.rows(result)),
        confusion=_confusion(classified) if classified else None,
        neighbours=_neighbours(config, data, judged.test, pictures) if several else None,
        feature_map=_feature_map(config, judged.test, pictures) if several else None,
        snippet=_snippet(config),
    )
    run_folder.write_atomically(path, render(page))


def _pictures(config: Config, data: Source, count: int) -> np.ndarray:
    """The first `count` test pictures as the network sees them: uint8 [count, side, side, 3]."""
    side = min(config.data.image_size, THUMBNAIL)
    pictures: list[np.ndarray] = []
    for batch in build_data.evaluation_data(config, data, config.data.eval_split):
        small = tf.image.resize(batch["image"], [side, side], antialias=True)
        pictures.extend(tf.image.convert_image_dtype(small, tf.uint8, saturate=True).numpy())
        if len(pictures) >= count:
            break
    return np.stack(pictures[:count])


def _trained_size(config: Config) -> int:
    """Side of the pictures that the run was trained on, whatever it is judged on."""
    trained = run_folder.read_settings(run_folder.require_model_dir(config)) or config
    return trained.data.image_size


def _command(config: Config) -> str:
    flags = [f"--{name}={value}" for name, value in config.changed().items()]
    return shlex.join(["tf-simclr", *flags])


def _facts(
    config: Config, data: Source, judged: Judged, result: Mapping[str, Any]
) -> list[tuple[str, str]]:
    train, test = config.data.train_split, config.data.eval_split
    splits = [train, test] if data.has(train) else [test]
    counts = [f"{data.num_examples(split)} pictures in {split}" for split in splits]
    trained = f"{result['global_step']} steps of {config.training.train_batch_size} pictures"
    return [
        ("Data", f"{data.name}: {', '.join(counts)}"),
        ("Classes", str(data.num_classes or "none")),
        ("Encoder", architecture_of(config.flat()).title),
        ("Features", str(judged.test.vectors.shape[1])),
        ("Picture size", f"{config.data.image_size} pixels"),
        ("Training", trained),
        ("Seed", str(config.run.seed)),
        *([("Pictures by", data.licence)] if data.licence else []),
    ]


def _history(config: Config, words: Words) -> content.History:
    scalars = words.complete(read_scalars(run_folder.require_model_dir(config)))
    return {
        title: (scalars[tag][0].tolist(), scalars[tag][1].tolist())
        for tag, title in words.curves.items()
        if tag in scalars
    }


def _table(rows: dict[str, list[float | None]]) -> content.ResultTable | None:
    if all(value is None for values in rows.values() for value in values):
        return None
    return content.ResultTable(
        columns=list(COLUMNS.values()),
        rows=[content.ResultRow(title, values) for title, values in rows.items()],
        note="Frozen features of test pictures, higher is better. Linear probe and kNN: the share"
        " of pictures that are classified correctly. Retrieval: how often the nearest picture of"
        " another group shows the same thing.",
    )


def _scores(classified: Classified) -> list[content.KeyScore]:
    top_1, top_5 = (classified.scores[key] for key in (TOP_1, TOP_5))
    note = f"top-1 on {classified.judged_on}; top-5 {summary.percent(top_5)}"
    return [content.KeyScore(classified.title, top_1, note)]


def _confusion(classified: Classified) -> content.ClassConfusion:
    matrix, names = classified.matrix, classified.class_names
    return content.ClassConfusion(
        matrix,
        names,
        pairs=[
            (names[pair.label], names[pair.prediction], pair.count, pair.shown)
            for pair in most_confused(matrix, limit=CONFUSED)
        ],
        note=f"The {classified.title[0].lower()}{classified.title[1:]} is right on"
        f" {100 * top1_accuracy(matrix):.1f} % of the {classified.judged_on}.",
    )


def _neighbours(
    config: Config, data: Source, test: Features, pictures: np.ndarray
) -> content.Neighbours:
    found = nearest(test.vectors, k=NEIGHBOURS, groups=test.groups)
    random = np.random.default_rng(config.run.seed)
    asked = np.sort(random.permutation(len(found))[:QUERIES])
    meaning = test.identities if test.identities is not None else test.labels
    hits = meaning[found[asked]] == meaning[asked, None] if np.any(meaning >= 0) else None
    names = data.class_names
    captions = [names[label] if label >= 0 else "no class" for label in test.labels[asked]]
    near = pictures[found[asked]]
    return content.Neighbours(pictures[asked], near, hits, captions if names else None)


def _feature_map(config: Config, test: Features, pictures: np.ndarray) -> content.FeatureMap:
    vectors = test.vectors[:MAP_PICTURES]
    with progress.during("Laying out the map (t-SNE)"):
        layout = layout_2d(vectors, seed=config.run.seed)
    return content.FeatureMap(layout, pictures[:MAP_PICTURES])


def _snippet(config: Config) -> str:
    model_dir = run_folder.from_anywhere(run_folder.require_model_dir(config))
    return f"""from tf_simclr import load_encoder

encoder = load_encoder({model_dir!r})
# images: float32 [batch, height, width, 3] in [0, 1]
features = encoder(images)["final_avg_pool"]"""
