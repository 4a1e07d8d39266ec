"""What an encoder has to beat: features of pictures that need no training."""

import numpy as np
import tensorflow as tf

from tf_simclr.evaluation import hog
from tf_simclr.evaluation.features import Network

# Raw pixels are judged at this side at most: beyond it a linear probe has too many inputs.
PIXELS_SIDE = 32


def baselines() -> dict[str, Network]:
    """Prefix of a row of reporting.names.ROWS -> its features of images; prints what is missing."""
    found: dict[str, Network] = {"raw_pixels/": raw_pixels}
    if hog.installed():
        return {"hog/": hog_and_colours, **found}
    print(
        "HOG + colours is not judged: scikit-image is not installed. It is in the extra hog:"
        f" pip install 'tf_simclr[{hog.EXTRA}]'."
    )
    return found


def raw_pixels(images: tf.Tensor) -> tf.Tensor:
    """Pictures [batch, h, w, 3] themselves, scaled down if they are larger than 32 pixels."""
    return images if images.shape[1] <= PIXELS_SIDE else _scaled(images, PIXELS_SIDE)


def hog_and_colours(images: tf.Tensor, cells: int = hog.CELLS) -> np.ndarray:
    """Histograms of gradients and of colours of pictures [batch, h, w, 3]: hog.features."""
    return hog.features(_scaled(images, hog.SIDE).numpy(), cells=cells)


def _scaled(images: tf.Tensor, side: int) -> tf.Tensor:
    """Square pictures of a side."""
    return tf.image.resize(images, [side, side], antialias=True)
