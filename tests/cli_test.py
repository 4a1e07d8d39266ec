"""Flags: one for each setting, of its type, read into a Config."""

import pytest
from absl import flags

from tf_simclr import cli
from tf_simclr.config import SECTIONS, Config, flag_fields
from tf_simclr.config.remarks import remarks


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
    if field.name.startswith("relative_position") and cli.plain_type(field) is float:
        value = 0.03125  # Three patches, gaps and the jitter must fit into a picture.
    if field.name.endswith("view_operations"):
        value = "crop,blur"
    config = parse(f"--{field.name}={value}", "--teacher=base_model")
    assert config.flat()[field.name] == value
    assert type(config.flat()[field.name]) is type(value)


def test_given_flags_are_those_that_were_written_whatever_their_value(tmp_path):
    (tmp_path / "recipe.cfg").write_text("--seed=3\n--sk_ratio=0\n")
    found = parse(f"--flagfile={tmp_path}/recipe.cfg", "--resnet_depth=50", "--nouse_blur")
    assert found.given == found.typed == {"seed", "sk_ratio", "resnet_depth", "use_blur"}


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
        ("--mode=test", "value should be one of <train|eval|train_then_eval|export|embed|report>"),
        ("--optimizer=sgd", "value should be one of <momentum|adam|lars|lamb>"),
        ("--image_size=big", "flag --image_size=big"),
        ("--image_size=1.5", "flag --image_size=1.5"),
        ("--learning_rate=fast", "flag --learning_rate=fast"),
        ("--use_blur=perhaps", "flag --use_blur=perhaps: value should be true or false"),
        ("--mode=trian", "|report>. Give --mode=train"),
        ("--optimizer=adm", ">. Give --optimizer=adam"),
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
        "--mode=train|eval|train_then_eval|export|embed|report\n      What to do. (default: train)"
        in text
    )
    assert "--resnet_depth=10|18|34|50|101|152|200\n" in text
    assert "--model_dir=TEXT\n" in text
    assert "(default: none)" in text
    assert "--seed=INT\n" in text
    assert (
        "--learning_rate=FLOAT\n      Learning rate before scaling by batch size. (default: 0.3)"
        in text
    )


def parse_files(*arguments):
    values = cli.FlagValues()
    cli.define_flags(values)
    values(["tf-simclr", *arguments])
    return cli.config_from_flags(values)


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "marked"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", " \n\n"], ids=ascii)
def test_flagfiles_of_any_editor_and_those_inside_them(tmp_path, mark, end):
    inner, outer = tmp_path / "inner.cfg", tmp_path / "outer.cfg"
    lines = ["--dataset=bilder", "# ein Rezept: ü", "  // --seed=9", "--data_dir=/b\u2028ü"]
    inner.write_text(mark + end.join(lines), encoding="utf-8", newline="")
    outer.write_text(f"{mark}--flagfile={inner}{end}--seed=3{end}", encoding="utf-8", newline="")
    found = parse_files("--seed=1", f"--flagfile={outer}", "--mode=eval")
    assert (found.data.dataset, found.data.data_dir) == ("bilder", "/b\u2028ü")
    assert (found.run.seed, found.run.mode) == (3, "eval")


def test_flagfiles_that_include_each_other_are_refused(tmp_path):
    (tmp_path / "a.cfg").write_text(f"--flagfile={tmp_path}/b.cfg")
    (tmp_path / "b.cfg").write_text(f"--flagfile={tmp_path}/a.cfg")
    with pytest.raises(flags.Error, match="must not include each other in a circle: .*a.cfg -> "):
        parse_files(f"--flagfile={tmp_path}/a.cfg")
    (tmp_path / "b.cfg").write_text("--seed=2")
    assert parse_files(*[f"--flagfile={tmp_path}/{name}.cfg" for name in "abab"]).run.seed == 2


@pytest.mark.parametrize("form", ["--flagfile={}", "-flagfile={}", "--flagfile {}"])
def test_flags_of_a_flagfile_are_given_and_not_typed(tmp_path, form):
    (tmp_path / "recipe.cfg").write_text("--seed=1\n--train_epochs=2\n")
    named = form.format(tmp_path / "recipe.cfg").split(" ")
    argv = ["tf-simclr", "--mode", "train", *named, "--train_epochs=3", "--nouse_blur"]
    found = cli.parse(argv)
    assert found.typed == {"mode", "train_epochs", "use_blur"}
    assert found.given == {"mode", "train_epochs", "use_blur", "seed"}
    assert (found.run.seed, found.training.train_epochs, found.data.use_blur) == (1, 3, False)


def typed(*arguments):
    return cli.parse(["tf-simclr", *arguments])


