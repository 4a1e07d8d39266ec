"""The base class of models that are trained: penalty, scaled step, running metrics."""

import types
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf
import tf_keras as keras

from tf_simclr import replicas
from tf_simclr.losses.supervised import is_labelled, l2_penalty, top_k_hits
from tf_simclr.nets.saved import PACKAGE
from tf_simclr.nets.timed_steps import TimedSteps

GRADIENT_NORM = "gradient_norm"


class Status(NamedTuple):
    """The status of an execution, as numbers.

    Attributes:
      sums: name of a running mean -> (sum, count) since the epoch began.
      learning_rate: of the last step.
      since_non_finite: steps since the first NaN or infinite loss of the epoch, that step included;
        0 if there was none.
    """

    sums: dict[str, tuple[float, float]]
    learning_rate: float
    since_non_finite: int

    @property
    def means(self) -> dict[str, float]:
        """Name -> mean since the epoch began, without means of nothing."""
        return {name: total / count for name, (total, count) in self.sums.items() if count}


@keras.saving.register_keras_serializable(PACKAGE)
class SinceNonFinite(keras.metrics.Metric):
    """Steps since the first NaN or infinite loss, that step included; 0 if there was none.

    Counted from the last reset.
    """

    def __init__(self, name: str = "steps_since_non_finite", **kwargs: Any):
        super().__init__(name=name, **(kwargs | {"dtype": tf.int64}))
        # Not by add_weight: on a TPU, each step would be sent from the first replica to all. They
        # have the same number anyway, as they get the mean loss.
        self.steps = tf.Variable(
            tf.constant(0, tf.int64),
            trainable=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            name="steps",
        )

    def update_state(self, loss: tf.Tensor) -> None:
        begun = (self.steps > 0) | ~tf.math.is_finite(loss)
        self.steps.assign(tf.where(begun, self.steps + 1, self.steps))

    def result(self) -> tf.Tensor:
        return tf.identity(self.steps)

    def reset_state(self) -> None:
        self.steps.assign(tf.zeros([], tf.int64))


