"""Few labels from the command line: what is trained on, what is written, and what is refused."""

import json
import pathlib
import shutil

import numpy as np
import pytest
from whole_runs import run, weights

from tf_simclr import methods
from tf_simclr.config import Config
from tf_simclr.evaluation import linear_probe
from tf_simclr.judging import judge
from tf_simclr.judging.baselines import baselines
from tf_simclr.main import main
from tf_simclr.workdir.labels_file import check_labels, write_labels


def same(ours, theirs):
    assert ours.keys() == theirs.keys()
    return all(np.array_equal(ours[key], theirs[key]) for key in ours)


@pytest.fixture
def flags(tiny_flags, trained_run):
    """Of a fine-tuning of all layers; of training from scratch without the last two."""
    return [*tiny_flags, "--train_mode=finetune", f"--checkpoint={trained_run}"]


def listed(folder):
    return (folder / "labels.txt").read_text().splitlines()


@pytest.mark.usefixtures("no_exports")
def test_a_run_names_its_labels_and_they_can_be_given_again(flags, tmp_path, capsys):
    drawn, given, other = (tmp_path / name for name in ("drawn", "given", "other"))
    run(*flags, "--labels_per_class=2", f"--model_dir={drawn}")
    text = capsys.readouterr().out
    assert "4 of 16 pictures in 'train' have labels (labels.txt names them), the" in text
    assert "Training steps 1 to 3: 4 pictures" in text
    names = listed(drawn)
    assert names == sorted(set(names))
    for name in ("dark", "light"):
        mine = [line for line in names if line.startswith(f"train/{name}/")]
        assert len(mine) == 2
    run(*flags, f"--label_list={drawn}/labels.txt", f"--model_dir={given}")
    assert listed(given) == names
    assert same(weights(drawn), weights(given))
    # The weights do depend on which pictures they are.
    others = {f"train/{name}/{n}.png" for name in ("dark", "light") for n in range(8)} - set(names)
    (tmp_path / "others.txt").write_text("\n".join(others))
    run(*flags, f"--label_list={tmp_path}/others.txt", f"--model_dir={other}")
    assert set(listed(other)) == others
    assert not same(weights(drawn), weights(other))
    # A run that resumes with all labels has no list of few.
    run(*flags, "--train_steps=4", f"--model_dir={drawn}")
    assert not (drawn / "labels.txt").exists()


def test_results_of_few_labels_say_so_and_are_nobody_elses(tiny_flags, trained_run, tmp_path):
    folder = shutil.copytree(trained_run, tmp_path / "run")
    flags = [*tiny_flags, f"--model_dir={folder}"]
    card = folder / "hub" / "3" / "export.json"
    before = card.read_text()
    run(*flags, "--mode=eval", "--labels_per_class=2", "--eval_name=few")
    result = json.loads((folder / "result_few.json").read_text())
    assert result["labels"] == "labels_per_class=2, seed=0"
    assert not any(key.startswith("eval/label") for key in result)  # Its head knew all labels.
    assert not (folder / "confusion_matrix_few.csv").exists()
    assert not (folder / "result.json").exists()
    assert card.read_text() == before  # The export is of a run that knew all labels.
    settings, data = (folder / "flags.json").read_text(), (folder / "dataset.json").read_text()
    run(*flags, "--mode=train_then_eval", "--labels_per_class=3")  # Nothing is left to train.
    assert (folder / "flags.json").read_text() == settings
    assert (folder / "dataset.json").read_text() == data
    assert card.read_text() == before
    run(*flags, "--mode=train_then_eval")  # As if it had not been evaluated before.
    result = json.loads((folder / "result.json").read_text())
    assert "labels" not in result and "eval/label_top_1_accuracy" in result
    assert json.loads(card.read_text())["results"] == result


