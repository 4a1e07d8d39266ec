"""The notebooks of colab/: each runs from start to end, and opens as a newcomer's Colab needs."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")
pytest.importorskip("tensorflow_hub")

ROOT = pathlib.Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "colab").glob("*.ipynb"))
PRETRAINING = ROOT / "colab" / "pretrain_your_images.ipynb"
ON_AN_EXPORT = [path for path in NOTEBOOKS if path != PRETRAINING]
COMMON = {"IMAGE_SIZE": 16, "TEST_SPLIT": "test[:10%]"}
# What replaces the settings of the cell tagged "parameters", so that a notebook takes seconds.
SMALL = {
    "load_and_inference": {"MAP_PICTURES": 60},
    "finetuning": {
        "TRAIN_SPLIT": "train[:8%]",
        "EPOCHS": {0.01: 1, 0.1: 1, 1.0: 1},
        "HEAD_EPOCHS": 2,
    },
    "distillation_self_training": {
        "TRAIN_SPLIT": "train[:8%]",
        "TEACHER_EPOCHS": 1,
        "STUDENT_STEPS": 2,
        "SELF_TRAINING_STEPS": 1,
    },
    "retrieval": {"TRAIN_SPLIT": "train[:10%]"},
}
FIGURES = {
    "load_and_inference": 7,
    "finetuning": 5,
    "distillation_self_training": 3,
    "retrieval": 6,
}
PRINTED = {
    "load_and_inference": [
        r"Features of 4 pictures: \(4, 32\) of float32",
        r"The same from tf\.saved_model\.load: True",
        r"Right at the first guess: \d+\.\d % of \d+ labelled test pictures",
    ],
    "finetuning": [r"\n +\d+( +\d+\.\d %){3}\n +\d+( +\d+\.\d %){3}\n +\d+( +\d+\.\d %){3}\n"],
    "distillation_self_training": [
        r"small, distilled +\d{2},\d{3} +0 +\d+\.\d %",
        r"Agrees with the teacher: distilled \d+\.\d %",
    ],
    "retrieval": [r"Recall at 1 among all pictures, encoder: \d+\.\d %"],
}
TINY = """
    --mode=train --dataset=emoji32 --image_size=16 --resnet_depth=18 --width_multiplier=0.0625
    --proj_out_dim=8 --train_batch_size=16 --warmup_epochs=0
"""

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
on_an_export = pytest.mark.parametrize("path", ON_AN_EXPORT, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def module_cell(notebook):
    """The cell that trains the sample encoder where there is none."""
    (source,) = [source for source in code_cells(notebook) if "QUICK_START =" in source]
    return source


def quick_start(source):
    """The flags of that cell, as one string."""
    return re.search(r'QUICK_START = """(.*?)"""', source, re.DOTALL)[1]


@pytest.fixture(scope="module")
def kernel_environment(tmp_path_factory):
    """Makes "python3" the interpreter that runs the tests, activated or not."""
    folder = tmp_path_factory.mktemp("jupyter")
    kernel = folder / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(
        json.dumps({"argv": command, "display_name": "Python 3", "language": "python"})
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        # oneDNN in TensorFlow 2.20 and 2.21 writes past its memory when a network of 4 channels
        # trains on batches of an odd size: free(): invalid next size. Wider ones are well.
        patch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
        patch.delenv("MPLBACKEND", raising=False)  # The kernel's own puts figures in the notebook.
        yield


@pytest.fixture(scope="module")
def sample_module(kernel_environment, emoji_dir, tmp_path_factory):
    """A tiny encoder, trained and exported by the notebooks' own cell."""
    source = module_cell(read(ROOT / "colab" / "load_and_inference.ipynb"))
    source = source.replace(quick_start(source), TINY)
    module = str(tmp_path_factory.mktemp("notebooks") / "tiny" / "hub" / "2")
    exec(source, {"MODULE": module, "DATA_DIR": emoji_dir, "subprocess": subprocess, "sys": sys})
    return module


def executed(path, settings, folder):
    """Runs a notebook in a folder with other settings; a cell that fails raises."""
    notebook = read(path)
    (place,) = [
        number
        for number, cell in enumerate(notebook.cells)
        if "parameters" in cell.metadata.get("tags", [])
    ]
    lines = [f"{name} = {value!r}" for name, value in settings.items()]
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell("\n".join(lines)))
    client = nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute()