class TrainableNet(TimedSteps):
    """A model whose loss is a sum of named terms, with an L2 penalty on given variables.

    Subclasses list their metrics in METRICS and write train_step with `track` and `minimize`. If
    gradients do not come from one tape, they use `upstream` and `descend`.
    """

    METRICS: tuple[str, ...] = ()
    OF_LABELS = ("supervised_loss", "supervised_acc", "supervised_top_5_acc")
    encoder: keras.layers.Layer
    projection_head: keras.layers.Layer
    supervised_head: keras.layers.Layer | None

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        # Keras does not look into a namespace, so these variables are not the model's weights.
        self._running = types.SimpleNamespace(
            means={name: keras.metrics.Mean(name=name) for name in self.METRICS},
            since_non_finite=SinceNonFinite(),
            # Not among METRICS, as an evaluation has none.
            gradient_norm=keras.metrics.Mean(name=GRADIENT_NORM),
            l2_variables=(),
        )
        self._weight_decay = 0.0

    def compile(
        self,
        optimizer: str | keras.optimizers.Optimizer | keras.optimizers.legacy.Optimizer = "sgd",
        *,
        weight_decay: float = 0.0,
        l2_variables: Sequence[tf.Variable] = (),
        **kwargs: Any,
    ) -> None:
        """Like keras.Model.compile, with an L2 penalty: weight_decay * sum(w ** 2) / 2.

        Args:
          optimizer: as keras.Model.compile takes it.
          weight_decay: factor of the penalty; the optimiser may have its own weight decay.
          l2_variables: the variables w of the penalty.
          **kwargs: as keras.Model.compile takes them.
        """
        if kwargs.get("from_serialized"):  # Keras says so if it loads a SavedModel.
            warnings.warn(
                "A SavedModel does not keep the L2 penalty: compile this model again with"
                " `weight_decay` and `l2_variables` before you train it. A .keras file keeps it.",
                stacklevel=2,
            )
        super().compile(optimizer=optimizer, **kwargs)
        self._weight_decay = weight_decay
        # As an attribute of the model, they would train even if a layer is frozen later.
        self._running.l2_variables = tuple(l2_variables)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "TrainableNet":
        """The model that `get_config` described, with new parts."""
        parts = {"encoder", "projection_head", "loss"} & set(config)
        load = keras.saving.deserialize_keras_object
        made = {name: load(config[name], custom_objects) for name in parts}
        return cls(**(config | made))

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile`, penalty included, for JSON; None if it was not called."""
        of_keras = super().get_compile_config()
        if of_keras is None:  # It is not compiled.
            return None
        # Keras' own does not know the penalty: a loaded model would train without it.
        places = {variable.ref(): place for place, variable in enumerate(self.variables)}
        return of_keras | {
            "weight_decay": self._weight_decay,
            "l2_variables": [places[variable.ref()] for variable in self._running.l2_variables],
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a built model as `get_compile_config` described."""
        of_keras = {k: v for k, v in config.items() if k not in ("weight_decay", "l2_variables")}
        self.compile(
            **keras.saving.deserialize_keras_object(of_keras),
            weight_decay=config["weight_decay"],
            l2_variables=[self.variables[place] for place in config["l2_variables"]],
        )
        self.optimizer.build(self.trainable_variables)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [*self._status_means(), self._running.since_non_finite]

    def _status_means(self) -> list[keras.metrics.Mean]:
        return [*self._running.means.values(), self._running.gradient_norm]

    def status(self) -> tf.Tensor:
        """The sums and counts of the running means, the learning rate, and steps since a NaN.

        It is for `read_status`: [2 * len(METRICS) + 4] in the dtype of the means, the same on all
        replicas. The last mean is the gradient's norm.
        """
        means = self._status_means()
        variables = [mean.total for mean in means] + [mean.count for mean in means]
        sums = tf.stack([tf.convert_to_tensor(variable) for variable in variables])
        if variables[0].synchronization is tf.VariableSynchronization.ON_READ:  # Not so on TPUs.
            sums = replicas.mean(sums) * replicas.count()
        rest = (self.optimizer.learning_rate, self._running.since_non_finite.result())
        return tf.concat([sums, [tf.cast(number, sums.dtype) for number in rest]], axis=0)

    def read_status(self, status: tf.Tensor) -> Status:
        """Reads a `status`, [2 * len(METRICS) + 4]; waits until the device has computed it."""
        *sums, rate, since = status.numpy().tolist()
        names = [*self.METRICS, GRADIENT_NORM]
        pairs = zip(sums[: len(names)], sums[len(names) :])
        return Status(dict(zip(names, pairs)), rate, int(since))

    def parts(self) -> dict[str, tf.Module]:
        """The parts of the model that are saved, by their names in checkpoints and exports."""
        named = {"encoder": self.encoder, "projection_head": self.projection_head}
        return named | ({"supervised_head": self.supervised_head} if self.supervised_head else {})

    def restarted(self) -> None:
        """Resets what follows the weights, after they were restored from elsewhere."""

    def step_seeds(self, seed: int, count: int) -> tf.Tensor:
        """Seeds for what is drawn in a step: int64 [count, 2], each unique to step and replica.

        Args:
          seed: of the run; the first number of each.
          count: seeds that each step takes.
        """
        step = self.optimizer.iterations * count * replicas.count()
        first = step + count * tf.cast(replicas.index(), tf.int64)
        return tf.stack([tf.stack([tf.constant(seed, tf.int64), first + n]) for n in range(count)])

    def penalty(self) -> tf.Tensor:
        """The L2 penalty in the loss: a scalar."""
        return l2_penalty(self._running.l2_variables, self._weight_decay)

    def minimize(self, tape: tf.GradientTape, loss: tf.Tensor) -> None:
        """Applies the gradient of the mean of `loss` over replicas (the optimiser sums them).

        Args:
          tape: the tape that recorded `loss`.
          loss: this replica's, a scalar.
        """
        variables = self.trainable_variables
        gradients = tape.gradient(loss, variables, output_gradients=self.upstream(loss))
        self.descend(loss, zip(gradients, variables))

    def upstream(self, loss: tf.Tensor) -> tf.Tensor:
        """The upstream gradient of `loss`, its share of the mean over replicas: a scalar.

        In float16 it is also scaled, as small gradients would be 0.
        """
        share = tf.ones_like(loss) / replicas.count()
        return self.optimizer.get_scaled_loss(share) if self._scales() else share

    def descend(
        self, loss: tf.Tensor, pairs: Iterable[tuple[tf.Tensor | None, tf.Variable]]
    ) -> None:
        """Applies gradients, and records their norm and whether the loss is finite.

        Args:
          loss: this replica's, a scalar.
          pairs: (gradient, variable), with gradients that start from `upstream`. A variable with
            gradient None is not changed.
        """
        gradients, variables = zip(*pairs)
        with tf.init_scope():
            # For all variables, as the classifier has no gradient if a batch has no labels.
            self.optimizer.build(self.trainable_variables)
        if self._scales():
            gradients = self.optimizer.get_unscaled_gradients(gradients)
        self._running.since_non_finite.update_state(replicas.mean(loss))
        summed = self._summed([pair for pair in zip(gradients, variables) if pair[0] is not None])
        self._record_norm([gradient for gradient, _ in summed])
        # This name is known to old and new optimisers of Keras.
        self.optimizer.apply_gradients(
            summed, experimental_aggregate_gradients=replicas.count() == 1
        )

    def _summed(self, pairs: list[tuple[tf.Tensor, tf.Variable]]) -> list:
        """The pairs with gradients summed over replicas, as optimisers do it by themselves."""
        if replicas.count() == 1 or not pairs:
            return pairs
        optimizer: Any = getattr(self.optimizer, "inner_optimizer", self.optimizer)
        if isinstance(optimizer, keras.optimizers.legacy.Optimizer):
            return list(zip(optimizer._aggregate_gradients(pairs), (v for _, v in pairs)))
        return list(optimizer.aggregate_gradients(pairs))

    def _record_norm(self, gradients: list[tf.Tensor]) -> None:
        """Adds the norm of all gradients together to its mean, unless a loss scale was too high."""
        if gradients:
            norm = tf.linalg.global_norm([tf.cast(g, tf.float32) for g in gradients])
            known = tf.math.is_finite(norm)
            norm = tf.where(known, norm, 0.0)
            self._running.gradient_norm.update_state(norm, tf.cast(known, norm.dtype))

    def _scales(self) -> bool:
        return isinstance(self.optimizer, keras.mixed_precision.LossScaleOptimizer)

    def track(self, **values: tf.Tensor | tuple[tf.Tensor, tf.Tensor]) -> None:
        """Adds values to the running means; a pair is (values, weights)."""
        for name, value in values.items():
            value, weight = value if isinstance(value, tuple) else (value, None)
            self._running.means[name].update_state(value, sample_weight=weight)

    def track_labels(self, logits: tf.Tensor, one_hot: tf.Tensor, loss: tf.Tensor) -> None:
        """Adds loss and accuracy on the labels to the running means; OF_LABELS names them.

        Args:
          logits: [batch, classes].
          one_hot: [batch, classes]; rows of zeros have no label.
          loss: the cross entropy of the two, a scalar.
        """
        labelled = is_labelled(one_hot)
        self.track(
            supervised_loss=loss,
            supervised_acc=(top_k_hits(logits, one_hot, 1), labelled),
            supervised_top_5_acc=(top_k_hits(logits, one_hot, 5), labelled),
        )

    def results(self) -> dict[str, tf.Tensor]:
        """The running means by name, scalars, as train_step and test_step return them."""
        return {name: metric.result() for name, metric in self._running.means.items()}
