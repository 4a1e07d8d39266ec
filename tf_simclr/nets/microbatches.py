"""A batch that goes through the network in parts, for a step with cached gradients.

arXiv 2101.06983, section 3.2; the step itself is in SimCLR.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf

from tf_simclr import replicas


class Microbatches:
    """The views of a replica's pictures in `count` parts, processed one after another.

    Part m is the m-th consecutive slice of the pictures, with all of their views:

        rows     a_0 a_1 a_2 a_3 b_0 b_1 b_2 b_3
        count 2  a_0 a_1 b_0 b_1 | a_2 a_3 b_2 b_3

    On one device and on TPUs, a loop in the graph runs the parts. Only a loop keeps the activations
    of one part at a time: XLA merges subgraphs that merely wait for each other. Compiled for four
    chips, a small network's step took 2,787 MB whole, 2,383 MB in subgraphs, and 739 MB in a loop.

    Under TensorFlow's mirrored strategies each part is a subgraph that waits for the one before:
    batch norm reduces over the replicas, which these strategies cannot do inside a loop. The graph,
    and the time to build it, grow with `count`.

    Args:
      local: pictures in this replica's batch; None if the graph does not know.
      count: >= 1.
      views: number of views of each picture; all first views come before the second ones.

    Raises:
      ValueError: if the pictures cannot be divided into `count` equal parts.
    """

    def __init__(self, local: int | None, count: int, *, views: int = 2):
        if local is None or local % count:
            raise ValueError(
                "`microbatches` must divide the pictures of a replica's batch, and all batches must"
                " have the same size (tf.data: drop_remainder=True). Received:"
                f" microbatches={count!r}, {local!r} pictures."
            )
        self.count, self.views = count, views

    def part(self, rows: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        """The rows of part `number`, an int: [views * local, ...] -> [views * part, ...]."""
        _, *rest = rows.shape
        parts = tf.reshape(rows, [self.views, self.count, -1, *rest])
        return tf.reshape(tf.gather(parts, number, axis=1), [-1, *rest])

    def map(self, function: Callable, rows: tf.Tensor, dtype: tf.DType) -> tuple[tf.Tensor, ...]:
        """Applies a function to each part; its results are in the order of `rows`.

        Args:
          function: [views * part, ...] -> a pair of tensors [views * part, width].
          rows: [views * local, ...].
          dtype: of both results.

        Returns:
          A pair of tensors [views * local, width].
        """
        if replicas.may_loop():
            results = tf.map_fn(
                lambda number: function(self.part(rows, number)),
                tf.range(self.count),
                parallel_iterations=1,
                fn_output_signature=(dtype, dtype),
            )
        else:
            found: list[tuple[tf.Tensor, ...]] = []
            for number in range(self.count):
                found.append(function(self.part(rows, _after(found[-1:], number))))
            results = tuple(map(tf.stack, zip(*found)))
        return tuple(map(self._join, results))

    def sum(
        self, function: Callable, rows: Sequence[tf.Tensor], start: list[tf.Tensor]
    ) -> list[tf.Tensor]:
        """`start` plus the sum of a function's results on all parts.

        Args:
          function: parts [views * part, ...] of all `rows` -> tensors like `start`.
          rows: tensors [views * local, ...].
          start: tensors of any shape.
        """

        def add(sums: list[tf.Tensor], number: tf.Tensor) -> list[tf.Tensor]:
            terms = function(*(self.part(each, number) for each in rows))
            return [total + term for total, term in zip(sums, terms)]

        if replicas.may_loop():
            return tf.foldl(add, tf.range(self.count), start, parallel_iterations=1)
        for number in range(self.count):
            start = add(start, _after([start, *rows], number))
        return start

    def _join(self, results: tf.Tensor) -> tf.Tensor:
        """[count, views * part, width] -> [views * local, width]."""
        _, rows, width = results.shape
        results = tf.reshape(results, [self.count, self.views, rows // self.views, width])
        return tf.reshape(tf.transpose(results, [1, 0, 2, 3]), [self.count * rows, width])


def _after(done: Sequence[Any], number: int) -> tf.Tensor:
    """`number`, once `done` is computed: else all parts would be in memory at once."""
    with tf.control_dependencies(tf.nest.flatten(done)):
        return tf.identity(number)


@contextlib.contextmanager
def unchanged(variables: Sequence[tf.Variable]) -> Iterator[None]:
    """Restores the values of the variables when the block ends."""
    before = [tf.identity(variable) for variable in variables]
    yield
    for variable, value in zip(variables, before):
        variable.assign(value)
