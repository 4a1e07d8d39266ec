"""NT-Logistic: every pair is judged alone, as positive or negative (arXiv 2002.05709, table 2)."""

import dataclasses

import tensorflow as tf
import tf_keras as keras

from tf_simclr.losses.contrastive import require_temperature
from tf_simclr.losses.termwise import Termwise


@keras.saving.register_keras_serializable("tf_simclr")
@dataclasses.dataclass(frozen=True, kw_only=True)
class NTLogistic(Termwise):
    """The normalised temperature-scaled logistic loss (arXiv 2002.05709, table 2).

    With s_ij the cosine of rows i and j over the temperature, i' the other view of i's image, and
    sigma the logistic function:

        loss of i               = -log sigma(s_ii') - mean over negatives j of log sigma(-s_ij)
        d loss of i / d row i   = (-sigma(-s_ii') row i' + mean of sigma(s_ij) row j) / temperature

    The paper has one negative in its equation and does not say how several are joined. Here they
    are averaged, so that positives and negatives weigh the same in any batch; a sum would give the
    positive one part in thousands. The paper does not say what is semi-hard without a margin,
    either. Here it is the nearest negative that is farther away than the positive.

    Args:
      temperature: divides the logits; > 0.
      semi_hard: see Termwise.
      negatives: see Termwise.
      hidden_norm: see Loss.
      implementation: see Loss.

    Raises:
      ValueError: for a temperature that is not positive, and as Termwise.
    """

    temperature: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        require_temperature(self.temperature)

    @property
    def divisor(self) -> float:
        """The temperature."""
        return self.temperature

    def of_positive(self, positives: tf.Tensor) -> tf.Tensor:
        """-log sigma(p) = log(1 + exp(-p))."""
        return tf.nn.softplus(-positives)

    def of_negative(self, negatives: tf.Tensor, positives: tf.Tensor) -> tf.Tensor:
        """-log sigma(-s) = log(1 + exp(s))."""
        return tf.nn.softplus(negatives)


LOSS = NTLogistic
