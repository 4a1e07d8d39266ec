"""LAMB, layer-wise adaptive moments (arXiv 1904.00962), from tensorflow-addons.

Only this file imports tensorflow-addons, which does not work with TensorFlow newer than 2.15.
"""

import functools
import re
import warnings
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
import tf_keras as keras

INSTALL = (
    "In an environment of Python 3.10 or 3.11: pip install 'tf_simclr[addons]', and set"
    " TF_USE_LEGACY_KERAS=1."
)


def lamb(
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
    *,
    weight_decay: float = 0.0,
    exclude: Sequence[tf.Variable] = (),
) -> keras.optimizers.legacy.Optimizer:
    """LAMB, with `build`, `variables` and `learning_rate` like tf_keras' own optimisers.

    To load a model that was saved with it as .h5, call this function first: it makes the class.
    tf_keras 2.15 cannot load it from a .keras file: give load_model `compile=False`.

    For each variable w of gradient g, from m = v = 0, with the moments b1 = .9 and b2 = .999:

        m' = b1 * m + (1 - b1) * g
        v' = b2 * v + (1 - b2) * g^2
        u = m' / (1 - b1^t) / (sqrt(v' / (1 - b2^t)) + 1e-6) + weight_decay * w
        w' = w - learning_rate * |w| / |u| * u                      (t: the step, from 1 on)

    Args:
      learning_rate: a number or a schedule.
      weight_decay: >= 0.
      exclude: variables that neither decay nor are scaled by |w| / |u|.

    Raises:
      ValueError: if tensorflow-addons cannot be imported, or uses another Keras.
    """
    return _optimizer_class()(
        learning_rate,
        weight_decay=weight_decay,
        # It only takes patterns. A replica's copy is called name/replica_1.
        exclude_from_weight_decay=[
            rf"^{re.escape(variable.name.removesuffix(':0'))}(/replica_\d+)?:0$"
            for variable in exclude
        ],
    )


@functools.cache
def _optimizer_class() -> type[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # It is at its end of life, as setup.py says.
            import tensorflow_addons as addons
    except ImportError as error:
        raise ValueError(
            "`optimizer` 'lamb' needs tensorflow-addons, which cannot be imported here"
            f" ({error}). Received: optimizer='lamb'. {INSTALL}"
        ) from error
    if not issubclass(addons.optimizers.LAMB, keras.optimizers.legacy.Optimizer):
        raise ValueError(
            "`optimizer` 'lamb' needs tensorflow-addons, which uses another Keras than"
            f" tf_keras. Received: optimizer='lamb'. {INSTALL}"
        )

    @keras.saving.register_keras_serializable("tf_simclr")
    class LAMB(addons.optimizers.LAMB):
        def build(self, variables: Sequence[tf.Variable]) -> None:
            with tf.init_scope():
                self._create_all_weights(variables)

        @property
        def variables(self) -> list[tf.Variable]:
            return self.weights

        @property
        def learning_rate(self) -> tf.Tensor:
            return self._decayed_lr(tf.float32)

        def get_config(self) -> dict[str, Any]:
            # Theirs leaves these out: a loaded model would decay every variable.
            return super().get_config() | {
                "exclude_from_weight_decay": self.exclude_from_weight_decay,
                "exclude_from_layer_adaptation": self.exclude_from_layer_adaptation,
            }

    return LAMB
