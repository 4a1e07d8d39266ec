"""What a command leaves open is chosen once, said, and written to the run's settings."""

import os
import pathlib
import shlex

import pytest

from tf_simclr import bfloat16, cli
from tf_simclr.choosing.estimate import Sizes
from tf_simclr.config import Config
from tf_simclr.main import main
from tf_simclr.tasks import choose, stopwatch
from tf_simclr.tasks.timed import Timed

TINY = {"image_size": 16, "resnet_depth": 10, "width_multiplier": 0.0625, "proj_out_dim": 8}


@pytest.fixture(autouse=True)
def fixed_time(monkeypatch):
    """No test times: a step takes a second, and this machine has no units for bfloat16.

    The list has the configs that were timed.
    """
    timed = []

    def time_steps(config, data, strategy):
        timed.append(config)
        return Timed(1.0, 5.0, Sizes(10**6, 2 * 10**6, 10**9))

    monkeypatch.setattr(stopwatch, "time_steps", time_steps)
    monkeypatch.setattr(bfloat16, "units", lambda device: "")
    return timed


def config_of(folder, **flags):
    flags = {"data_dir": str(folder), "model_dir": "nowhere"} | flags
    return choose.with_kind(Config.from_flat(flags, given=flags, typed=flags))


def test_a_folder_of_pictures_needs_no_dataset_and_no_mode(picture_folder, tmp_path):
    config = config_of(picture_folder)
    assert (config.data.dataset, config.run.mode) == ("image_folder", "train_then_eval")
    assert config_of(picture_folder, mode="train").run.mode == "train"
    for kept in (
        {"choose": False},
        {"dataset": "cifar10"},
        {"mode": "eval"},
    ):
        same = config_of(picture_folder, **kept)
        assert same.data.dataset == kept.get("dataset", "imagenet2012"), kept
    prepared = tmp_path / "emoji32" / "1.0.0"
    prepared.mkdir(parents=True)
    (prepared / "dataset_info.json").write_text("{}")
    assert config_of(tmp_path).data.dataset == "imagenet2012"


def test_pictures_are_not_given_to_a_recipe_of_other_data(picture_folder, tmp_path):
    def config(folder, dataset="emoji32", typed=("data_dir",)):
        flags = {"data_dir": str(folder), "dataset": dataset}
        return choose.with_kind(Config.from_flat(flags, given=flags, typed=typed))

    with pytest.raises(ValueError, match="holds pictures, but the recipe trains on emoji32. Rec"):
        config(picture_folder)
    assert config(picture_folder, "image_folder").data.dataset == "image_folder"
    assert config(picture_folder, typed=("data_dir", "dataset")).data.dataset == "emoji32"
    assert config(picture_folder, typed=()).data.dataset == "emoji32"
    for new in (tmp_path, tmp_path / "not" / "there"):
        assert config(new).data.dataset == "emoji32"


@pytest.mark.parametrize(
    "flags",
    [
        {"dataset": "image_folder", "train_mode": "finetune"},
        {"dataset": "image_folder", "train_mode": "supervised"},
        {"dataset": "image_folder", "checkpoint": "runs/other"},
        {"dataset": "image_folder", "choose": False},
    ],
)
def test_what_starts_from_something_else_keeps_its_mode(picture_folder, flags):
    assert config_of(picture_folder, **flags).run.mode == "train"


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ({"train_minutes"}, {"train_minutes": 3.0, "train_steps": 0}),
        ({"train_steps"}, {"train_minutes": 0.0, "train_steps": 50}),
    ],
)
def test_a_length_that_is_typed_replaces_that_of_a_recipe(picture_folder, typed, left):
    flags = {"train_minutes": 3.0, "train_steps": 50, "data_dir": str(picture_folder)}
    config = choose.with_kind(Config.from_flat(flags, given=flags, typed=typed))
    assert {name: config.flat()[name] for name in left} == left
    assert not {name for name, value in left.items() if not value} & config.given


