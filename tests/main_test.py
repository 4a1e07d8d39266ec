"""The door: what it prints, its exit codes, and how it stops."""

import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import processes
import pytest
import tensorflow as tf

from tf_simclr import main as door
from tf_simclr import quiet, stopping
from tf_simclr.main import main
from tf_simclr.tasks import command
from tf_simclr.tasks.evaluate import Evaluated
from tf_simclr.version import __version__
from tf_simclr.workdir.callbacks import Interrupted

TIMEOUT = 200  # seconds that any one process may take on a busy machine
AS_MODULE = [sys.executable, "-m", "tf_simclr.main"]
AS_SCRIPT = [str(pathlib.Path(sys.executable).with_name("tf-simclr"))]
COMMANDS = pytest.mark.parametrize("command", [AS_MODULE, AS_SCRIPT], ids=["module", "script"])


def call(command, *arguments, cwd=None):
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=TIMEOUT, cwd=cwd
    )


@pytest.mark.parametrize("flag", ["--help", "-help", "-h", "--helpfull", "--helpshort"])
def test_help(capsys, flag):
    assert main(["tf-simclr", flag, "--nonsense"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f"tf-simclr {__version__}")
    assert "usage: tf-simclr --dataset=DATA --model_dir=DIR" in captured.out
    assert (
        "\nThe optimiser and its learning rate.\n  --optimizer=momentum|adam|lars|lamb\n"
        in captured.out
    )
    assert captured.err == ""


def test_version(capsys):
    assert main(["tf-simclr", "--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


def test_a_command_reads_its_folder_and_complains_of_it_once(
    picture_folder, tmp_path, monkeypatch, capsys
):
    """Training and evaluation are given one way to open the data."""
    shutil.copytree(picture_folder, tmp_path / "pictures")
    (tmp_path / "pictures/train/dark/broken.png").touch()
    opened = []

    def task(config, *_, open_data, **__):
        opened.append(open_data(config))
        return Evaluated({}, [])

    monkeypatch.setattr(command, "train", task)
    monkeypatch.setattr(command, "evaluate", task)
    flags = [
        *("--mode=train_then_eval", "--eval_split=test", "--model_dir=m"),
        *(
            "--dataset=image_folder",
            "--choose=False",
            f"--data_dir={tmp_path}/pictures",
            "--max_bad_images=0.5",
        ),
    ]
    for count in (1, 2):  # Another command reads it anew.
        assert main(["tf-simclr", *flags]) == 0
        assert opened[-1] is opened[-2]
        assert len({id(data) for data in opened}) == count
        lines = capsys.readouterr().out.partition("Try next:")[0].splitlines()
        assert [line for line in lines if line and not line.startswith("Note: ")] == [
            "image_folder: 1 of 25 pictures unreadable, skipped: train/dark/broken.png",
            "image_folder: 2 classes: dark, light; 16 pictures to train, 8 to judge",
        ]


@COMMANDS
def test_both_commands_answer_without_tensorflow(command, tmp_path):
    """A process whose import of TensorFlow fails still gives help and refuses a wrong flag."""
    (tmp_path / "tensorflow.py").write_text("raise ImportError('TensorFlow was imported')")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    for arguments, code in ((["--help"], 0), (["--lerning_rate=1"], 2), (["--image_size=0"], 2)):
        done = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, env=environment
        )
        assert done.returncode == code
        assert len(done.stderr.splitlines()) == (1 if code else 0), done.stderr


@COMMANDS
def test_bad_input_in_a_real_process(command, trained_run, tiny_flags):
    """Nothing but the one line reaches the terminal: no notice of TensorFlow's, no traceback."""
    done = call(command, *tiny_flags, f"--model_dir={trained_run}", "--resnet_depth=34")
    assert done.returncode == 2
    assert done.stderr.startswith("tf-simclr: `model_dir` belongs to a run of another architecture")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stdout + done.stderr


@pytest.fixture
def tasks(monkeypatch):
    """Stands in for the tasks: notes which are called, and raises `tasks.error` from training."""

    class Tasks:
        called: list = []
        error: BaseException | None = None

    stand_in = Tasks()
    stand_in.called = []

    def train(config, origin, **_):
        stand_in.called.append("train")
        if stand_in.error:
            raise stand_in.error

    def evaluate(*_, **__):
        stand_in.called.append("evaluate")
        return Evaluated({}, [])

    def evaluate_until_trained(*_, **__):
        stand_in.called.append("evaluate_until_trained")
        return []

    for task in (train, evaluate, evaluate_until_trained):
        monkeypatch.setattr(command, task.__name__, task)
    return stand_in


@pytest.mark.parametrize(
    ("mode", "called"),
    [
        ("train", ["train"]),
        ("train_then_eval", ["train", "evaluate"]),
        ("eval", ["evaluate_until_trained"]),
    ],
)
def test_the_mode_decides_what_runs(tasks, mode, called):
    assert main(["tf-simclr", "--model_dir=m", f"--mode={mode}"]) == 0
    assert tasks.called == called


def test_flags_without_effect_are_said_before_anything_runs(tasks, capsys):
    main(["tf-simclr", "--model_dir=m", "--tpu_zone=a", "--variable_schema=base_model"])
    out = capsys.readouterr().out
    assert "Note: --tpu_zone has no effect without --use_tpu.\n" in out
    assert "Note: --variable_schema has no effect without --checkpoint.\n" in out
    assert tasks.called == ["train"]


def test_flags_of_a_recipe_are_not_spoken_of(tasks, capsys, tmp_path):
    (tmp_path / "recipe.cfg").write_text("--train_epochs=5\n--tpu_zone=a\n")
    arguments = ("--model_dir=m", "--train_steps=3", "--master=b")
    main(["tf-simclr", f"--flagfile={tmp_path}/recipe.cfg", *arguments])
    assert capsys.readouterr().out == "Note: --master has no effect without --use_tpu.\n"


@pytest.mark.parametrize(
    ("encoding", "environment", "again"),
    [
        ("utf-8", {}, False),
        ("ascii", {"LC_ALL": "C", "PYTHONUTF8": "0"}, True),
        ("iso8859-1", {"LC_ALL": "de_DE"}, True),
        ("ascii", {"PYTHONUTF8": "1"}, False),  # It was of no use: it must not go on for ever.
    ],
)
def test_a_locale_that_cannot_name_files_is_left(monkeypatch, encoding, environment, again):
    started = []
    monkeypatch.setattr(os, "execve", lambda *command: started.append(command))
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: encoding)
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "tf_simclr.main", "--seed=1"])
    monkeypatch.setattr(os, "environ", environment)
    door._require_utf8()
    command = [sys.executable, "-m", "tf_simclr.main", "--seed=1"]
    assert started == [(sys.executable, command, environment | {"PYTHONUTF8": "1"})] * again


