"""What a new run restores from a checkpoint: all that fits, and it reports the rest."""

import numpy as np
import pytest
import tensorflow as tf
from golden import released

from tf_simclr import load_encoder, methods
from tf_simclr.architectures.resnet_layers import Skeleton
from tf_simclr.config import Config
from tf_simclr.pretrained.origins import origin_of
from tf_simclr.pretrained.released import by_role
from tf_simclr.pretrained.warm_start import warm_start
from tf_simclr.workdir import checkpoints, run_folder

SMALL = {"resnet_depth": 10, "width_multiplier": 0.0625, "image_size": 16, "proj_out_dim": 8}
SKELETON = Skeleton(10)
CLASSES = 3
ALL = ["encoder", "projection_head", "supervised_head"]
TRAP = "for those give --ft_proj_selector=1."


def model(classes=CLASSES, **settings):
    config = Config.from_flat(SMALL | settings)
    return config, methods.network(config, methods.Lesson(classes))


@pytest.fixture(scope="module")
def tensors():
    """Weights of a released model by name, with all that lies beside them."""
    parts = model()[1].parts()
    released.randomize(parts)
    weights = released.tensors(parts, SKELETON)
    averaged = {f"ema_model/{n}": v / 2 for n, v in weights.items() if "supervised" not in n}
    momentum = {f"{name}/Momentum": -value for name, value in weights.items()}
    others = {"memory": np.ones([4, 8]), "global_step": np.int64(3)}
    return weights | averaged | momentum | others


@pytest.fixture
def path(tensors, tmp_path):
    return write(tmp_path / "r18", tensors)


def write(folder, tensors):
    folder.mkdir(parents=True)
    released.write_tensorflow_1(folder / "model.ckpt-3", tensors)
    return str(folder)


def start(path, classes=CLASSES, **settings):
    """(model, names of what was restored) of a fine-tuning from `path`."""
    values = {"train_mode": "finetune", "checkpoint": path} | settings
    config, net = model(classes, **values)
    return net, warm_start(config, origin_of(config), net)


def snapshot(net):
    return {name: by_role_arrays(part) for name, part in net.parts().items()}


def by_role_arrays(part):
    return {role: variable.numpy() for role, variable in by_role(part).items()}


def assert_weights(net, tensors, names, prefix=""):
    """Those parts have the file's weights."""
    ours = released.tensors({name: net.parts()[name] for name in names}, SKELETON)
    assert ours
    for name, value in ours.items():
        np.testing.assert_array_equal(value, tensors[prefix + name], err_msg=name)


@pytest.mark.parametrize("train_mode", ["pretrain", "finetune"])
def test_all_parts_are_restored(path, tensors, train_mode, capsys):
    net, restored = start(path, train_mode=train_mode)
    assert restored == ALL
    assert_weights(net, tensors, ALL)
    said = capsys.readouterr().out
    assert f"Starts from {path}/model.ckpt-3: {', '.join(ALL)}.\n" in said
    assert TRAP in said


def test_averaged_weights_are_taken_when_asked_for_and_never_mixed(path, tensors, capsys):
    net, restored = start(path, use_ema_weights=True)
    assert restored == ALL[:2]
    assert_weights(net, tensors, ALL[:2], prefix="ema_model/")
    assert "(averaged weights)" in capsys.readouterr().out
    encoder = load_encoder(path, use_ema_weights=True)
    kernel = by_role(encoder)["stem/conv1/kernel"].numpy()
    np.testing.assert_array_equal(kernel, tensors["ema_model/base_model/conv2d/kernel"])


def test_averaged_weights_must_be_there(path, tensors, trained_run, tmp_path):
    without = {name: value for name, value in tensors.items() if not name.startswith("ema_model")}
    with pytest.raises(ValueError, match="`use_ema_weights` needs a checkpoint that holds average"):
        start(write(tmp_path / "without", without), use_ema_weights=True)
    with pytest.raises(ValueError, match="`use_ema_weights` needs a checkpoint with averaged"):
        start(trained_run, use_ema_weights=True)
    gap = "base_model/conv2d_7/kernel"
    part = {name: value for name, value in tensors.items() if name != f"ema_model/{gap}"}
    with pytest.raises(ValueError, match=f"lacks 1 variables .*: {gap}"):
        start(write(tmp_path / "part", part), use_ema_weights=True)


