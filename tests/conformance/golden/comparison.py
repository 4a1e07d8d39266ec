"""How far a recorded run and ours can agree, and how closely they do.

Left out, and why. Where the original's TF2 code fine-tunes from a middle of the projection head,
the layers behind it stay trainable: without LARS the L2 penalty shrinks their kernels, though
nothing reads them. Here they are left alone. So of those layers the kernels (norm, gradient,
velocity, values) are left out, the moving statistics from the second step on (the first still saw
the same kernels), and what the penalty of these kernels adds to the loss is computed from their
recorded norms. The TF1 code counts frozen kernels into the penalty too; and while it evaluates
linearly, with everything else at rest, the statistics of those layers move. Where a layer of the
projection head is classified, what differs on purpose has its words in golden.known_differences.
"""

import dataclasses
import re

import numpy as np

from golden import weights
from golden.trajectories import BATCH_NORM, STATISTICS, Recording
from tf_simclr.config.matters import LINEAR_HEAD_ONLY

BY_VARIABLE = ("step_variable_norm", "step_grad_norm", "final_first8", "final_momentum_norm")
RELATIVE_NOISE = {
    "step_variable_norm": "variable_norm_rel_max",
    "step_grad_norm": "grad_norm_rel_max",
}
SMALLEST = 1e-12  # of absolute tolerances, where 0 was recorded
Arrays = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Agreement:
    """Where a recording and a run of ours should agree.

    Attributes:
      steps: how many, from the first on.
      always: bool [variables], those that agree at every step.
      first: bool [variables], those that agree at the first step.
      penalty: [steps], what the recorded L2 penalty has and ours has not.
    """

    steps: int
    always: np.ndarray
    first: np.ndarray
    penalty: np.ndarray


def agreement(recording: Recording) -> Agreement:
    """What should agree, told from what the flags train and what the original trained."""
    trained_here, trained_there = should_train(recording), _trained_there(recording)
    statistics, unused = recording.matching(STATISTICS), _unused(recording)
    differ = trained_here != trained_there
    # Where the original trains another used weight than we do, runs part after the first step.
    steps = 1 if np.any(differ & ~unused) else recording.meta["steps"]
    still = recording.config.finetuning.frozen_batch_norm == "inference"
    parted = statistics & unused & (np.any(differ) | still)
    return Agreement(
        steps=steps,
        always=~(differ | parted),
        first=~(differ | (parted & still)),
        penalty=_missing_penalty(recording, trained_here),
    )


def should_train(recording: Recording) -> np.ndarray:
    """Bool [variables]: those that the flags train, of those that anything reads."""
    config = recording.config
    frozen = config.finetuning.fine_tune_after_block if config.run.train_mode == "finetune" else -1
    # Frozen are the parts up to a number; the projection head goes with the last group.
    numbers = {"stem": 0, "head_contrastive": LINEAR_HEAD_ONLY, "head_supervised": np.inf}
    numbers |= {f"group{number}": number for number in range(1, 5)}
    trained = np.array([numbers[place.split("/")[0]] > frozen for place in recording.places])
    return trained & ~recording.matching(STATISTICS) & ~_unused(recording)


def _trained_there(recording: Recording) -> np.ndarray:
    if "step_grad_norm" in recording.arrays:
        return ~np.isnan(recording.arrays["step_grad_norm"][0])
    changed = np.zeros(len(recording.variables), bool)
    changed[recording.meta["changed_variables"]] = True
    return changed & ~recording.matching(STATISTICS)


def _unused(recording: Recording) -> np.ndarray:
    """Bool [variables]: those of the projection layers behind the classifier's."""
    config = recording.config
    last = config.model.num_projections
    if config.run.train_mode == "finetune":
        last = config.finetuning.ft_proj_selector % (last + 1)
    layers = [re.match(r"head_contrastive/layer(\d+)/", place) for place in recording.places]
    return np.array([layer is not None and int(layer[1]) > last for layer in layers])