def test_what_a_terminal_cannot_show_is_escaped(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert main(["tf-simclr", "--version"]) == 0
    print("tüer \udce4", flush=True)
    assert written.getvalue().endswith(b"t\\xfcer \\udce4\n")


def test_stopping_by_a_signal_says_how_to_go_on(tasks, capsys):
    tasks.error = Interrupted(signal.SIGTERM, 7)
    assert main(["tf-simclr", "--model_dir=my runs"]) == 143
    assert capsys.readouterr().err == (
        "tf-simclr: Stopped by SIGTERM; step 7 is saved. To go on, give the same command again:"
        " tf-simclr '--model_dir=my runs'\n"
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), 130), (KeyboardInterrupt(signal.SIGTERM), 143)],
    ids=["Ctrl-C", "SIGTERM"],
)
def test_a_signal_outside_of_training(tasks, capsys, error, code):
    tasks.error = error
    assert main(["tf-simclr", "--model_dir=m"]) == code
    assert capsys.readouterr().err.startswith("tf-simclr: Stopped. To go on, give the same command")


@pytest.mark.parametrize("number", stopping.SIGNALS, ids=lambda n: n.name)
def test_each_signal_is_one_outside_of_training_too(monkeypatch, capsys, number):
    monkeypatch.setattr(door, "_run", lambda *_: os.kill(os.getpid(), number))
    # Who runs the tests in the background has some ignored, and they would stay so.
    outside = signal.signal(number, signal.SIG_DFL)
    try:
        assert main(["tf-simclr", "--model_dir=m"]) == 128 + number
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, outside)
    assert "Stopped. To go on" in capsys.readouterr().err


