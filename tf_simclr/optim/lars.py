"""LARS, layer-wise adaptive rate scaling (arXiv 1708.03888), as SimCLR uses it."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
import tf_keras as keras

EETA = 0.001


def trust_ratio(weights: tf.Tensor, update: tf.Tensor, eeta: float) -> tf.Tensor:
    """Eeta * |weights| / |update|, and 1 where either norm is 0: a scalar.

    Args:
      weights: of any shape, float.
      update: of the same shape and dtype.
      eeta: the trust coefficient.
    """
    # Half the sum of squares, in one pass; tf.norm would first write the squares out.
    weights_norm, update_norm = (tf.sqrt(2 * tf.nn.l2_loss(x)) for x in (weights, update))
    both = (weights_norm > 0) & (update_norm > 0)
    safe = tf.where(both, update_norm, tf.ones_like(update_norm))
    return tf.where(both, eeta * weights_norm / safe, tf.ones_like(safe))


def lars_update(
    weights: tf.Tensor,
    gradient: tf.Tensor,
    velocity: tf.Tensor,
    *,
    learning_rate: tf.Tensor,
    momentum: float,
    weight_decay: float,
    eeta: float | None,
    classic_momentum: bool = True,
    nesterov: bool = False,
) -> tuple[tf.Tensor, tf.Tensor]:
    """One step of LARS for a variable w with velocity v.

        g = gradient + weight_decay * w
        classic:  v' = momentum * v + learning_rate * trust(w, g) * g
                  w' = w - v'
        else:     v' = momentum * v + g
                  w' = w - learning_rate * trust(w, v') * v'

    Args:
      weights: w, of any shape, float.
      gradient: of the same shape and dtype.
      velocity: v, of the same shape and dtype; 0 before the first step.
      learning_rate: scalar of the same dtype.
      momentum: in [0, 1).
      weight_decay: >= 0.
      eeta: the trust coefficient; None for a trust ratio of 1.
      classic_momentum: whether the learning rate enters the velocity.
      nesterov: step along momentum * v' + (the term just added to v') instead of v'.

    Returns:
      (w', v').
    """
    gradient += weight_decay * weights
    if classic_momentum:
        trust = 1.0 if eeta is None else trust_ratio(weights, gradient, eeta)
        added = learning_rate * trust * gradient
        velocity = momentum * velocity + added
        step = momentum * velocity + added if nesterov else velocity
        return weights - step, velocity
    velocity = momentum * velocity + gradient
    step = momentum * velocity + gradient if nesterov else velocity
    trust = 1.0 if eeta is None else trust_ratio(weights, step, eeta)
    return weights - learning_rate * trust * step, velocity


@keras.saving.register_keras_serializable("tf_simclr")
class LARS(keras.optimizers.Optimizer):
    """LARS as a tf_keras optimiser (arXiv 1708.03888; for SimCLR: 2002.05709, section 2.2).

    Args:
      learning_rate: a float or a LearningRateSchedule.
      momentum: of the velocity, in [0, 1).
      weight_decay: added to the gradient as weight_decay * weights.
      eeta: the trust coefficient.
      classic_momentum: whether the learning rate enters the velocity (as in the original), or
        scales it.
      nesterov: look ahead along the velocity.
      exclude_from_weight_decay: variables (or their exact names) that do not decay.
      exclude_from_layer_adaptation: variables whose trust ratio is 1; None means those that do not
        decay.

    Raises:
      ValueError: for a number out of range; in `build`, for an exclusion that names no variable or
        more than one.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        *,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        eeta: float = EETA,
        classic_momentum: bool = True,
        nesterov: bool = False,
        exclude_from_weight_decay: Sequence[tf.Variable | str] = (),
        exclude_from_layer_adaptation: Sequence[tf.Variable | str] | None = None,
        name: str = "LARS",
        **kwargs: Any,
    ):
        # Keras' own weight decay is decoupled from the gradient; ours goes through the trust ratio.
        super().__init__(name=name, weight_decay=None, jit_compile=False, **kwargs)
        if not 0 <= momentum < 1:
            raise ValueError(f"`momentum` must be in [0, 1). Received: momentum={momentum!r}.")
        if weight_decay < 0:
            raise ValueError(f"`weight_decay` must be >= 0. Received: {weight_decay=}.")
        self._learning_rate = self._build_learning_rate(learning_rate)
        self.momentum = momentum
        self.decay = weight_decay
        self.eeta = eeta
        self.classic_momentum = classic_momentum
        self.nesterov = nesterov
        if exclude_from_layer_adaptation is None:
            exclude_from_layer_adaptation = exclude_from_weight_decay
        # Differs from the original: it excludes by patterns, which get_config loses.
        # Kept as names for get_config; `build` finds the variables.
        self.undecayed = _names(exclude_from_weight_decay)
        self.unadapted = _names(exclude_from_layer_adaptation)

    def build(self, var_list: Sequence[tf.Variable]) -> None:
        super().build(var_list)
        if getattr(self, "_built", False):
            return
        # From here on not by name: a replica's copy is called name/replica_1.
        self._undecayed_keys = {self._var_key(_named(n, var_list)) for n in self.undecayed}
        self._unadapted_keys = {self._var_key(_named(n, var_list)) for n in self.unadapted}
        self.velocities = [self.add_variable_from_reference(v, "velocity") for v in var_list]
        # Else Keras renumbers the variables in each step, which may have fewer of them.
        self._built = True

    def update_step(self, gradient: tf.Tensor | tf.IndexedSlices, variable: tf.Variable) -> None:
        key = self._var_key(variable)
        velocity = self.velocities[self._index_dict[key]]
        gradient = tf.convert_to_tensor(gradient)  # IndexedSlices become dense.
        weights, new_velocity = lars_update(
            variable,
            gradient,
            velocity,
            learning_rate=tf.cast(self.learning_rate, variable.dtype),
            momentum=self.momentum,
            weight_decay=0.0 if key in self._undecayed_keys else self.decay,
            eeta=None if key in self._unadapted_keys else self.eeta,
            classic_momentum=self.classic_momentum,
            nesterov=self.nesterov,
        )
        velocity.assign(new_velocity)
        variable.assign(weights)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for owned in ("weight_decay", "jit_compile"):
            config.pop(owned, None)
        return config | {
            "learning_rate": self._serialize_hyperparameter(self._learning_rate),
            "momentum": self.momentum,
            "weight_decay": self.decay,
            "eeta": self.eeta,
            "classic_momentum": self.classic_momentum,
            "nesterov": self.nesterov,
            "exclude_from_weight_decay": sorted(self.undecayed),
            "exclude_from_layer_adaptation": sorted(self.unadapted),
        }


def _named(name: str, variables: Sequence[tf.Variable]) -> tf.Variable:
    """The variable of this name, or of one with more or fewer scopes before it.

    The weights of a loaded network may be made inside another model, which adds its scope.
    """
    exact = [v for v in variables if v.name == name]
    found = exact or [
        v for v in variables if v.name.endswith(f"/{name}") or name.endswith(f"/{v.name}")
    ]
    if len(found) != 1:
        raise ValueError(
            f"An exclusion must name one variable, and {len(found)} are called {name!r}. Exclude"
            " trained variables only, and give layers distinct names."
        )
    return found[0]


def _names(variables: Sequence[tf.Variable | str]) -> frozenset[str]:
    return frozenset(v if isinstance(v, str) else v.name for v in variables)