def test_a_run_that_goes_on_has_the_length_that_it_began_with():
    theirs = Config.from_flat({"train_steps": 57})
    for minutes, steps in ((3.0, 57), (0.0, 200)):  # What is typed in steps is meant.
        asked = Config.from_flat({"train_steps": 200, "train_minutes": minutes})
        training = choose._with_settled_of(asked, theirs).training
        assert (training.train_steps, training.train_minutes) == (steps, 0.0)


@pytest.mark.parametrize(("asked", "kept"), [("auto", "mixed_bfloat16"), ("float32", "float32")])
def test_a_run_that_goes_on_has_the_precision_that_it_began_with(asked, kept):
    theirs = Config.from_flat({"precision": "mixed_bfloat16"})
    config = choose._with_settled_of(Config.from_flat({"precision": asked}), theirs)
    assert config.training.precision == kept


def test_choices_are_said_with_their_reasons(picture_folder, tmp_path, fixed_time, capsys):
    config = config_of(picture_folder, model_dir=str(tmp_path / "run"), train_minutes=1.0)
    settled = choose.choose(config)
    printed = capsys.readouterr().out
    assert "  train_batch_size 16: 16 pictures\n" in printed
    assert "  eval_split test: the folder has a split test\n" in printed
    assert "  image_size 48: the pictures' median shorter side is 20\n" in printed
    assert (
        "resnet_depth 10, width_multiplier 0.5: ResNet-18 x 0.5 needs 10,000 pictures\n" in printed
    )
    # 60 s, a twentieth for the rest, 1 s a step.
    assert "  train_steps 57: 1 min of 1 s a step\n" in printed
    assert "flip: yes; whether mirror images" in printed
    lines = [line for line in printed.splitlines() if line.startswith("  ")]
    assert max(map(len, lines)) <= 80
    training = settled.config.training
    assert (training.train_steps, training.train_minutes) == (57, 0.0)
    assert len(fixed_time) == 1 and fixed_time[0].data.image_size == 48
    assert settled.open_data(settled.config) is settled.open_data(settled.config)
    assert not (tmp_path / "run").exists()


def test_the_faster_precision_is_chosen_first_and_all_else_is_timed_in_it(
    picture_folder, tmp_path, fixed_time, monkeypatch, capsys
):
    def time_steps(config, data, strategy):
        fixed_time.append(config)
        half = config.training.precision == "mixed_bfloat16"
        return Timed(0.5 if half else 1.0, 5.0, Sizes(10**6, 2 * 10**6, 10**9))

    monkeypatch.setattr(stopwatch, "time_steps", time_steps)
    monkeypatch.setattr(bfloat16, "units", lambda device: "AVX512_BF16")
    flags = {"model_dir": str(tmp_path / "run"), "train_minutes": 1.0}
    training = choose.choose(config_of(picture_folder, **flags)).config.training
    assert (training.precision, training.train_steps) == ("mixed_bfloat16", 114)
    assert [each.training.precision for each in fixed_time] == ["float32", "mixed_bfloat16"]
    printed = capsys.readouterr().out
    assert "  precision mixed_bfloat16: 50 % of a step's time saved by AVX512_BF16\n" in printed
    assert max(map(len, printed.splitlines())) <= 80
    # Where it is given, it is obeyed; where settings are not chosen, it is not asked.
    given = choose.choose(config_of(picture_folder, precision="float32", **flags)).config
    assert given.training.precision == "float32" and len(fixed_time) == 3
    plain = choose.choose(config_of(picture_folder, choose=False, dataset="image_folder", **flags))
    assert plain.config.training.precision == "float32" and len(fixed_time) == 4
    auto = {"choose": False, "dataset": "image_folder", "precision": "auto", "train_steps": 3}
    chosen = choose.choose(config_of(picture_folder, model_dir=str(tmp_path / "other"), **auto))
    assert chosen.config.training.precision == "mixed_bfloat16" and len(fixed_time) == 6


