"""Which parts of a checkpoint --variable_schema restores."""

from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.config import Config
from tf_simclr.pretrained.released_names import CLASSIFIER, head_names

ENCODER = "base_model/"  # of an encoder that the original has no names for


def restored_parts(config: Config) -> list[str]:
    """The parts that `variable_schema` lets through.

    Raises:
      ValueError: if the encoder is not among them, or of one it lets only some variables through.
    """
    # Differs from the original: a regular expression there picks single variables.
    restored, schema = [], config.finetuning.variable_schema
    for part, names in _tensorflow_1_names(config).items():
        taken = [name for name in names if config.finetuning.restores(name)]
        if taken and len(taken) < len(names):
            left = next(name for name in names if name not in taken)
            raise ValueError(
                f"`variable_schema` must take or leave the {part} whole, and takes {taken[0]} but"
                f" not {left}. Received: variable_schema={schema!r}."
            )
        restored += [part] if taken else []
    if "encoder" not in restored:
        raise ValueError(
            "`variable_schema` must match base_model/, the encoder: without it nothing is started"
            f" from. Received: variable_schema={schema!r}."
        )
    return restored


def _tensorflow_1_names(config: Config) -> dict[str, list[str]]:
    """Part -> what the variables of the config's network are called in TF1's checkpoints."""
    architecture, model = architecture_of(config.flat()), config.model
    linear = model.proj_head_mode == "linear"
    layers = max(1, model.num_projections)  # Where the net has none, the checkpoint may have one.
    return {
        "encoder": list(architecture.original_names().values()) or [ENCODER],
        "projection_head": list(head_names(layers, linear=linear).values()),
        "supervised_head": list(CLASSIFIER.values()),
    }
