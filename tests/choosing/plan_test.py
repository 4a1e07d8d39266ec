"""All choices together: what is given is obeyed, and is an input of the others."""

import dataclasses

import pytest

from tf_simclr.choosing import plan
from tf_simclr.choosing.plan import Machine
from tf_simclr.config import Config
from tf_simclr.config.repeat import CHOSEN
from tf_simclr.data.facts import Facts

SOME = Facts(pictures=3361, labelled=100, classes=4, side=300, gray=0.0)
LAPTOP = Machine("CPU", per_gflop=0.02, per_step=0.3)


def values(given, facts=SOME, machine=LAPTOP):
    return {name: choice.value for name, choice in plan.plan(facts, given, machine).items()}


def test_every_choice_is_a_flag_and_has_a_reason_that_fits_a_line():
    for facts in (SOME, dataclasses.replace(SOME, pictures=10**6, gray=1.0, labelled=0)):
        choices = plan.plan(facts, {}, LAPTOP)
        # A step in each precision decides that one: see tasks/stopwatch.py.
        assert set(choices) == set(CHOSEN) - {"precision"}
        Config.from_flat(values({}, facts))
        for name, choice in choices.items():
            assert choice.reason
            assert len(f"  {name} {choice.value}: {choice.reason}") <= 80


@pytest.mark.parametrize("name", CHOSEN)
def test_what_is_given_is_not_chosen(name):
    given = {name: Config().flat()[name] or 7}
    assert name not in values(given)


def test_what_is_given_decides_other_choices():
    assert values({})["train_batch_size"] == 128
    assert values({"train_batch_size": 2048})["optimizer"] == "lars"
    assert values({"image_size": 128})["use_blur"] is True
    assert values({"image_size": 48})["use_blur"] is False
    assert values({"train_epochs": 10.0})["warmup_epochs"] == pytest.approx(1, abs=0.05)
    assert "train_steps" not in values({"train_epochs": 10.0})
    assert "checkpoint_steps" not in values({"checkpoint_epochs": 1.0})
    assert values({"image_size": 128, "view_size": 48})["use_blur"] is False
    assert "use_blur" not in values({"view_operations": "crop,blur"})


def test_a_step_costs_what_its_stem_and_its_views_cost():
    def chosen(facts=SOME, **given):
        machine = Machine("CPU", per_gflop=0.005)
        found = values({"train_minutes": 60.0, **given}, facts, machine=machine)
        return {**found, **given}

    plain, small, views = chosen(), chosen(stem="small"), chosen(view_size=32)
    assert small["image_size"] < plain["image_size"] < views["image_size"]
    # With the picture's size given, large views leave time for a smaller network, and fewer
    # steps of it.
    many = dataclasses.replace(SOME, pictures=10_000)
    given = {"image_size": 64, "train_minutes": 120.0}
    plain, large = chosen(many, **given), chosen(many, **given, view_size=0)
    assert large["resnet_depth"] < plain["resnet_depth"]
    assert large["train_steps"] < plain["train_steps"]


def test_a_task_whose_views_have_a_size_of_their_own_pays_for_whole_pictures():
    machine = Machine("CPU", per_gflop=0.005)
    given = {"image_size": 64, "resnet_depth": 10, "width_multiplier": 0.5, "train_minutes": 9.0}
    plain = plan.plan(SOME, given, machine)
    whole = plan.plan(SOME, given, machine, ("view_size",))
    assert "view_size" not in whole
    assert whole["train_steps"].value < 0.3 * plain["train_steps"].value


def test_another_architecture_has_whole_views_and_no_stem_of_ours():
    chosen = plan.plan(SOME, {"architecture": "other"}, LAPTOP)
    assert not {"stem", "view_size"} & set(chosen)


def test_minutes_decide_the_steps():
    # 60 s, a twentieth for the rest, 0.3 s a step: 190.
    assert values({"train_minutes": 1.0})["train_steps"] == 190
    assert values({"train_minutes": 10.0})["train_steps"] == 1900


def test_more_minutes_give_larger_pictures_or_networks():
    def cost(minutes):
        found = values({"train_minutes": minutes})
        return found["image_size"], found["resnet_depth"], found["width_multiplier"]

    grown = [cost(minutes) for minutes in (1.0, 30.0, 300.0, 3000.0)]
    assert grown == sorted(grown) and grown[0] < grown[-1]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, ["image_size", "resnet_depth", "width_multiplier", "train_steps"]),
        ({"architecture": "other"}, ["image_size", "train_steps"]),
        (
            {"image_size": 48, "resnet_depth": 18, "width_multiplier": 0.5, "train_epochs": 3.0},
            [],
        ),
    ],
)
def test_what_needs_a_timed_step(given, names):
    assert plan.untimed(given) == names


def test_the_smallest_network_is_timed_first_unless_one_is_given():
    first = plan.first_timed(SOME, {"resnet_depth": 50}, 1)
    timed = {"image_size": 48, "width_multiplier": 0.5, "train_batch_size": 128}
    timed |= {"stem": "small", "view_size": 24}
    # What is chosen later counts too: LARS has fewer variables, and blur takes time.
    timed |= {"optimizer": "adam", "num_proj_layers": 1, "use_blur": False}
    timed |= {"exemplar_classes": 500}
    assert first == timed
    given = {"image_size": 128, "train_batch_size": 2048, "view_operations": "crop"}
    first = plan.first_timed(SOME, given, 1)
    assert first["optimizer"] == "lars" and "use_blur" not in first
    assert (first["stem"], first["view_size"]) == ("large", 128)
    assert not first.keys() & given.keys()


def test_without_time_what_does_not_need_it_is_chosen():
    given = {"image_size": 48, "resnet_depth": 18, "width_multiplier": 0.5, "train_steps": 100}
    found = values(given, machine=Machine("CPU"))
    assert found["steps_per_execution"] == 1 and found["checkpoint_steps"] == 10


@pytest.mark.parametrize(
    # Ten checkpoints in 20 epochs of 50: 500 copies are 200 steps, 3,361 pictures are 1,344.
    ("unused", "every"),
    [((), 20), (("exemplar_classes",), 134)],
)
def test_an_epoch_of_exemplars_has_one_copy_of_each_patch(unused, every):
    given = {"train_epochs": 20.0, "train_batch_size": 50}
    choices = plan.plan(SOME, given, LAPTOP, unused)
    assert choices["checkpoint_steps"].value == every
    assert ("exemplar_classes" in choices) == (not unused)
