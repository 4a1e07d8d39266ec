"""Choices by the pictures; the expected values are those that docs/choosing.md gives."""

import dataclasses

import pytest

from tf_simclr.choosing import pictures
from tf_simclr.data.facts import Facts

SOME = Facts(pictures=3361, labelled=0, classes=0, side=300, gray=0.0)
MANY = dataclasses.replace(SOME, pictures=200_000)


def test_the_split_to_judge_on():
    assert pictures.eval_split(["train", "validation", "test"]).value == "test"
    assert pictures.eval_split(["train", "validation"]).value == "validation"
    assert pictures.eval_split(["train", "held_out"]).value == "held_out"
    assert pictures.eval_split(["train"]).value == "held_out"


@pytest.mark.parametrize(
    ("count", "replicas", "batch"),
    # About 30 steps an epoch, from 32 to 512, never more than there are, shared evenly.
    [(3361, 1, 128), (500, 1, 32), (40, 1, 32), (20, 1, 20), (10**6, 1, 512), (3361, 3, 129)]
    + [(20, 3, 18), (2, 1, 2)],
)
def test_the_batch(count, replicas, batch):
    facts = dataclasses.replace(SOME, pictures=count)
    assert pictures.batch(facts, replicas).value == batch
    assert f"{count:,} pictures" in pictures.batch(facts, replicas).reason


def test_views_are_the_papers_for_many_pictures_and_milder_for_few():
    assert pictures.crop_area(SOME).value == 0.25 and pictures.crop_area(MANY).value == 0.08
    between = dataclasses.replace(SOME, pictures=50_000)
    assert pictures.crop_area(between).value == 0.15
    assert pictures.colour_strength(SOME).value == 0.6
    assert pictures.colour_strength(MANY).value == 1.0
    assert pictures.temperature(SOME).value == 0.07 and pictures.temperature(MANY).value == 0.1


@pytest.mark.parametrize(("gray", "strength"), [(0.0, 0.6), (0.89, 0.6), (0.9, 0.4), (1.0, 0.4)])
def test_gray_pictures_have_a_jitter_of_their_own(gray, strength):
    choice = pictures.colour_strength(dataclasses.replace(SOME, gray=gray))
    assert choice.value == strength
    assert ("gray" in choice.reason) == (strength == 0.4)


@pytest.mark.parametrize(("side", "blurred"), [(48, False), (95, False), (96, True), (224, True)])
def test_small_views_are_not_blurred(side, blurred):
    assert pictures.blur(side).value is blurred


def test_a_head_is_trained_alongside_where_there_are_labels():
    assert pictures.head_alongside(SOME).value is False
    assert pictures.head_alongside(dataclasses.replace(SOME, labelled=1)).value is True


@pytest.mark.parametrize(
    ("count", "classes"),
    [(2, 32), (31, 496), (32, 500), (4000, 500), (4008, 501), (64_000, 8000), (10**6, 8000)],
)
def test_exemplars_have_a_class_for_eight_pictures_within_bounds(count, classes):
    assert pictures.exemplar_classes(dataclasses.replace(SOME, pictures=count)).value == classes


@pytest.mark.parametrize(("side", "share"), [(48, 1.0), (64, 1.0), (96, 0.875), (224, 0.875)])
def test_small_pictures_are_judged_whole(side, share):
    assert pictures.center_crop(side).value == share
