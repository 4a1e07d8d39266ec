"""A report with every section, of drawn pictures."""

import numpy as np

from tf_simclr.reporting.content import (
    ClassConfusion,
    FeatureMap,
    Mistake,
    Mistakes,
    Neighbours,
    Query,
    Report,
    Score,
    Views,
)
from tf_simclr.reporting.label_free import LabelFreeRow, LabelFreeTable
from tf_simclr.reporting.layers import BestLayer, Layer, LayerTable
from tf_simclr.reporting.pictures import Sheet
from tf_simclr.reporting.pyramid import PyramidTable

BASELINES = [("Raw pixels", 0.512), ("Untrained network", 0.461)]
KINDS = ("This encoder", "Raw pixels")


def pictures(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def sheet(count, side=16, channels=3):
    return Sheet.of(pictures(count, side, side, channels), most_bytes=10**6)


def confusion_of(classes, name="class {}"):
    """A matrix of 3 on the diagonal and 1 to its right, and one pair."""
    matrix = 3 * np.eye(classes, dtype=int) + np.eye(classes, k=1, dtype=int)
    names = [name.format(number) for number in range(classes)]
    return ClassConfusion(matrix, names, [(names[0], names[-1], 1, 4)], "Who, and how well.")


def neighbours_of(hits=None, caption="a caption", queries=2, found=5):
    asked = [
        Query(row, caption, [list(range(found)), list(range(found, 2 * found))], hits)
        for row in range(queries)
    ]
    return Neighbours(sheet(2 * found), KINDS, asked, None if hits is None else [0.4, 0.2], 1000)


def map_of(count, classes=3, names=None, seed=0, atlas=None):
    random = np.random.default_rng(seed)
    labels = random.integers(-1, classes, count) if classes else np.full(count, -1)
    names = names or [f"class {number}" for number in range(classes)]
    taken = np.where(random.random(count) < 0.3, (labels + 1) % max(1, classes), -1)
    return FeatureMap(
        random.random((count, 2)),
        atlas or sheet(count, 8),
        [f"test/{row}.png" for row in range(count)],
        labels,
        names,
        taken if classes else None,
    )


def mistakes_of(label="cat", taken_for="dog", name="a.png", count=3):
    shown = [Mistake(place, name, label, taken_for, 0.9) for place in range(count)]
    return Mistakes(sheet(max(1, count)), shown, count, 10, "linear probe")


def layers_of(name="stage", scores=(0.31, 0.52, 0.47), note="How it was chosen."):
    """Stages averaged and pooled finer, a last layer, and the best of two networks."""
    stages = [f"{name}{number}" for number in range(1, len(scores) + 1)]
    layers = [
        Layer(f"{stage}{end}", stage, width, [score + more, 0.4, None], score / 2)
        for stage, score in zip(stages, scores, strict=True)
        for end, width, more in (("", 64, 0.0), ("_2x2", 256, 0.02))
    ]
    last = Layer("final", "final", 1024, [0.45, 0.4, None], 0.2, best=True)
    best = [BestLayer(kind, "final", 0.45, [0.45, 0.4, None]) for kind in KINDS]
    return LayerTable(("Linear probe", "kNN", "Retrieval at 1"), [*layers, last], best, note)


def whole_report(**changes):
    steps = np.arange(0, 1000, 2)
    parts = {
        "title": "A run",
        "opening": "Judged on " + "a_long_name_" * 20,
        "state": "It is in training.",
        "scores": [
            Score("Fine-tuned classifier", "On 24 pictures.", 0.875, note="top-5 99.0 %"),
            Score("Linear probe", "What it means.", 0.583, BASELINES),
        ],
        "pyramid": PyramidTable(("Linear probe", "kNN"), [(kind, [0.583, None]) for kind in KINDS]),
        "layers": layers_of(),
        "label_free": LabelFreeTable(
            KINDS, [LabelFreeRow("RankMe", "Dimensions in use.", "higher", ("31.4", "-"))], "Of 5."
        ),
        "neighbours": neighbours_of([[True, False, False, False, True], [False] * 5]),
        "feature_map": map_of(40),
        "mistakes": mistakes_of(),
        "confusion": confusion_of(10),
        "history": {"Loss (nats)": (steps, np.exp(-steps / 500)), "Learning rate": ([1], [0.3])},
        "views": Views(sheet(12)),
        "snippet": ("Use the encoder", "encoder = load_encoder('" + "path/" * 40 + "')"),
        "facts": [("Network", "ResNet-18"), ("Data", "emoji32_" * 20)],
        "command": "tf-simclr --model_dir=/tmp/" + "a_long_name_" * 20,
    }
    return Report(**(parts | changes))