def test_nothing_is_chosen_that_the_task_does_not_use(picture_folder, tmp_path, capsys):
    flags = {"model_dir": str(tmp_path / "run"), "train_minutes": 1.0, "pretext_task": "rotation"}
    config = config_of(picture_folder, **flags)
    settled = choose.choose(config).config
    printed = capsys.readouterr().out
    names = ("temperature", "use_blur", "color_jitter_strength", "lineareval_while_pretraining")
    assert [name for name in names if name in printed] == []
    assert {name: settled.flat()[name] for name in names} == {
        name: Config().flat()[name] for name in names
    }
    assert "  min_crop_area 0.25: " in printed and "learning_rate 0.0" in printed
    assert "they are not (text, signs), add --view_operations=crop\n" in printed
    # What is left out is no choice of a run of SimCLR either, where it has no effect.
    config = config_of(picture_folder, **flags | {"pretext_task": "simclr"}, proj_head_mode="none")
    choose.choose(config)
    printed = capsys.readouterr().out
    assert "num_proj_layers" not in printed and "temperature 0.07: " in printed
    assert "add --view_operations=crop,color,gray\n" in printed


def test_what_is_given_is_not_chosen_and_with_all_given_nothing_is_timed(
    picture_folder, tmp_path, fixed_time, capsys
):
    flags = TINY | {"train_steps": 2, "temperature": 0.3, "model_dir": str(tmp_path / "run")}
    config = choose.choose(config_of(picture_folder, **flags)).config
    assert config.flat().items() >= flags.items()
    assert fixed_time == []
    assert "temperature" not in capsys.readouterr().out


def test_without_choices_only_the_length_is_by_the_clock(picture_folder, tmp_path, fixed_time):
    flags = {"choose": False, "dataset": "image_folder", "train_minutes": 0.1}
    flags |= {"train_batch_size": 16, "eval_split": "test", "model_dir": str(tmp_path / "run")}
    config = config_of(picture_folder, **flags)
    chosen = choose.choose(config).config
    changed = {n: v for n, v in chosen.flat().items() if v != config.flat()[n]}
    assert changed == {"train_steps": 5, "train_minutes": 0.0}  # 6 s


def test_a_checkpoint_gives_the_size_and_the_folder_the_split(
    picture_folder, trained_run, tmp_path, fixed_time
):
    from tf_simclr.pretrained.origins import origin_of

    flags = {"dataset": "image_folder", "train_mode": "finetune", "checkpoint": trained_run}
    flags |= {"model_dir": str(tmp_path / "run"), "train_batch_size": 4}
    config = config_of(picture_folder, **flags)
    chosen = choose.choose(config, origin_of(config)).config
    changed = {n: v for n, v in chosen.flat().items() if v != config.flat()[n]}
    assert changed == {"image_size": 16, "eval_split": "test"}
    assert fixed_time == []


def test_the_command_that_was_printed_repeats_the_run_and_times_nothing(
    picture_folder, tmp_path, fixed_time, capsys
):
    """The whole way: train, evaluate, export; the same command again; and the printed one."""
    folder = str(tmp_path / "my run")
    flags = [f"--{name}={value}" for name, value in TINY.items()]
    command = ["tf-simclr", f"--data_dir={picture_folder}", f"--model_dir={folder}", *flags]
    command += ["--train_batch_size=8", "--train_minutes=0.06"]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "Estimate: about " in printed and "Try next:" in printed
    assert {"report.html", "result.json", "flags.json", "hub"} <= set(os.listdir(folder))
    settings = pathlib.Path(folder, "flags.json").read_text()
    assert Config.from_json(settings).training.train_steps == 3

    assert main(command) == 0
    again = capsys.readouterr().out
    assert "Training is done" in again and "Evaluation is done" in again
    assert pathlib.Path(folder, "flags.json").read_text() == settings and len(fixed_time) == 1

    start = printed.index("tf-simclr --", printed.index("The same run again"))
    text = printed[start : printed.index("\nEstimate")]
    words = shlex.split(text.replace("\\\n", ""))[1:]
    repeated = choose.choose(
        choose.with_kind(cli.parse(["tf-simclr", *words, f"--model_dir={folder}2"]))
    )
    assert len(fixed_time) == 1 and repeated.timed is None
    told = Config.from_json(settings).replaced({"model_dir": f"{folder}2"})
    assert repeated.config == told
    card = next(pathlib.Path(folder, "hub").glob("*/README.md")).read_text()
    assert "tf-simclr --mode=train_then_eval" in card and str(picture_folder) not in card
