"""Which weights decay, told from the type of the layer that owns them, never from their names."""

import dataclasses

import tensorflow as tf
import tf_keras as keras


@dataclasses.dataclass(frozen=True)
class WeightRoles:
    """The trainable variables of a model, by role.

    Attributes:
      norms: scales and offsets of batch norm.
      biases: of convolutions and dense layers outside the classifier.
      classifier: kernel and bias of the supervised head.
      kernels: everything else.
    """

    norms: tuple[tf.Variable, ...]
    biases: tuple[tf.Variable, ...]
    classifier: tuple[tf.Variable, ...]
    kernels: tuple[tf.Variable, ...]

    def outside_lars(self) -> list[tf.Variable]:
        """What LARS and LAMB neither decay nor adapt."""
        return [*self.norms, *self.biases, *self.classifier]

    def l2(self, optimizer: str) -> list[tf.Variable]:
        """What the L2 term of the loss covers beside `optimizer`: 'lars', 'lamb', ...

        These two decay the rest by themselves, so only the classifier's kernel is left; 'momentum'
        and 'adam' leave decay to the loss, which spares batch norm alone.
        """
        if optimizer in ("lars", "lamb"):
            return [v for v in self.classifier if v.shape.rank > 1]
        return [*self.kernels, *self.biases, *self.classifier]


def weight_roles(
    model: keras.Model, norm: type[keras.layers.Layer], classifier: type[keras.layers.Layer]
) -> WeightRoles:
    """Sorts the trainable variables of a built `model`; frozen ones have no role.

    Args:
      model: every variable must exist already.
      norm: layer type whose variables are norms.
      classifier: layer type whose variables are the classifier's.
    """

    def owned_by(layer_type: type[keras.layers.Layer]) -> list[tf.Variable]:
        layers = [module for module in model.submodules if isinstance(module, layer_type)]
        return [variable for layer in layers for variable in layer.trainable_weights]

    norms, head = owned_by(norm), owned_by(classifier)
    special = {id(variable) for variable in [*norms, *head]}
    rest = [v for v in model.trainable_variables if id(v) not in special]
    return WeightRoles(
        norms=tuple(norms),
        biases=tuple(v for v in rest if v.shape.rank <= 1),
        classifier=tuple(head),
        kernels=tuple(v for v in rest if v.shape.rank > 1),
    )
