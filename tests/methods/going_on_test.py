"""Which run a folder belongs to: one that can be resumed, with what changed, or another one."""

import os

import pytest

from tf_simclr.config import Config
from tf_simclr.methods.going_on import check_owner, differing, differing_state
from tf_simclr.workdir import run_folder


def config(folder, **values):
    return Config.from_flat({"model_dir": str(folder), **values})


def test_checking_the_owner_says_what_changed_and_writes_nothing(tmp_path):
    said = []
    check_owner(config(tmp_path), said.append)
    assert os.listdir(tmp_path) == []
    run_folder.write_settings(config(tmp_path), str(tmp_path))
    check_owner(config(tmp_path, mode="eval"), said.append)
    assert said == []
    check_owner(config(tmp_path, learning_rate=0.5), said.append)
    assert said == [
        "Settings that changed since this run was started: learning_rate is 0.5 and was 0.3."
    ]
    assert run_folder.read_settings(str(tmp_path)) == config(tmp_path)


def test_views_made_where_they_were_before_are_no_change(tmp_path):
    """Settings of before "auto" say host; the default on a machine without a TPU is the host."""
    said = []
    run_folder.write_settings(config(tmp_path, augment_on="host"), str(tmp_path))
    check_owner(config(tmp_path), said.append)
    assert said == []
    check_owner(config(tmp_path, use_tpu=True), said.append)
    (line,) = said
    assert line.endswith("use_tpu is True and was False, augment_on is 'device' and was 'host'.")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"resnet_depth": 18}, "another architecture: resnet_depth is 18 and was 50."),
        ({"image_size": 32}, "another architecture: image_size is 32 and was 224."),
        ({"optimizer": "adam"}, "differently: optimizer is 'adam' and was 'lars'."),
        ({"lineareval_while_pretraining": False}, "lineareval_while_pretraining is False and was"),
    ],
)
def test_a_folder_of_another_kind_of_run_is_refused_and_stays(tmp_path, values, named):
    run_folder.write_settings(config(tmp_path), str(tmp_path))
    with pytest.raises(ValueError) as caught:
        check_owner(config(tmp_path, **values))
    assert named in str(caught.value)
    assert f"Received: model_dir='{tmp_path}'" in str(caught.value)
    assert run_folder.read_settings(str(tmp_path)) == config(tmp_path)


@pytest.mark.parametrize(
    ("ours", "theirs", "different"),
    [
        ({}, {}, []),
        ({"learning_rate": 1.0, "use_blur": False, "seed": 3}, {}, []),
        ({"resnet_depth": 18}, {}, ["resnet_depth"]),
        ({"sk_ratio": 0.0625, "width_multiplier": 2.0}, {}, ["width_multiplier", "sk_ratio"]),
        ({"image_size": 96}, {}, []),
        ({"image_size": 32}, {}, ["image_size"]),
        ({"train_mode": "finetune"}, {}, ["train_mode"]),
        ({"proj_head_mode": "linear"}, {}, ["proj_head_mode"]),
        ({"proj_head_mode": "none", "proj_out_dim": 8}, {"proj_head_mode": "none"}, []),
        ({"num_proj_layers": 2}, {}, ["num_proj_layers"]),
        ({"proj_head_mode": "linear", "num_proj_layers": 2}, {"proj_head_mode": "linear"}, []),
        ({"ft_proj_selector": 1}, {}, ["ft_proj_selector"]),  # the linear head alongside reads it
        ({"ft_proj_selector": -1}, {"ft_proj_selector": 3}, []),
        ({"ft_proj_selector": -1, "proj_head_mode": "none"}, {"proj_head_mode": "none"}, []),
        (
            {"ft_proj_selector": 1, "lineareval_while_pretraining": False},
            {"lineareval_while_pretraining": False},
            [],
        ),
        (
            {"train_mode": "finetune", "ft_proj_selector": 1},
            {"train_mode": "finetune"},
            ["ft_proj_selector"],
        ),
        (
            {"train_mode": "finetune", "classify_pyramid": True},
            {"train_mode": "finetune"},
            ["classify_pyramid"],
        ),
        (  # Neither reads a layer of the head.
            {"train_mode": "finetune", "classify_pyramid": True, "ft_proj_selector": 1},
            {"train_mode": "finetune", "classify_pyramid": True},
            [],
        ),
        ({"classify_pyramid": True}, {}, []),  # the linear head alongside does not
    ],
)
def test_what_keeps_weights_from_another_run(ours, theirs, different):
    pairs = differing(Config.from_flat(ours), Config.from_flat(theirs))
    assert list(pairs) == different
    for name in set(different) & set(ours):
        assert pairs[name] == (ours[name], theirs.get(name, Config().flat()[name]))


def test_the_data_of_a_run_are_found_from_anywhere(tmp_path, monkeypatch):
    flags = {"dataset": "image_folder", "data_dir": "pictures", "model_dir": str(tmp_path)}
    config = Config.from_flat(flags)
    monkeypatch.chdir(tmp_path)
    run_folder.write_settings(config, str(tmp_path))
    found = run_folder.read_settings(str(tmp_path))
    assert found.data.data_dir == str(tmp_path / "pictures")
    said = []
    for spelled in ("pictures", "pictures/", f"{tmp_path}/./pictures"):
        check_owner(Config.from_flat(flags | {"data_dir": spelled}), report=said.append)
    assert said == []  # The same folder.
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    check_owner(config, report=said.append)
    assert len(said) == 1 and "data_dir is" in said[0]


@pytest.mark.parametrize(
    "content", [b"{", b"", b"[]", b'{"colour": 1}', b'{"seed": "x"}', b"\xff\xfe\x00"]
)
def test_damaged_settings_are_an_error_and_stay(tmp_path, content):
    path = tmp_path / run_folder.SETTINGS
    path.write_bytes(content)
    with pytest.raises(ValueError, match="`model_dir` holds a flags.json that cannot be read"):
        check_owner(config(tmp_path))
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("values", "different"),
    [
        ({"learning_rate": 1.0}, []),
        ({"resnet_depth": 18}, []),  # It belongs to the architecture.
        ({"optimizer": "adam"}, ["optimizer"]),
        ({"lineareval_while_pretraining": False}, ["lineareval_while_pretraining"]),
        ({"fine_tune_after_block": 2}, []),
    ],
)
def test_differing_state(values, different):
    assert list(differing_state(Config.from_flat(values), Config())) == different


def test_the_frozen_part_decides_the_state_of_fine_tuning():
    ours, theirs = (
        Config.from_flat({"train_mode": "finetune", "fine_tune_after_block": block})
        for block in (2, 4)
    )
    assert differing_state(ours, theirs) == {"fine_tune_after_block": (2, 4)}
