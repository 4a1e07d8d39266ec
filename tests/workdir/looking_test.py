"""When a run looks at its features, what it keeps, and when it warns: on a model that counts."""

import json

import numpy as np
import pytest
from counting import counting, fit

from tf_simclr.workdir import looking
from tf_simclr.workdir.checkpoints import Checkpoints, listed, step_of
from tf_simclr.workdir.looking import Best, Look, LookNowAndThen, best_of, is_due
from tf_simclr.workdir.summaries import Summaries, read_scalars
from tf_simclr.workdir.watching import WatchSteps


@pytest.fixture
def model():
    return counting()


def looks(found, watch, folder, said=None, best=None):
    """Looks after each execution but the first, which only starts the clock."""
    return LookNowAndThen(
        lambda: found[watch.step],
        watch,
        Summaries(str(folder)),
        total=6,
        pictures=1.0,
        say=(said if said is not None else []).append,
        best=best,
    )


def of(std=0.3, **scores):
    return Look({"feature_std": std, **scores}, 4)


def test_all_looks_together_stay_below_their_share():
    """A clock of seconds: looks of 1 s or 7 s, in runs of ten minutes and of two hours."""
    for cost in (1.0, 7.0):
        for length in (600, 7200):
            spent, at, now = 0.0, [], 0.0
            while now < length:
                now += 1
                if is_due(passed=now, left=length - now, spent=spent, cost=cost, looks=len(at)):
                    spent, now = spent + cost, now + cost
                    at.append(now)
            assert spent <= 0.03 * length
            assert at[0] <= 40  # The first one comes soon.
            # 1 s is 2.5 % of 40 s.
            np.testing.assert_allclose(np.diff(at[2:]), 40 * cost, atol=2)


def test_a_run_that_is_too_short_has_no_look():
    assert not is_due(passed=31, left=60, spent=0, cost=4, looks=0)
    assert is_due(passed=31, left=130, spent=0, cost=4, looks=0)
    assert not is_due(passed=29, left=1000, spent=0, cost=4, looks=0)


@pytest.fixture
def always(monkeypatch):
    monkeypatch.setattr(looking, "is_due", lambda **_: True)


@pytest.mark.usefixtures("always")
def test_scores_are_written(model, tmp_path):
    watch = WatchSteps()
    found = {step: of(rankme=step / 2) for step in range(1, 7)}
    look = looks(found, watch, tmp_path)
    fit(model, [watch, look], steps=3, epochs=2)
    look.look()  # The last step was looked at.
    steps, values = read_scalars(str(tmp_path))["train/look_rankme"]
    assert steps.tolist() == [2, 3, 4, 5, 6]
    np.testing.assert_allclose(values, [1, 1.5, 2, 2.5, 3])


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    ("spreads", "warned_at"),
    # A tenth of 1 / sqrt(4) is 0.05.
    [
        ([0.3, 0.3, 0.04, 0.3, 0.04, 0.3], None),
        ([0.3, 0.3, 0.04, 0.04, 0.3, 0.3], (3, 4)),
        ([0.3, 0.06, 0.06, 0.06, 0.01, 0.0], (5, 6)),
        ([0.0, 0.0, 0.0, 0.0, 0.0, 0.0], (2, 3)),
    ],
)
def test_a_collapse_is_named_once_at_the_second_look_that_finds_it(
    model, tmp_path, spreads, warned_at
):
    watch, said = WatchSteps(), []
    found = {step: of(std) for step, std in enumerate(spreads, start=1)}
    fit(model, [watch, looks(found, watch, tmp_path, said)], steps=6)
    if warned_at is None:
        assert said == []
    else:
        (line,) = said
        assert f"collapsed: at steps {warned_at[0]} and {warned_at[1]} " in line
        assert "lower --learning_rate" in line


@pytest.mark.usefixtures("always")
def test_the_best_weights_are_kept_over_restarts(model, tmp_path):
    watch, folder = WatchSteps(), tmp_path / "best"
    values = {2: 0.2, 3: 0.5, 4: 0.4, 5: 0.5, 6: 0.6}
    found = {step: of(knn_top1=value) for step, value in values.items()}

    def run(steps):
        best = Best(str(folder), "knn", Checkpoints(str(folder), {"encoder": model.dense}, keep=1))
        look = looks(found, watch, tmp_path, best=best)
        fit(model, [watch, look], steps=steps)

    run(5)
    assert [step_of(path) for path in listed(str(folder))] == [3]  # 0.5 came first.
    assert best_of(str(folder)) == {"by": "knn", "step": 3, "value": 0.5}
    watch.step = 3  # Goes on from there.
    run(3)
    assert best_of(str(folder)) == {"by": "knn", "step": 6, "value": 0.6}
    assert [step_of(path) for path in listed(str(folder))] == [6]
    (folder / "best.json").write_text(json.dumps({"by": "knn", "step": 5, "value": 0.9}))
    assert best_of(str(folder)) == {}  # Its weights are not there.


def test_a_look_without_scores_keeps_nothing(model, tmp_path):
    best = Best(str(tmp_path), "rankme", Checkpoints(str(tmp_path), {"encoder": model.dense}))
    best.offer(Look({}, 4), 3)
    assert listed(str(tmp_path)) == [] and not Look({}, 4).collapsed
