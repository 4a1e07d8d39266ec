"""What a page shows of judged pictures, kept in the run's folder: a page is drawn anew from it.

A .npz file, of arrays and the files of sheets, and of JSON that says where each belongs.
"""

import dataclasses
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tf_simclr.file_errors import DAMAGES
from tf_simclr.reporting import content
from tf_simclr.reporting.pictures import Sheet
from tf_simclr.workdir.run_folder import write_atomically

STRUCTURE = "structure"  # The entry with the JSON; "kind" in it names a class.


@dataclasses.dataclass(frozen=True)
class Kept:
    """What one evaluation keeps for its page.

    Attributes:
      flags: of the evaluation, by name.
      dataset: as workdir.dataset_facts writes it, of the judged data.
      machine: as workdir.run_facts finds it, of the evaluation.
      by: who made the mistakes: "linear probe"; "" if nobody classified.
      scored_on: what the run's own classifier was judged on, in words; "" without one.
      neighbours: pictures and their nearest ones.
      feature_map: the map of the judged pictures.
      mistakes: pictures that were classified wrongly.
      confusion: the same classifier's confusion matrix.
      views: what the network was trained on.
    """

    flags: Mapping[str, Any]
    dataset: Mapping[str, Any]
    machine: Mapping[str, Any]
    by: str = ""
    scored_on: str = ""
    neighbours: content.Neighbours | None = None
    feature_map: content.FeatureMap | None = None
    mistakes: content.Mistakes | None = None
    confusion: content.ClassConfusion | None = None
    views: content.Views | None = None


KINDS = {
    kind.__name__: kind
    for kind in (
        Kept,
        Sheet,
        content.Neighbours,
        content.Query,
        content.FeatureMap,
        content.Mistakes,
        content.Mistake,
        content.ClassConfusion,
        content.Views,
        content.ViewWords,
    )
}


def write_kept(kept: Kept, path: str) -> None:
    """Replaces the file at `path`.

    Args:
      kept: its content.
      path: ends in .npz.
    """
    arrays: dict[str, np.ndarray] = {}
    text = json.dumps(_taken_apart(kept, arrays), ensure_ascii=False)
    arrays[STRUCTURE] = np.frombuffer(text.encode(), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    write_atomically(path, file.getvalue())


def read_kept(path: str) -> Kept | None:
    """The content of the file at `path`; None if it cannot be read or is of another version."""
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            arrays = np.load(io.BytesIO(file.read()), allow_pickle=False)
        found = _put_together(json.loads(arrays[STRUCTURE].tobytes()), arrays)
    except (tf.errors.OpError, *DAMAGES):
        return None
    return found if isinstance(found, Kept) else None


def _taken_apart(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {"kind": type(value).__name__} | {
            name: _taken_apart(inner, arrays) for name, inner in fields.items()
        }
    if isinstance(value, np.ndarray | bytes):
        name, kind = f"array_{len(arrays)}", "bytes" if isinstance(value, bytes) else "array"
        arrays[name] = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
        return {"kind": kind, "name": name}
    if isinstance(value, Mapping):
        return {"kind": "mapping", "items": {k: _taken_apart(v, arrays) for k, v in value.items()}}
    if isinstance(value, list | tuple):
        return [_taken_apart(inner, arrays) for inner in value]
    return value


def _put_together(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_put_together(inner, arrays) for inner in value]
    if not isinstance(value, dict):
        return value
    kind = value["kind"]
    if kind in ("array", "bytes"):
        array = arrays[value["name"]]
        return array if kind == "array" else array.tobytes()
    if kind == "mapping":
        return {name: _put_together(inner, arrays) for name, inner in value["items"].items()}
    fields = {name: inner for name, inner in value.items() if name != "kind"}
    return KINDS[kind](**{name: _put_together(inner, arrays) for name, inner in fields.items()})
