"""The commands of export/: `python -m export.FORMAT` in a checkout."""

import pathlib

import processes
import pytest

from tf_simclr.config.choices import EXPORT_FORMATS
from tf_simclr.exporting import card

ROOT = pathlib.Path(__file__).parent.parent
COMMANDS = {path.stem for path in (ROOT / "export").glob("*.py")} - {"__init__", "command"}


def command(*arguments):
    return processes.run(["-m", *arguments], cwd=ROOT)


# Format -> why it has no command of its own.
WITHOUT: dict[str, str] = {}
NO_FILE = """
import sys
sys.modules["tf_simclr.exporting.lite"] = None  # As if there were no such file.
sys.modules.pop("tf_simclr.tasks.export", None)  # The fork server has imported it.
from tf_simclr import main
main.console()
"""


def test_each_format_has_its_command_or_says_why_not():
    assert {*COMMANDS, *WITHOUT} == set(EXPORT_FORMATS)
    assert not COMMANDS & set(WITHOUT) and all(WITHOUT.values())
    for name in COMMANDS:
        assert f'command.run("{name}")' in (ROOT / "export" / f"{name}.py").read_text()


def test_a_command_exports_by_two_flags(trained_run, tmp_path):
    out = tmp_path / "out"
    done = command("export.saved_model", f"--model_dir={trained_run}", f"--output={out}")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Exported {out}\n"
    assert card.read(str(out)).format == "saved_model"


def test_a_word_without_a_file_fails_at_once(tmp_path):
    flags = ["--mode=export", "--export_format=lite", f"--model_dir={tmp_path}"]
    done = processes.run(["-c", NO_FILE, *flags], cwd=ROOT)
    assert done.returncode == 2 and not done.stdout
    assert len(done.stderr.splitlines()) == 1
    assert (
        "'lite' is listed in config/choices.py, but tf_simclr.exporting.lite does not"
        in done.stderr
    )


@pytest.mark.parametrize(
    "flags", [["--model_dir=/nowhere", "--mode=train"], ["--model_dir=runs", "--depth=3"]]
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, flags):
    done = command("export.hub_module", *flags, f"--output={tmp_path / 'out'}")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
