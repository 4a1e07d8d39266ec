"""Our numbers against those measured on the original: one parametrised test per kind of fixture.

The folder is GOLDEN_DIR (tests/golden by default), and a case is what lies there. The tests of
augmentation, released weights and trajectories are written in the files golden_*.py beside this
one, and run from here. Tolerances are those of the README of the measured numbers.
"""

import os
import re
from pathlib import Path

import numpy as np
import processes
import pytest
import tensorflow as tf
from golden import encoder, folder, replica_loss, weights
from golden.closeness import EVALUATION_TOLERANCE, close_in_size
from golden_augment import *  # noqa: F403
from golden_released import *  # noqa: F403
from golden_trajectories import *  # noqa: F403

from tf_simclr.losses.nt_xent import nt_xent
from tf_simclr.nets.heads import ProjectionHead, SupervisedHead
from tf_simclr.optim import schedules
from tf_simclr.optim.lars import LARS

LOSS_RTOL = 1e-6
GRADIENT_ATOL = 1e-6
LARS_ATOL = 5e-6
SCHEDULE_TOLERANCE = 3e-7  # of the peak rate
TRAINING_NOISES = 10
HEAD_ATOL = 1e-5


def over_cases(kind: str, key: str):
    return pytest.mark.parametrize("path, case", folder.cases(kind, key), ids=folder.name)


@pytest.mark.parametrize("kind", folder.KINDS)
def test_every_kind_has_a_case(kind):
    assert folder.found(kind), f"{folder.GOLDEN_DIR} has no {kind}"


# Keys that hold a case each: a file without any would leave its test without parameters.
@pytest.mark.parametrize(
    "kind, key",
    [
        ("loss", r"(c\d+)_hidden"),
        ("loss", replica_loss.CASE),
        ("lars", r"(k\d+)_param_"),
        ("schedule", r"(k\d+)_lr"),
        ("head", r"(k\d+)_input"),
        ("head", r"(linear)_input"),
        ("head", r"(supervised)_output"),
    ],
)
def test_every_file_has_a_case(kind, key):
    assert {path for path, _ in folder.cases(kind, key)} == set(folder.found(kind))


