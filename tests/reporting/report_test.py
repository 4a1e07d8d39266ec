"""The report page: what it says, and that it is safe and whole. browser_test.py looks at it."""

import html
import json
import re

import numpy as np
import pytest
import whole

from tf_simclr.reporting.content import ClassConfusion, Neighbours, Query, Report, Score
from tf_simclr.reporting.label_free import LabelFreeRow, LabelFreeTable
from tf_simclr.reporting.pyramid import PyramidTable
from tf_simclr.reporting.report import render

SECTIONS = [
    "What was learned",
    "Pyramid",
    "Layer by layer",
    "Judged without labels",
    "Nearest neighbours",
    "Map of the test pictures",
    "Mistakes",
    "Classes",
    "Confusion matrix",
    "Training",
    "Views",
    "Use the encoder",
    "This run",
]


def headings(page):
    return re.findall(r"<h2>(.*?)</h2>", page)


def text_of(page):
    page = re.sub(r"<style>.*?</style>|<script.*?</script>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def test_page_is_one_file_without_outside_links():
    page = render(whole.whole_report())
    without_pictures = re.sub(r"data:image/webp;base64,[\w+/=]+", "", page)
    assert not re.search(r"https?:|//[a-z]|@import|<iframe|<link rel=\"style", without_pictures)
    resources = re.findall(r'(?:src|href)="([^"]*)|url\(([^)]*)', page)
    assert resources
    assert all("".join(found).startswith(("data:", "#")) for found in resources)


def test_every_section_is_there_in_order_and_tags_are_closed():
    page = render(whole.whole_report())
    assert headings(page) == SECTIONS
    assert re.findall(r'<a href="#([\w-]+)"', page) == re.findall(r'<section id="([\w-]+)"', page)
    assert page.count("<h1>") == 1
    tags = ("section", "div", "ul", "ol", "li", "table", "svg", "figure", "i", "b", "bdi", "style")
    for tag in (*tags, "dl", "nav", "small", "script"):
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>"), tag
    assert all("alt=" in image for image in re.findall(r"<img [^>]*>", page))


def test_every_property_that_its_style_uses_is_set_somewhere():
    page = render(whole.whole_report())
    used, given = set(re.findall(r"var\((--\w+)", page)), set(re.findall(r"(--\w+):", page))
    assert used and used <= given


def test_what_is_missing_is_left_out():
    page = render(Report(title="Bare"))
    opened = render(Report(title="Bare", opening="For <48> pixels."))
    assert opened == page.replace("</h1>", "</h1><p>For &lt;48&gt; pixels.</p>")
    assert "<h2>" not in page and "<nav" not in page and "<script" not in page
    assert 'class="keys"' not in page
    only_curves = render(Report(title="Bare", history={"Loss": ([1, 2], [5.5, 2.25])}))
    assert headings(only_curves) == ["Where it stands", "Training"]
    assert "2.25 from 5.5 at the start" in re.sub(r"\s+", " ", text_of(only_curves))


def test_every_text_is_escaped():
    evil = "</script><b onclick='x'>\"&"
    page = render(
        Report(
            title=evil,
            opening=evil,
            state=evil,
            command=evil,
            facts=[(evil, evil)],
            history={evil: ([1], [1.0]), evil + "2": ([], [])},
            scores=[Score(evil, evil, 0.5, [(evil, 0.1)], note=evil)],
            label_free=LabelFreeTable([evil], [LabelFreeRow(evil, evil, evil, [evil])], evil),
            confusion=ClassConfusion(np.eye(1, dtype=int), [evil], [(evil, evil, 1, 1)], evil),
            neighbours=whole.neighbours_of(caption=evil),
            feature_map=whole.map_of(5, classes=1, names=[evil]),
            pyramid=PyramidTable([evil], [(evil, [0.5])]),
            layers=whole.layers_of(evil, note=evil),
            mistakes=whole.mistakes_of(evil, evil, evil),
            snippet=(evil, evil),
        )
    )
    assert "<b onclick" not in page
    assert page.count("<script") == page.count("</script>") == 2
    assert text_of(page).count(evil) >= 20
    [data] = re.findall(r'<script type="application/json">(.*?)</script>', page)
    assert json.loads(data)["classes"] == [evil]


def test_a_command_breaks_between_its_flags_and_can_be_copied():
    typed = "tf-simclr --mode=train_then_eval '--data_dir=my pictures' --model_dir=runs/mine"
    page = render(Report("t", command=typed))
    words = ["tf-simclr", "--mode=train_then_eval", "'--data_dir=my pictures'"]
    [shown] = re.findall(r'class="command" tabindex="0"><code>(.*?)</code>', page)
    assert [html.unescape(word) for word in re.findall("<span>(.*?)</span>", shown)] == [
        *words,
        "--model_dir=runs/mine",
    ]
    assert html.unescape(re.sub("<.*?>", "", shown)) == typed


def test_names_of_folders_break_at_their_underscores():
    page = render(Report("t", neighbours=whole.neighbours_of(caption="bug_or_reptile")))
    assert ">bug_<wbr>or_<wbr>reptile</bdi>" in page


def test_hits_among_neighbours_are_read_out_by_their_place():
    hits = [[True, False, False, False, True], [False] * 5]
    page = render(Report(title="t", neighbours=whole.neighbours_of(hits, "cat", queries=1)))
    assert re.findall(r'aria-label="(The nearest.*?)"', page) == [
        "The nearest to cat by this encoder; the same thing: 1, 5",
        "The nearest to cat by raw pixels; the same thing: none",
    ]
    assert "over 1,000 test pictures, 40 % by this encoder, 20 % by raw pixels." in re.sub(
        r"\s+", " ", text_of(page)
    )
    assert "✓" not in text_of(render(Report(title="t", neighbours=whole.neighbours_of())))


def test_scores_stand_beside_their_baselines_and_those_without_a_value_are_left_out():
    scores = [
        Score("<b>Student</b>", "", 0.875, [("Raw pixels", 0.5), ("Untrained network", None)]),
        Score("kNN", "", None, [("Raw pixels", 0.5)]),
    ]
    page = render(Report("x", scores=scores, history={"Loss": ([0], [1.5])}))
    assert re.findall(r"<h3>(.*?)</h3><b>(.*?)</b>", page) == [
        ("&lt;b&gt;Student&lt;/b&gt;", "87.5\u202f%")
    ]
    assert re.findall(r"<li><span>(.*?)</span><span>(.*?)</span>", page) == [
        ("Raw pixels", "50.0\u202f%")
    ]
    assert re.findall(r"--share:([\d.]+)%", page) == ["87.5", "50.0"]
    only_curve = render(Report("x", history={"Loss": ([0], [1.5])}))
    assert re.findall(r"<h3>(.*?)</h3><b>(.*?)</b>", only_curve) == [("Loss", "1.5")]


@pytest.mark.parametrize(
    ("steps", "values", "expected"),
    [
        ([], [], "No values recorded."),
        ([1, 2], [np.nan, np.inf], "No values recorded."),
        ([7], [0.25], "0.25"),
        ([1, 2, 3, 4], [3.0, np.nan, 2.0, 1.0], "3 → 1 · 1 not finite"),
        ([0, 0], [1.0, 1.0], "1 → 1"),
        (range(5000), [float("inf")] * 2500 + [0.0] * 2500, "0 → 0 · 2,500 not finite"),
        ([1, 2], [-3e38, 3e38], "-3e+38 → 3e+38"),
    ],
)
def test_any_history_is_drawn(steps, values, expected):
    page = render(Report(title="t", history={"Loss": (steps, values)}))
    assert expected in page
    assert not re.search(r"\b(nan|inf)\b", page)


@pytest.mark.parametrize(("count", "wrong"), [(3, 3), (0, 0)])
def test_mistakes_say_what_a_picture_is_and_what_it_was_taken_for(count, wrong):
    page = render(Report(title="t", mistakes=whole.mistakes_of(count=count)))
    said = re.sub(r"\s+", " ", text_of(page))
    assert said.count("cat taken for dog 90 % sure") == count
    expected = "wrong on 3 of 10" if wrong else "right on all 10"
    assert f"The linear probe is {expected} test pictures." in said


@pytest.mark.parametrize(("classes", "shown"), [(2, 2), (60, 60), (61, 61), (1000, 1000)])
def test_classes_are_bars_the_worst_first(classes, shown):
    confusion = whole.confusion_of(classes)
    page = render(Report(title="t", confusion=confusion))
    bars = page[page.index('id="classes"') : page.index('id="confusion"')]
    shares = re.findall(r"<span>(\d+)\u202f%</span>", bars)
    # By hand: 3 of 4 are right, and all of the last class.
    assert shares == ["75"] * (shown - 1) + ["100"]
    assert ("<details>" in bars) == (classes > 60)


@pytest.mark.parametrize(("classes", "counted"), [(2, True), (20, True), (21, False), (50, False)])
def test_confusion_is_a_map_and_of_few_classes_its_counts(classes, counted):
    page = render(Report(title="t", confusion=whole.confusion_of(classes)))
    told = re.findall(r'<rect class="told".*?fill-opacity="(.*?)"', page)
    mistaken = re.findall(r'<rect class="mistaken".*?fill-opacity="(.*?)"', page)
    # By hand: 3 of 4 are right and 1 is not, but for the last row; the root makes them 0.87 and .5.
    assert told == ["0.87"] * (classes - 1) + ["1.00"]
    assert mistaken == ["0.50"] * (classes - 1)
    assert "<title>class 0 correct: 3 of 4</title>" in page
    assert "<title>class 0 taken for class 1: 1 of 4</title>" in page
    assert page.count("75 %</text>") == classes - 1 and page.count("100 %</text>") == 1
    written = re.findall(r'text-anchor="middle">(\d+)</text>', page)
    assert sorted(written) == (["1"] * (classes - 1) + ["3"] * classes if counted else [])
    assert "Who, and how well." in page and "1 of 4</td>" in page


def test_confusion_lies_within_its_frame():
    page = render(Report(title="t", confusion=whole.confusion_of(30, "a long name of class {}")))
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', page).groups())
    cells = re.findall(r'<rect class=.*? x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"', page)
    x, y, across, down = np.array(cells, float).T
    assert len(cells) == 59 and x.min() > 0 and y.min() > 0
    assert (x + across).max() < width and (y + down).max() < height
    assert len(set(x)) == len(set(y)) == 30


def test_confusion_of_many_classes_is_its_worst_pairs():
    page = render(Report(title="t", confusion=whole.confusion_of(51)))
    assert "<svg" not in page and page.count("<td>1 of 4</td>") == 1
    none = ClassConfusion(np.eye(51, dtype=int), [""] * 51, note="All right.")
    page = render(Report(title="t", confusion=none))
    assert "All right." in page and "<table" not in page


def test_a_class_that_is_not_shown_has_no_share_and_no_bar():
    page = render(Report(title="t", confusion=ClassConfusion(np.diag([2, 0]), ["a", "b"])))
    assert page.count("–</text>") == 1 and page.count("100 %</text>") == 1
    assert len(re.findall(r'class="bar"', page)) == 1


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match=r"`pictures` must be uint8 .*float64 \[2, 8, 8, 3\]"):
        whole.Sheet.of(np.zeros((2, 8, 8, 3)), most_bytes=100)
    with pytest.raises(ValueError, match=r"`queries` must have a row for each of the 2 kinds"):
        Neighbours(whole.sheet(1), whole.KINDS, [Query(0, "cat", [[0]])])
    with pytest.raises(ValueError, match=r"must be of the same pictures.*atlas of 3, names of 2"):
        whole.FeatureMap(np.zeros((2, 2)), whole.sheet(3), ["a", "b"], np.zeros(2, int))
    with pytest.raises(ValueError, match=r"`matrix` must be .*\(2, 2\), 1 class_names"):
        ClassConfusion(np.eye(2, dtype=int), ["a"])
    with pytest.raises(ValueError, match=r"`steps` and `values` of 'Loss' .*len\(values\)=1"):
        render(Report(title="t", history={"Loss": ([1, 2], [0.5])}))