@pytest.mark.parametrize(
    ("first", "later", "knew"),
    [
        ("4", [["--labels_per_class=2"], ["--labels_per_class=4", "--seed=3"]], "labels.txt"),
        ("0", [["--labels_per_class=4"]], "all labels"),
    ],
    ids=["few", "all"],
)
@pytest.mark.usefixtures("no_exports")
def test_a_run_does_not_go_on_with_labels_left_out_that_it_has_learned_from(
    flags, tmp_path, capsys, first, later, knew
):
    run(*flags, f"--labels_per_class={first}", "--train_steps=1", f"--model_dir={tmp_path}")
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.*")}
    for more in later:
        capsys.readouterr()
        assert main(["tf-simclr", *flags, *more, "--train_steps=2", f"--model_dir={tmp_path}"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "`model_dir` must not hold a run that has learned from labels that are left" in line
        assert line.endswith(f"{knew}. Give another folder.")
        assert {path.name: path.read_bytes() for path in tmp_path.glob("*.*")} == before


@pytest.mark.usefixtures("no_exports")
def test_a_run_goes_on_with_more_labels(flags, tmp_path):
    run(*flags, "--labels_per_class=2", "--train_steps=1", f"--model_dir={tmp_path}")
    few = set(listed(tmp_path))
    run(*flags, "--labels_per_class=4", "--train_steps=2", f"--model_dir={tmp_path}")
    assert few < set(listed(tmp_path)) and len(listed(tmp_path)) == 8


def test_names_of_any_characters_are_written_and_found_again(tiny_flags, picture_folder, tmp_path):
    folder, run_of = tmp_path / "pictures", tmp_path / "run"
    shutil.copytree(picture_folder, folder)
    run_of.mkdir()
    for number, odd in enumerate(["a\u2028b", "a\x85b", "a\vb", "a\fb", "a\nb", "a\rb", '"a']):
        (folder / "train" / "dark" / f"{number}.png").rename(
            folder / "train" / "dark" / f"{odd}.png"
        )
    flags = [*tiny_flags, f"--data_dir={folder}"]
    data = source(flags, "supervised", labels_per_class=8)
    write_labels(data, str(run_of))
    check_labels(data, str(run_of), step=1)
    again = source(flags, "supervised", label_list=f"{run_of}/labels.txt")
    assert again.labelled == data.labelled and len(data.labelled) == 16


def test_a_list_of_labels_that_is_no_text_is_named(tiny_flags, tmp_path):
    (tmp_path / "labels.txt").write_bytes(b"\xff\xfe")
    data = source(tiny_flags, "supervised", labels_per_class=8)
    with pytest.raises(ValueError, match="`model_dir` holds a labels.txt that cannot be read"):
        check_labels(data, str(tmp_path), step=1)


def test_a_smaller_share_of_the_same_seed_is_part_of_a_larger_one(tiny_flags):
    labelled = [source(tiny_flags, "supervised", label_fraction=f).labelled for f in (0.2, 0.5)]
    assert set(labelled[0]) < set(labelled[1])


def source(tiny_flags, train_mode, **choice):
    values = dict(flag.removeprefix("--").split("=", 1) for flag in tiny_flags)
    data = {name: values[name] for name in ("dataset", "data_dir", "eval_split")}
    teacher = {"teacher": "t"} if train_mode == "distill" else {}
    return methods.source(Config.from_flat({**data, **teacher, "train_mode": train_mode, **choice}))


@pytest.mark.parametrize(
    ("train_mode", "count"), [("pretrain", 16), ("distill", 16), ("finetune", 4), ("supervised", 4)]
)
def test_where_other_pictures_are_of_use_they_stay_unlabelled(tiny_flags, train_mode, count):
    data = source(tiny_flags, train_mode, labels_per_class=2)
    labels = [int(record["label"]) for record in data.records("train")]
    assert data.num_examples("train") == len(labels) == count
    assert sorted(label for label in labels if label >= 0) == [0, 0, 1, 1]
    assert data.num_examples("test") == 8


@pytest.mark.parametrize("mode", ["embed", "export"])
def test_handing_out_takes_all_of_the_data(tiny_flags, mode):
    data = source(tiny_flags, "finetune", labels_per_class=2, mode=mode)
    assert data.num_examples("train") == 16
    assert all(int(record["label"]) >= 0 for record in data.records("train"))


@pytest.fixture
def probed(monkeypatch):
    """How many labels each linear probe learns from, in the order of the probes."""
    counts = []

    def probe(vectors, labels, *more, **settings):
        counts.append(int((labels >= 0).sum()))
        return linear_probe.linear_probe(vectors, labels, *more, **settings)

    monkeypatch.setattr(judge, "linear_probe", probe)
    return counts


@pytest.mark.usefixtures("no_exports")
def probes():
    """Of an evaluation: two outputs of the encoder, before training and after it, and baselines."""
    return 2 * 2 + len(baselines())


def test_pretraining_judges_by_the_chosen_labels(tiny_flags, tmp_path, capsys, probed):
    folder = tmp_path / "run"
    command = [*tiny_flags, "--labels_per_class=3", "--mode=train_then_eval"]
    run(*command, f"--model_dir={folder}")
    text = capsys.readouterr().out
    assert probed == [6] * probes()
    run(*command[:-1], "--mode=eval", f"--model_dir={folder}")
    assert probed == [6] * 2 * probes()
    assert "6 of 16 pictures in 'train' have labels (labels.txt names them), the others h" in text
    assert "Training steps 1 to 3: 16 pictures" in text
    assert len(listed(folder)) == 6
    result = json.loads((folder / "result.json").read_text())
    assert 0 <= result["linear_probe_top1"] <= 1
    assert 0 <= result["raw_pixels/knn_top1"] <= 1
    assert json.loads((folder / "dataset.json").read_text())["pictures"] == {"test": 8, "train": 16}


def test_supervised_training_and_its_evaluation_know_few_labels(tiny_flags, tmp_path, probed):
    folder = tmp_path / "run"
    command = [*tiny_flags, "--train_mode=supervised", "--labels_per_class=3"]
    run(*command, "--mode=train_then_eval", f"--model_dir={folder}")
    assert probed == [6] * probes()
    assert json.loads((folder / "dataset.json").read_text())["pictures"] == {"test": 8, "train": 6}
    assert "eval/label_top_1_accuracy" in json.loads((folder / "result.json").read_text())


def test_where_all_labels_are_taken_none_are_named(trained_run):
    assert not (pathlib.Path(trained_run) / "labels.txt").exists()


# Bad input


@pytest.fixture
def refused(flags, tmp_path, capsys):
    """Calls main with one more flag; its one line on stderr. No folder is made for the run."""

    def call(*more):
        capsys.readouterr()
        folder = tmp_path / "run"
        assert main(["tf-simclr", *flags, f"--model_dir={folder}", *more]) == 2
        assert not folder.exists()
        (line,) = capsys.readouterr().err.splitlines()
        return line

    return call


def test_a_share_that_leaves_a_class_empty(refused):
    line = refused("--label_fraction=0.05")
    assert line.startswith("tf-simclr: `label_fraction` must leave each class a label.")
    assert "leaves none to 2 of 2 classes: 'dark', 'light'. Give 0.0625 or more" in line


def test_more_labels_than_a_class_has(refused):
    line = refused("--labels_per_class=9")
    assert line.startswith("tf-simclr: `labels_per_class` must not be larger than a class.")
    assert "'dark' has 8" in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dark/0.png\ndark/8.png\nlight/9.png\n", "2 of 3 names fit none: 'dark/8.png', 'light/9"),
        ("0.png\n", "1 of 1 names fit several: '0.png'."),
        ("dark/0.png\n", "without any for 1 of 2 classes: 'light'."),
        ("", "which is empty"),
    ],
    ids=["unknown", "ambiguous", "one class", "empty"],
)
def test_a_list_that_names_no_such_pictures(refused, tmp_path, text, said):
    (tmp_path / "list.txt").write_text(text)
    line = refused(f"--label_list={tmp_path}/list.txt")
    assert line.startswith("tf-simclr: `label_list` must ")
    assert said in line


