"""Weights by rule (the folder holds seeds and shapes), and which variable of ours gets them."""

import re

import numpy as np

RULES = {
    "kernel": lambda normal: normal * kernel_scale(normal.shape),
    "kernel_sign": lambda normal: np.where(normal >= 0, 1, -1) * kernel_scale(normal.shape),
    "gamma": lambda normal: 1 + 0.1 * normal,
    "gamma_last": lambda normal: 0.3 * (1 + 0.1 * normal),
    "beta": lambda normal: 0.1 * normal,
    "bias": lambda normal: 0.1 * normal,
    "moving_mean": lambda normal: 0.1 * normal,
    "moving_variance": lambda normal: 1 + 0.1 * np.abs(normal),
}


def kernel_scale(shape) -> float:
    """sqrt(2 / fan in)."""
    return np.sqrt(2 / np.prod(shape[:-1]))


def value(variable: dict) -> np.ndarray:
    """The float32 weights of one entry of a variable list, checked against its recorded sums."""
    normal = np.random.default_rng(variable["seed"]).standard_normal(variable["shape"])
    weights = RULES[variable["init"]](normal).astype(np.float32)
    size = np.abs(weights).sum(dtype=np.float64)
    np.testing.assert_allclose(weights.sum(dtype=np.float64), variable["sum"], atol=1e-9 * size)
    if "abssum" in variable:
        np.testing.assert_allclose(size, variable["abssum"], rtol=1e-9)
    return weights


def place(role: str) -> str:
    """What our variable of a recorded `role` is called, from stem, group or head on.

    "resnet/group1/block0/conv1/kernel" -> "group1/block0/conv1/kernel"
    "head_contrastive/layer0/bn/gamma" -> "head_contrastive/layer1/bn/gamma"
    "head_supervised/dense/bias" -> "head_supervised/bias"
    """
    role = role.removeprefix("resnet/").replace("head_supervised/dense/", "head_supervised/")
    if role.startswith("layer"):  # of a head alone
        role = "head_contrastive/" + role
    return re.sub(r"(?<=head_contrastive/layer)\d+", lambda match: str(int(match[0]) + 1), role)


def by_place(layer) -> dict:
    """The variables of a built `layer` of ours by place."""
    start = re.compile(r"(^|.*/)(?=(stem|group\d|head_contrastive|head_supervised)/)")
    return {start.sub("", v.name.partition(":")[0]): v for v in layer.variables}


def assign(layer, variables: list[dict]) -> None:
    """Sets every variable of `layer` by the recorded rules; neither side may have one too many."""
    ours = by_place(layer)
    theirs = {place(variable["role"]): variable for variable in variables}
    assert len(ours) == len(layer.variables)
    assert sorted(ours) == sorted(theirs)
    for name, variable in theirs.items():
        assert ours[name].shape == variable["shape"], name
        ours[name].assign(value(variable))
