"""Choices of the optimiser and its rate."""

import math

from tf_simclr.choosing.choice import Choice

LARS_BATCH = 1024  # from here on
LARS_RATE = 0.3  # arXiv 2002.05709, appendix A, for each 256 pictures
# Adam with half a ResNet-18 on emoji: 1e-2 for each 256 pictures, with a batch of 128. Half a
# ResNet-10 learns emoji a little better at twice that (the quick start), and textures worse.
ADAM_RATE, ADAM_BATCH, ADAM_WIDTH = 0.005, 128, 0.5
BOTTLENECK = 50  # depth from which on blocks have four times the channels


def optimizer(batch: int) -> Choice:
    """LARS, which large batches need, or Adam.

    Args:
      batch: pictures per step.
    """
    if batch >= LARS_BATCH:
        return Choice("lars", f"batches of {LARS_BATCH:,} and more, as in the papers")
    return Choice("adam", f"batches below {LARS_BATCH:,}: as in the quick start")


def learning_rate(optimizer: str, batch: int, depth: int, width: float, scaling: str) -> Choice:
    """The rate before scaling by the batch.

    LARS adapts to the size of each layer. Adam does not: its rate falls as layers become wider (1 /
    width, arXiv 2203.03466), and grows by the square root of the batch (arXiv 2205.10287).

    Args:
      optimizer: a value of --optimizer.
      batch: pictures per step.
      depth: of the ResNet.
      width: of the ResNet.
      scaling: a value of --learning_rate_scaling.
    """
    if optimizer != "adam":
        return Choice(LARS_RATE, "SimCLR's, for each 256 pictures")
    wide = width * (2 if depth >= BOTTLENECK else 1)
    peak = ADAM_RATE * math.sqrt(batch / ADAM_BATCH) * min(1.0, ADAM_WIDTH / wide)
    value = peak * 256 / batch if scaling == "linear" else peak / math.sqrt(batch)
    return Choice(float(f"{value:.2g}"), f"it peaks at {peak:.2g}, by batch and width")
