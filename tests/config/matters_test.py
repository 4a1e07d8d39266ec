"""Every field says when it has an effect, in conditions that can hold and can fail."""

import pytest

from tf_simclr.config import Config, flag_fields, matters
from tf_simclr.config.choices import MODES, TRAIN_MODES
from tf_simclr.config.fields import decides, flag
from tf_simclr.config.matters import (
    AT_THE_START,
    CONTRASTIVE,
    EVALUATING,
    EXPORTING,
    TRAINING,
    Modes,
    Settings,
)

CONDITIONS = {
    name: value for name, value in vars(matters).items() if isinstance(value, Modes | Settings)
}
# Together they make every condition hold and fail; a teacher and a start are given where needed.
SITUATIONS = [
    {"mode": mode, "train_mode": train_mode, "teacher": "a", **settings}
    for mode in MODES
    for train_mode in TRAIN_MODES
    for settings in (
        {},
        {"use_tpu": True, "memory_size": 2, "train_steps": 1, "checkpoint_steps": 1},
        {"lineareval_while_pretraining": False, "use_blur": False, "proj_head_mode": "none"},
        {"image_size": 8, "optimizer": "adam", "proj_head_mode": "linear"},
        {"view_operations": "crop,flip"},
        {"loss": "margin_triplet"},
        {"classify_pyramid": True},
        {"pretext_task": "rotation"},
        {"pretext_task": "exemplar"},
        {"pretext_task": "relative_position", "image_size": 24},
        {"dataset": "image_folder", "data_dir": "a", "fine_tune_after_block": 4},
        {"checkpoint": None if train_mode == "supervised" else "a", "distill_alpha": 0.5},
    )
]


@pytest.mark.parametrize("field", flag_fields(), ids=lambda field: field.name)
def test_every_flag_says_when_it_matters_or_that_it_always_does(field):
    modes, *others = field.metadata["only"]
    assert isinstance(modes, Modes)  # The broadest condition comes first.
    assert all(isinstance(condition, Settings) for condition in others)


def test_a_flag_that_does_not_say_it_cannot_be_defined():
    with pytest.raises(TypeError, match="only"):
        flag(0.0, "Something new.")


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_can_hold_and_can_fail_and_then_has_a_reason(name):
    said = {CONDITIONS[name].why_not(Config.from_flat(values)) for values in SITUATIONS}
    assert "" in said
    assert (len(said) > 1) == (name not in ("ALWAYS", "AT_THE_START"))
    assert all(reason.startswith(("with", "where")) and "{" not in reason for reason in said - {""})


def test_what_is_handed_out_brings_its_settings_but_not_its_machine():
    """--mode=embed --max_bad_images=.1: the data set is that of the run, not yet known."""
    embeds = Config.from_flat({"mode": "embed"})
    assert matters.IN_FOLDER.why_not(embeds) == ""
    assert matters.ON_TPU.why_not(embeds) == "without --use_tpu"


@pytest.mark.parametrize(
    ("modes", "mode", "reason"),
    [
        (TRAINING, "train", ""),
        (TRAINING, "eval", "with --mode=eval, which evaluates the run in --model_dir"),
        (TRAINING, "embed", "with --mode=embed, which uses the settings of the trained run"),
        (EVALUATING, "train", "with --mode=train"),
        (EXPORTING, "train_then_eval", "without --mode=export"),
        (EXPORTING | TRAINING, "train", ""),
        (EXPORTING | TRAINING, "export", ""),
        (matters.SHOWN, "eval", ""),
        (matters.SHOWN | EXPORTING, "eval", ""),
    ],
)
def test_modes(modes, mode, reason):
    assert modes.why_not(Config.from_flat({"mode": mode, "output": "a.npz"})) == reason


def test_what_is_only_shown_decides_nothing():
    fields = {field.name: field for field in flag_fields()}
    assert decides(fields["weight_decay"], "train")
    assert not decides(fields["weight_decay"], "eval")
    assert not decides(fields["use_blur"], "eval")
    assert decides(fields["image_size"], "embed")


def test_flags_of_the_start_are_those_that_a_run_going_on_does_not_read():
    starting = [f.name for f in flag_fields() if AT_THE_START in f.metadata["only"]]
    assert sorted(starting) == [
        "checkpoint",
        "train_minutes",
        "use_ema_weights",
        "variable_schema",
        "zero_init_logits_layer",
    ]


def test_flags_that_say_the_same_know_each_other():
    """Those of which one decides where both are given; of the others at most one may be."""
    known = {f.name: f.metadata["instead_of"] for f in flag_fields() if f.metadata["instead_of"]}
    overridden = {"train_epochs": ("train_steps",), "checkpoint_epochs": ("checkpoint_steps",)}
    assert overridden.items() <= known.items()
    for name in known.keys() - overridden:
        assert all(name in known[other] for other in known[name])


def test_another_pretext_task_says_that_it_ignores_the_loss():
    other = Config.from_flat({"pretext_task": "rotation"})
    reasons = [condition.why_not(other) for condition in CONTRASTIVE]
    assert [reason for reason in reasons if reason] == ["with --pretext_task=rotation"]
    only = {field.name: field.metadata["only"] for field in flag_fields()}
    of_loss = {name for name in only if only[name][: len(CONTRASTIVE)] == CONTRASTIVE}
    assert {"loss", "loss_implementation", "temperature", "hidden_norm", "memory_size"} <= of_loss
    assert {"negatives", "semi_hard", "triplet_margin"} <= of_loss