def assert_gradient(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Within 1e-6, times the largest element where that is above 1.

    float32 has 24 bits: where gradients reach 2 (c029) what was recorded is itself 1.6e-6 away
    from the same equation in float64; where they reach 7.4 (c013) it is 0.8e-6, ours is 4.4e-6.
    """
    atol = GRADIENT_ATOL * max(1, np.max(np.abs(theirs)))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@over_cases("loss", r"(c\d+)_hidden")
def test_loss(path, case, dtype):
    arrays, meta = folder.read(path)
    [record] = [r for r in meta["single"] if r["case"] == int(case[1:])]
    hidden = tf.constant(arrays[f"{case}_hidden"], dtype)
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        loss, logits, labels = nt_xent(
            hidden, temperature=record["temperature"], hidden_norm=record["hidden_norm"]
        )
    recorded, exact = arrays[f"{case}_loss"], record["loss64"]
    # Small losses are differences of large logits: c000 was recorded 1.2e-6 of itself off.
    noise = abs(recorded - exact) if dtype == "float32" else 0
    expected = recorded if dtype == "float32" else exact
    np.testing.assert_allclose(loss, expected, rtol=0, atol=LOSS_RTOL * expected + noise)
    assert_gradient(tape.gradient(loss, hidden).numpy(), arrays[f"{case}_grad_hidden"])
    close_in_size(logits.numpy(), arrays[f"{case}_logits_ab"], LOSS_RTOL, "logits")
    np.testing.assert_array_equal(labels, np.eye(record["bsz"]))


@pytest.fixture(scope="module")
def replicas(tmp_path_factory):
    """What the recorded numbers of replicas compute, each in a process of its own."""
    results = {}
    cases = folder.cases("loss", replica_loss.CASE)
    for count in {replica_loss.settings(*case)["replicas"] for case in cases}:
        target = tmp_path_factory.mktemp("replicas") / f"{count}.npz"
        done = processes.run(
            ["-m", "golden.replica_loss", target, count],
            cwd=Path(__file__).parent,
            env=os.environ | {"GOLDEN_DIR": str(folder.GOLDEN_DIR)},
        )
        assert done.returncode == 0, done.stderr[-4000:]
        results |= folder.read(target)[0]
    return results


@over_cases("loss", replica_loss.CASE)
def test_loss_over_replicas(replicas, path, case):
    arrays, _ = folder.read(path)
    theirs = encoder.expected(arrays, f"{case}_")
    ours = encoder.expected(replicas, f"{path.stem}/{case}/")
    np.testing.assert_allclose(ours["loss"], theirs["loss"], rtol=LOSS_RTOL)
    close_in_size(ours["logits_ab"], theirs["logits_ab"], LOSS_RTOL, "logits")
    assert_gradient(ours["grad_hidden"], theirs["grad_hidden"])
    # The original's labels go on over the logits of first views with each other; all 0 there.
    images = ours["labels"].shape[-1]
    np.testing.assert_array_equal(ours["labels"], theirs["labels"][..., :images])
    assert not theirs["labels"][..., images:].any()


def lars(combination: dict, variables: list[tf.Variable], names: list[str]) -> LARS:
    """The optimiser of a combination; its patterns become variables, by the recorded names."""

    def matching(patterns):
        return [
            variable
            for variable, name in zip(variables, names)
            if any(re.search(pattern, name) for pattern in patterns or ())
        ]

    adapted = combination["exla"]
    return LARS(
        0.0,
        momentum=combination["momentum"],
        weight_decay=combination["wd"],
        eeta=combination["eeta"],
        classic_momentum=combination["classic"],
        nesterov=combination["nesterov"],
        exclude_from_weight_decay=matching(combination["exwd"]),
        exclude_from_layer_adaptation=None if adapted is None else matching(adapted),
    )


@over_cases("lars", r"(k\d+)_param_")
def test_lars(path, case):
    arrays, meta = folder.read(path)
    [combination] = [c for c in meta["combos"] if c["k"] == int(case[1:])]
    numbers = [f"{number:02d}" for number in range(len(meta["names"]))]
    variables = [tf.Variable(arrays[f"init_{n}"], name=f"v{n}") for n in numbers]
    optimizer = lars(combination, variables, meta["names"])
    optimizer.build(variables)
    for step, rate in enumerate(combination["lrs"]):
        optimizer.learning_rate = rate
        gradients = [tf.constant(arrays[f"grads_{n}"][step]) for n in numbers]
        optimizer.apply_gradients(zip(gradients, variables))
        for n, variable, velocity in zip(numbers, variables, optimizer.velocities):
            for ours, key in ((variable, "param"), (velocity, "mom")):
                theirs = arrays[f"{case}_{key}_{n}"][step]
                np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=LARS_ATOL)


@over_cases("schedule", r"(k\d+)_lr")
def test_schedule(path, case):
    arrays, meta = folder.read(path)
    [flags] = [c for c in meta["cases"] if c["k"] == int(case[1:])]
    examples, batch = flags["num_examples"], flags["train_batch_size"]
    peak = schedules.scaled_learning_rate(
        flags["learning_rate"], batch, flags["learning_rate_scaling"]
    )
    steps = schedules.train_steps(examples, batch, flags["train_epochs"], flags["train_steps"])
    warmup = schedules.warmup_steps(flags["warmup_epochs"], examples, batch)
    assert steps == flags["get_train_steps"]
    schedule = schedules.WarmupCosine(peak, warmup_steps=warmup, total_steps=steps)
    rates = [schedule(tf.constant(step)) for step in arrays[f"{case}_steps"].astype(np.float32)]
    atol = SCHEDULE_TOLERANCE * peak
    np.testing.assert_allclose(rates, arrays[f"{case}_lr"], rtol=0, atol=atol)


@pytest.mark.parametrize("path", folder.found("resnet"), ids=folder.name)
def test_resnet_endpoints_in_both_modes_and_statistics_behind_training(path):
    arrays, _ = folder.read(path)
    listing = folder.variables(path)
    net = encoder.encoder(listing)
    for number, images in encoder.inputs(arrays).items():
        ours = encoder.endpoints(net, images, training=False)
        theirs = encoder.expected(arrays, f"in{number}_eval_")
        assert sorted(ours) == sorted(theirs)
        for name, expected in theirs.items():
            close_in_size(ours[name], expected, EVALUATION_TOLERANCE, name)
    images = arrays["in0_images"]
    ours = encoder.training_pass(net, listing, images)
    noises = encoder.noise(listing, images, ours)
    for found, start, noise in zip(ours, ("in0_train_", "moving_after_train_"), noises):
        theirs = encoder.expected(arrays, start)
        assert sorted(found) == sorted(theirs)
        for name, expected in theirs.items():
            close_in_size(found[name], expected, TRAINING_NOISES * noise, name)


def projections(head: ProjectionHead, arrays: dict, start: str, mode: str) -> dict:
    """What is recorded of a pass: proj_head_output (or output) and selector_S."""
    layers = head(tf.constant(arrays[f"{start}_input"]), training=mode == "train")
    selectors = {f"selector_{s}": layers[s].numpy() for s in [-1, *range(len(layers))]}
    last = layers[-1].numpy()
    return selectors | {"proj_head_output": last, "output": last}


@pytest.mark.parametrize(
    "path, case", folder.cases("head", r"(k\d+|linear)_input"), ids=folder.name
)
def test_projection_head(path, case):
    arrays, _ = folder.read(path)
    listing = folder.variables(path)
    if case == "linear":
        head = ProjectionHead("linear", out_dim=arrays["linear_eval_output"].shape[-1])
    else:
        [record] = [r for r in listing["cases"] if r["case"] == int(case[1:])]
        head = ProjectionHead(num_layers=record["num_proj_layers"], out_dim=record["proj_out_dim"])
    head(tf.constant(arrays[f"{case}_input"]))
    weights.assign(head, listing["variables"][case])
    for mode in ("eval", "train"):
        ours = projections(head, arrays, case, mode)
        for name, expected in encoder.expected(arrays, f"{case}_{mode}_").items():
            np.testing.assert_allclose(ours[name], expected, rtol=0, atol=HEAD_ATOL, err_msg=name)
    moving = encoder.expected(arrays, f"{case}_moving_after_one_train_")
    places = {v["index"]: weights.place(v["role"]) for v in listing["variables"][case]}
    assert len(moving) == sum("/moving_" in place for place in places.values())
    variables = weights.by_place(head)
    for index, expected in moving.items():
        found = variables[places[int(index)]].numpy()
        np.testing.assert_allclose(found, expected, rtol=0, atol=HEAD_ATOL, err_msg=index)


@over_cases("head", r"(supervised)_output")
def test_supervised_head(path, case):
    arrays, _ = folder.read(path)
    expected = arrays["supervised_output"]
    head = SupervisedHead(expected.shape[-1])
    # The same inputs as the linear projection head's.
    inputs = arrays["linear_input"]
    head(tf.constant(inputs))
    weights.assign(head, folder.variables(path)["variables"][case])
    np.testing.assert_allclose(head(inputs), expected, rtol=0, atol=HEAD_ATOL)
