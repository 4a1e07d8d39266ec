"""All choices of a run in their order: what was chosen or given first is an input of the next."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from tf_simclr.choosing import length, network, optimizing, pictures
from tf_simclr.choosing.choice import Choice
from tf_simclr.choosing.cost import step_gflop
from tf_simclr.data.facts import Facts

LENGTHS = ("train_steps", "train_epochs")
# What cannot be chosen before a step was timed.
BY_TIME = ("image_size", "resnet_depth", "width_multiplier", "train_steps")
DEPTH, WIDTH, _ = network.NETWORKS[0]
SMALLEST: dict[str, Any] = {
    "image_size": network.SIDES[0],
    "resnet_depth": DEPTH,
    "width_multiplier": WIDTH,
}  # timed first


@dataclasses.dataclass(frozen=True)
class Machine:
    """What is known of the machine.

    Attributes:
      device: "CPU", "GPU" or "TPU".
      replicas: that share a batch.
      per_gflop: seconds for a GFLOP of a step; None if nothing was timed.
      per_step: seconds for a step of the network that is given or chosen; None if it was not timed.
    """

    device: str
    replicas: int = 1
    per_gflop: float | None = None
    per_step: float | None = None


def untimed(given: Mapping[str, Any]) -> list[str]:
    """The flags that need a timed step; [] if all of them were given.

    Args:
      given: flags that the user gave.
    """
    missing = [name for name in BY_TIME if name not in given]
    if given.get("architecture", "resnet") != "resnet":
        missing = [name for name in missing if name in ("image_size", "train_steps")]
    if "train_epochs" in given and "train_steps" in missing:
        missing.remove("train_steps")
    return missing


def first_timed(facts: Facts, given: Mapping[str, Any], replicas: int) -> dict[str, Any]:
    """The settings of the step that is timed first: the smallest network, where none is given.

    Its optimiser, its head and its views are those that will be chosen, so that the step takes as
    long as in the run, and its checkpoint as much room.

    Args:
      facts: of the training split.
      given: flags that the user gave.
      replicas: that share a batch.
    """
    batch = pictures.batch(facts, replicas).value
    values = {**SMALLEST, "train_batch_size": batch, **given}
    values["optimizer"] = optimizing.optimizer(values["train_batch_size"]).value
    values["num_proj_layers"] = network.projection_layers(facts).value
    values["exemplar_classes"] = pictures.exemplar_classes(facts).value
    values["stem"], values["view_size"] = network.seen(values["image_size"], **_views(given))
    if "view_operations" not in given:  # It names blur or not.
        values["use_blur"] = pictures.blur(values["view_size"]).value
    return {name: value for name, value in values.items() if name not in given}


def plan(
    facts: Facts, given: Mapping[str, Any], machine: Machine, unused: Collection[str] = ()
) -> dict[str, Choice]:
    """The choice for each flag that is chosen, has an effect, and was not given.

    Args:
      facts: of the training split.
      given: flags that the user gave, by name; --train_minutes among them, if given.
      machine: that it is trained on. If a network is to be chosen, `per_gflop` must be known.
      unused: flags that have no effect in this run, such as one of another pretext task's.
    """
    chosen: dict[str, Choice] = {}

    def settle(name: str, choice: Choice) -> Any:
        if name in given:
            return given[name]
        if name not in unused:
            chosen[name] = choice
        return choice.value

    batch = settle("train_batch_size", pictures.batch(facts, machine.replicas))
    examples = facts.pictures
    if "exemplar_classes" not in unused:  # An epoch has a copy of each.
        examples = settle("exemplar_classes", pictures.exemplar_classes(facts))
    side, seen, depth, width = _network(facts, given, machine, batch, examples, settle, unused)
    settle("num_proj_layers", network.projection_layers(facts))
    settle("temperature", pictures.temperature(facts))
    settle("min_crop_area", pictures.crop_area(facts))
    settle("color_jitter_strength", pictures.colour_strength(facts))
    if "view_operations" not in given:  # It names blur or not.
        settle("use_blur", pictures.blur(seen.view))
    settle("center_crop", pictures.center_crop(side))
    settle("lineareval_while_pretraining", pictures.head_alongside(facts))
    optimizer = settle("optimizer", optimizing.optimizer(batch))
    scaling = given.get("learning_rate_scaling", "linear")
    rate = optimizing.learning_rate(optimizer, batch, depth, width, scaling)
    settle("learning_rate", rate)
    per_step = machine.per_step
    if per_step is None and machine.per_gflop is not None:
        per_step = machine.per_gflop * step_gflop(depth, width, side, batch, *seen)
    steps = _steps(examples, given, machine, batch, per_step, settle)
    settle("warmup_epochs", length.warmup_epochs(steps, examples, batch))
    at_once = settle("steps_per_execution", length.steps_per_execution(steps, per_step))
    if "checkpoint_epochs" not in given:
        settle("checkpoint_steps", length.checkpoint_steps(steps, per_step, at_once))
    settle("train_summary_steps", length.summary_steps(steps, at_once))
    return chosen


def _network(
    facts: Facts,
    given: Mapping[str, Any],
    machine: Machine,
    batch: int,
    examples: int,
    settle: Any,
    unused: Collection[str],
) -> tuple[int, network.Seen, int, float]:
    """(side, how it is seen, depth, width); of another architecture what stands for its cost."""
    minutes = given.get("train_minutes") or length.minutes(machine.device).value
    time = network.Time(
        60 * minutes / length.OVERHEAD,
        machine.per_gflop or 0.0,
        given_steps(examples, given, batch) or length.wanted_steps(examples, batch),
    )
    depth, width = given.get("resnet_depth"), given.get("width_multiplier")
    smallest = depth or SMALLEST["resnet_depth"], width or SMALLEST["width_multiplier"]
    views = _views(given, unused)
    side = settle("image_size", network.image_size(facts, time, batch, *smallest, **views))
    seen = network.seen(side, **views)
    if given.get("architecture", "resnet") != "resnet":
        return side, seen, smallest[0], smallest[1]
    settle("stem", network.stem_of(side))
    settle("view_size", network.view_of(side))
    choice = network.network(facts, time, batch, side, depth, width, seen)
    depth = settle("resnet_depth", Choice(choice.value[0], choice.reason))
    width = settle("width_multiplier", Choice(choice.value[1], choice.reason))
    return side, seen, depth, width


def _views(given: Mapping[str, Any], unused: Collection[str] = ()) -> dict[str, Any]:
    """What network.seen has to know of given flags."""
    other = given.get("architecture", "resnet") != "resnet"
    whole = 0 if other or "view_size" in unused else None
    return {"stem": given.get("stem"), "view": given.get("view_size", whole)}


def given_steps(examples: int, given: Mapping[str, Any], batch: int) -> int:
    """Steps that the user gave, as steps or epochs; 0 if neither is given.

    Args:
      examples: of an epoch: pictures to train on, or patches.
      given: flags that the user gave.
      batch: pictures per step.
    """
    if given.get("train_steps"):
        return int(given["train_steps"])
    if "train_epochs" in given:
        return max(1, int(given["train_epochs"] * examples / batch))
    return 0


def _steps(
    examples: int,
    given: Mapping[str, Any],
    machine: Machine,
    batch: int,
    per_step: float | None,
    settle: Any,
) -> int:
    steps = given_steps(examples, given, batch)
    if steps:
        return steps
    assert per_step is not None  # See `untimed`.
    if given.get("train_minutes"):
        return int(settle("train_steps", length.steps_by_clock(given["train_minutes"], per_step)))
    most = length.minutes(machine.device).value
    return int(settle("train_steps", length.steps_by_data(examples, batch, most, per_step)))
