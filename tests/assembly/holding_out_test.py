"""Pictures that are held out: which, in which splits, and that a run keeps them."""

import json
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from tf_simclr.assembly import build_data
from tf_simclr.assembly.holding_out import check_held_out
from tf_simclr.assembly.overlap import overlaps
from tf_simclr.config import Config
from tf_simclr.data.labelled_subset import LabelledSubset
from tf_simclr.workdir import run_folder
from tf_simclr.workdir.dataset_facts import dataset_facts, held_out_at, write_dataset


def save(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def pictures(tmp_path):
    """40 cats, 20 dogs."""
    folder = tmp_path / "pictures"
    for number in range(60):
        save(folder / ("dog" if number % 3 else "cat") / f"{number}.png", number)
    for number in range(20):
        (folder / f"dog/{3 * number + 1}.png").rename(folder / f"cat/{3 * number + 1}.png")
    return folder


def config(folder, **settings):
    flags = {"dataset": "image_folder", "data_dir": str(folder), "eval_split": "held_out"}
    return Config.from_flat(flags | settings)


def names(data, split):
    records = data.records(split, names=True).as_numpy_iterator()
    return [record["name"].decode() for record in records]


def begun(folder, model_dir, **settings):
    """A run that was begun on a folder: what its folder has, and its data."""
    model_dir.mkdir(exist_ok=True)
    ours = config(folder, model_dir=str(model_dir), **settings)
    data = build_data.source(ours)
    write_dataset(data, str(model_dir))
    run_folder.write_settings(ours, str(model_dir))
    return data


@pytest.mark.parametrize("split_folder", ["", "train", "Training"])
def test_splits_are_disjoint_cover_the_folder_and_hold_each_class(pictures, capsys, split_folder):
    if split_folder:
        moved = pictures.parent / "moved"
        moved.mkdir()
        pictures = pictures.rename(moved / split_folder).parent
        save(pictures / "test/cat/1.png", 100)
    data = build_data.source(config(pictures))
    train, held = names(data, "train"), names(data, "held_out")
    assert len(train) == len(held) == 30 and set(train).isdisjoint(held)
    assert sum("cat" in name for name in held) == 20
    assert data.facts("train").pictures == data.facts("held_out").labelled == 30
    # Slices are those of what is left, in the order of the folder.
    assert names(data, "train[:7]") == train[:7]
    assert names(data, "held_out[50%:]+train[:1]") == held[15:] + train[:1]
    everything = build_data.source(config(pictures, eval_split="train[:1]"))
    assert [name for name in names(everything, "train") if name not in held] == train
    assert data.splits == {"train": 30, "held_out": 30} | ({"test": 1} if split_folder else {})
    assert capsys.readouterr().out.startswith(
        "image_folder: 30 of 60 pictures are held out for evaluation, the same share of each class"
        " (at least 100, or half)\n"
        "image_folder: 2 classes: cat, dog; 30 pictures to train, 30 to judge\n"
    )


@pytest.mark.parametrize("split", ["held_out[:50%]", "train[:5]+held_out", "held_out[3:]"])
def test_a_part_of_what_is_held_out_may_be_named(pictures, split):
    data = build_data.source(config(pictures, eval_split=split))
    assert data.splits == {"train": 30, "held_out": 30}
    assert len(names(data, split)) == data.num_examples(split)


@pytest.mark.parametrize("split", ["train[:9]", "validation"])
def test_nothing_is_held_out_unless_it_is_named(pictures, split):
    data = build_data.source(config(pictures, eval_split=split, mode="train"))
    assert data.splits == {"train": 60} and data.held_out == {}


def test_other_data_has_no_such_split(pictures, emoji_dir):
    flags = {"dataset": "emoji32", "eval_split": "held_out", "mode": "eval"}
    with pytest.raises(ValueError, match=r"`eval_split` must be one of .* eval_split=held_out"):
        build_data.source(Config.from_flat(flags | {"data_dir": emoji_dir}))
    pictures.rename(pictures.parent / "validation")
    with pytest.raises(ValueError, match=r"`eval_split` must be one of validation \(60 examples\)"):
        build_data.source(config(pictures.parent, mode="eval"))


def test_a_folder_without_tests_says_what_can_be_held_out(pictures):
    with pytest.raises(ValueError, match="Or give --eval_split=held_out: a tenth that training"):
        build_data.source(config(pictures, eval_split="test", mode="eval"))


def test_at_least_so_many_is_said_only_where_a_tenth_is_less(tmp_path, capsys):
    for number in range(1010):
        save(tmp_path / f"p/{number % 505}.{number}.png", number % 505)  # Two copies of each.
    data = build_data.source(config(tmp_path / "p"))
    assert data.splits["held_out"] == 102
    assert "102 of 1,010 pictures are held out for evaluation, drawn at random\n" in (
        capsys.readouterr().out
    )


def test_a_folder_of_one_content_is_refused(tmp_path):
    for number in range(3):
        save(tmp_path / f"p/{number}.png", 0)
    with pytest.raises(ValueError, match="at least two pictures of different content .* with 3 pi"):
        build_data.source(config(tmp_path / "p"))


def test_copies_are_on_one_side(pictures):
    for path in sorted(pictures.rglob("*.png"))[:20]:
        shutil.copy(path, pictures / "dog" / f"copy of {path.name}")
    data = build_data.source(config(pictures))
    held = {name.rpartition("/")[2].removeprefix("copy of ") for name in names(data, "held_out")}
    train = {name.rpartition("/")[2].removeprefix("copy of ") for name in names(data, "train")}
    assert held and held.isdisjoint(train)


@pytest.mark.parametrize("as_origin", [False, True])
def test_a_run_and_those_that_start_from_it_keep_what_it_held_out(
    pictures, tmp_path, capsys, as_origin
):
    run = tmp_path / "run"
    before = begun(pictures, run)
    held = names(before, "held_out")
    assert held_out_at(str(run)) == before.held_out and set(before.held_out) == set(held)
    assert "held_out" not in dataset_facts(str(run))  # A model card is not to name pictures.
    (pictures / held[0]).unlink()
    (pictures / held[1]).rename(pictures / "dog/renamed.png")
    shutil.copy(pictures / held[2], pictures / "dog/copy.png")
    for number in range(200, 280):
        save(pictures / f"dog/{number}.png", number)
    capsys.readouterr()
    if as_origin:
        paths = {"checkpoint": f"{run}/ckpt-3", "model_dir": str(tmp_path / "other")}
        after = build_data.source(config(pictures, train_mode="finetune", **paths))
    else:
        after = build_data.source(config(pictures, model_dir=str(run), mode="eval"))
    kept = [name for name in names(after, "held_out") if name != "dog/renamed.png"]
    assert kept == held[2:] and after.splits == {"train": 30 + 80, "held_out": 29}
    path = f"{run}/ckpt-3" if as_origin else run
    assert capsys.readouterr().out.splitlines()[:3] == [
        "image_folder: 1 of 30 held-out pictures is gone",
        "image_folder: 1 new picture is a copy of held-out ones: left out",
        f"image_folder: 29 of 140 pictures are held out for evaluation, as in {path}",
    ]
    write_dataset(after, str(run))  # What is gone may come back.
    assert held_out_at(str(run)) == before.held_out | after.held_out


def test_a_run_holds_out_its_pictures_even_if_no_split_is_named(pictures, tmp_path):
    held = names(begun(pictures, tmp_path / "run"), "held_out")
    later = config(pictures, model_dir=str(tmp_path / "run"), eval_split="train[:9]", mode="eval")
    data = build_data.source(later)
    assert names(data, "held_out") == held and data.splits["train"] == 30


def test_an_embedding_of_other_pictures_holds_none_out(pictures, tmp_path):
    held = names(begun(pictures, tmp_path / "run"), "held_out")
    for number in range(300, 320):
        save(tmp_path / f"others/{number}.png", number)
    for flag in ("model_dir", "checkpoint"):
        flags = {flag: str(tmp_path / "run"), "mode": "embed", "output": "x.npz"}
        assert build_data.source(config(tmp_path / "others", **flags)).splits == {"train": 20}
        assert names(build_data.source(config(pictures, **flags)), "held_out") == held
        asked = config(tmp_path / "others", embed_split="held_out", **flags)
        assert build_data.source(asked).splits == {"train": 10, "held_out": 10}


def test_of_other_pictures_others_are_held_out(pictures, tmp_path):
    begun(pictures, tmp_path / "run")
    for number in range(300, 320):
        save(tmp_path / f"others/{number}.png", number)
    flags = {"model_dir": str(tmp_path / "run"), "mode": "eval"}
    assert build_data.source(config(tmp_path / "others", **flags)).splits["held_out"] == 10
    moved = pictures.rename(tmp_path / "moved")  # The same pictures elsewhere are the same.
    assert set(names(build_data.source(config(moved, **flags)), "held_out")) == set(
        held_out_at(str(tmp_path / "run"))
    )


def test_with_few_labels_the_others_stay_held_out(pictures):
    data = build_data.source(config(pictures, labels_per_class=3))
    assert isinstance(data, LabelledSubset)
    assert data.num_labelled("train") == 6 and data.num_labelled("held_out") == 30
    assert len(data.held_out) == 30 and data.with_all().splits == {"train": 60}


def test_a_run_may_not_hold_out_what_it_has_learned_from(pictures, tmp_path):
    run = tmp_path / "run"
    begun(pictures, run, eval_split="train[:9]")
    later = config(pictures, model_dir=str(run))
    data = build_data.source(later)
    check_held_out(later, data, 0)
    with pytest.raises(ValueError, match=r"learned from\. Received: eval_split='held_out', .*p 5 "):
        check_held_out(later, data, 5)
    others = tmp_path / "others"
    shutil.copytree(pictures / "dog", others)
    elsewhere = config(others, model_dir=str(run))
    check_held_out(elsewhere, build_data.source(elsewhere), 5)
    write_dataset(data, str(run))
    check_held_out(later, data, 5)


def test_a_network_that_saw_what_is_held_out_is_named(pictures, tmp_path, capsys):
    run = tmp_path / "run"
    begun(pictures, run, eval_split="train[:9]", train_split="train[50%:]")
    theirs = run_folder.read_settings(str(run))
    judging = config(pictures, model_dir=str(run), mode="eval", train_split="train[50%:]")
    data = build_data.source(judging)
    saw = set(names(data.with_all(), "train[50%:]")) & set(names(data, "held_out"))
    (line,) = overlaps(judging, data, theirs)
    assert 0 < len(saw) < 30 and line.startswith(f"{len(saw)} of the 30 pictures to judge on")
    assert "in 'train[50%:]', which the network learned from" in line
    capsys.readouterr()
    build_data.source(
        config(pictures, model_dir=str(tmp_path / "other"), checkpoint=f"{run}/hub/3")
    )
    told = capsys.readouterr().out
    assert f"Note: {run}/hub/3 held out nothing, and has learned from them.\n" in told


def test_a_run_that_held_pictures_out_shares_none(pictures, tmp_path):
    run = tmp_path / "run"
    begun(pictures, run)
    theirs = run_folder.read_settings(str(run))
    judging = config(pictures, model_dir=str(run), mode="eval")
    assert overlaps(judging, build_data.source(judging), theirs) == []
    inside = config(pictures / "dog", model_dir=str(run), mode="eval", train_split="train[:1]")
    held = {name for name in held_out_at(str(run)) if name.startswith("dog/")}
    data = build_data.source(inside)
    assert {f"dog/{name}" for name in names(data, "held_out")} == held
    assert overlaps(inside, data, theirs) == []


@pytest.mark.parametrize("content", ["", "{", '{"held_out": ["cat/1.png"]}', '{"held_out": 3}'])
def test_a_damaged_list_is_none(pictures, tmp_path, content):
    (tmp_path / "dataset.json").write_text(content)
    assert held_out_at(str(tmp_path)) == {} and held_out_at(None) == {}
    data = build_data.source(config(pictures, model_dir=str(tmp_path)))
    assert data.splits["held_out"] == 30


def test_names_of_any_kind_are_kept(tmp_path):
    odd = ["two\nlines.png", 'a"b.png', "日本.png", " x .png"]
    for number, name in enumerate(odd):
        save(tmp_path / "p" / name, number)
    data = begun(tmp_path / "p", tmp_path / "run")
    told = json.loads(pathlib.Path(tmp_path / "run/dataset.json").read_text())["held_out"]
    assert set(told) == set(names(data, "held_out")) < set(odd) and len(told) == 2


@pytest.mark.parametrize("percent", [10, 50, 75])
def test_stratified_slices_have_the_same_share_of_each_class(pictures, percent):
    for number in range(400, 407):
        save(pictures / f"{number}.png", number)  # Without a label.
    splits = f"train[:{percent}%]", f"train[{percent}%:]"
    flags = {"train_split": splits[0], "eval_split": splits[1], "stratified_slices": True}
    data = build_data.source(config(pictures, **flags))
    plain = build_data.source(config(pictures, **(flags | {"stratified_slices": False})))
    first, second = (names(data, split) for split in splits)
    assert len(first) == plain.num_examples(splits[0])
    assert sorted(first + second) == sorted(names(plain, "train")) and len(set(first)) == len(first)
    assert first != names(plain, splits[0])
    for part in (first, second):
        of_each = [sum(name.startswith(head) for name in part) for head in ("cat/", "dog/", "4")]
        for count, size in zip(of_each, (40, 20, 7)):
            assert abs(count - size * len(part) / 67) < 1
    assert data.facts(splits[0]).pictures == len(first)
    details = data.details["train"]["content"].tolist()
    assert sorted(details) == sorted(plain.details["train"]["content"].tolist()) != details
    assert plain.in_order(stratified=True).pictures == data.pictures
    assert data.in_order(stratified=False).pictures == plain.pictures


def test_stratified_slices_are_those_of_what_is_left(pictures):
    flags = {"stratified_slices": True, "train_split": "train[:50%]"}
    data = build_data.source(config(pictures, **flags))
    assert sum("cat" in name for name in names(data, "train[:50%]")) == 10
    assert sum("cat" in name for name in names(data, "held_out[:3]")) == 2


def test_what_a_run_learned_from_is_known_however_it_is_sliced_now(pictures, tmp_path):
    run = tmp_path / "run"
    slices = {"train_split": "train[:50%]", "eval_split": "train[50%:]"}
    learned = set(names(begun(pictures, run, stratified_slices=True, **slices), "train[:50%]"))
    theirs = run_folder.read_settings(str(run))
    for stratified in (True, False):
        judging = config(pictures, mode="eval", stratified_slices=stratified, **slices)
        data = build_data.source(judging)
        shared = learned & set(names(data, "train[50%:]"))
        lines = overlaps(judging, data, theirs)
        assert bool(shared) == bool(lines) == (not stratified)
        assert all(line.startswith(f"{len(shared)} of the 30 pictures") for line in lines)
