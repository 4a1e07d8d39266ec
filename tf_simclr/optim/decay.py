"""Which weights decay, by the type of the layer that owns them and not by their names."""

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
        """The variables that LARS and LAMB neither decay nor adapt."""
        return [*self.norms, *self.biases, *self.classifier]

    def l2(self, optimizer: str) -> list[tf.Variable]:
        """The variables in the L2 term of the loss, for the optimiser of this name.

        'lars' and 'lamb' decay the others themselves, so only the classifier's kernel is left. With
        'momentum' and 'adam' it is everything but batch norm.
        """
        if optimizer in ("lars", "lamb"):
            return [v for v in self.classifier if v.shape.rank > 1]
        return [*self.kernels, *self.biases, *self.classifier]


def weight_roles(
    model: keras.Model,
    norm: type[keras.layers.Layer],
    classifier: type[keras.layers.Layer] | tuple[type[keras.layers.Layer], ...],
) -> WeightRoles:
    """Sorts the trainable variables of a built `model`; frozen ones have no role.

    Args:
      model: with all its variables built.
      norm: layer type whose variables are norms.
      classifier: layer types whose variables are the classifier's.
    """

    def owned_by(
        layer_type: type[keras.layers.Layer] | tuple[type[keras.layers.Layer], ...],
    ) -> list[tf.Variable]:
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
