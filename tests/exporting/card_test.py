"""The model card tells what is known, says what is not, and its code runs."""

import dataclasses
import json
import re

import pytest

from tf_simclr.config.choices import EXPORT_FORMATS
from tf_simclr.exporting import card
from tf_simclr.exporting.card import Card

# Those that run on pictures; a format of weights alone need not.
RUN = ["hub_module", "saved_model", "onnx", "lite"]
FULL = Card(
    format="hub_module",
    network="ResNet-18 x 0.5, a stem for large images, a linear projection head of 1 layer to 8",
    features=256,
    projection=8,
    image_size=48,
    fixed_size=None,
    step=1700,
    settings={"dataset": "emoji32", "train_steps": 1700},
    dataset={
        "name": "emoji32",
        "licence": "CC-BY-4.0",
        "class_names": [f"class {n}" for n in range(60)],
        "pictures": {"train": 4251},
    },
    results={"global_step": 1700, "knn_top1": 0.5155, "raw_pixels/knn_top1": 0.396},
    classes=60,
    measured={"model.onnx": "2 MB"},
    version="1.2.3",
    learned="Learned on emoji32 by SimCLR.",
    class_names=tuple(f"class {n}" for n in range(60)),
)
UNKNOWN = {"step": None, "settings": {}, "dataset": {}, "results": {}, "classes": 0, "learned": ""}
UNKNOWN |= {"class_names": ()}
EMPTY = dataclasses.replace(FULL, **UNKNOWN)


def change(**values):
    return card.render(dataclasses.replace(FULL, **values))


def test_the_heading_of_an_encoder_says_how_it_was_trained():
    assert change(trained_by="Rotation prediction").startswith("# Rotation prediction encoder: ")
    assert "SimCLR" not in change(trained_by="Rotation prediction", learned="Learned on emoji32.")


def test_first_of_all_it_says_for_what_pictures_it_is():
    _, first, *_ = change().split("\n\n")
    assert first.startswith("Made for pictures of about 48 x 48 pixels")
    _, first, *_ = change(fixed_size=96).split("\n\n")
    assert first.endswith("This export takes 96 x 96 pixels and no others.")


def test_it_tells_what_the_issue_asks_of_a_card():
    text = card.render(FULL)
    for part in (
        "# SimCLR encoder: ResNet-18 x 0.5\n",
        "Learned on emoji32 by SimCLR.",
        "- licence of the data: CC-BY-4.0",
        "- pictures: 4,251 in train",
        "60 classes: class 0, class 1,",
        "class 49 and 10 more",
        "1,700 steps of `tf-simclr`",
        "    --train_steps=1700",
        "| kNN, top-1 | 51.5 % | 39.6 % |",
        "RGB in [0, 1], any height and width; trained at 48 pixels",
        "| model.onnx | 2 MB |",
        "Written by tf_simclr 1.2.3",
    ):
        assert part in text, part


def test_results_without_labels_say_which_values_are_better():
    text = change(results={"rankme": 33.54, "random_init/rankme": 3.3, "alpha_req": 1.25})
    assert "| RankMe (higher is better) | 33.5 | 3.3 |" in text
    assert "| alpha-ReQ (near 1 is better) | 1.25 | - |" in text
    assert "LiDAR" not in text and "None when" not in text


def test_it_opens_with_how_the_network_was_trained():
    sentence = "Fine-tuned on emoji32."
    assert f"\n\n{sentence} It turns a picture into 256" in change(learned=sentence)


def test_what_is_not_known_is_said():
    text = card.render(EMPTY)
    assert "Learned on" not in text
    assert "## Data\n\nNot recorded." in text
    assert "An unknown number of steps" in text
    assert "## Results\n\nNone when this was written." in text
    assert "\n\nIt turns a picture into 256 numbers" in text
    assert "class_names" not in text and "classify" not in text and "`project(" in text
    assert "Measured on this export" not in change(measured={})
    assert "licence of the data: not stated by its source" in change(dataset={"licence": ""})


@pytest.mark.parametrize("size", [32, 224])
def test_a_fixed_size_is_told(size):
    assert f"RGB in [0, 1], {size} x {size} pixels; trained at 48" in change(fixed_size=size)


@pytest.mark.parametrize("kind", EXPORT_FORMATS)
def test_each_format_has_lines_of_code_and_an_interface(kind):
    text = change(format=kind)
    encoder, classifier = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for code in (encoder, classifier):
        compile(code, "card", "exec")
        assert "PATH_OF_THIS_FOLDER" in code and "SIDE" not in code
        assert 5 <= len(code.splitlines()) <= 10
    assert "[batch, 256]" in text and "tf_simclr" not in encoder + classifier


@pytest.mark.parametrize("kind", RUN)
@pytest.mark.parametrize(("fixed_size", "side"), [(None, 48), (32, 32)])
def test_its_code_gives_pictures_of_the_size_that_is_taken(kind, fixed_size, side):
    text = change(format=kind, fixed_size=fixed_size)
    assert f", {side}, {side}, 3" in text.split("```")[1]


def test_it_is_read_as_it_was_written(tmp_path):
    card.write(FULL, str(tmp_path))
    assert card.read(str(tmp_path)) == FULL
    assert (tmp_path / "README.md").read_text() == card.render(FULL)
    assert {file.name for file in tmp_path.iterdir()} == {card.FACTS, "README.md"}


def test_a_card_of_another_version_is_read_as_far_as_it_goes(tmp_path):
    card.write(FULL, str(tmp_path))
    facts = json.loads((tmp_path / card.FACTS).read_text()) | {"mood": "good"}
    (tmp_path / card.FACTS).write_text(json.dumps(facts))
    assert card.read(str(tmp_path)) == FULL


def test_an_older_card_without_the_sentence_is_read_and_written_anew(tmp_path):
    card.write(FULL, str(tmp_path))
    facts = json.loads((tmp_path / card.FACTS).read_text())
    del facts["learned"]
    (tmp_path / card.FACTS).write_text(json.dumps(facts))
    old = card.read(str(tmp_path))
    assert old == dataclasses.replace(FULL, learned="")
    assert card.render(old) == change().replace("Learned on emoji32 by SimCLR. ", "")


def test_a_classifiers_card_is_one():
    text = change(classifies=True)
    assert text.startswith("# SimCLR classifier: ResNet-18 x 0.5\n")
    assert "SimCLR. It tells 60 classes apart. Its encoder turns a picture into 256" in text
    assert text.index("## Classify") < text.index("## Use")
    assert change().index("## Use") < change().index("## Classify")


@pytest.mark.parametrize("kind", EXPORT_FORMATS)
def test_where_names_of_classes_are_not_known_no_code_asks_for_them(kind):
    text = change(format=kind, class_names=())
    assert "It tells 60 classes apart; their names are not in this export." in text
    assert "class_names" not in text
    assert "## Classify" not in change(format=kind, classes=0, class_names=())


@pytest.mark.parametrize("kind", RUN)
def test_logits_are_promised_where_there_are_classes(kind):
    _, _, interface, *_ = change(format=kind).split("```")
    assert "logits" in interface
    _, _, interface = change(format=kind, classes=0, class_names=()).split("```")
    assert "logits" not in interface


def test_a_card_of_an_unknown_format_gets_no_others_text():
    with pytest.raises(ValueError, match="'pdf' is listed in .* does not define FORMAT"):
        change(format="pdf")


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "no JSON", '{"format": "onnx"}', "7"])
def test_what_is_no_card_is_none(tmp_path, text):
    if text is not None:
        (tmp_path / card.FACTS).write_text(text)
    assert card.read(str(tmp_path)) is None
