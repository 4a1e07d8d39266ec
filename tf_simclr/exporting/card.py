"""The model card: README.md of an exported folder, for readers who did not train the model."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tf_simclr import picture_range, things
from tf_simclr.evaluation.provenance import said
from tf_simclr.reporting.names import LABEL_FREE, SCORES, in_text, label_free_text, rows_in

FACTS, TEXT = "export.json", "README.md"  # The same for programs and for people.
CLASS_NAMES = "class_names.txt"  # One a line, in the order of the logits.
ALL_NAMED = 50  # classes; if there are more, the first are named


@dataclasses.dataclass(frozen=True)
class Card:
    """The content of a model card.

    Attributes:
      format: a value of --export_format.
      network: in words.
      features: width of the representation.
      projection: width of the projection head's output.
      image_size: side of the pictures that it was trained on, in pixels.
      fixed_size: side of the pictures that the export takes; None takes any.
      step: how long it was trained; None if not known.
      settings: flags that were not at their default; {} if not known.
      dataset: name, licence, class_names, pictures of each split; {} if not known.
      results: as a run writes them; {} if it was not evaluated.
      classes: of the classifier; 0 without one.
      measured: on the export itself: a name -> its value as text.
      version: of tf_simclr.
      learned: a sentence on how it was trained; "" if not known.
      command: that trains the same again, quoted for a shell; "" if not known.
      classifies: whether the classifier is what it was trained for, and not only the encoder.
      class_names: of the classifier, in the order of its logits; () if they are not known.
      trained_by: what the heading says of an encoder's training.
    """

    format: str
    network: str
    features: int
    projection: int
    image_size: int
    fixed_size: int | None
    step: int | None
    settings: Mapping[str, Any]
    dataset: Mapping[str, Any]
    results: Mapping[str, Any]
    classes: int
    measured: Mapping[str, str]
    version: str
    learned: str = ""  # Older cards have none of these.
    command: str = ""
    classifies: bool = False
    class_names: Sequence[str] = ()
    trained_by: str = "SimCLR"


def write(card: Card, folder: str) -> None:
    """Writes the card to a folder, as FACTS and as TEXT."""
    facts = json.dumps(dataclasses.asdict(card), indent=2, sort_keys=True, ensure_ascii=False)
    for name, text in ((FACTS, facts + "\n"), (TEXT, render(card))):
        path = os.path.join(folder, name)
        with tf.io.gfile.GFile(path + ".tmp", "w") as file:
            file.write(text)
        tf.io.gfile.rename(path + ".tmp", path, overwrite=True)


def read(folder: str) -> Card | None:
    """The card in a folder; None if there is none, or one that cannot be understood."""
    try:
        with tf.io.gfile.GFile(os.path.join(folder, FACTS)) as file:
            facts = json.loads(file.read())
        known = {field.name for field in dataclasses.fields(Card)}  # Of other versions, too.
        found = Card(**{name: value for name, value in facts.items() if name in known})
        return dataclasses.replace(found, class_names=tuple(found.class_names))
    except (ValueError, TypeError, AttributeError, tf.errors.OpError):
        return None


def render(card: Card) -> str:
    """The card as Markdown."""
    use = {"Use": _use(card), "Classify": _classify(card)}
    sections = {
        **(dict(reversed(use.items())) if card.classifies else use),
        "Input": _input(card),
        "Data": _data(card),
        "Training": _training(card),
        "Results": _results(card),
        "Measured on this export": table([("what", "found"), *card.measured.items()]),
    }
    name, _, details = card.network.partition(", ")
    kind = "classifier" if card.classifies else "encoder"
    start = (f"# {card.trained_by} {kind}: {name}", _made_for(card), _summary(card))
    title = "\n\n".join([*start, f"Network: {name}, {details}."])
    blocks = [f"## {name}\n\n{text.rstrip()}" for name, text in sections.items() if text]
    end = f"Written by tf_simclr {card.version} (arXiv 2002.05709, 2006.10029)."
    return "\n\n".join([title, *blocks, end]) + "\n"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, the first of them its head; "" if there is no other."""
    if len(rows) < 2:
        return ""
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _use(card: Card) -> str:
    form = things.load("exporting", card.format)
    return f"{_code(card, form.example)}\n\n{form.interface(card)}"


