"""What strangers type is answered by the command that they meant."""

import pytest

from tf_simclr import cli, habits
from tf_simclr.config import flag_fields

FLAGS = {field.name: cli.plain_type(field) is bool for field in flag_fields()}
FLAGS |= {"recipe": False, "flagfile": False}


def meant(command, recipes=("quickstart",)):
    found = habits.mended(command.split(), FLAGS, recipes).arguments
    return None if found is None else " ".join(found)


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        # Other tools' commands
        ("train --data_dir=p --model_dir=r", "--data_dir=p --model_dir=r"),
        ("train data=p out=r epochs=3", "--data_dir=p --model_dir=r --train_epochs=3"),
        ("eval --model_dir=r", "--mode=eval --model_dir=r"),
        ("export --model_dir r --format onnx", "--mode=export --model_dir=r --export_format=onnx"),
        ("finetune --resume=a --model_dir=r", "--train_mode=finetune --checkpoint=a --model_dir=r"),
        ("quickstart", "--recipe=quickstart"),
        ("my.cfg", "--flagfile=my.cfg"),
        ("help", "--help"),
        ("help train", "--help"),
        ("version", "--version"),
        # Other tools' flags
        ("--epochs=3 --batch_size=8", "--train_epochs=3 --train_batch_size=8"),
        ("--minutes=5 --model_dir=r", "--train_minutes=5 --model_dir=r"),
        ("--epochs 3 -b 8 --lr 1e-3", "--train_epochs=3 --train_batch_size=8 --learning_rate=1e-3"),
        ("-v", "--version"),
        ("-v --seed=1", "--seed=1"),
        ("--config=my.cfg", "--flagfile=my.cfg"),
        ("--recipes", "--recipe=help"),
        # Hyphens, capitals and misspelt names
        ("--model-dir=r --data-dir=p", "--model_dir=r --data_dir=p"),
        ("--Model-Dir r", "--model_dir=r"),
        ("--no-use-blur", "--nouse_blur"),
        ("--nouse_blurr", "--nouse_blur"),
        ("--use-blur", "--use_blur"),
        ("--lerning_rate=1", "--learning_rate=1"),
        ("--temprature 0.1", "--temperature=0.1"),
        # The values of known flags are no words, and are kept.
        ("--seed 3 --epoch=2", "--seed=3 --train_epochs=2"),
        ("--nouse_blur --epochs=3", "--nouse_blur --train_epochs=3"),
        (
            "--data_dir=a=b --epochs=3 --model_dir=r",
            "--data_dir=a=b --train_epochs=3 --model_dir=r",
        ),
        # Blanks beside "=", and a switch with a value
        ("--data_dir = p --model_dir=r", "--data_dir=p --model_dir=r"),
        ("--data_dir= p --model_dir=r", "--data_dir=p --model_dir=r"),
        ("--data_dir=p --model_dir=r --dry_run true", "--data_dir=p --model_dir=r --dry_run=true"),
        ("--data_dir=p --model_dir=r --nouse_blur true", None),
        ("--data_dir=p --model_dir", "--data_dir=p --model_dir"),
        ("--eval_name= --epochs=3", "--eval_name= --train_epochs=3"),
        # A folder for the run where there is none.
        ("--data-dir=p", "--data_dir=p --model_dir=runs/mine"),
        ("--data-dir=p --checkpoint=c", "--data_dir=p --checkpoint=c"),
        # Nothing is guessed.
        ("--quux", None),
        ("--quux --epochs=3", None),
        ("nonsense", None),
        ("-", None),
        ("--=3", None),
    ],
)
def test_a_command_is_read_as_it_was_meant(typed, instead):
    assert meant(typed) == instead


def test_a_folder_holds_pictures(tmp_path, monkeypatch):
    (tmp_path / "train").mkdir()
    (tmp_path / "pictures").mkdir()
    monkeypatch.chdir(tmp_path)
    assert meant("pictures/") == "--data_dir=pictures/ --model_dir=runs/mine"
    assert meant("pictures --model_dir=r") == "--data_dir=pictures --model_dir=r"
    assert meant("train pictures") == "--data_dir=pictures --model_dir=runs/mine"


def test_of_two_folders_none_is_chosen(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert meant("a b --model_dir=r") is None
    assert meant("a --data_dir=b --model_dir=r") is None


def test_what_is_not_understood_is_named_as_it_was_typed():
    found = habits.mended(["train", "--data-dir=p", "--seed=1", "-b", "8", "x=1"], FLAGS)
    assert found.wrong == ["train", "--data-dir", "-b", "x"]
    assert found.arguments is None
    for typed, wrong in (
        ("--data_dir = p", "="),
        ("--data_dir= p", "p"),
        ("--choose true", "true"),
    ):
        assert habits.mended(typed.split(), FLAGS).wrong == [wrong]
    assert habits.mended(["--seed=1"], FLAGS) == ([], ["--seed=1"])


def test_every_other_word_stands_for_a_flag_that_there_is_and_is_none_itself():
    assert set(habits.OTHERS) <= set(FLAGS) | set(habits.ALONE)
    assert not set(habits.FLAG_OF) & set(FLAGS)
    assert len(habits.FLAG_OF) == sum(map(len, habits.OTHERS.values()))
