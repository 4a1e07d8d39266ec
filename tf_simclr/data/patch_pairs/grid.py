"""Nine patches out of a picture, on a grid of three by three (arXiv 1505.05192, section 3.1).

The centre comes first, then its eight neighbours row by row. Neighbour k is of class k - 1:

    1   2   3
    4   0   5
    6   7   8
"""

import dataclasses

import tensorflow as tf

# (row, column) of each patch on the grid.
PLACES = ((1, 1), (0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 2))
ACROSS = 3  # patches in a row
NAMES = (
    *("above left", "above", "above right"),
    *("left", "right"),
    *("below left", "below", "below right"),
)  # of the eight classes: where the neighbour lies, seen from the centre
SMALLEST = 4  # pixels a side: a smaller patch shows hardly more than its border
ROUNDING = 1e-6  # A share of a third of 48 pixels is 16 of them, whatever floats make of it.


@dataclasses.dataclass(frozen=True)
class Grid:
    """Where the patches of a square picture lie; all sizes are in pixels.

    Neighbouring patches are `gap` apart, and then each is moved by up to `jitter` in both
    directions, so that no line runs from one into the next (section 3.1). The grid lies anywhere in
    the picture.

    Attributes:
      side: of the picture.
      patch: side of a patch.
      gap: between patches, >= 0.
      jitter: >= 0.
    """

    side: int
    patch: int
    gap: int
    jitter: int

    @classmethod
    def of(cls, side: int, *, patch: float, gap: float, jitter: float) -> "Grid":
        """The grid whose sizes are shares of the picture's side.

        Patch and gap are rounded down, so that a grid that fits by its shares fits in pixels. The
        jitter is rounded to the nearest pixel; above 0 it is at least one, as it would not exist in
        small pictures.

        Args:
          side: of the picture, in pixels.
          patch: share of the side, in (0, 1 / 3].
          gap: share of the side, >= 0.
          jitter: share of the side, >= 0.
        """
        patch_side, between = (int(share * side + ROUNDING) for share in (patch, gap))
        return cls(side, patch_side, between, max(1, round(jitter * side)) if jitter else 0)

    @property
    def span(self) -> int:
        """Side of the square that the patches can reach, in pixels."""
        return ACROSS * self.patch + (ACROSS - 1) * self.gap + 2 * self.jitter

    @property
    def trouble(self) -> str:
        """Why the picture is too small for this grid, in words after "is too small"; "" if not."""
        if self.patch < SMALLEST:
            return f": a patch would be {self.patch} pixels wide, but must be at least {SMALLEST}"
        if self.span > self.side:
            sizes = (
                f"patches of {self.patch} pixels, gaps of {self.gap} and jitter of {self.jitter}"
            )
            return f": {sizes} take {self.span}"
        return ""

    def corners(self, seed: tf.Tensor) -> tf.Tensor:
        """Draws where the patches lie: int32 [9, 2] = (top, left) of each.

        Args:
          seed: integer [2].
        """
        grid_seed, jitter_seed = tf.unstack(tf.random.split(seed, 2))
        room = self.side - self.span + 1
        start = tf.random.stateless_uniform([1, 2], grid_seed, maxval=room, dtype=tf.int32)
        moves = 2 * self.jitter + 1  # from -jitter to jitter, counted from the least
        shape = [len(PLACES), 2]
        moved = tf.random.stateless_uniform(shape, jitter_seed, maxval=moves, dtype=tf.int32)
        return start + tf.constant(PLACES) * (self.patch + self.gap) + moved

    def cut(self, pictures: tf.Tensor, corners: tf.Tensor) -> tf.Tensor:
        """Cuts the patches out of each picture of a batch.

        Args:
          pictures: [batch, side, side, channels].
          corners: int32 [batch, 9, 2], as `corners` draws them for one.

        Returns:
          [batch, 9, patch, patch, channels].
        """
        tops, lefts = tf.unstack(
            corners[..., tf.newaxis, :] + tf.range(self.patch)[:, tf.newaxis], axis=-1
        )
        rows = tf.gather(pictures, tops, batch_dims=1)  # [batch, 9, patch, side, channels]
        turned = tf.transpose(rows, [0, 1, 3, 2, 4])
        columns = tf.gather(turned, lefts, batch_dims=2)
        return tf.transpose(columns, [0, 1, 3, 2, 4])