def test_a_list_that_is_missing_or_no_text(refused, picture_folder):
    for path in (f"{picture_folder}/missing.txt", f"{picture_folder}/train/dark/0.png"):
        line = refused(f"--label_list={path}")
        assert line.startswith("tf-simclr: `label_list` must be a text file")
        assert path in line


def test_data_without_labels(refused, picture_folder, tmp_path):
    shutil.copytree(f"{picture_folder}/train/dark", tmp_path / "plain")
    line = refused(f"--data_dir={tmp_path}/plain", "--label_fraction=0.5")
    assert line.startswith("tf-simclr: `label_fraction` needs labels to choose from, and image_f")
    assert "Received: label_fraction=0.5." in line


def test_a_training_split_that_does_not_exist(refused):
    assert "Received: train_split=nowhere" in refused(
        "--label_fraction=0.5", "--train_split=nowhere"
    )


@pytest.mark.parametrize(
    "split", ["train+train", "train[:50%]+train[25%:]", "test+train[:1]+test[-1:]"]
)
def test_a_picture_that_is_named_twice(refused, split):
    for choice in ("--label_fraction=0.5", "--labels_per_class=1"):
        line = refused(choice, f"--train_split={split}")
        assert "`train_split` must not hold a picture twice if labels are chosen" in line
        assert f"Received: train_split={split!r}." in line


def test_fewer_pictures_than_a_batch(refused):
    assert "image_folder has 2 pictures in 'train'" in refused("--labels_per_class=1")