def test_a_classifier_of_other_classes_is_left_out_and_said(path, capsys):
    net, restored = start(path, classes=5)
    assert restored == ALL[:2]
    assert (
        "The checkpoint's classifier is left out: it has 3 classes on 32 features,"
        " this one has 5 on 32." in capsys.readouterr().out
    )


def test_a_classifier_of_this_project_is_left_out_and_said_too(trained_run, capsys):
    net, restored = start(trained_run, classes=5, variable_schema=".*")
    assert restored == ALL[:2]
    assert "it has 2 classes on 32 features, this one has 5 on 32." in capsys.readouterr().out


LEFT_OUT = "The checkpoint's linear head is left out"


def test_a_linear_head_that_watched_a_pretraining_brings_no_labels_along(trained_run, capsys):
    """It was trained with all of them, and may be as wide as a layer of the projection head."""
    for selector in range(3):
        drawn = model(2, train_mode="finetune", ft_proj_selector=selector)[1]
        net, restored = start(trained_run, 2, ft_proj_selector=selector)
        assert restored == ALL[:2]
        kernel = net.supervised_head.kernel.numpy()
        np.testing.assert_array_equal(kernel, drawn.supervised_head.kernel)
        assert LEFT_OUT in capsys.readouterr().out
    net, restored = start(trained_run, 2, variable_schema=".*")  # It is restored if asked for.
    assert restored == ALL
    net, restored = start(trained_run, 2, train_mode="pretrain")  # It is trained further.
    assert restored == ALL
    assert LEFT_OUT not in capsys.readouterr().out


@pytest.mark.parametrize(("layer", "last"), [(1, False), (3, True)])
def test_a_classifier_is_taken_for_the_layer_that_it_reads(tmp_path, layer, last, capsys):
    config, theirs = model(2, train_mode="finetune", ft_proj_selector=-1 if last else layer)
    checkpoints.Checkpoints(str(tmp_path), theirs.parts()).save(1)
    run_folder.write_settings(config, str(tmp_path))
    assert start(str(tmp_path), 2, ft_proj_selector=layer)[1] == ALL
    assert "left out" not in capsys.readouterr().out
    for settings in ({}, {"ft_proj_selector": 2}, {"train_mode": "pretrain"}):
        assert start(str(tmp_path), 2, **settings)[1] == ALL[:2]
        assert f"it reads layer {layer} of the projection head" in capsys.readouterr().out


def test_a_classifier_of_the_pyramid_is_taken_for_the_pyramid(tmp_path, capsys):
    config, theirs = model(2, train_mode="finetune", classify_pyramid=True)
    theirs.supervised_head.norm.moving_mean.assign_add(
        tf.ones([theirs.supervised_head.kernel.shape[0]])
    )
    checkpoints.Checkpoints(str(tmp_path), theirs.parts()).save(1)
    run_folder.write_settings(config, str(tmp_path))
    net, restored = start(str(tmp_path), 2, classify_pyramid=True)
    assert restored == ALL and "left out" not in capsys.readouterr().out
    assert np.all(net.supervised_head.norm.moving_mean == 1)
    assert start(str(tmp_path), 2)[1] == ALL[:2]
    assert "it reads the pyramid. Give --classify_pyramid to restore it." in capsys.readouterr().out


@pytest.mark.parametrize("schema", [None, ".*"])
def test_a_pretrainings_linear_head_that_reads_another_layer_is_said(tmp_path, schema, capsys):
    config, theirs = model(ft_proj_selector=1)
    checkpoints.Checkpoints(str(tmp_path), theirs.parts()).save(1)
    run_folder.write_settings(config, str(tmp_path))
    pretraining = {"train_mode": "pretrain", "variable_schema": schema}
    assert start(str(tmp_path), ft_proj_selector=1, **pretraining)[1] == ALL
    assert "layer 1" not in capsys.readouterr().out
    for settings in (pretraining, {"variable_schema": schema}):
        taken = start(str(tmp_path), **settings)[1]
        said = capsys.readouterr().out
        assert taken == (ALL if schema else ALL[:2])
        assert ("reads layer 1 of the projection head" in said) or LEFT_OUT in said


def test_a_classifier_that_is_to_start_at_zero_is_left_out(path):
    net, restored = start(path, zero_init_logits_layer=True)
    assert restored == ALL[:2]
    assert np.all(net.supervised_head.kernel == 0)


