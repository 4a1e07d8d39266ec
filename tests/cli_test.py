"""Flags: one for each setting, of its type, read into a Config."""

import pytest
from absl import flags

from tf_simclr import cli
from tf_simclr.config import SECTIONS, Config, flag_fields


def parse(*arguments):
    values = flags.FlagValues()
    cli.define_flags(values)
    values(["tf-simclr", *arguments])
    return cli.config_from_flags(values)


def test_no_flags_are_the_defaults():
    assert parse() == Config()


@pytest.mark.parametrize("field", flag_fields(), ids=lambda field: field.name)
def test_every_setting_is_a_flag_of_its_type(field):
    values = {bool: not field.default, int: 2, float: 0.5, str: "base_model"}
    value = values[cli.plain_type(field)]
    if field.metadata["choices"]:
        value = field.metadata["choices"][-1]
    config = parse(f"--{field.name}={value}", "--teacher=base_model")
    assert config.flat()[field.name] == value
    assert type(config.flat()[field.name]) is type(value)


def test_given_flags_are_those_that_were_written_whatever_their_value(tmp_path):
    (tmp_path / "recipe.cfg").write_text("--seed=3\n--sk_ratio=0\n")
    values = flags.FlagValues()
    cli.define_flags(values)
    values(["tf-simclr", f"--flagfile={tmp_path}/recipe.cfg", "--resnet_depth=50", "--nouse_blur"])
    assert cli.given_flags(values) == {"seed", "sk_ratio", "resnet_depth", "use_blur"}


def test_booleans_can_be_negated():
    assert parse("--use_blur").data.use_blur
    assert not parse("--nouse_blur").data.use_blur
    assert not parse("--use_blur=False").data.use_blur
    assert not parse("--use_blur=false").data.use_blur


def test_flags_may_be_written_in_two_words_or_with_one_dash():
    assert parse("--seed", "3").run.seed == 3
    assert parse("-seed=3").run.seed == 3


def test_a_flagfile_and_later_flags_over_it(tmp_path):
    recipe = tmp_path / "recipe.cfg"
    recipe.write_text("# a comment\n\n--seed=3\n--train_steps=7\n")
    config = parse(f"--flagfile={recipe}", "--seed=4")
    assert (config.run.seed, config.training.train_steps) == (4, 7)


def test_undefok_lets_an_unknown_flag_pass():
    assert parse("--undefok=quux", "--quux=3") == Config()


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--mode=test", "value should be one of <train|eval|train_then_eval|export|embed>"),
        ("--optimizer=sgd", "value should be one of <momentum|adam|lars|lamb>"),
        ("--image_size=big", "flag --image_size=big"),
        ("--image_size=1.5", "flag --image_size=1.5"),
        ("--learning_rate=fast", "flag --learning_rate=fast"),
        ("--use_blur=perhaps", "flag --use_blur=perhaps"),
        ("--lerning_rate=1", "Unknown command line flag 'lerning_rate'. Did you mean: learning_r"),
        ("--image_size", "Missing value for flag --image_size"),
    ],
)
def test_wrong_values_and_names_are_said(flag, message):
    with pytest.raises(flags.Error) as caught:
        parse(flag)
    assert message in str(caught.value)


@pytest.mark.parametrize("columns", [40, 100])
def test_help_has_each_section_and_flag_within_the_width(columns):
    text = cli.flags_help(columns)
    for section in SECTIONS.values():
        assert section.__doc__ in text
    for field in flag_fields():
        negatable = isinstance(field.default, bool)
        assert f"\n  --{'[no]' if negatable else ''}{field.name}" in text
    described = [line for line in text.splitlines() if line.startswith("      ")]
    assert max(map(len, described)) <= columns


def test_help_shows_values_and_defaults():
    text = cli.flags_help(100)
    assert (
        "--mode=train|eval|train_then_eval|export|embed\n      What to do. (default: train)" in text
    )
    assert "--resnet_depth=10|18|34|50|101|152|200\n" in text
    assert "--model_dir=TEXT\n" in text
    assert "(default: none)" in text
    assert "--seed=INT\n" in text
    assert "--learning_rate=FLOAT\n      Before it is scaled by the batch. (default: 0.3)" in text
