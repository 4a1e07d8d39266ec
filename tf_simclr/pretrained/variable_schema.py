"""Which parts of a checkpoint --variable_schema restores."""

from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.config import Config
from tf_simclr.pretrained.released_names import CLASSIFIER, head_names

ENCODER = "base_model/"  # for an encoder that the original does not have


def restored_parts(config: Config) -> list[str]:
    """The parts that `variable_schema` matches.

    Raises:
      ValueError: if the encoder is not one of them, or a part is only matched partly.
    """
    # Differs from the original: there a regular expression may pick single variables.
    restored, schema = [], config.finetuning.variable_schema
    for part, names in _tensorflow_1_names(config).items():
        taken = [name for name in names if config.finetuning.restores(name)]
        if taken and len(taken) < len(names):
            left = next(name for name in names if name not in taken)
            raise ValueError(
                f"`variable_schema` must match all or none of the {part}, but matches {taken[0]}"
                f" and not {left}. Received: variable_schema={schema!r}."
            )
        restored += [part] if taken else []
    if "encoder" not in restored:
        raise ValueError(
            "`variable_schema` must match base_model/, the encoder, which is always restored."
            f" Received: variable_schema={schema!r}."
        )
    return restored


def _tensorflow_1_names(config: Config) -> dict[str, list[str]]:
    """Part -> names of the variables of the config's network in TF1's checkpoints."""
    architecture, model = architecture_of(config.flat()), config.model
    linear = model.proj_head_mode == "linear"
    layers = max(1, model.num_projections)  # At least 1: the checkpoint may have a head.
    return {
        "encoder": list(architecture.original_names().values()) or [ENCODER],
        "projection_head": list(head_names(layers, linear=linear).values()),
        "supervised_head": list(CLASSIFIER.values()),
    }
