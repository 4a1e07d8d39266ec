"""What an operation on views is, and how several act one after the other.

A view is a tuple of operations: a crop (see crop.py), and then any others in any order. Each is a
file that defines OPERATION, a class; the fields of the class are flags of the same names.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import tensorflow as tf

Planes = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Operation:
    """One step in making a view: what it draws, what it acts on, and where it runs.

    Pictures are square. Their values may leave [0, 1] a little: only finished views are clipped.

    Attributes:
      numbers: how many uniform numbers it takes for a view.
      on_planes: whether it acts on planes of colour instead of images. A channel is then contiguous
        in memory; consecutive operations share the planes.
      in_the_step: whether it draws something for a whole batch. Then it runs in the training step,
        with all operations that come after it.
    """

    numbers: ClassVar[int] = 0
    on_planes: ClassVar[bool] = False
    in_the_step: ClassVar[bool] = False

    def count(self, size: int) -> int:
        """How many numbers it takes for a view of `size` pixels a side."""
        del size
        return self.numbers

    def draw(self, seed: tf.Tensor, batch: int | tf.Tensor, size: int) -> Any:
        """Draws what `act` takes: float32 [batch, count] uniform in [0, 1), unless overridden.

        Only the training step calls it, with the batch's own seed, integer [2]. Operations before
        the step take numbers drawn for each picture.
        """
        return tf.random.stateless_uniform([batch, self.count(size)], seed)

    def act(self, pictures: Any, drawn: Any) -> Any:
        """Changes each picture of a batch as was drawn for it.

        Args:
          pictures: float32 [batch, size, size, 3], or Planes; the batch is static.
          drawn: as `draw` returns it.

        Returns:
          As pictures.

        Raises:
          NotImplementedError: if an operation does not implement it.
        """
        raise NotImplementedError


def to_planes(images: tf.Tensor) -> Planes:
    """[batch, height, width, 3] -> red, green and blue planes, [batch, height * width] each."""
    height, width = images.shape[1:3]
    red, green, blue = tf.unstack(images, num=3, axis=-1)
    return tuple(tf.reshape(plane, [-1, height * width]) for plane in (red, green, blue))


def to_images(planes: Planes, height: int, width: int) -> tf.Tensor:
    """The inverse of `to_planes`: [batch, height, width, 3]."""
    return tf.reshape(tf.stack(planes, axis=-1), [-1, height, width, 3])


def act_in_turn(
    operations: Sequence[Operation], images: tf.Tensor, drawn: Sequence[Any]
) -> tf.Tensor:
    """Applies all operations to a batch in their order, each with what was drawn for it.

    Args:
      operations: any but a crop.
      images: float32 [batch, height, width, 3].
      drawn: for each operation, as its `act` takes it.

    Returns:
      As images, not clipped.
    """
    height, width = images.shape[1:3]
    pictures, planes = images, False
    for operation, own in zip(operations, drawn, strict=True):
        if operation.on_planes and not planes:
            pictures = to_planes(pictures)
        elif planes and not operation.on_planes:
            pictures = to_images(pictures, height, width)
        planes = operation.on_planes
        pictures = operation.act(pictures, own)
    return to_images(pictures, height, width) if planes else pictures