def _missing_penalty(recording: Recording, trained_here: np.ndarray) -> np.ndarray:
    """[steps]: weight_decay * sum(w ** 2) / 2 over what decays there and does not train here."""
    decayed = ~recording.matching(BATCH_NORM) & ~trained_here
    if recording.config.optimization.optimizer == "lars":
        decayed &= False  # The classifier's kernel alone is in the penalty, and always trains.
    elif "trainable_index" in recording.meta:
        trainable = np.zeros_like(decayed)
        trainable[recording.meta["trainable_index"]] = True
        decayed &= trainable
    start = [np.linalg.norm(weights.value(v).astype(np.float64)) for v in recording.variables]
    # The loss is taken before the step.
    before = np.concatenate([[start], recording.arrays["step_variable_norm"][:-1]])
    penalty = np.square(before[:, decayed]).sum(axis=1) / 2
    return recording.config.optimization.weight_decay * penalty


def worst(recording: Recording, ours: Arrays, *, rtol: float, noise: Arrays) -> dict[str, float]:
    """Quantity -> its largest |difference| / tolerance, over as many steps as ours has.

    The tolerance is the larger of rtol * scale and 10 * noise. The scale is the recorded number
    itself; for the first elements of a variable, and for outputs, the largest of them.

    Args:
      recording: what is expected.
      ours: of `trajectories.run`.
      rtol: relative tolerance.
      noise: quantity -> absolute noise [steps] or a scalar; relative for the norms of variables.
    """
    trained = ~np.isnan(ours["step_grad_norm"][0])
    np.testing.assert_array_equal(trained, should_train(recording), err_msg="what is trained")
    agree = agreement(recording)
    steps = min(agree.steps, len(ours["step_lr"]))
    ratios = {}
    for name, expected in recording.arrays.items():
        if name.startswith("final") and steps < recording.meta["steps"]:
            continue
        found, allowed = ours[name], tolerance(name, expected, rtol, noise.get(name, 0.0))
        if name.startswith("step_"):
            expected, found, allowed = expected[:steps], found[:steps], allowed[:steps]
        if name in ("step_total_loss", "step_weight_decay"):
            found = found + agree.penalty[:steps]
        if name in BY_VARIABLE:
            expected, found = (_agreeing(part, name, agree) for part in (expected, found))
        np.testing.assert_array_equal(np.isnan(expected), np.isnan(found), err_msg=name)
        error = np.abs(found.astype(np.float64) - expected)
        ratios[name] = float(np.nanmax(error / allowed))
    return ratios


def tolerance(name: str, expected: np.ndarray, rtol: float, noise) -> np.ndarray:
    """Absolute tolerances for a recorded quantity, as `worst` applies them."""
    size = np.abs(expected.astype(np.float64))
    if name == "final_first8":
        size = np.nanmax(size, axis=1, keepdims=True)
    elif name.startswith("step1_"):
        size = np.max(size)
    if name in RELATIVE_NOISE:
        noise = size * np.reshape(noise, (-1, 1))
    return np.maximum(np.maximum(rtol * size, 10 * noise), SMALLEST)


def _agreeing(array: np.ndarray, name: str, agree: Agreement) -> np.ndarray:
    """The array with NaN for what need not agree."""
    array = array.copy()
    axis = 1 if name.startswith("step_") else 0
    if axis == 0:
        array[~agree.always] = np.nan
    else:
        array[1:, ~agree.always] = np.nan
        array[:1, ~agree.first] = np.nan
    return array


def recorded_noise(recording: Recording, float64: Arrays | None) -> Arrays:
    """The original's own rounding, as `worst` takes it.

    Args:
      recording: of float32, with its noise by step.
      float64: arrays of the same run in float64, for outputs and final values; None leaves
        outputs without noise, and final values out.
    """
    noise = {f"step_{name}": np.array(values) for name, values in recording.noise.items()}
    for name, key in RELATIVE_NOISE.items():
        noise[name] = noise.pop(f"step_{key}")
    for name, value in recording.arrays.items():
        if float64 and not name.startswith("step_"):
            noise[name] = np.nanmax(np.abs(value - float64[name]))
        elif name.startswith("final_"):
            noise[name] = np.inf
    return noise


def measured_noise(float32: Arrays, float64: Arrays) -> Arrays:
    """|float32 - float64| of our own runs, the largest up to each step, as `worst` takes it."""
    noise = {}
    for name, exact in float64.items():
        difference = np.abs(float32[name].astype(np.float64) - exact)
        if name in RELATIVE_NOISE:
            difference = np.nanmax(difference / np.maximum(np.abs(exact), SMALLEST), axis=1)
        if name.startswith("step_"):
            noise[name] = np.maximum.accumulate(difference)
        else:
            noise[name] = np.nanmax(difference)
    return noise
