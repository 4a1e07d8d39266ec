"""The checkpoint that a run starts from, and its architecture from settings or variables."""

import shutil
import sys

import pytest
import small_architecture
import tensorflow as tf
from golden import released

from tf_simclr import load_encoder, methods
from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.config import Config, choices
from tf_simclr.pretrained import origins

SMALL = {"width_multiplier": 0.0625, "image_size": 16, "proj_out_dim": 8}


def parts_of(**settings):
    config = Config.from_flat(SMALL | settings)
    return config, methods.network(config, methods.Lesson(3)).parts()


def write(folder, config, parts):
    """A TensorFlow 1 checkpoint in `folder`; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    released.write_tensorflow_1(
        folder / "model.ckpt-3", released.tensors(parts, architecture_of(config.flat()).skeleton)
    )
    return str(folder)


def write_own(folder, config, parts):
    """A checkpoint of this project in `folder`, without settings; its prefix."""
    del config
    return tf.train.Checkpoint(**parts).write(str(folder / "own"))


def finetuning(path, given=(), **settings):
    """The adopted config of a fine-tuning from `path` whose flags `settings` were given."""
    values = {"train_mode": "finetune", "checkpoint": path} | settings
    return adopted(Config.from_flat(values, given={*given, *settings}))


def adopted(config):
    return origins.adopt_architecture(config, origins.origin_of(config))


@pytest.fixture(scope="module")
def r18(tmp_path_factory):
    """A released ResNet-18 with three projection layers and three classes."""
    config, parts = parts_of(resnet_depth=18)
    return write(tmp_path_factory.mktemp("r18"), config, parts)


@pytest.mark.parametrize("save", [write, write_own])
@pytest.mark.parametrize(
    "settings",
    [
        {"resnet_depth": 18, "image_size": 64},
        {"resnet_depth": 34, "num_proj_layers": 2},
        {"resnet_depth": 50, "proj_head_mode": "linear"},
        {"resnet_depth": 18, "sk_ratio": 0.0625, "image_size": 64, "proj_head_mode": "none"},
        {"resnet_depth": 50, "sk_ratio": 0.0625, "image_size": 64},
        {"resnet_depth": 50, "sk_ratio": 0.3, "se_ratio": 0.3, "width_multiplier": 0.3},
        {"resnet_depth": 18, "se_ratio": 0.25, "width_multiplier": 0.1},
    ],
    ids=str,
)
def test_the_architecture_is_read_off_the_variables(tmp_path, settings, save):
    config, parts = parts_of(**settings)
    path = save(tmp_path, config, parts)
    found = origins.open_checkpoint(path).architecture
    assert architecture_of(config.flat()).misfits(found) == {}
    ours = Config.from_flat(found.settings())
    same = methods.network(ours, methods.Lesson(3)).parts()
    assert [v.shape for v in same["encoder"].variables] == [
        v.shape for v in parts["encoder"].variables
    ]
    assert [v.shape for v in same["projection_head"].variables] == [
        v.shape for v in parts["projection_head"].variables
    ]
    assert load_encoder(path).num_features == parts["encoder"].num_features


def test_flags_that_were_not_given_are_taken_from_the_variables(r18, capsys):
    config = finetuning(r18)
    assert config.model.resnet_depth == 18
    assert config.model.width_multiplier == 0.0625
    assert config.model.proj_out_dim == 8
    assert config.data.image_size == 32  # The largest that has the stem for small images.
    assert f"From {r18}: --resnet_depth=18, --width_multiplier=0.0625" in capsys.readouterr().out


def test_given_flags_that_agree_are_kept(r18, capsys):
    config = finetuning(r18, resnet_depth=18, image_size=16, width_multiplier=0.0626)
    assert (config.data.image_size, config.model.width_multiplier) == (16, 0.0626)
    assert capsys.readouterr().out == f"From {r18}: --proj_out_dim=8.\n"


@pytest.mark.parametrize(
    ("given", "give"),
    [
        ({"resnet_depth": 34}, "--resnet_depth=18"),
        ({"width_multiplier": 1.0}, "--width_multiplier=0.0625"),
        ({"sk_ratio": 0.5, "image_size": 224}, "--image_size=32"),
        ({"se_ratio": 0.25}, "--se_ratio=0.0"),
        ({"num_proj_layers": 2}, "--num_proj_layers=3"),
        ({"proj_out_dim": 128}, "--proj_out_dim=8"),
        ({"proj_head_mode": "none"}, "--proj_head_mode=nonlinear"),
    ],
    ids=str,
)
def test_given_flags_that_contradict_are_refused_with_what_was_found(r18, given, give):
    with pytest.raises(ValueError, match="`checkpoint` does not fit this architecture") as caught:
        finetuning(r18, **given)
    said = str(caught.value)
    assert "found ResNet-18 x 0.0625, se_ratio 0, a stem for small images, a nonlinear" in said
    assert "projection head of 3 layers to 8. Received: checkpoint=" in said
    assert f"{list(given)[-1]}={list(given.values())[-1]!r}. Give {give}, or leave" in said


def test_a_default_that_was_given_contradicts_too(r18):
    with pytest.raises(ValueError, match=r"resnet_depth=50. Give --resnet_depth=18"):
        finetuning(r18, given={"resnet_depth"})


def test_a_head_that_is_not_restored_may_be_of_any_kind(r18):
    config = finetuning(r18, num_proj_layers=2, variable_schema="(?!head)")
    assert (config.model.num_proj_layers, config.model.proj_out_dim) == (2, 128)


def test_a_run_of_this_project_tells_its_architecture_too(trained_run, capsys):
    for path in (trained_run, f"{trained_run}/ckpt-2", f"{trained_run}/saved_model/3"):
        config = finetuning(path)
        assert (config.model.resnet_depth, config.model.width_multiplier) == (10, 0.0625)
        assert config.data.image_size == 16  # Of pictures that have the stem for small images.
    with pytest.raises(ValueError, match=r"resnet_depth=34. Give --resnet_depth=10"):
        finetuning(trained_run, resnet_depth=34)


def test_of_a_checkpoint_without_settings_the_variables_tell_it(trained_run, tmp_path):
    for path in tf.io.gfile.glob(f"{trained_run}/ckpt-3*"):
        shutil.copy(path, tmp_path)
    adopted = finetuning(str(tmp_path))
    assert (adopted.model.resnet_depth, adopted.model.width_multiplier) == (10, 0.0625)
    assert (adopted.model.proj_out_dim, adopted.data.image_size) == (8, 32)
    with pytest.raises(ValueError, match="found ResNet-10 x 0.0625, .* Give --resnet_depth=10"):
        finetuning(str(tmp_path), resnet_depth=50)


def test_of_an_export_without_settings_too(trained_run, tmp_path):
    hub = shutil.copytree(f"{trained_run}/hub/3", tmp_path / "hub")
    (hub / "flags.json").unlink()
    found = origins.open_checkpoint(str(hub)).architecture
    assert (found.resnet_depth, found.head.proj_head_mode) == (10, "nonlinear")


def test_an_encoder_of_ones_own_tells_nothing(tmp_path):
    tf.train.Checkpoint(encoder=tf.Variable(1.0)).write(str(tmp_path / "mine"))
    assert origins.open_checkpoint(str(tmp_path / "mine")).architecture is None


def test_evaluation_takes_nothing_from_a_checkpoint(r18):
    config = Config.from_flat({"mode": "eval", "checkpoint": r18})
    assert adopted(config) is config


@pytest.mark.parametrize("folder", ["finetuned_1pct", "finetuned_10pct"])
def test_models_fine_tuned_from_layer_1_are_known_by_their_folder(tmp_path, folder):
    config, parts = parts_of(resnet_depth=18)
    path = write(tmp_path / folder / "r18_1x_sk0", config, parts)
    assert finetuning(path).finetuning.ft_proj_selector == 1
    assert finetuning(path, ft_proj_selector=0).finetuning.ft_proj_selector == 0
    pretraining = Config.from_flat({"checkpoint": path})
    assert adopted(pretraining).finetuning.ft_proj_selector == 0


def test_that_folder_says_nothing_of_ones_own_run_or_without_a_projection_head(
    trained_run, tmp_path
):
    own = shutil.copytree(trained_run, tmp_path / "finetuned_1pct" / "mine")
    assert finetuning(str(own)).finetuning.ft_proj_selector == 0
    config, parts = parts_of(resnet_depth=18)
    del parts["projection_head"]
    path = write(tmp_path / "finetuned_10pct" / "r18", config, parts)
    assert finetuning(path).finetuning.ft_proj_selector == 0


def test_a_model_without_a_projection_head(tmp_path):
    """As version 1 was released: fine-tuning does without one, pretraining makes a new one."""
    config, parts = parts_of(resnet_depth=18)
    del parts["projection_head"]
    path = write(tmp_path, config, parts)
    assert finetuning(path).model.proj_head_mode == "none"
    with pytest.raises(ValueError, match="found .*, no projection head. .*--proj_head_mode=none"):
        finetuning(path, proj_head_mode="linear")
    with pytest.raises(ValueError, match="`ft_proj_selector` must be from -1 to 0"):
        methods.checked(finetuning(path, ft_proj_selector=1))
    pretraining = adopted(Config.from_flat({"checkpoint": path}))
    assert pretraining.model.proj_head_mode == "nonlinear"
    assert pretraining.model.resnet_depth == 18


def test_more_blocks_than_there_are_cannot_be_frozen(r18):
    for values in ({"checkpoint": r18}, {}):
        config = Config.from_flat({"train_mode": "finetune", "fine_tune_after_block": 5} | values)
        with pytest.raises(
            ValueError, match="`fine_tune_after_block` must be from -1 to 4. Received"
        ):
            adopted(config)


@pytest.fixture
def another(monkeypatch):
    """A choice of two architectures."""
    monkeypatch.setitem(sys.modules, "tf_simclr.architectures.pixels", small_architecture)
    monkeypatch.setattr(choices, "ARCHITECTURES", ("resnet", "pixels"))


@pytest.mark.usefixtures("another")
def test_a_flag_of_another_architecture_is_refused_by_name():
    values = {"image_size": 16, "ema_decay": 0.5}
    config = Config.from_flat(values, given={"image_size", "resnet_depth"})
    assert adopted(config) is config
    with pytest.raises(
        ValueError,
        match="`ema_decay` is a flag of --architecture=pixels. Received: ema_decay=0.5,"
        " architecture='resnet'. Leave it out.",
    ):
        adopted(Config.from_flat(values, given={"ema_decay"}))


@pytest.mark.usefixtures("another")
def test_another_architecture_is_taken_with_its_flags_unless_one_contradicts(r18):
    config, origin = Config(), origins.open_checkpoint(r18)
    theirs = small_architecture.PIXELS

    def misfits(*given):
        return origins.require_fit(config, origin, theirs, given)

    assert misfits("resnet_depth") == {
        "architecture": ("resnet", "pixels"),
        "ema_decay": (0.999, 0.5),
        "image_size": (224, 8),
    }
    for flag, received in (("architecture", "'resnet'"), ("ema_decay", "0.999")):
        give = {"architecture": "pixels", "ema_decay": "0.5"}[flag]
        said = f"found Pixels of 0.5. .*, {flag}={received}. Give --{flag}={give}, or leave"
        with pytest.raises(ValueError, match=said):
            misfits(flag)
