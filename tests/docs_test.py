"""What the pages in docs/ point to is there, and the data is prepared as they say."""

import pathlib
import re
import shutil
import textwrap
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from floors_test import FLOORS
from tensorflow_datasets.core.utils import gcs_utils

from tf_simclr import things

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md"), ROOT / "flags" / "README.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_that_a_page_names_are_there(page):
    named = re.findall(r"`(?:tests/)?([\w/]+_test\.py)(?:::(\w+))?`", page.read_text())
    missing = []
    for file, test in named:
        path = ROOT / "tests" / file
        text = path.read_text() if path.exists() else ""
        if not text or (test and not re.search(rf"^def {test}\(", text, re.MULTILINE)):
            missing.append((file, test))
    assert missing == []


def anchors(page):
    """The fragments of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page):
    missing = []
    for path, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text()):
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            missing.append(f"{path}#{anchor}")
    assert missing == []


def test_every_page_is_in_the_contents_of_the_site():
    contents = re.findall(r"```{toctree}(.*?)```", (DOCS / "index.md").read_text(), re.DOTALL)
    named = {re.sub(r".*<(.*)>", r"\1", line) for block in contents for line in block.split("\n")}
    assert {page.stem for page in DOCS.glob("*.md")} - {"index"} <= named
    assert {f"../{page.name}" for page in ROOT.glob("*.md")} <= named


def drawn():
    """The rows of the drawing, the highest first: the rooms in each."""
    text = {}
    for node in ElementTree.parse(DOCS / "floors.svg").iter("{http://www.w3.org/2000/svg}text"):
        if node.get("class") == "name":
            text.setdefault(float(node.get("y")), []).append(node.text.removesuffix(" *"))
    return [text[y] for y in sorted(text)]


def test_the_drawing_has_the_floors():
    floors = [{FLOORS[f"tf_simclr.{room}"] for room in row} for row in drawn()]
    assert [len(row) for row in floors] == [1] * len(floors)
    numbers = [min(row) for row in floors]
    assert numbers == sorted(numbers, reverse=True) and len(set(numbers)) == len(numbers)
    folders = {path.parent.name for path in (ROOT / "tf_simclr").glob("*/__init__.py")}
    assert folders <= {room for row in drawn() for room in row}


def test_the_page_of_the_layout_names_every_folder_and_every_kind():
    text = (DOCS / "architecture.md").read_text()
    folders = {path.parent.name for path in (ROOT / "tf_simclr").glob("*/__init__.py")}
    assert [name for name in folders if f"`{name}/`" not in text] == []
    for folder, name in things.NAMES.items():
        assert f"`{folder.replace('.', '/')}/`" in text and f"`{name}`" in text


@pytest.fixture
def readers_folder(trained_run, picture_folder, tmp_path):
    """A folder with pictures and the runs that README speaks of."""
    for run in ("emoji32_quickstart", "mine", "classes"):
        shutil.copytree(trained_run, tmp_path / "runs" / run)
    quick = tmp_path / "runs" / "emoji32_quickstart" / "hub"
    (quick / "3").rename(quick / "2000")
    (tmp_path / "PICTURES").symlink_to(picture_folder)
    return tmp_path


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_code_in_the_readme_runs_as_it_stands(readers_folder, monkeypatch):
    """Given what its comments ask of the reader: images and labels."""
    pytest.importorskip("tensorflow_hub")
    images = np.random.default_rng(0).random((4, 32, 32, 3), np.float32)
    names = {"images": images, "labels": np.arange(4)}
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(blocks) >= 3
    monkeypatch.chdir(readers_folder)
    for block in blocks:
        # There are 16 pictures here, and less time than a reader has.
        block = block.replace("batch_size=64", "batch_size=8").replace("epochs=10", "epochs=1")
        exec(compile(block, "README.md", "exec"), names)


def test_the_code_of_a_method_on_its_page_is_that_of_its_files():
    """Each block names its file; "..." in it stands for what is left out."""
    page = (DOCS / "add_a_method.md").read_text()
    blocks = re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == page.count("```python") >= 4
    for file, block in blocks:
        text = (ROOT / file).read_text()
        for part in re.split(r"^ *\.\.\.\n", block, flags=re.MULTILINE):
            assert part in text, f"{file} has no more:\n{part}"


def test_imagenet_is_prepared_as_the_page_says_up_to_its_files(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "tpu.md").read_text()
    typed = re.search(r'^    \.venv/bin/python -c "(import os, .*?)"$', page, re.M | re.S)[1]
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(gcs_utils, "_is_gcs_disabled", True)  # No network.
    with pytest.raises(AssertionError, match="ILSVRC2012_img_train.tar"):
        exec(textwrap.dedent(" " * 4 + typed))  # What a shell hands to Python.
