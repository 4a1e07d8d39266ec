"""What a run's page says, counted by hand: no network is needed for it."""

import html
import json
import re
import shlex
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import methods
from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.evaluation.answers import Answers
from tf_simclr.evaluation.features import Features
from tf_simclr.judging.ask_classifier import Classified
from tf_simclr.judging.judge import Judged
from tf_simclr.judging.kept import Kept, read_kept, write_kept
from tf_simclr.judging.page import draw_page
from tf_simclr.judging.show import choose, teller
from tf_simclr.workdir import run_folder
from tf_simclr.workdir.subject import subject_of

COUNT = 8  # pictures in the folder's test split
LABELS = np.repeat([0, 1], COUNT // 2)
IDENTITIES = np.arange(COUNT) // 2 + 10
VECTORS = np.random.default_rng(0).standard_normal((COUNT, 4)).astype(np.float32)
PREDICTIONS = np.array([0, 1, 0, 0, 1, 1, 0, 1])  # 1 and 6 are wrong.
SURENESS = np.array([0.9, 0.6, 0.9, 0.9, 0.9, 0.9, 0.8, 0.9], np.float32)
MACHINE = {"cpu": "AMD EPYC", "cores": 2, "devices": "CPU", "encoder_parameters": 250_000}


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

    def write(identities=None, labels=LABELS, answers=True, classified=None, **others):
        config = Config.from_flat(flags | others)
        told = Answers(LABELS, PREDICTIONS, SURENESS) if answers else None
        judged = {
            "": Judged(Features(VECTORS, labels, identities, None), {}, False, told),
            "raw_pixels/": Judged(Features(VECTORS[:, :2], labels, identities, None), {}),
        }
        result = subject_of(config) | {"global_step": 7, "date": "2026-11-28", "pictures": COUNT}
        result |= {"knn_top1": 0.625} | (classified.scores if classified else {})
        method, data = methods.method_of(config), build_data.source(config)
        folder = config.run.model_dir
        run_folder.make_writable(folder)
        run_folder.write_settings(config, folder)
        run_folder.write_atomically(f"{folder}/result.json", json.dumps(result))
        kept = choose(
            config,
            data,
            judged,
            told=teller(config, judged[""], classified, data.class_names),
            drawn=method.views(config, data),
            machine=MACHINE,
        )
        write_kept(kept, f"{folder}/page.npz")
        with tf.io.gfile.GFile(draw_page(folder, "", method.words)) as page:
            return flags | others, page.read()

    return write


def hits_by_hand(vectors, meaning):
    """Places of the hits, from 1, among each picture's five nearest: cosines of centred rows."""
    rows = vectors - vectors.mean(axis=0)
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
    meaning = LABELS if identities is None else identities
    for title, vectors in (("this encoder", VECTORS), ("raw pixels", VECTORS[:, :2])):
        found = re.findall(rf'by {title}; the same thing: (.*?)"', page)
        assert sorted(found) == sorted(hits_by_hand(vectors, meaning))
    assert hits_by_hand(VECTORS, LABELS) != hits_by_hand(VECTORS, IDENTITIES)


def test_mistakes_are_those_of_the_linear_probe_the_surest_first(written):
    _, page = written()
    found = re.findall(r"<div><bdi>(.*?)</bdi>.*?<bdi.*?>(.*?)</bdi><small>(.*?)\u202f%", page)
    assert found == [("light", "dark", "80"), ("dark", "light", "60")]
    assert "The linear probe is wrong on 2 of 8 test pictures." in page
    [data] = re.findall(r'<script type="application/json">(.*?)</script>', page)
    assert json.loads(data)["taken"] == [-1, 1, -1, -1, -1, -1, 0, -1]


def test_the_page_of_a_classifier_begins_with_it_and_shows_its_own_mistakes(written):
    answers = Answers(LABELS, 1 - LABELS, SURENESS)
    scores = {"eval/label_top_1_accuracy": 0.0, "eval/label_top_5_accuracy": 1.0}
    own = Classified("Student", answers, np.zeros((2, 2), int), ("dark", "light"), scores)
    for flags, first, by in (
        ({"train_mode": "supervised"}, "Supervised classifier", "student"),
        ({}, "kNN", "linear probe"),
    ):
        _, page = written(classified=own, **flags)
        assert re.findall(r"<h3>(.*?)</h3>", page)[0] == first
        assert f"The {by} is wrong on" in page
        assert ("load_classifier" in page) == bool(flags)


def test_the_page_says_of_what_it_is(written):
    _, page = written()
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert facts["Pictures"] == "image_folder: 8 in test, 16 in train"
    assert "<h1>SimCLR on my pictures</h1>" in page
    [opening] = re.findall(r"</h1><p>(.*?)</p></header>", page)
    assert opening == (
        "ResNet-50 x 1 · 16 pixels · 7 steps ·"
        " judged on 8 pictures: test of my pictures, 16 pixels, 2026-11-28"
    )
    _, of_small_views = written(view_size=8)
    assert "</h1><p>ResNet-50 x 1 · views of 8 pixels · 7 steps · judged on" in of_small_views
    assert facts["Training"] == "7 steps, batches of 4 pictures"
    assert facts["Size of the encoder"] == "250,000 parameters, 1.0 MB"  # Of four bytes each.
    assert facts["Machine"] == "2 cores of AMD EPYC"
    assert "Licence of the pictures" not in facts  # Nobody says.


@pytest.mark.parametrize("relative", [True, False])
def test_the_lines_that_load_the_encoder_name_the_folder_from_anywhere(
    written, tmp_path, monkeypatch, relative
):
    monkeypatch.chdir(tmp_path)
    _, page = written(**({"model_dir": "a run"} if relative else {}))
    [path] = re.findall(r"load_encoder\('(.*?)'\)", html.unescape(page))
    assert path == str(tmp_path / "a run")


def test_a_run_in_a_bucket_is_named_as_it_is(storage, written):
    _, page = written(model_dir="gs://bucket/a run")
    [path] = re.findall(r"load_encoder\('(.*?)'\)", html.unescape(page))
    assert path == "gs://bucket/a run"
    assert "Nearest neighbours" in page  # Kept there, too, and read again.


def test_the_command_can_be_pasted_where_paths_have_spaces(written):
    flags, page = written()
    [command] = re.findall(r'class="command" tabindex="0"><code>(.*?)</code>', page, re.DOTALL)
    words = shlex.split(html.unescape(re.sub("<[^>]*>", "", command)))
    assert words[0] == "tf-simclr"
    assert {f"--data_dir={flags['data_dir']}", f"--model_dir={flags['model_dir']}"} <= set(words)


def test_views_that_were_kept_without_words_are_drawn_as_pairs(written):
    """By versions with one kind of pretraining."""
    flags, page = written()
    path = f"{flags['model_dir']}/page.npz"
    with np.load(path) as file:
        arrays = dict(file)
    structure = json.loads(arrays["structure"].tobytes())
    assert structure["views"].pop("words")["title"] == "Views"
    arrays["structure"] = np.frombuffer(json.dumps(structure).encode(), np.uint8)
    np.savez(path, **arrays)
    with open(draw_page(flags["model_dir"], "", methods.method_of(Config()).words)) as file:
        assert file.read() == page


def test_sheets_come_back_as_the_bytes_of_their_files(written):
    flags, _ = written()
    path = f"{flags['model_dir']}/page.npz"
    kept = read_kept(path)
    assert isinstance(kept.neighbours.sheet.data, bytes)
    assert kept.neighbours.sheet.data.startswith(b"RIFF")
    write_kept(kept, f"{path}.npz")
    assert read_kept(f"{path}.npz").neighbours == kept.neighbours


@pytest.mark.parametrize("content", [b"", b"PK not a zip", None])
def test_what_another_version_kept_is_left_alone(written, content):
    flags, page = written()
    path = f"{flags['model_dir']}/page.npz"
    assert read_kept(path) is not None
    if content is None:
        np.savez(path, structure=np.frombuffer(b'{"kind":"Kept","new":1}', np.uint8))
    else:
        with open(path, "wb") as file:
            file.write(content)
    assert read_kept(path) is None
    with open(draw_page(flags["model_dir"], "", methods.method_of(Config()).words)) as file:
        bare = file.read()
    assert "Nearest neighbours" not in bare and "62.5\u202f%" in bare


def test_no_damaged_byte_stops_a_page(tmp_path):
    path = tmp_path / "page.npz"
    write_kept(Kept({"seed": 1}, {}, {}), str(path))
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
        assert read_kept(str(path)) in (None, Kept({"seed": 1}, {}, {}))


def test_without_labels_there_are_neighbours_and_a_map_and_no_mistakes(written):
    _, page = written(labels=np.full(COUNT, -1), answers=False)
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert {"Nearest neighbours", "Map of the test pictures", "Views"} <= set(headings)
    assert not {"Mistakes", "Classes", "Confusion matrix"} & set(headings)
    assert "marks the same thing" not in page