def _classify(card: Card) -> str:
    if not card.classes:
        return ""
    if not card.class_names:
        return f"It tells {card.classes} classes apart; their names are not in this export."
    code = _code(card, things.load("exporting", card.format).classifying)
    return (
        f"{code}\n\n`{CLASS_NAMES}` has the names of the {card.classes} classes, one a line, in the"
        " order of the logits."
    )


def _code(card: Card, text: str) -> str:
    return f"```python\n{text.replace('SIDE', str(card.fixed_size or card.image_size))}```"


def _made_for(card: Card) -> str:
    text = picture_range.made_for(card.image_size)
    side = card.fixed_size
    return f"{text} This export takes {side} x {side} pixels and no others." if side else text


def _summary(card: Card) -> str:
    learned = f"{card.learned} " if card.learned else ""
    features = (
        f"turns a picture into {card.features} numbers, for a small classifier, a nearest-neighbour"
        " search or fine-tuning."
    )
    if card.classifies:
        return f"{learned}It tells {card.classes} classes apart. Its encoder {features}"
    return f"{learned}It {features}"


def _input(card: Card) -> str:
    side = card.fixed_size
    size = f"{side} x {side} pixels" if side else "any height and width"
    return (
        f"float32 [batch, height, width, 3], RGB in [0, 1], {size}; trained at {card.image_size}"
        " pixels. The export subtracts no mean and does not augment: divide bytes by 255."
    )


def _data(card: Card) -> str:
    if not card.dataset:
        return "Not recorded."
    licence = card.dataset.get("licence", "not recorded")
    lines = [
        f"- data set: {card.dataset.get('name')}",
        f"- licence of the data: {licence or 'not stated by its source'}",
    ]
    pictures = card.dataset.get("pictures", {}).items()
    if pictures:
        lines.append("- pictures: " + ", ".join(f"{count:,} in {name}" for name, count in pictures))
    names = list(card.dataset.get("class_names", ()))
    if names:
        more = f" and {len(names) - ALL_NAMED} more" if len(names) > ALL_NAMED else ""
        lines.append(f"- {len(names)} classes: {', '.join(names[:ALL_NAMED])}{more}")
    return "\n".join(lines)


def _training(card: Card) -> str:
    steps = "An unknown number of" if card.step is None else f"{card.step:,}"
    if not card.settings:
        return f"{steps} steps; the settings are not known."
    flags = "\n".join(f"    --{name}={value}" for name, value in sorted(card.settings.items()))
    told = f"{steps} steps of `tf-simclr`, with these flags and defaults for all others:\n\n{flags}"
    again = f"\n\nThe command that trains the same:\n\n    {card.command}" if card.command else ""
    return told + again


def _results(card: Card) -> str:
    rows, columns = [], rows_in(card.results)
    for key, name in SCORES.items():
        values = [card.results.get(prefix + key) for prefix in columns]
        if any(value is not None for value in values):
            shown = ["-" if value is None else f"{100 * value:.1f} %" for value in values]
            rows.append((in_text(name), *shown))
    for key, judge in LABEL_FREE.items():
        shown = [label_free_text(card.results, prefix, key) for prefix in columns]
        if set(shown) != {"-"}:
            rows.append((f"{judge.title} ({judge.better} is better)", *shown))
    if not rows:
        return "None when this was written."
    judged = said(card.results)
    start = f"Judged on {judged}.\n\n" if judged else ""
    return start + table([("judged by", *map(in_text, columns.values())), *rows])