def refused(*arguments):
    with pytest.raises((flags.Error, ValueError)) as caught:
        typed(*arguments)
    return str(caught.value)


@pytest.mark.parametrize("named", [["--recipe=emoji32_v2"], ["--recipe", "emoji32_v2"]])
@pytest.mark.parametrize("place", ["first", "last"])
def test_a_recipe_overrides_no_typed_flag_wherever_it_is(named, place):
    ours = ["--train_steps=7", "--nouse_tpu"]
    found = typed(*(named + ours if place == "first" else ours + named))
    assert found.training.train_steps == 7  # 800 in the recipe
    assert found.model.temperature == 0.2  # of the recipe; 0.07 in the one that it names
    assert found.data.image_size == 48  # of the one that it names
    assert found.typed == {"train_steps", "use_tpu"}
    assert "temperature" in found.given


@pytest.mark.parametrize(
    ("flag", "dropped"),
    [("labels_per_class=5", "label_fraction"), ("train_epochs=2", "train_steps")]
    + [("checkpoint_epochs=1", "checkpoint_steps")],
)
def test_a_typed_flag_replaces_another_that_says_the_same_in_a_recipe(flag, dropped):
    recipe = "--recipe=emoji32_finetune_10pct"
    name, default = flag.split("=")[0], Config().flat()[dropped]
    before, found = typed(recipe).flat(), typed(recipe, f"--{flag}")
    assert before[dropped] != default and before[name] == Config().flat()[name]
    assert found.flat()[dropped] == default and f"{found.flat()[name]:g}" == flag.split("=")[1]
    assert dropped not in found.given and not remarks(found)


def test_two_flags_that_say_the_same_are_refused_where_both_are_typed():
    told = refused("--label_fraction=0.1", "--labels_per_class=5")
    assert told.startswith("`labels_per_class` must be the only way to choose labels")


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_flagfile_overrides_a_recipe_wherever_the_two_are(tmp_path, place):
    (tmp_path / "mine.cfg").write_text("--temperature=0.5")
    both = ["--recipe=quickstart", f"--flagfile={tmp_path}/mine.cfg"]
    found = typed(*(both if place == "first" else both[::-1]), "--seed=3")
    assert (found.model.temperature, found.data.dataset) == (0.5, "emoji32")


@pytest.mark.parametrize("line", ["--recipe=quickstart", "-recipe=quickstart "])
def test_a_recipe_in_a_flagfile_is_overridden_by_its_other_lines(tmp_path, line):
    (tmp_path / "mine.cfg").write_text(f"--temperature=0.5\n{line}\n")
    found = typed(f"--flagfile={tmp_path}/mine.cfg")
    assert (found.model.temperature, found.data.dataset) == (0.5, "emoji32")


def test_a_flagfile_in_a_flagfile_is_found_beside_it_or_where_the_command_is(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/outer.cfg").write_text("--flagfile=inner.cfg")
    (tmp_path / "inner.cfg").write_text("--seed=1")
    monkeypatch.chdir(tmp_path)
    assert typed("--flagfile=a/outer.cfg").run.seed == 1
    (tmp_path / "a/inner.cfg").write_text("--seed=2")
    assert typed("--flagfile=a/outer.cfg").run.seed == 2


def test_one_recipe_is_enough():
    assert refused("--recipe=quickstart", "--recipe=cifar10") == (
        "`recipe` must be given once. Received: quickstart, cifar10. Leave out all but one."
    )


def test_what_is_no_flag_is_refused_with_the_command_to_type():
    assert refused("--seed", "1", "--lerning_rate=1") == (
        "Not understood: --lerning_rate. Type: tf-simclr --seed=1 --learning_rate=1"
    )
    assert refused("--seed=1", "two words", "eval") == (
        "Not understood: 'two words', eval. tf-simclr --help lists all flags."
    )
    assert refused("--nouse_blur=1") == "--nouse_blur=1 does not take an argument."
    # What holds a space is quoted for the shell.
    assert refused("--data-dir=a b", "--model_dir=c").endswith("'--data_dir=a b' --model_dir=c")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("--seed=1\n--lerning_rate=1\n", "--lerning_rate, in {}. Write --learning_rate=1 there."),
        ("--quux\n", "--quux, in {}. tf-simclr --help lists all flags."),
        ("quickstart\n", "quickstart, in {}. tf-simclr --help lists all flags."),
    ],
)
def test_what_is_no_flag_in_a_flagfile_is_said_with_its_file(tmp_path, lines, said):
    file = tmp_path / "mine.cfg"
    file.write_text(lines)
    assert refused("--seed=1", f"--flagfile={file}") == f"Not understood: {said.format(file)}"
    with pytest.raises(ValueError, match="Not understood"):
        cli.written_in(str(file))
