"""The margin triplet loss on cosines (arXiv 2002.05709, table 2; arXiv 1503.03832, section 3)."""

import dataclasses

import tensorflow as tf
import tf_keras as keras

from tf_simclr.losses.termwise import Termwise


@keras.saving.register_keras_serializable("tf_simclr")
@dataclasses.dataclass(frozen=True, kw_only=True)
class MarginTriplet(Termwise):
    """A positive must be nearer than each negative, by a margin (arXiv 2002.05709, table 2).

    With s_ij the cosine of rows i and j, and i' the other view of i's image:

        loss of i               = mean over negatives j of max(s_ij - s_ii' + margin, 0)
        d loss of i / d row i   = mean over j of row j - row i' where s_ij + margin > s_ii', else 0

    The paper has one negative in its equation and does not say how several are joined. Here they
    are averaged, as triplets. A row without a semi-hard negative has the loss 0 and counts in the
    mean over the rows.

    There is no temperature: the entropy is that of a softmax over the cosines themselves, so it is
    always near log(images). The accuracy is that of the other losses.

    Args:
      triplet_margin: >= 0, and above 0 with `semi_hard`; the paper tries 0, .4, .8 and 1.6. Cosines
        differ by 2 at most.
      semi_hard: see Termwise.
      negatives: see Termwise.
      hidden_norm: see Loss.
      implementation: see Loss.

    Raises:
      ValueError: for such a margin, and as Termwise.
    """

    triplet_margin: float = 0.4

    def __post_init__(self) -> None:
        super().__post_init__()
        received = f"Received: triplet_margin={self.triplet_margin!r}."
        if self.triplet_margin < 0:
            raise ValueError(f"`triplet_margin` must be >= 0. {received}")
        if self.semi_hard and not self.triplet_margin:
            # No negative is farther away than the positive, and nearer than 0 farther.
            raise ValueError(
                "`triplet_margin` must be above 0 with --semi_hard: without a margin no negative is"
                f" semi-hard, and nothing is learned. {received}"
            )

    def of_negative(self, negatives: tf.Tensor, positives: tf.Tensor) -> tf.Tensor:
        """max(s - p + margin, 0)."""
        return tf.nn.relu(negatives - positives + self.triplet_margin)


LOSS = MarginTriplet
