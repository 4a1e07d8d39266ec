"""Losses with a term for each negative, or for the nearest one alone: of all of them, or semi-hard.

arXiv 2002.05709, table 2 and section 5.1.
"""

import dataclasses

import tensorflow as tf

from tf_simclr.losses.blockwise_terms import Terms, blockwise_terms
from tf_simclr.losses.contrastive import Loss, Triple
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.pairs import compare, count_of_negatives, count_of_views, nearest_below


@dataclasses.dataclass(frozen=True, kw_only=True)
class Termwise(Loss):
    """A loss that looks at one negative at a time; a subclass says what it sees there.

    With p the logit of row i with its positive, s_ij that with negative j, and n negatives:

        loss of i                 =  of_positive(p) + 1/n sum over j of of_negative(s_ij, p)
        loss of i, if semi_hard   =  of_positive(p) + of_negative(max of the s_ij below p, p)

    If no s_ij is below p, a semi-hard loss has only the first term.

    Args:
      semi_hard: whether only the nearest of the negatives that are farther from the row than its
        positive counts, as in arXiv 1503.03832, section 3.2.
      negatives: "both" for both views of other images, "other" for the view that the row is not, as
        in table 4 (arXiv 2002.05709, appendix B.10).
      hidden_norm: see Loss.
      implementation: see Loss.

    Raises:
      ValueError: for an unknown implementation or word for the negatives.
    """

    semi_hard: bool = False
    negatives: str = "both"

    def __post_init__(self) -> None:
        super().__post_init__()
        count_of_views(self.negatives)

    @property
    def divisor(self) -> float:
        """What products of rows are divided by."""
        return 1.0

    def of_positive(self, positives: tf.Tensor) -> tf.Tensor:
        """The term of a positive, element by element.

        Args:
          positives: logits, [...].
        """
        return tf.zeros_like(positives)

    def of_negative(self, negatives: tf.Tensor, positives: tf.Tensor) -> tf.Tensor:
        """The term of a negative, element by element; 0, with slope 0, for a logit of -1e9.

        Args:
          negatives: logits, [...].
          positives: logits of the same rows with their positives; broadcasts to `negatives`.

        Raises:
          NotImplementedError: if a subclass does not define it.
        """
        raise NotImplementedError

    def dense(self, projections: tf.Tensor, memory: Memory | None = None) -> Triple:
        """The loss of this replica's images, from projections [2 * local, dim]: see Loss.dense."""
        pairs = compare(
            projections,
            temperature=self.divisor,
            hidden_norm=self.hidden_norm,
            memory=memory,
            negatives=self.negatives,
        )
        images = tf.shape(pairs.labels)[1]
        losses = tf.zeros_like(pairs.logits_ab[:, 0])  # [local]
        for logits in (pairs.from_a, pairs.from_b):
            positives = tf.gather(logits, pairs.targets, axis=1, batch_dims=1)
            others = pairs.without_positives(logits)  # [local, columns]
            if self.semi_hard:
                nearest = nearest_below(others, positives)
                losses += self.of_negative(nearest, positives)
            else:
                count = count_of_negatives(images, self.negatives, memory)
                terms = self.of_negative(others, positives[:, tf.newaxis])
                losses += tf.reduce_sum(terms, axis=1) / tf.cast(count, terms.dtype)
            losses += self.of_positive(positives)
        return tf.reduce_mean(losses), pairs.logits_ab, pairs.labels

    def blockwise(self, rows: tf.Tensor, memory: Memory | None = None) -> Triple:
        """Like `blockwise_terms`, for rows [2, local, dim]."""
        return blockwise_terms(
            rows,
            terms=Terms(self.of_positive, self.of_negative),
            temperature=self.divisor,
            semi_hard=self.semi_hard,
            negatives=self.negatives,
            memory=memory,
        )
