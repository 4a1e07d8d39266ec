"""Layers are judged as the last one is, and the best is chosen without the test pictures."""

import numpy as np
import pytest

from tf_simclr.config import Config
from tf_simclr.evaluation.features import Features
from tf_simclr.evaluation.knn import knn
from tf_simclr.evaluation.linear_probe import linear_probe
from tf_simclr.evaluation.retrieval import retrieval_at_k
from tf_simclr.judging import layers as module
from tf_simclr.judging.endpoints import Layers
from tf_simclr.judging.judge import Judged, by_neighbours, probe
from tf_simclr.judging.layers import judge_layers

TRAIN, TEST, WIDTH = 120, 60, 6
CONFIG = Config.from_flat({"eval_split": "test", "judge_endpoints": "all"})
THINGS, GROUPS = np.arange(TEST) // 2, np.arange(TEST) % 2


def labels_of(count, classes=3):
    return np.arange(count) % classes


def table(count, clear, seed, **others):
    """Features of `count` pictures that show their class as clearly as `clear` says."""
    random, labels = np.random.default_rng(seed), labels_of(count)
    centres = np.eye(3, WIDTH)
    vectors = clear * centres[labels] + random.normal(size=(count, WIDTH))
    return Features(vectors.astype(np.float32), labels, others.get("things"), others.get("groups"))


# Layer -> how clear it is in training, and in the test split.
CLEAR = {"early": (1.0, 3.0), "middle": (4.0, 0.5), "final": (2.0, 2.0)}


def splits(clear=None, **others):
    """Split -> layer -> features."""
    clear = CLEAR if clear is None else clear
    return {
        "train": {
            name: table(TRAIN, pair[0], 2 * n) for n, (name, pair) in enumerate(clear.items())
        },
        "test": {
            name: table(TEST, pair[1], 2 * n + 1, **others)
            for n, (name, pair) in enumerate(clear.items())
        },
    }


@pytest.fixture
def judged_as(monkeypatch):
    """Called with tables by split and layer: what is found, as if networks had given them."""

    def found(tables, row="", last="final", labels=True, names=None):
        def read(config, data, split, labelled=False):
            assert labelled == (split == "train")  # Unlabelled pictures teach nothing.
            return split

        monkeypatch.setattr(module, "judged_batches", read)
        monkeypatch.setattr(
            module, "extract_together", lambda together, split, limit: dict(tables[split])
        )
        test, train = tables["test"][last], tables["train"][last]
        probed = probe(CONFIG, train, test, test.labels) if labels else None
        scores = by_neighbours(train if labels else None, test) | (probed.scores if labels else {})
        of_last = Judged(
            test,
            scores,
            labels=test.labels if labels else None,
            held_out=probed.held_out if labels else None,
        )
        layers = Layers(names or list(tables["test"]), lambda images: {}, last)
        # The first row says which labels there are.
        return judge_layers(CONFIG, None, {row: layers}, {"": of_last, row: of_last})

    return found


@pytest.mark.parametrize("row", ["", "raw_pixels/"])
def test_each_layer_has_the_scores_that_each_judge_gives_its_features(judged_as, row):
    tables = splits(things=THINGS, groups=GROUPS)
    found = judged_as(tables, row)
    assert found[f"{row}layers"] == ["early", "middle", "final"]
    for name in CLEAR:
        train, test = tables["train"][name], tables["test"][name]
        four = train.vectors, train.labels, test.vectors, test.labels
        probed = linear_probe(*four)
        assert found[f"{row}probe/{name}"] == probed.top1
        assert found[f"{row}held_out/{name}"] == probed.held_out_top1
        assert found[f"{row}knn/{name}"] == knn(*four)
        assert found[f"{row}retrieval/{name}"] == retrieval_at_k(test.vectors, THINGS, GROUPS)
        assert found[f"{row}features/{name}"] == WIDTH
    assert found["labelled_pictures"] == TEST


def test_the_best_layer_is_chosen_on_training_pictures_whatever_the_test_pictures_say(judged_as):
    found = judged_as(splits(things=THINGS, groups=GROUPS))
    held_out = {name: found[f"held_out/{name}"] for name in CLEAR}
    tested = {name: found[f"probe/{name}"] for name in CLEAR}
    assert max(held_out, key=held_out.get) == "middle" != max(tested, key=tested.get)
    assert found["best_layer"] == "middle"
    assert found["best_layer/linear_probe_top1"] == found["probe/middle"]
    assert found["best_layer/knn_top1"] == found["knn/middle"]
    assert found["best_layer/retrieval_at_1"] == found["retrieval/middle"]


def test_of_equally_good_layers_it_is_the_last_one(judged_as):
    perfect = dict.fromkeys(["early", "final", "beyond"], (40.0, 40.0))
    found = judged_as(splits(perfect))
    assert {found[f"held_out/{name}"] for name in perfect} == {1.0}
    assert found["best_layer"] == "final"
    without = {split: {k: v for k, v in each.items()} for split, each in splits(perfect).items()}
    assert judged_as(without, last="beyond", names=["early", "final"])["best_layer"] == "early"


def test_the_last_layer_and_what_equals_it_are_not_judged_again(judged_as, monkeypatch):
    tables = splits()
    for each in tables.values():
        each["same"] = each["final"]
    asked = []

    def noted(config, train, test, labels, tell):
        asked.append(test)
        return probe(config, train, test, labels, tell)

    monkeypatch.setattr(module, "probe", noted)
    found = judged_as(tables)
    assert [id(test) for test in asked] == [id(tables["test"][n]) for n in ("early", "middle")]
    for kind in ("probe", "knn", "held_out"):
        assert found[f"{kind}/same"] == found[f"{kind}/final"]


def test_without_labels_layers_are_asked_what_pictures_show_and_none_is_chosen(judged_as, capsys):
    found = judged_as(splits(things=THINGS, groups=GROUPS), labels=False)
    kinds = {key.split("/")[0] for key in found}
    assert kinds == {"layers", "retrieval", "features"}
    assert capsys.readouterr().out == ""


def test_without_labels_and_things_nothing_is_judged_and_a_line_says_so(judged_as, capsys):
    assert judged_as(splits(), labels=False) == {}
    assert capsys.readouterr().out == (
        "No layer is judged: there are no labels to judge by, and nothing to retrieve.\n"
    )


def test_what_fails_for_several_layers_is_said_once_and_the_others_go_on(judged_as, capsys):
    tables = splits()
    for name in ("early", "middle"):
        tables["test"][name].vectors[:] = np.nan
    found = judged_as(tables)
    assert found["best_layer"] == "final" and "probe/early" not in found
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == [
        "The kNN of layers is left out",
        "The linear probe of layers is left out",
    ]


def test_where_no_picture_can_be_held_out_no_layer_is_chosen_and_a_line_says_so(judged_as, capsys):
    tables = splits()
    for name, each in tables["train"].items():  # One picture of each class.
        tables["train"][name] = Features(each.vectors[:3], each.labels[:3], None, None)
    found = judged_as(tables)
    assert "probe/early" in found and not [key for key in found if "best" in key or "held" in key]
    assert capsys.readouterr().out == (
        "No best layer is chosen: no class has two labelled training pictures.\n"
    )


def test_a_layer_without_features_is_left_out_and_named(judged_as, capsys):
    found = judged_as(splits(), names=["early", "early_2x2", "final"])
    assert found["layers"] == ["early", "final"]
    assert capsys.readouterr().out == (
        "early_2x2 is left out: at this picture size the map is one pixel wide.\n"
    )
