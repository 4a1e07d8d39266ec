"""The base class of every encoder f (arXiv 2002.05709, section 2.1)."""

import warnings
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr import picture_range
from tf_simclr.nets.saved import freeze_paths, frozen_paths


class Encoder(keras.Model):
    """Images -> a dict of endpoints, of which "final_avg_pool" [batch, features] is h.

    A subclass calls `checked` on its pictures, and defines `num_features` and `freeze_up_to`.

    Attributes:
      num_groups: groups of layers after the stem, as `freeze_up_to` counts them.
      trained_size: side of the pictures that it was trained on, in pixels, or None. If it is set,
        the first eager call with pictures of a very different size warns, and so does the first
        one with values outside [0, 1].
    """

    num_groups = 0

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.trained_size: int | None = None
        self._warned: set[str] = set()

    @property
    def num_features(self) -> int:
        """Width of final_avg_pool.

        Raises:
          NotImplementedError: if a subclass does not define it.
        """
        raise NotImplementedError

    def freeze_up_to(self, group: int) -> None:
        """Freezes the stem and groups 1..group, batch norm included; -1 freezes nothing.

        A frozen part runs in inference mode: it neither trains nor follows the batch's statistics,
        unless its norms say otherwise. Call it before the model is compiled.

        Args:
          group: from -1 to num_groups.

        Raises:
          NotImplementedError: if a subclass does not define it.
        """
        raise NotImplementedError

    def checked(self, images: tf.Tensor) -> tf.Tensor:
        """Returns the pictures, float [batch, height, width, 3], and may warn: see `trained_size`.

        Raises:
          ValueError: for integer pictures.
        """
        images = tf.convert_to_tensor(images)
        if not images.dtype.is_floating:
            raise ValueError(
                f"`images` must be float, in [0, 1]. Received: images of {images.dtype.name}. Give"
                " tf.image.convert_image_dtype(images, tf.float32)."
            )
        if self.trained_size and tf.executing_eagerly():
            self._warn(images, self.trained_size)
        return images

    def _warn(self, images: tf.Tensor, trained: int) -> None:
        """Warns once about the size and once about the values of pictures [batch, h, w, 3]."""
        found = {}
        if "size" not in self._warned:
            text = picture_range.size_warning(images.shape[1:3], trained)
            found["size"] = f"{text} Resize them to {trained} x {trained}." if text else ""
        if "values" not in self._warned and tf.size(images) > 0:
            extremes = (float(end(images)) for end in (tf.reduce_min, tf.reduce_max))
            found["values"] = picture_range.value_warning(*extremes)
        for of, text in found.items():
            if text:
                self._warned.add(of)
                warnings.warn(text, stacklevel=2)

    def get_config(self) -> dict[str, Any]:
        told = {"frozen": frozen_paths(self), "trained_size": self.trained_size}
        return super().get_config() | {name: value for name, value in told.items() if value}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Encoder":
        """The encoder that `get_config` described, with the same layers frozen."""
        told = ("frozen", "trained_size")
        encoder = cls(**{name: value for name, value in config.items() if name not in told})
        encoder.trained_size = config.get("trained_size")
        freeze_paths(encoder, config.get("frozen", ()))
        return encoder
