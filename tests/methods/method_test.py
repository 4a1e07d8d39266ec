"""What every method must define, and what it refuses."""

import dataclasses

import numpy as np
import pytest

from tf_simclr import methods, things
from tf_simclr.architectures.resnet import ResNetArchitecture
from tf_simclr.config import Config
from tf_simclr.config.choices import PRETEXT_TASKS, TRAIN_MODES
from tf_simclr.methods.method import Method

METHODS = [*PRETEXT_TASKS, *(mode for mode in TRAIN_MODES if mode != "pretrain")]


def chosen(word):
    """The flags by which a method is chosen."""
    return {"pretext_task": word} if word in PRETEXT_TASKS else {"train_mode": word}


CONTRADICTIONS = [
    (
        {"train_mode": "distill"},
        "`teacher` must name the teacher to learn from with --train_mode=distill",
    ),
    (
        {"train_mode": "supervised", "checkpoint": "a"},
        "`checkpoint` must be left out with --train_mode=supervised, which starts from scratch",
    ),
    (
        {"train_batch_size": 512, "microbatches": 3},
        "`microbatches` must divide train_batch_size=512",
    ),
    ({"ft_proj_selector": 4}, "`ft_proj_selector` must be from -1 to 3, the layers of this"),
    ({"ft_proj_selector": 1, "proj_head_mode": "none"}, "`ft_proj_selector` must be from -1 to 0"),
    ({"ft_proj_selector": 2, "proj_head_mode": "linear"}, "`ft_proj_selector` must be from -1 to"),
    ({"ft_proj_selector": -2}, "`ft_proj_selector` must be from -1 to 3"),
    ({"train_batch_size": 1}, "`train_batch_size` must be at least 2 to pretrain"),
]


@pytest.mark.parametrize(("values", "message"), CONTRADICTIONS, ids=lambda case: str(case)[:40])
def test_settings_that_contradict_each_other_are_refused(values, message):
    with pytest.raises(ValueError) as caught:
        methods.checked(Config.from_flat(values))
    assert message in str(caught.value)
    assert f"Received: {message.split('`')[1]}=" in str(caught.value)


def test_a_pyramid_needs_an_encoder_that_has_one(monkeypatch):
    reads = {"classify_pyramid": True, "train_mode": "finetune"}
    methods.checked(Config.from_flat(reads))
    monkeypatch.setattr(ResNetArchitecture, "has_pyramid", False)
    methods.checked(Config.from_flat(reads | {"train_mode": "pretrain"}))
    with pytest.raises(ValueError) as caught:
        methods.checked(Config.from_flat(reads))
    assert str(caught.value) == (
        "`classify_pyramid` needs an encoder with several stages, and this is a ResNet. Received:"
        " classify_pyramid=True."
    )


def test_what_does_not_concern_a_method_is_not_refused():
    for values in (
        {"train_batch_size": 1, "train_mode": "finetune"},
        {"train_batch_size": 512, "microbatches": 3, "train_mode": "finetune"},
        {"train_mode": "distill", "mode": "eval"},
        {"train_mode": "supervised", "checkpoint": "a", "mode": "export"},
    ):
        methods.checked(Config.from_flat(values))


@pytest.mark.parametrize("word", METHODS)
def test_every_method_says_its_words(word):
    words = things.load("methods", word).words
    for field in dataclasses.fields(words):
        assert getattr(words, field.name) or field.name in ("beside", "asked"), field.name
    assert words.learned.format("emoji32") != words.learned
    assert words.learned.endswith(".")
    assert "learning_rate" in words.curves


def test_no_two_methods_have_the_same_words():
    for name in ("title", "learned", "classifier"):
        said = [getattr(things.load("methods", word).words, name) for word in METHODS]
        assert len(set(said)) == len(METHODS)


@pytest.mark.parametrize("word", METHODS)
def test_every_scalar_on_the_page_is_one_that_the_network_writes(word):
    tiny = {"resnet_depth": 10, "width_multiplier": 0.0625, "image_size": 24, "proj_out_dim": 8}
    config = Config.from_flat(tiny | chosen(word))
    lesson = methods.Lesson(3, teacher=lambda images: images[:, 0, 0])
    net = methods.network(config, lesson, training=True)
    words = methods.method_of(config).words
    written = {"learning_rate", *(f"train/{name}" for name in net.METRICS)}
    assert {theirs for theirs, _ in words.beside.values()} <= written
    scores = ("rankme", "feature_std", "knn_top1", "linear_probe_top1")
    looks = {f"train/look_{name}" for name in scores} if word in PRETEXT_TASKS else set()
    assert set(words.curves) <= written | set(words.beside) | looks
    assert {shown.mean for group in words.line for shown in group} <= set(net.METRICS)


def test_the_loss_is_shown_in_the_papers_scale_and_written_in_the_originals():
    """The original adds the losses of both views; equation 1 of the paper is the mean of all."""
    words = things.load("methods", "simclr").words
    (loss,) = words.line[0]
    assert loss.text(7.0) == "loss 3.50"
    scalars = {"train/contrast_loss": (np.array([10]), np.array([7.0]))}
    complete = words.complete(scalars)
    assert complete["train/contrast_loss"] == scalars["train/contrast_loss"]
    assert complete["train/contrastive_loss_per_view"] == (np.array([10]), np.array([3.5]))
    written = {"train/contrastive_loss_per_view": (np.array([10]), np.array([3.0]))}
    assert words.complete(scalars | written) == scalars | written


def test_a_method_is_chosen_by_mode_and_task():
    for word in METHODS:
        config = Config.from_flat(chosen(word))
        assert methods.method_of(config) is things.load("methods", word)
        assert isinstance(methods.method_of(config), Method)


@pytest.mark.parametrize(
    ("word", "share"), [("simclr", 0.5), ("rotation", 1.0), ("supervised", 0.25)]
)
def test_small_views_count_by_their_area(word, share):
    config = Config.from_flat({"image_size": 48, "view_size": 24, **chosen(word)})
    assert methods.method_of(config).views_of_each(config) == share
