"""Checkpoints and exports of this project: what network they hold, where no settings lie beside."""

import re
from collections.abc import Mapping, Sequence

from tf_simclr.pretrained import google_checkpoints, recognition
from tf_simclr.pretrained.checkpoint_contents import CheckpointContents

# The scope in a variable's name -> the part that it is of.
SCOPES = {
    "resnet": "encoder",
    "head_contrastive": "projection_head",
    "head_supervised": "supervised_head",
}


def read(
    prefix: str, *, resnets: Mapping[int, tuple[Sequence[int], bool]]
) -> google_checkpoints.Released | None:
    """What the checkpoint at `prefix` holds, or None if its encoder is no ResNet of this project's.

    A linear projection head has the variables of a nonlinear one of one layer, and is taken for it.

    Args:
      prefix: of a checkpoint of a run, or of an export (FOLDER/variables/variables).
      resnets: depth -> (blocks of groups 1..4, whether they are bottlenecks).
    """
    contents = CheckpointContents(prefix)
    by_role: dict[str, dict[str, str]] = {part: {} for part in SCOPES.values()}
    for name, key in contents.named():
        place = re.fullmatch(rf"(?:.*/)?({'|'.join(SCOPES)})/(.*)", name)
        if place:
            by_role[SCOPES[place[1]]][place[2]] = key
    network = recognition.recognise_roles(by_role["encoder"], recognition.networks(resnets))
    if network is None:
        return None
    layers = {role.split("/")[0] for role in by_role["projection_head"]}
    head = (len(layers), False)
    return google_checkpoints.described(prefix, contents, by_role, network=network, head=head)
