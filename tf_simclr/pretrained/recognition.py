"""Recognises a released network by the names of its variables, and says which are missing."""

from collections.abc import Collection

from tf_simclr.architectures.resnet_layers import Skeleton, skeletons
from tf_simclr.data.name_lists import some
from tf_simclr.pretrained.released_names import CLASSIFIER, head_names

SHOWN = 5  # names in an error


def recognise(names: Collection[str]) -> Skeleton:
    """The ResNet whose variables have these `names`.

    Raises:
      ValueError: if there is none; says how the closest one differs.
    """
    found = set(names)
    expected = {skeleton: skeleton.names().values() for skeleton in skeletons()}
    closest = min(expected, key=lambda skeleton: len(found ^ set(expected[skeleton])))
    described = f"ResNet-{closest.depth}{' with selective kernels' if closest.selective else ''}"
    check_complete(found, expected[closest], f"a {described}, the closest network")
    return closest


def head_layers(names: Collection[str]) -> tuple[int, bool]:
    """(number of layers, whether it is linear) of the projection head with these variables.

    Raises:
      ValueError: if variables are missing; says which.
    """
    scopes = {name.split("/")[1] for name in names}
    linear = "l_0" in scopes
    numbers = [int(scope.removeprefix("nl_")) for scope in scopes if scope.startswith("nl_")]
    layers = 1 if linear else max(numbers, default=-1) + 1
    expected = head_names(layers, linear=linear).values()
    check_complete(set(names), expected, f"a projection head of {layers} layers")
    return layers, linear


def has_classifier(names: Collection[str]) -> bool:
    """Whether there is a classifier; ValueError if it is incomplete."""
    if names:
        check_complete(set(names), CLASSIFIER.values(), "a classifier")
    return bool(names)


def check_complete(found: set[str], expected: Collection[str], what: str) -> None:
    """Raises ValueError with the difference unless `found` are the `expected` names."""
    lacking = [name for name in expected if name not in found]
    foreign = sorted(found - set(expected))
    if lacking or foreign:
        lacks, has = some(lacking, SHOWN), some(foreign, SHOWN)
        parts = [f"lacks {len(lacking)} variables of {what}: {lacks}"] if lacking else []
        parts += [f"has {len(foreign)} not in {what}: {has}"] if foreign else []
        raise ValueError(" and ".join(parts))
