"""Finds the numbers that were measured on the original."""

import json
import os
import re
from pathlib import Path

import numpy as np

GOLDEN_DIR = Path(
    os.environ.get("GOLDEN_DIR") or Path(__file__).parents[2] / "golden"  # tests/golden
).resolve()

# Kind of fixture -> what its files or folders are called. Every kind must be there.
KINDS = {
    "loss": r"loss.*\.npz",
    "lars": r"lars.*\.npz",
    "schedule": r"schedule.*\.npz",
    "augment": r"augment(?!_stats).*\.npz",
    "augment_stats": r"augment_stats.*\.npz",
    "resnet": r"resnet_.*\.npz",
    "head": r"head.*\.npz",
    "trajectory": r"trajectory_(?!tf1_)(?!.*_f64\.).*\.npz",
    "trajectory_f64": r"trajectory_(?!tf1_).*_f64\.npz",
    "trajectory_tf1": r"trajectory_tf1_.*\.npz",
    "savedmodel": r"savedmodel_.*",
    "ckpt_tf1": r"ckpt_tf1_.*",
    "ckpt_tf2": r"ckpt_tf2_.*",
}


def found(kind: str) -> list[Path]:
    """Files or folders of one kind, sorted by name; none is a fault that golden_test reports."""
    return sorted(path for path in GOLDEN_DIR.glob("*") if re.fullmatch(KINDS[kind], path.name))


def read(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """All arrays of an .npz file by key, and its meta."""
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files if key != "meta_json"}
        meta = json.loads(str(file["meta_json"])) if "meta_json" in file.files else {}
    return arrays, meta


def meta(path: Path) -> dict:
    """The meta of an .npz file, without its arrays."""
    with np.load(path) as file:
        return json.loads(str(file["meta_json"]))


def cases(kind: str, key: str) -> list[tuple[Path, str]]:
    """(file, case) pairs: what the group of the pattern `key` matches at the start of array names.

    cases("loss", r"c(\\d+)_") is [(loss.npz, "000"), (loss.npz, "001"), ...].
    """
    pairs = set()
    for path in found(kind):
        with np.load(path) as file:
            matches = (re.match(key, name) for name in file.files)
            pairs |= {(path, match[1]) for match in matches if match}
    return sorted(pairs)


def variables(path: Path) -> dict:
    """The .json beside an .npz file: "meta" and the list "variables" (see golden.weights)."""
    return json.loads(path.with_suffix(".json").read_text())


def name(value) -> str:
    """How a case is called in a test's name: files by their stem, everything else as it reads."""
    return value.stem if isinstance(value, Path) else str(value)
