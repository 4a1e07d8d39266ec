"""Settings: the original's defaults, ranges, contradictions, JSON both ways."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tf_simclr import config as config_package
from tf_simclr.config import (
    Config,
    flag_fields,
)
from tf_simclr.config.choices import PRETEXT_TASKS, VIEW_OPERATIONS, VIEWS_OF_TASKS
from tf_simclr.config.fields import plain_type

# The original's run.py, flag by flag; use_tpu is True there.
ORIGINAL = {
    "learning_rate": 0.3,
    "learning_rate_scaling": "linear",
    "warmup_epochs": 10.0,
    "weight_decay": 1e-6,
    "batch_norm_decay": 0.9,
    "train_batch_size": 512,
    "train_split": "train",
    "train_epochs": 100,
    "train_steps": 0,
    "eval_steps": 0,
    "eval_batch_size": 256,
    "checkpoint_epochs": 1,
    "checkpoint_steps": 0,
    "eval_split": "validation",
    "dataset": "imagenet2012",
    "cache_dataset": False,
    "mode": "train",
    "train_mode": "pretrain",
    "lineareval_while_pretraining": True,
    "checkpoint": None,
    "zero_init_logits_layer": False,
    "fine_tune_after_block": -1,
    "master": None,
    "model_dir": None,
    "data_dir": None,
    "use_tpu": False,
    "tpu_name": None,
    "tpu_zone": None,
    "gcp_project": None,
    "optimizer": "lars",
    "momentum": 0.9,
    "eval_name": None,
    "keep_checkpoint_max": 5,
    "keep_hub_module_max": 1,
    "temperature": 0.1,
    "hidden_norm": True,
    "proj_head_mode": "nonlinear",
    "proj_out_dim": 128,
    "num_proj_layers": 3,
    "ft_proj_selector": 0,
    "global_bn": True,
    "width_multiplier": 1,
    "resnet_depth": 50,
    "sk_ratio": 0.0,
    "se_ratio": 0.0,
    "image_size": 224,
    "color_jitter_strength": 1.0,
    "use_blur": True,
    # TF1 only.
    "train_summary_steps": 100,
    "variable_schema": None,
}
# Not at its default, and not with an effect on any other flag's range.
CHANGED = {
    "mode": "eval",
    "model_dir": "runs/a",
    "use_tpu": True,
    "width_multiplier": 0.25,
    "train_steps": 7,
    "use_blur": False,
    "checkpoint": "runs/b",
    "sk_ratio": 0.0625,
}

WRONG = [
    ({"label_fraction": 0.0}, "`label_fraction` must be in (0, 1]. Received: label_fraction=0.0"),
    ({"label_fraction": 1.5}, "`label_fraction` must be in (0, 1]"),
    ({"labels_per_class": -1}, "`labels_per_class` must be at least 0"),
    ({"label_list": ""}, "`label_list` must be a path, or left out"),
    (
        {"label_fraction": 0.5, "labels_per_class": 3},
        "`labels_per_class` must be the only way to choose labels, and label_fraction is given",
    ),
    ({"memory_size": -1}, "`memory_size` must be at least 0"),
    ({"ema_decay": 1.0}, "`ema_decay` must be in [0, 1)"),
    ({"probe_grid": "long"}, "`probe_grid` must be one of ('short', 'paper')"),
    ({"teacher": ""}, "`teacher` must be a path, or left out"),
    ({"distill_temperature": 0.0}, "`distill_temperature` must be above 0"),
    ({"distill_alpha": 1.1}, "`distill_alpha` must be in [0, 1]"),
    ({"microbatches": 0}, "`microbatches` must be at least 1"),
    ({"loss": "triplet"}, "`loss` must be one of"),
    ({"negatives": "all"}, "`negatives` must be one of ('both', 'other')"),
    ({"triplet_margin": -0.1}, "`triplet_margin` must be at least 0"),
    ({"loss_implementation": "sparse"}, "`loss_implementation` must be one of"),
    ({"precision": "float16"}, "`precision` must be one of"),
    ({"augment_on": "gpu"}, "`augment_on` must be one of"),
    ({"blur_sigma": "none"}, "`blur_sigma` must be one of"),
    (
        {"mode": "test"},
        "`mode` must be one of ('train', 'eval', 'train_then_eval', 'export', 'embed', 'report').",
    ),
    (
        {"export_format": "pdf"},
        "`export_format` must be one of ('hub_module', 'saved_model', 'onnx",
    ),
    ({"export_image_size": -1}, "`export_image_size` must be at least 0."),
    ({"export_epochs": -0.5}, "`export_epochs` must be at least 0."),
    ({"output": ""}, "`output` must be a path, or left out."),
    ({"train_mode": "both"}, "`train_mode` must be one of ('pretrain', 'finetune', 'supervised', "),
    ({"seed": -1}, "`seed` must be from 0 to 2**32 - 1. Received: seed=-1."),
    ({"seed": 2**32}, "`seed` must be from 0 to 2**32 - 1."),
    ({"dataset": ""}, "`dataset` must be a name. Received: dataset=''."),
    ({"image_size": 0}, "`image_size` must be at least 1. Received: image_size=0."),
    ({"color_jitter_strength": -0.1}, "`color_jitter_strength` must be at least 0."),
    ({"min_crop_area": 0.0}, "`min_crop_area` must be in (0, 1]. Received: min_crop_area=0.0."),
    ({"max_bad_images": 1.5}, "`max_bad_images` must be in [0, 1]."),
    ({"resnet_depth": 20}, "`resnet_depth` must be one of (10, 18, 34, 50, 101, 152, 200)."),
    ({"width_multiplier": 0.0}, "`width_multiplier` must be above 0."),
    ({"sk_ratio": 2.0}, "`sk_ratio` must be in [0, 1]. Received: sk_ratio=2.0."),
    ({"se_ratio": -1.0}, "`se_ratio` must be in [0, 1]."),
    ({"batch_norm_decay": 1.0}, "`batch_norm_decay` must be in [0, 1)."),
    ({"proj_head_mode": "mlp"}, "`proj_head_mode` must be one of ('none', 'linear', 'nonlinear')."),
    ({"proj_out_dim": 0}, "`proj_out_dim` must be at least 1."),
    ({"num_proj_layers": 0}, "`num_proj_layers` must be at least 1."),
    ({"temperature": 0.0}, "`temperature` must be above 0. Received: temperature=0.0."),
    ({"optimizer": "sgd"}, "`optimizer` must be one of ('momentum', 'adam', 'lars', 'lamb')."),
    (
        {"view_operations": "crop,flip,blur", "use_blur": False},
        "`use_blur` must not be False where blur is in --view_operations",
    ),
    (
        {"second_view_operations": "crop,blur", "use_blur": False},
        "`use_blur` must not be False where blur is in --view_operations or --second_view_operat",
    ),
    (
        {"view_operations": "crop,color", "color_jitter_strength": 0.0},
        "`color_jitter_strength` must not be 0 where color is in --view_operations",
    ),
    ({"extra_augmentation": "x"}, "`extra_augmentation` must be one of ('none', 'rotate',"),
    (
        {"view_operations": "crop,flipp"},
        f"`view_operations` must name only operations of {VIEW_OPERATIONS}, not 'flipp'."
        " Received: view_operations='crop,flipp'."
        " Separate them by commas.",
    ),
    ({"view_operations": ""}, "`view_operations` must name only operations of"),
    (
        {"second_view_operations": "crop flip"},
        "`second_view_operations` must name only operations of",
    ),
    (
        {"view_operations": "flip,crop"},
        "`view_operations` must begin with crop and name it once: crop gives pictures their size."
        " Received: view_operations='flip,crop'.",
    ),
    ({"second_view_operations": "flip"}, "`second_view_operations` must begin with crop"),
    ({"view_operations": "crop,flip,crop"}, "`view_operations` must begin with crop"),
    (
        {"view_operations": "crop,flip", "extra_augmentation": "rotate"},
        "`extra_augmentation` must be left out with view_operations='crop,flip'."
        " Received: extra_augmentation='rotate'. Name the operation there.",
    ),
    ({"learning_rate": 0.0}, "`learning_rate` must be above 0."),
    ({"learning_rate_scaling": "cube"}, "`learning_rate_scaling` must be one of"),
    ({"warmup_epochs": -1.0}, "`warmup_epochs` must be at least 0."),
    ({"weight_decay": -1e-6}, "`weight_decay` must be at least 0."),
    ({"momentum": 1.0}, "`momentum` must be in [0, 1)."),
    ({"train_batch_size": 0}, "`train_batch_size` must be at least 1."),
    ({"train_epochs": 0.0}, "`train_epochs` must be above 0."),
    ({"train_steps": -1}, "`train_steps` must be at least 0."),
    ({"steps_per_execution": 0}, "`steps_per_execution` must be at least 1."),
    ({"checkpoint_epochs": 0.0}, "`checkpoint_epochs` must be above 0."),
    ({"checkpoint_steps": -1}, "`checkpoint_steps` must be at least 0."),
    ({"keep_checkpoint_max": -1}, "`keep_checkpoint_max` must be at least 0."),
    ({"train_summary_steps": -1}, "`train_summary_steps` must be at least 0."),
    ({"train_minutes": -1.0}, "`train_minutes` must be at least 0."),
    ({"eval_batch_size": 0}, "`eval_batch_size` must be at least 1."),
    ({"eval_steps": -1}, "`eval_steps` must be at least 0."),
    ({"judge_examples": 0}, "`judge_examples` must be at least 1."),
    ({"keep_hub_module_max": -1}, "`keep_hub_module_max` must be at least 0."),
    ({"fine_tune_after_block": -2}, "`fine_tune_after_block` must be at least -1."),
    ({"variable_schema": "(head"}, "`variable_schema` must be a regular expression (missing ),"),
    (
        {"variable_schema": "a{99999999999}"},
        "`variable_schema` must be a regular expression (the r",
    ),
    ({"variable_schema": "?!head"}, "`variable_schema` must be a regular expression (nothing to"),
    ({"checkpoint": ""}, "`checkpoint` must be a path, or left out. Received: checkpoint=''."),
    # Types, as a damaged flags.json may have them.
    ({"image_size": "32"}, "`image_size` must be a value of type int. Received: image_size='32'."),
    ({"image_size": 32.5}, "`image_size` must be a value of type int."),
    ({"image_size": True}, "`image_size` must be a value of type int."),
    ({"use_blur": 1}, "`use_blur` must be a value of type bool."),
    ({"dataset": None}, "`dataset` must be a value of type str."),
    # Contradictions.
    ({"dataset": "image_folder"}, "`data_dir` must name the folder of pictures"),
    ({"dataset": "image_folder", "data_dir": ""}, "`data_dir` must name the folder of pictures"),
    (
        {"tpu_name": "a", "master": "b"},
        "`master` must not be another TPU than tpu_name='a'. Received: master='b'.",
    ),
]


def test_defaults_are_the_originals():
    defaults = Config().flat()
    assert {name: defaults[name] for name in ORIGINAL} == ORIGINAL


@pytest.mark.parametrize("values", [{}, CHANGED], ids=["defaults", "changed"])
def test_json_round_trip(values):
    config = Config.from_flat(values)
    assert Config.from_json(config.to_json()) == config
    assert json.loads(config.to_json()) == config.flat()


def test_every_field_has_help_and_a_unique_name():
    fields = flag_fields()
    assert len({field.name for field in fields}) == len(fields)
    assert all(field.metadata["help"].endswith(".") for field in fields)


@pytest.mark.parametrize(("values", "message"), WRONG, ids=lambda case: str(case)[:40])
def test_refuses_what_is_out_of_range_and_says_the_rule(values, message):
    with pytest.raises(ValueError) as caught:
        Config.from_flat(values)
    assert message in str(caught.value)
    assert f"Received: {message.split('`')[1]}=" in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", [f.name for f in flag_fields() if f.type is float])
def test_refuses_numbers_that_are_not_finite(name, value):
    with pytest.raises(ValueError, match=rf"`{name}` must be a finite number. Received: {name}="):
        Config.from_flat({name: value})


def test_accepts_the_edges():
    Config.from_flat({"min_crop_area": 1.0, "max_bad_images": 0.0, "weight_decay": 0.0})
    Config.from_flat({"train_epochs": 0.0, "train_steps": 1})
    Config.from_flat({"resnet_depth": 18, "sk_ratio": 0.0625})
    Config.from_flat({"tpu_name": "a", "master": "a", "use_tpu": True})
    assert Config.from_flat({"width_multiplier": 2}).model.width_multiplier == 2


def test_unknown_names_are_named():
    with pytest.raises(ValueError, match="Unknown settings: depth, lr."):
        Config.from_flat({"lr": 1.0, "depth": 50, "seed": 1})


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"seed"', '{"seed": "a"}', '{"a": 1}'])
def test_refuses_json_that_is_no_settings(text):
    with pytest.raises(ValueError):
        Config.from_json(text)


def test_it_knows_what_was_given_and_compares_and_writes_it_not():
    config = Config.from_flat({"seed": 0, "sk_ratio": 0.5}, given={"seed", "sk_ratio"}, typed=())
    assert (config.given, config.typed) == ({"seed", "sk_ratio"}, set())
    silent = Config.from_flat({"sk_ratio": 0.5}, given=())
    assert (config, config.to_json()) == (silent, silent.to_json())


def test_without_being_told_what_is_not_at_its_default_was_given():
    config = Config.from_flat({"seed": 0, "sk_ratio": 0.5})
    assert config.given == config.typed == {"sk_ratio"}
    assert Config.from_flat({"seed": 1}, given={"mode"}).typed == {"mode"}
    assert Config().given == set()


def test_what_is_replaced_was_not_given():
    config = Config.from_flat({"seed": 3}, given={"seed", "mode"}, typed={"mode"})
    other = config.replaced({"resnet_depth": 18})
    assert other == Config.from_flat({"seed": 3, "resnet_depth": 18})
    assert (other.given, other.typed) == ({"seed", "mode"}, {"mode"})
    with pytest.raises(ValueError, match="Unknown settings: depth"):
        config.replaced({"depth": 18})


def test_settings_of_before_a_flag_was_renamed_load(monkeypatch):
    monkeypatch.setitem(config_package.RENAMED, "depth", "resnet_depth")
    assert Config.from_json('{"depth": 18, "seed": 2}').flat()["resnet_depth"] == 18
    with pytest.raises(ValueError, match="Unknown settings: width."):
        Config.from_json('{"depth": 18, "width": 2}')


def test_a_renamed_flag_goes_by_a_name_that_there_is():
    names = {field.name for field in flag_fields()}
    assert set(config_package.RENAMED.values()) <= names
    assert not set(config_package.RENAMED) & names


@pytest.mark.parametrize(
    ("mode", "layers"), [("none", 0), ("linear", 1), ("nonlinear", 3)], ids=str
)
def test_layers_of_the_projection_head(mode, layers):
    assert Config.from_flat({"proj_head_mode": mode}).model.num_projections == layers


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({}, "host"),
        ({"augment_on": "device"}, "device"),
        ({"use_tpu": True}, "device"),
        # Settings of before "auto" was there say host, and mean it.
        ({"use_tpu": True, "augment_on": "host"}, "host"),
    ],
)
def test_views_are_made_on_the_device_of_a_tpu_unless_it_is_said_where(settings, place):
    assert Config.from_json(json.dumps(settings)).views_on == place


def test_reading_a_config_imports_neither_tensorflow_nor_absl():
    code = "import sys, tf_simclr.config; sys.exit(bool({'tensorflow', 'absl'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


PATHS = ("model_dir", "data_dir", "label_list", "output", "checkpoint", "teacher")


@pytest.mark.parametrize("name", PATHS)
def test_a_path_may_begin_at_the_users_home(name, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    for given, path in {
        "~/x": "/home/ann/x",
        "~": "/home/ann",
        "a/~/x": "a/~/x",
        "./~x": "./~x",
        "gs://bucket/~/x": "gs://bucket/~/x",
    }.items():
        assert Config.from_flat({name: given}).flat()[name] == path


def test_every_setting_that_is_a_path_is_known_as_one():
    """Text without choices that is no path is a name: of data, a split, a TPU, a pattern."""
    texts = [f for f in flag_fields() if plain_type(f) is str and not f.metadata["choices"]]
    assert sorted(f.name for f in texts if f.metadata["path"]) == sorted(PATHS)
    assert {f.name for f in texts if not f.metadata["path"]} == {
        *("tpu_name", "tpu_zone", "gcp_project", "master", "dataset", "variable_schema"),
        *("train_split", "eval_split", "embed_split", "eval_name", "judge_endpoints"),
        *("view_operations", "second_view_operations"),
    }


def test_numbers_of_numpy_and_paths_become_what_json_can_write():
    """A study's grid is often one of NumPy's."""
    values = {
        "train_steps": np.int64(3),
        "learning_rate": np.float32(0.5),
        "model_dir": pathlib.Path("runs") / "a",
    }
    config = Config.from_flat(values)
    assert json.loads(config.to_json())["train_steps"] == 3
    assert type(config.optimization.learning_rate) is float
    assert config.run.model_dir == "runs/a"


@pytest.mark.parametrize(
    ("values", "operations"),
    [
        ({}, ("crop,flip,color,gray,blur",) * 2),
        ({"use_blur": False}, ("crop,flip,color,gray",) * 2),
        ({"color_jitter_strength": 0.0}, ("crop,flip,blur",) * 2),
        ({"extra_augmentation": "rotate"}, ("crop,flip,rotate,color,gray,blur",) * 2),
        ({"view_operations": "crop,gray", "color_jitter_strength": 0.0}, ("crop,gray",) * 2),
        (
            {"use_blur": False, "second_view_operations": "crop,cutout"},
            ("crop,flip,color,gray", "crop,cutout"),
        ),
    ],
)
def test_older_flags_leave_operations_out_of_the_default_alone(values, operations):
    found = Config.from_flat(values).operations
    assert tuple(",".join(view) for view in found) == operations


def test_a_default_that_an_older_run_wrote_out_is_still_the_default():
    """Else a run that goes on would be told of a setting that has changed."""
    written = json.dumps({"view_operations": "crop,flip,color,gray,blur", "use_blur": False})
    assert Config.from_json(written) == Config.from_flat({"use_blur": False})
    rotated = {"pretext_task": "rotation", "view_operations": "crop,flip,color,gray,blur"}
    assert Config.from_json(json.dumps(rotated)).changed() == rotated


def test_every_task_with_views_of_its_own_is_a_task():
    assert VIEWS_OF_TASKS.keys() <= set(PRETEXT_TASKS)
    for task, operations in VIEWS_OF_TASKS.items():
        config = Config.from_flat({"pretext_task": task, "view_operations": operations})
        assert config.operations == Config.from_flat({"pretext_task": task}).operations


def test_changed_flags_are_those_that_are_not_at_their_default():
    changed = {"mode": "eval", "use_blur": False, "sk_ratio": 0.0625, "checkpoint": "runs/b"}
    assert Config().changed() == {}
    assert Config.from_flat(changed | {"seed": 0}).changed() == changed
