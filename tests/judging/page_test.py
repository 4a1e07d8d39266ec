"""What a report's page says of a run, counted by hand: no network is needed for it."""

import html
import re
import shlex
import shutil

import numpy as np
import pytest

from tf_simclr import methods
from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.evaluation.features import Features
from tf_simclr.judging.judge import Judged
from tf_simclr.judging.page import write_page
from tf_simclr.workdir.subject import subject_of

COUNT = 8  # pictures in the folder's test split
LABELS = np.repeat([0, 1], COUNT // 2)
IDENTITIES = np.arange(COUNT) // 2 + 10
VECTORS = np.random.default_rng(0).standard_normal((COUNT, 4)).astype(np.float32)


@pytest.fixture
def written(picture_folder, tmp_path):
    """Called with the test split's identities: the flags of a run, and its page."""
    pictures = shutil.copytree(picture_folder, tmp_path / "my pictures")
    flags = {
        "dataset": "image_folder",
        "data_dir": str(pictures),
        "eval_split": "test",
        "image_size": 16,
        "train_batch_size": 4,
        "model_dir": str(tmp_path / "a run"),
    }

    def write(identities, **others):
        config = Config.from_flat(flags | others)
        judged = Judged(Features(VECTORS, LABELS, identities, None), {})
        page = tmp_path / "page.html"
        result = subject_of(config) | {"global_step": 7, "date": "2026-11-28"}
        method, data = methods.method_of(config), build_data.source(config)
        views = method.views(config, data)
        write_page(config, data, judged, result, str(page), words=method.words, views=views)
        return flags, page.read_text()

    return write


def hits_by_hand(meaning):
    """Places of the hits, from 1, among each picture's five nearest: cosines of centred rows."""
    rows = VECTORS - VECTORS.mean(axis=0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    near = rows @ rows.T
    np.fill_diagonal(near, -np.inf)
    order = np.argsort(-near, axis=1)[:, :5]
    places = [np.flatnonzero(meaning[found] == mine) + 1 for found, mine in zip(order, meaning)]
    return [", ".join(map(str, found)) or "none" for found in places]


@pytest.mark.parametrize("identities", [IDENTITIES, None], ids=["things", "classes"])
def test_a_hit_is_the_same_thing_and_where_things_have_no_names_of_the_same_class(
    written, identities
):
    _, page = written(identities)
    expected = hits_by_hand(LABELS if identities is None else identities)
    assert re.findall(r'hits: (.*?)"', page) == expected
    assert hits_by_hand(LABELS) != hits_by_hand(IDENTITIES)


def test_the_page_says_of_what_it_is(written):
    _, page = written(None)
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert facts["Data"] == "image_folder: 16 pictures in train, 8 pictures in test"
    [opening] = re.findall(r"</h1><p>(.*?)</p></header>", page)
    assert opening.startswith("Made for pictures of about 16 x 16 pixels")
    assert opening.endswith("Judged on test of my pictures, 16 pixels, 2026-11-28.")
    assert facts["Training"] == "7 steps of 4 pictures"
    assert "Pictures by" not in facts  # Nobody says.


@pytest.mark.parametrize("relative", [True, False])
def test_the_lines_that_load_the_encoder_name_the_folder_from_anywhere(
    written, tmp_path, monkeypatch, relative
):
    monkeypatch.chdir(tmp_path)
    flags, page = written(None, **({"model_dir": "a run"} if relative else {}))
    [path] = re.findall(r"load_encoder\('(.*?)'\)", html.unescape(page))
    assert path == str(tmp_path / "a run")


def test_a_run_in_a_bucket_is_named_as_it_is(storage, written):
    _, page = written(None, model_dir="gs://bucket/a run")
    [path] = re.findall(r"load_encoder\('(.*?)'\)", html.unescape(page))
    assert path == "gs://bucket/a run"


def test_the_command_can_be_pasted_where_paths_have_spaces(written):
    flags, page = written(None)
    [command] = re.findall(r'class="command"><code>(.*?)</code>', page, re.DOTALL)
    words = shlex.split(html.unescape(command))
    assert words[0] == "tf-simclr"
    assert {f"--data_dir={flags['data_dir']}", f"--model_dir={flags['model_dir']}"} <= set(words)
