"""Recipes are found by name, listed with a line each, and near names are proposed."""

import pathlib

import pytest

from tf_simclr import recipes

FLAGS = pathlib.Path(__file__).parents[1] / "flags"


def test_every_file_of_the_folder_has_its_name():
    stems = {path.stem for path in FLAGS.glob("*.cfg")}
    assert set(recipes.names()) == stems | set(recipes.ALIASES)
    for stem in stems:
        assert pathlib.Path(recipes.path_of(stem)) == FLAGS / f"{stem}.cfg"


def test_the_quick_start_has_a_short_name():
    assert recipes.path_of("quickstart") == recipes.path_of("emoji32_quickstart")


def test_the_list_has_a_line_for_each_and_says_how_to_use_it():
    lines = recipes.listing().splitlines()
    assert "tf-simclr --recipe=NAME" in lines[0]
    shown = {line.split()[0]: line for line in lines if line.startswith("  ")}
    assert list(shown) == recipes.names()
    for name, line in shown.items():
        assert line.endswith(".") and len(line.split()) > 2, name
    assert str(FLAGS) in lines[-1]


@pytest.mark.parametrize(
    ("name", "give"),
    [
        ("quickstrat", "Give --recipe=quickstart or --recipe=emoji32_quickstart;"),
        ("imagenet", "--recipe=imagenet_v1"),
        ("v2", "Give --recipe=emoji32_v2 or --recipe=imagenet_v2 or --recipe=imagenet_v2_memory;"),
        ("quickstart.cfg", "Received: recipe='quickstart.cfg'. Give --recipe=quickstart."),
        ("flags/quickstart.cfg", "Give --recipe=quickstart."),
        ("/a/b/small_batch.cfg", "Give --recipe=small_batch."),
        ("zzz", "Received: recipe='zzz'. --recipe=help lists all."),
        ("", "Received: recipe=''. --recipe=help lists all."),
        ("../flags", "--recipe=help lists all."),
    ],
)
def test_another_name_is_refused_with_those_that_are_near(name, give):
    with pytest.raises(ValueError, match="`recipe` must be the name of a recipe") as caught:
        recipes.path_of(name)
    assert give in str(caught.value)


def test_a_file_of_the_users_own_is_a_flagfile(tmp_path):
    (tmp_path / "mine.cfg").write_text("--seed=1")
    with pytest.raises(ValueError, match=f"Give --flagfile={tmp_path}/mine.cfg"):
        recipes.path_of(str(tmp_path / "mine.cfg"))


def test_a_package_without_recipes_says_that_there_are_none(monkeypatch, tmp_path):
    monkeypatch.setattr(recipes, "PLACES", (tmp_path / "recipes", tmp_path / "flags"))
    assert recipes.names() == []
    with pytest.raises(ValueError, match="There are none beside this package"):
        recipes.path_of("quickstart")
    (tmp_path / "flags").mkdir()
    (tmp_path / "flags" / "mine.cfg").write_text("# Mine.\n")
    assert "mine" in recipes.names()
