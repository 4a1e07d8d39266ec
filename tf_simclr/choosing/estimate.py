"""What a run takes: minutes, memory and disk, said before it starts."""

import dataclasses

# Probe, nearest neighbours, map and the other judges, on two cores for 10,000 pictures.
JUDGING_SECONDS = 60.0
JUDGING_START = 15.0  # seconds: networks are made and traced, and the page is drawn
LAYER_SECONDS = 4.0  # for each layer of --judge_endpoints, as above
JUDGED = 10_000  # pictures of which the constants are
FORWARD = 1 / 3  # of a training step's three passes over each view
EXPORTS = 2  # a hub module and a SavedModel
SMALL_FILES = 5e6  # bytes: report, curves, results


@dataclasses.dataclass(frozen=True)
class Sizes:
    """What was measured on the network of a run.

    Attributes:
      weights: bytes of the encoder and its heads.
      slots: bytes of the optimiser's own variables.
      memory: bytes that the process held at its peak in the timed steps; None if none were timed.
    """

    weights: int
    slots: int
    memory: int | None = None


def judging_seconds(judged: int, per_picture: float, *, views: float, layers: int = 0) -> float:
    """Seconds of an evaluation: two networks over all pictures, and the judges.

    Args:
      judged: pictures of both splits, as many as --judge_examples allows.
      per_picture: seconds of a training step for each picture of its batch.
      views: of a picture, which a training step puts through the network; smaller ones by area.
      layers: that are judged beside the last one, of all networks together.
    """
    judges = JUDGING_START + (JUDGING_SECONDS + LAYER_SECONDS * layers) * judged / JUDGED
    passes = 4 if layers else 2
    return judges + judged * per_picture / views * FORWARD * passes


def disk_bytes(sizes: Sizes, checkpoints: int) -> float:
    """Bytes of a run's folder.

    Args:
      sizes: of its network.
      checkpoints: that are kept.
    """
    return checkpoints * (sizes.weights + sizes.slots) + EXPORTS * sizes.weights + SMALL_FILES


def estimate_line(
    *, train_seconds: float | None, judge_seconds: float | None, sizes: Sizes, disk: float
) -> str:
    """The line that is printed before a run starts.

    Args:
      train_seconds: of training; None if no step was timed.
      judge_seconds: of the evaluation; None if there is none, or no step was timed.
      sizes: of the network.
      disk: bytes of the run's folder.
    """
    named = {"training": train_seconds, "evaluating": judge_seconds}
    known = {name: seconds for name, seconds in named.items() if seconds is not None}
    parts = []
    if known:
        each = ", ".join(f"{name} {minutes(seconds)}" for name, seconds in known.items())
        parts.append(f"about {minutes(sum(known.values()))} ({each})")
    if sizes.memory is not None:
        parts.append(f"{size(sizes.memory)} of memory")
    parts.append(f"{size(disk)} of disk")
    return "Estimate: " + ", ".join(parts) + "."


def minutes(seconds: float) -> str:
    """A duration in words: "40 s", "12 min", "3.5 h"."""
    if seconds < 60:
        return f"{max(1, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def size(count: float) -> str:
    """Bytes in words: "38 MB", "1.2 GB"."""
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"
