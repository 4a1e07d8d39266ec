"""Looks at a network's features while it trains: now and then, for a small share of the time.

A look changes nothing of the training. When it comes depends on the clock.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tf_simclr.workdir import run_folder
from tf_simclr.workdir.checkpoints import Checkpoints, listed, step_of
from tf_simclr.workdir.summaries import Summaries
from tf_simclr.workdir.watching import Logs, StepCallback, WatchSteps

SHARE = 0.025  # Of the training's time; what a look costs is known only afterwards.
FIRST_AFTER = 30.0  # seconds
# What the first look is thought to cost: start-up, and a third of training on its pictures, as a
# step has two views of each and a backward pass.
START_UP = 3.0  # seconds
OF_TRAINING = 1 / 3
# A standard deviation of less than this part of 1 / sqrt(features) is a collapse; see
# evaluation/spread.py.
COLLAPSED = 0.1
BEST, BEST_FACTS = "best", "best.json"  # The folder in a run's own, and its file.
# --keep_best -> the score by which it chooses.
SCORES = {"rankme": "rankme", "knn": "knn_top1", "linear_probe": "linear_probe_top1"}


class Look(NamedTuple):
    """What a look found.

    Attributes:
      scores: key, as in result.json -> number.
      width: number of features.
    """

    scores: Mapping[str, float]
    width: int

    @property
    def collapsed(self) -> bool:
        """Whether almost all pictures have the same features."""
        std = self.scores.get("feature_std")
        return std is not None and std < COLLAPSED / self.width**0.5


def is_due(*, passed: float, left: float, spent: float, cost: float, looks: int) -> bool:
    """Whether it is time for a look, so that all together stay below SHARE of the time.

    The first one comes early, and at the expense of what is left.

    >>> is_due(passed=40, left=400, spent=0, cost=4, looks=0)
    True
    >>> is_due(passed=100, left=340, spent=4, cost=4, looks=1)  # 8 s of 100 s are too many.
    False

    Args:
      passed: seconds since the first step.
      left: seconds to the last one.
      spent: seconds that earlier looks took.
      cost: seconds that this one will take.
      looks: number of earlier ones.
    """
    time_for_it = passed if looks else passed + left
    return passed >= FIRST_AFTER and spent + cost <= SHARE * time_for_it


class Best:
    """Keeps the weights of the best look in a folder of their own, over restarts too.

    Args:
      folder: of them; it is made by the first save.
      by: a word of SCORES.
      saved: saves to `folder`.
    """

    def __init__(self, folder: str, by: str, saved: Checkpoints):
        self._folder = folder
        self._by = by
        self._saved = saved
        self._value = best_of(folder).get("value") if best_of(folder).get("by") == by else None

    def offer(self, look: Look, step: int) -> None:
        """Saves the weights, of step `step`, if no earlier ones were as good."""
        value = look.scores.get(SCORES[self._by])
        if value is None or (self._value is not None and value <= self._value):
            return
        self._saved.save(step)
        facts = {"by": self._by, "step": step, "value": value}
        text = json.dumps(facts, indent=2, sort_keys=True) + "\n"
        run_folder.write_atomically(os.path.join(self._folder, BEST_FACTS), text)
        self._value = value


def best_of(folder: str) -> dict[str, Any]:
    """By what, with which value and at which step the weights in a `best` folder were kept.

    {} if there are none, or they are not those that its file tells of.
    """
    facts = run_folder.read_facts(os.path.join(folder, BEST_FACTS))
    there = {step_of(path) for path in listed(folder)}
    return facts if facts.get("step") in there else {}


class LookNowAndThen(StepCallback):
    """Looks, writes what it found to TensorBoard, keeps the best, and names a collapse.

    It must come after the `watch`, and before what stops at a signal.

    Args:
      look: looks at the network as it is.
      watch: knows the step.
      summaries: of the run.
      total: the run's last step.
      pictures: of a look / of a step: how many.
      say: prints a line.
      best: keeps the best; None keeps none.
    """

    def __init__(
        self,
        look: Callable[[], Look],
        watch: WatchSteps,
        summaries: Summaries,
        *,
        total: int,
        pictures: float,
        say: Callable[[str], None],
        best: Best | None = None,
    ):
        super().__init__()
        self._look = look
        self._watch = watch
        self._summaries = summaries
        self._total = total
        self._pictures = pictures
        self._say = say
        self._best = best
        self._first: tuple[float, int] | None = None  # (time, step) after the first execution
        self._spent = 0.0
        self._costs: list[float] = []
        self._looked_at = -1  # step
        self._collapsed_at: int | None = None
        self._named = False

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        now, step = time.monotonic(), self._watch.step
        if self._first is None:
            self._first = now, step
            return
        passed, done = now - self._first[0], step - self._first[1]
        a_step = (passed - self._spent) / done
        cost = START_UP + OF_TRAINING * self._pictures * a_step
        cost = self._costs[-1] if self._costs else cost
        left = a_step * (self._total - step)
        looks = len(self._costs)
        if is_due(passed=passed, left=left, spent=self._spent, cost=cost, looks=looks):
            self.look()

    def look(self) -> None:
        """Looks now, unless this step was looked at already."""
        if self._watch.step == self._looked_at:
            return
        self._watch.look()  # Raises NonFinite, and waits, so that only the look is timed.
        begun, step = time.monotonic(), self._watch.step
        found = self._look()
        tags = {f"train/look_{name}": value for name, value in found.scores.items()}
        self._summaries.scalars(tags, step)
        self._summaries.flush()
        if self._best is not None:
            self._best.offer(found, step)
        self._name_collapse(found, step)
        self._looked_at = step
        self._costs.append(time.monotonic() - begun)
        self._spent += self._costs[-1]

    def _name_collapse(self, found: Look, step: int) -> None:
        if found.collapsed and self._collapsed_at is not None and not self._named:
            self._named = True
            self._say(
                f"Warning: the features have collapsed: at steps {self._collapsed_at} and {step}"
                f" almost all pictures look alike (standard deviation"
                f" {found.scores['feature_std']:.1g} of at most {found.width**-0.5:.1g}). Stop, and"
                " start again with a lower --learning_rate, a longer --warmup_epochs or a higher"
                " --temperature."
            )
        self._collapsed_at = step if found.collapsed else None
