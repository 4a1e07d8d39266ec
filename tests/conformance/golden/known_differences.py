"""Where recorded fine-tuning and ours differ on purpose: DEVIATIONS.md has a row for each of these.

All are of classifiers on a layer of the projection head. Up to that layer it belongs to the network
here, and is frozen and trained as the encoder's last group is.
"""

from tf_simclr.config import Config
from tf_simclr.config.matters import LINEAR_HEAD_ONLY
from tf_simclr.nets.classifier import Classifier


def known_difference(config: Config, *, tf1: bool) -> str:
    """Why the original's run and ours differ in what the classifier reads; "" if they do not.

    Args:
      config: of the run.
      tf1: whether the TF1 code is meant, and not the TF2 code.
    """
    if config.run.pretrains or config.finetuning.ft_proj_selector == 0:
        return ""
    linear = config.finetuning.fine_tune_after_block == LINEAR_HEAD_ONLY
    if tf1 and linear:
        return (
            "the TF1 code leaves the kept projection layers' weights alone but normalises them by"
            " the batch; here frozen means inference mode"
        )
    if tf1:
        return (
            "the TF1 code never trains the kept projection layers; here, as in the TF2 code, they"
            " train with the encoder"
        )
    if linear:
        return "the TF2 code trains the kept projection layers; here they are frozen"
    return ""


def undo(net: Classifier) -> None:
    """Makes a built `net` normalise its kept projection layers by the batch, as the TF1 code does.

    All else of such a run is as in the TF1 code, and can be compared then.
    """
    for layer in net.projection_head.layers[: net.selector % (len(net.projection_head.layers) + 1)]:
        layer.bn.trains_when_frozen = True