@on_an_export
def test_it_runs_from_start_to_end_and_draws(path, sample_module, emoji_dir, tmp_path):
    places = {"MODULE": sample_module, "DATA_DIR": emoji_dir}
    notebook = executed(path, {**COMMON, **SMALL[path.stem], **places}, tmp_path)
    outputs = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]
    text = "".join(output.text for output in outputs if output.get("name") == "stdout")
    assert "Installed: nothing" in text
    for pattern in PRINTED[path.stem]:
        assert re.search(pattern, text), text
    figures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(figures) >= FIGURES[path.stem]
    assert not list(tmp_path.iterdir())  # Where the module is there, nothing is left behind.


def test_the_one_on_a_folder_pretrains_shows_the_page_and_embeds(
    kernel_environment, picture_folder, tmp_path
):
    settings = dict(image_size=16, resnet_depth=10, width_multiplier=0.0625, train_steps=2)
    settings |= {"proj_out_dim": 8, "train_batch_size": 8}
    places = {"PICTURES": picture_folder, "RUN": str(tmp_path / "run")}
    given = {**places, "MINUTES": None, "SETTINGS": settings}
    cells = executed(PRETRAINING, given, tmp_path).cells
    outputs = [o for cell in cells if cell.cell_type == "code" for o in cell.outputs]
    text = "".join(output.text for output in outputs if output.get("name") == "stdout")
    assert "Installed: nothing" in text and "Trained to step 2" in text
    assert "Features: (24, 32)" in text and "Features of a picture: 32" in text
    pages = [o["data"]["text/html"] for o in outputs if "text/html" in o.get("data", {})]
    assert len(pages) == 1 and pages[0].startswith("<iframe srcdoc=")
    assert len([o for o in outputs if "image/png" in o.get("data", {})]) == 1


def test_there_are_four_on_an_export():
    assert {path.stem for path in ON_AN_EXPORT} == set(SMALL)


@every_notebook
def test_no_output_is_stored(path):
    for cell in read(path).cells:
        assert cell.cell_type == "markdown" or (cell.outputs, cell.execution_count) == ([], None)


@every_notebook
def test_it_opens_with_its_badge_and_says_how_long_it_takes(path):
    notebook = read(path)
    first, second = notebook.cells[:2]
    assert first.cell_type == "markdown"
    assert "https://colab.research.google.com/assets/colab-badge.svg" in first.source
    address = "https://colab.research.google.com/github/tf-simclr/tf_simclr/blob/main/colab/"
    assert f"({address}{path.name})" in first.source
    assert re.search(r"\*\*Time:\*\* about .*minute", first.source)
    assert second.cell_type == "code"
    assert "pip" in second.source
    assert "git+https://github.com/tf-simclr/tf_simclr" in second.source
    assert notebook.metadata.kernelspec.name == "python3"


@on_an_export
def test_tf_simclr_serves_for_the_sample_module_and_the_data_alone(path):
    lines = [
        line.strip()
        for source in code_cells(read(path))[1:]  # The first installs.
        for line in source.splitlines()
        if re.search(r"tf_simclr|tf-simclr", line.partition("#")[0])
    ]
    assert lines == [
        'command = [sys.executable, "-m", "tf_simclr.main", *flags, f"--train_steps={step}"]',
        "from tf_simclr.data.emoji32 import Emoji32",
    ]


def test_cells_that_all_have_are_the_same_in_all():
    assert len({code_cells(read(path))[0] for path in NOTEBOOKS}) == 1
    assert len({module_cell(read(path)) for path in ON_AN_EXPORT}) == 1


def test_the_sample_encoder_is_trained_as_the_quick_start_is():
    recipe = (ROOT / "flags" / "emoji32_quickstart.cfg").read_text().splitlines()
    expected = {line for line in recipe if line.startswith("--")}
    expected = expected - {"--mode=train_then_eval"} | {"--mode=train"}
    flags = quick_start(module_cell(read(ON_AN_EXPORT[0]))).split()
    assert sorted(flags) == sorted(expected)
