"""A memory of negatives, and the averaged network that fills it.

arXiv 2006.10029, section 2, after MoCo (arXiv 1911.05722, section 3.2).
"""

from collections.abc import Sequence

import tensorflow as tf
import tf_keras as keras

from tf_simclr import replicas
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.pairs import compared_rows
from tf_simclr.nets.microbatches import Microbatches


class Queue(tf.Module):
    """A queue of rows, the newest batch first.

    Args:
      size: K, the number of rows, >= 1.
      dim: width of a row.
      dtype: of the rows.
    """

    def __init__(self, size: int, dim: int, dtype: tf.DType):
        super().__init__(name="memory")
        # ON_READ, as all replicas put the same rows into their own copies. Copies synchronised on
        # writing would be sent from the first replica to all, on TPUs by an AllToAll of count()
        # times the queue.
        kept = {
            "trainable": False,
            "synchronization": tf.VariableSynchronization.ON_READ,
            "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,
        }
        self.rows = tf.Variable(tf.zeros([size, dim], dtype), name="rows", **kept)
        self.filled = tf.Variable(tf.constant(0, tf.int32), name="filled", **kept)

    def put(self, newest: tf.Tensor) -> None:
        """Puts rows [n, dim] first, and drops the oldest rows beyond the size."""
        size = self.rows.shape[0]
        self.rows.assign(tf.concat([tf.cast(newest, self.rows.dtype), self.rows], axis=0)[:size])
        self.filled.assign(tf.minimum(self.filled + tf.shape(newest)[0], size))

    def empty(self) -> None:
        """Drops all rows."""
        self.rows.assign(tf.zeros_like(self.rows))
        self.filled.assign(0)


class MemoryBank:
    """A queue of K negatives, embedded by a moving average of the network that trains.

    After step t of the optimiser, with theta the trained weights and B the batch of all replicas:

        average_t = decay * average_(t-1) + (1 - decay) * theta_t
        queue     = the first K rows of [ average_t(second views of B), queue ]

    So the loss of a step only sees rows of earlier batches. The averaged network runs in training
    mode: its batch norms use the statistics of the second views, and their moving averages follow
    those. No gradient passes through it. Its weights are not weights of the model that uses it.

    Args:
      encoder: like the one that trains; it need not be built, and its weights do not matter.
      projection_head: likewise.
      size: K, >= 1 rows. If K is less than the batch, the first K rows of the newest one stay.
      decay: of the average, in [0, 1).

    Attributes:
      encoder: the averaged one.
      projection_head: the averaged one.

    Raises:
      ValueError: for a size or a decay out of range.
    """

    def __init__(
        self,
        encoder: keras.layers.Layer,
        projection_head: keras.layers.Layer,
        *,
        size: int,
        decay: float = 0.999,
    ):
        if size < 1:
            raise ValueError(f"`size` must be >= 1. Received: size={size!r}.")
        if not 0 <= decay < 1:
            raise ValueError(f"`decay` must be in [0, 1). Received: decay={decay!r}.")
        self.encoder, self.projection_head = encoder, projection_head
        self.size, self.decay = size, decay
        self._queue: Queue | None = None
        self._pairs: list[tuple[tf.Variable, tf.Variable]] = []

    def follow(
        self, encoder: keras.layers.Layer, projection_head: keras.layers.Layer, shape: Sequence[int]
    ) -> None:
        """Builds the averaged network as a copy of a built network, and follows it from now on.

        Freeze layers of that network only after this call.

        Args:
          encoder: the one that trains.
          projection_head: likewise.
          shape: (h, w, channels) of a picture.

        Raises:
          ValueError: if the two do not have the same variables.
        """
        _, rows = self._embed(tf.zeros([1, *shape]), training=False)
        theirs, ours = (
            [variable for part in parts for variable in part.variables]
            for parts in ((encoder, projection_head), (self.encoder, self.projection_head))
        )
        shapes = [[tuple(variable.shape) for variable in each] for each in (ours, theirs)]
        if shapes[0] != shapes[1]:
            raise ValueError(
                "`encoder` and `projection_head` of a memory must be those of the network that"
                f" trains, built. Received: {len(ours)} variables, and {len(theirs)} of the network"
                " that trains, or different shapes. Make both with the same arguments."
            )
        self._queue = Queue(self.size, rows.shape[-1], self.projection_head.variable_dtype)
        self._pairs = list(zip(ours, theirs))
        self.restart()

    def restart(self) -> None:
        """Copies the network that trains again, and empties the queue."""
        self.queue.empty()
        for average, variable in self._pairs:
            average.assign(tf.convert_to_tensor(variable))

    @property
    def queue(self) -> Queue:
        """The rows. Raises ValueError before `follow`."""
        if self._queue is None:
            raise ValueError("A memory must `follow` a network before it is used.")
        return self._queue

    def parts(self) -> dict[str, tf.Module]:
        """The parts that are saved, by their names in checkpoints."""
        return {
            "ema_encoder": self.encoder,
            "ema_projection_head": self.projection_head,
            "memory": self.queue,
        }

    def remembered(self) -> Memory:
        """The memory that the loss takes."""
        queue = self.queue
        return Memory(tf.convert_to_tensor(queue.rows), tf.convert_to_tensor(queue.filled))

    def update(self, second_views: tf.Tensor, microbatches: int = 1, *, hidden_norm: bool) -> None:
        """Averages the weights and adds new rows; call it after each step, on every replica.

        Args:
          second_views: [local, h, w, channels], float, of this replica's batch.
          microbatches: number of parts to embed one after another; must divide `local`.
          hidden_norm: whether the loss compares by cosine.
        """
        self._average()
        if microbatches > 1:
            parts = Microbatches(second_views.shape[0], microbatches, views=1)
            dtype = self.queue.rows.dtype
            _, rows = parts.map(lambda part: self._embed(part, dtype=dtype), second_views, dtype)
        else:
            _, rows = self._embed(second_views)
        self.queue.put(replicas.gather_constant(compared_rows(rows, hidden_norm)))

    def _average(self) -> None:
        update = tf.distribute.get_strategy().extended.update  # On each device's own copy.

        def follow(average: tf.Variable, variable: tf.Variable) -> None:
            average.assign(self.decay * average + (1 - self.decay) * variable)

        for average, variable in self._pairs:
            if average.trainable:  # The rest are its own batch statistics.
                update(average, follow, args=(variable,))

    def _embed(
        self, images: tf.Tensor, training: bool = True, dtype: tf.DType | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """(representations, projections), cast to `dtype` unless that is None."""
        hidden = self.encoder(images, training=training)["final_avg_pool"]
        rows = self.projection_head(hidden, training=training)[-1]
        return (hidden, rows) if dtype is None else (tf.cast(hidden, dtype), tf.cast(rows, dtype))