class Unwritable(io.StringIO):
    """A stream that fails as a pipe without a reader does, or a full disk."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error

    flush = close = lambda self: None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BrokenPipeError(32, "Broken pipe"), 141),
        (OSError(28, "No space left on device"), 2),
    ],
    ids=["pipe", "disk"],
)
@pytest.mark.parametrize("flag", ["--help", "--version", "--tpu_zone=a"])
def test_what_cannot_be_printed_ends_the_program_in_one_line(
    tasks, monkeypatch, capsys, error, code, flag
):
    monkeypatch.setattr(sys, "stdout", Unwritable(error))
    with pytest.raises(SystemExit) as caught:
        door.console(["tf-simclr", "--model_dir=m", flag])
    monkeypatch.undo()
    assert caught.value.code == code
    assert len(capsys.readouterr().err.splitlines()) <= 1
    assert tasks.called == []


def test_an_error_that_cannot_be_printed_has_its_exit_code(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Unwritable(OSError(5, "Input/output error")))
    assert main(["tf-simclr", "--image_size=0"]) == 2


def test_closed_streams_are_opened_to_nowhere(monkeypatch):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    with pytest.raises(SystemExit) as caught:
        door.console(["tf-simclr", "--version"])
    assert caught.value.code == 0
    assert not sys.stdout.isatty()


@pytest.mark.parametrize("error", [ValueError("a bug"), RuntimeError("a bug")], ids=repr)
def test_a_bug_keeps_its_traceback(tasks, error):
    """Only ValueErrors that this package raises itself are bad input."""
    tasks.error = error
    with pytest.raises(type(error), match="a bug"):
        main(["tf-simclr", "--model_dir=m"])


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file or directory", "/run/a.png"),
        tf.errors.NotFoundError(None, None, "{{node r}} /run/a.png; No such file or directory [["),
    ],
    ids=["Python", "TensorFlow"],
)
def test_a_file_that_fails_is_named_in_one_line(tasks, capsys, error):
    tasks.error = error
    assert main(["tf-simclr", "--model_dir=m"]) == 2
    assert capsys.readouterr().err == (
        "tf-simclr: A file cannot be used: /run/a.png; No such file or directory. What was saved"
        " before is kept. To go on, give the same command again: tf-simclr --model_dir=m\n"
    )


def test_importing_tensorflow_leaves_stderr_as_it_was(capfd):
    quiet.import_tensorflow()
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


def test_the_console_script_exits_with_the_code(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["tf-simclr", "--image_size=0"])
    with pytest.raises(SystemExit) as caught:
        door.console()
    assert caught.value.code == 2


def wait_for(path, process):
    end = time.monotonic() + processes.TIMEOUT
    while not path.exists():
        assert process.poll() is None, process.read("err")
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "Ctrl-C"]
)
def test_a_stopped_run_saves_and_goes_on(tiny_flags, trained_run, tmp_path, number, code, capsys):
    """Begins at step 3 of a finished run, is stopped far from the end, and started again."""
    folder = pathlib.Path(shutil.copytree(trained_run, tmp_path / "run"))
    arguments = [*tiny_flags, f"--model_dir={folder}", "--checkpoint_steps=5"]
    process = processes.start(["-m", "tf_simclr.main", *arguments, "--train_steps=1000000"])
    try:
        wait_for(folder / "ckpt-5.index", process)
        process.send_signal(number)
        _, errors = process.communicate()
    finally:
        process.kill()
    assert process.returncode == code
    (line,) = errors.splitlines()
    step = int(line.split("; step ")[1].split()[0])
    assert line == (
        f"tf-simclr: Stopped by {number.name}; step {step} is saved. To go on, give the same"
        f" command again: tf-simclr {' '.join(arguments)} --train_steps=1000000"
    )
    assert (folder / f"ckpt-{step}.index").exists()
    if number == signal.SIGTERM:  # Once is enough: the folder is the same after the other.
        goes_on(arguments, folder, step, capsys)


def goes_on(arguments, folder, step, capsys):
    capsys.readouterr()
    assert main(["tf-simclr", *arguments, f"--train_steps={step + 1}"]) == 0
    out = capsys.readouterr().out
    assert f"Training steps {step + 1} to {step + 1}" in out
    assert json.loads((folder / "flags.json").read_text())["train_steps"] == step + 1
    assert (folder / "saved_model" / str(step + 1)).is_dir()