@pytest.mark.parametrize("kind", ["released", "ours"])
@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (None, ALL),
        # As in the original's README commands.
        ("(?!global_step|(?:.*/|^)Momentum|head)", ALL[:1]),
        ("(?!global_step|(?:.*/|^)Momentum|head_supervised)", ALL[:2]),
        ("base_model|head_supervised", ["encoder", "supervised_head"]),
    ],
)
def test_parts_that_the_schema_leaves_out_stay_as_they_were(
    path, trained_run, schema, expected, kind
):
    source, classes = (path, CLASSES) if kind == "released" else (trained_run, 2)
    untouched = snapshot(model(classes, train_mode="finetune")[1])
    net, restored = start(source, classes, variable_schema=schema)
    if kind == "ours" and schema is None:
        expected = ALL[:2]  # The head trained alongside pretraining must be asked for.
    assert restored == expected
    for part, weights in snapshot(net).items():
        same = [np.array_equal(weights[role], untouched[part][role]) for role in weights]
        assert all(same) != (part in expected), part


@pytest.mark.parametrize("folder", ["finetuned_1pct", "finetuned_10pct"])
def test_a_classifier_of_layer_1_is_taken_there_and_nowhere_else(tensors, tmp_path, folder, capsys):
    path = write(tmp_path / folder / "r18_1x_sk0", tensors)
    assert start(path, ft_proj_selector=1)[1] == ALL
    assert TRAP not in capsys.readouterr().out
    for settings in ({}, {"ft_proj_selector": 2}, {"train_mode": "pretrain"}):
        assert start(path, **settings)[1] == ALL[:2]
        assert "it was fine-tuned on layer 1 of the projection head" in capsys.readouterr().out


def test_the_trap_is_said_only_where_it_lies(tensors, tmp_path, path, capsys):
    start(path, ft_proj_selector=1)
    assert TRAP not in capsys.readouterr().out
    headless = {name: value for name, value in tensors.items() if "head_contrastive" not in name}
    start(write(tmp_path / "headless", headless), proj_head_mode="none")
    assert TRAP not in capsys.readouterr().out


def test_pretraining_goes_on_from_a_model_without_a_projection_head(tensors, tmp_path):
    headless = {name: value for name, value in tensors.items() if "head_contrastive" not in name}
    _, restored = start(write(tmp_path / "headless", headless), train_mode="pretrain")
    assert restored == ["encoder", "supervised_head"]


@pytest.mark.parametrize("number", [0, 20])
def test_a_saved_model_of_tensorflow_2(tensors, tmp_path, number):
    """Its numbers start anywhere: other models were made in the same process."""
    module = tf.Module()
    module.model = [
        tf.Variable(value, name=shifted(name, number))
        for name, value in tensors.items()
        if name.split("/")[0] in ("base_model", "head_contrastive", "head_supervised")
        and not name.endswith("Momentum")
    ]
    tf.saved_model.save(module, str(tmp_path / "saved_model"))
    net, restored = start(str(tmp_path / "saved_model"))
    assert restored == ALL
    assert_weights(net, tensors, ALL)


def shifted(name, number):
    """A TensorFlow 1 name as TensorFlow 2 has it, counting from `number`."""
    scope, layer, *rest = name.split("/")
    if scope != "base_model":
        return name.replace("head_contrastive", "projection_head")
    kind, _, at = layer.partition("2d_" if "conv2d" in layer else "normalization_")
    kind = "conv2d" if "conv2d" in layer else "sync_batch_normalization"
    return f"resnet_1/block_group/{kind}_{number + int(at or 0)}/{rest[0]}"


def test_what_does_not_fit_changes_nothing(tensors, tmp_path):
    """The last variable has another shape: those before it are not restored either."""
    name = "base_model/batch_normalization_12/moving_variance"
    path = write(tmp_path / "odd", tensors | {name: np.ones(31)})
    config, net = model(train_mode="finetune", checkpoint=path)
    before = snapshot(net)
    with pytest.raises(ValueError, match="`checkpoint` does not fit this architecture: of the"):
        warm_start(config, origin_of(config), net)
    for part, weights in snapshot(net).items():
        for role, value in weights.items():
            np.testing.assert_array_equal(value, before[part][role], err_msg=role)


def test_a_config_that_contradicts_is_refused(path):
    with pytest.raises(ValueError, match=r"found ResNet-10 x 0.0625.*Give --resnet_depth=10"):
        start(path, resnet_depth=34)
