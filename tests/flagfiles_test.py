"""Recipes: each is a valid set of flags, and listed in the table of recipes."""

import pathlib
import re

import pytest
from cells import RECIPES as COMPILED
from measure import read as measured

from benchmarks import tpu_costs
from tf_simclr import cli, recipes
from tf_simclr.assembly import build
from tf_simclr.config import Config
from tf_simclr.config.remarks import remarks

FOLDER = pathlib.Path(__file__).parent.parent / "flags"
RECIPES = sorted(FOLDER.glob("*.cfg"))
NOT_RUN = re.compile(
    r"Compiled for a (\S+), not run: (\d+) pictures a chip take ([\d.]+) of its (\d+) GiB"
)
# Training pictures by the name of the data set.
EXAMPLES = {
    "imagenet2012": 1_281_167,
    "imagenet2012_subset/1pct": 12_811,
    "imagenet2012_subset/10pct": 128_116,
}


def read(path, *more):
    values = cli.FlagValues()
    cli.define_flags(values)
    # The folder of somebody's own pictures is no part of a recipe.
    values(["tf-simclr", "--data_dir=pictures", f"--flagfile={path}", *more])
    return cli.config_from_flags(values)


def test_there_are_recipes():
    assert RECIPES


ON_TPUS = [path for path in RECIPES if read(path).run.use_tpu]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_is_valid_listed_and_explained(path):
    config = read(path)
    assert config != Config()
    # Each of its flags does something, here or when what was trained is judged.
    assert remarks(read(path, "--mode=train_then_eval")) == []
    assert config.run.model_dir is None  # Where a run lies is its user's choice.
    assert path.name in (FOLDER / "README.md").read_text()
    first, *_ = path.read_text().splitlines()
    assert re.fullmatch(r"# [A-Z].*[^.]\.", first)
    assert max(map(len, recipes.listing().splitlines()[:-1])) <= 80
    assert f"\n#   tf-simclr --recipe={path.stem} " in path.read_text()


def test_every_recipe_in_the_table_exists():
    words = (FOLDER / "README.md").read_text().replace("`", " ").replace("(", " ").split()
    named = {word.strip("[]().,:|").removeprefix("flags/") for word in words if ".cfg" in word}
    assert {name for name in named if name.endswith(".cfg")} <= {path.name for path in RECIPES}


@pytest.mark.parametrize("path", ON_TPUS, ids=lambda path: path.stem)
def test_a_recipe_for_tpus_computes_in_bfloat16_and_rarely_returns_to_python(path):
    config = read(path)
    training, examples = config.training, EXAMPLES[config.data.dataset]
    assert training.precision == "mixed_bfloat16"
    # Between two executions checkpoints are saved and scalars written: none of them waits for long.
    saved = build.checkpoint_interval(config, examples)
    assert 1 < training.steps_per_execution <= saved
    assert training.train_summary_steps % training.steps_per_execution == 0
    # Every epoch is a whole number of executions, so that none is cut short.
    assert examples // training.train_batch_size % training.steps_per_execution == 0


@pytest.mark.parametrize("recipe", [name for name in tpu_costs.RECIPES if not COMPILED[name].flags])
def test_a_recipe_for_tpus_says_what_it_takes_as_it_was_compiled(recipe):
    text = (FOLDER / COMPILED[recipe].file).read_text()
    where, batch, memory, there = NOT_RUN.search(text).groups()
    step = dict(tpu_costs.steps(measured(), recipe))[where]
    assert not step.derived
    gib = tpu_costs.GIB
    assert (int(batch), int(there)) == (step.batch, tpu_costs.SLICES[where].memory / gib)
    assert float(memory) == round(step.memory / gib, 1)
