"""The report page: what it says, that it is safe and whole, and that a browser shows it well."""

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from tf_simclr.reporting.content import (
    ClassConfusion,
    FeatureMap,
    KeyScore,
    Neighbours,
    Report,
    ResultRow,
    ResultTable,
)
from tf_simclr.reporting.report import render

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_browser = pytest.mark.skipif(
    BROWSER is None, reason="no chromium here; on Debian: apt-get install chromium"
)
SWITCHES = [
    "--headless",
    "--no-sandbox",  # Containers run as root.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",  # Shows the page's console as lines with CONSOLE.
    "--virtual-time-budget=3000",
]
SCHEMES = {"dark": 0, "light": 1}  # Chromium's values of preferredColorScheme.
TABLE = ResultTable(
    columns=("Linear probe top-1", "Retrieval at 1"),
    rows=(
        ResultRow("This encoder", (0.583, 0.431), "256 numbers a picture"),
        ResultRow("Raw pixels", (0.512, 0.5)),
        ResultRow("Untrained network", (0.461, None)),
    ),
    note="The same procedure for every row.",
)


def pictures(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def confusion_of(classes, name="class {}"):
    """A matrix of 3 on the diagonal and 1 to its right, and one pair."""
    matrix = 3 * np.eye(classes, dtype=int) + np.eye(classes, k=1, dtype=int)
    names = [name.format(number) for number in range(classes)]
    return ClassConfusion(matrix, names, [(names[0], names[-1], 1, 4)], "Who, and how well.")


def whole_report(height=32, width=32, channels=3, rows=40):
    size = (height, width, channels)
    steps = np.arange(0, 1000, 2)
    return Report(
        title="A run",
        opening="Judged on " + "a_long_name_" * 20,
        command="tf-simclr --model_dir=/tmp/" + "a_long_name_" * 20,
        facts=[("Network", "ResNet-18"), ("Data", "emoji32_" * 20)],
        history={"Loss (nats)": (steps, np.exp(-steps / 500)), "Learning rate": ([1], [0.3])},
        views=pictures(16, 2, *size),
        scores=[KeyScore("Fine-tuned classifier", 0.875, "top-5 99.0 %")],
        table=TABLE,
        confusion=confusion_of(10),
        neighbours=Neighbours(
            pictures(6, *size),
            pictures(6, 5, *size),
            np.arange(30).reshape(6, 5) % 3 == 0,
            [f"query {row} with a caption that is far too long for its box" for row in range(6)],
        ),
        feature_map=FeatureMap(
            np.random.default_rng(0).random((rows, 2)), pictures=pictures(rows, *size)
        ),
        snippet="encoder = load_encoder('" + "path/" * 40 + "')",
    )


def text_of(page):
    return html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))


def test_page_is_one_file_without_scripts_or_outside_links():
    page = render(whole_report())
    without_pictures = re.sub(r"data:image/png;base64,[\w+/=]+", "", page)
    assert not re.search(r"https?:|//[a-z]|@import|<script|<iframe", without_pictures)
    resources = re.findall(r'(?:src|href)="([^"]*)|url\(([^)]*)', page)
    assert resources
    assert all("".join(found).startswith("data:") for found in resources)


def test_every_section_is_there_and_tags_are_closed():
    page = render(whole_report())
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == [
        "Results",
        "Confusion matrix",
        "Nearest neighbours",
        "Map of the test pictures",
        "Training",
        "Augmented views",
        "Use the encoder",
        "This run",
    ]
    assert page.count("<h1>") == 1
    for tag in ("section", "div", "ul", "li", "table", "svg", "figure", "i", "b", "style", "dl"):
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>"), tag
    assert all('alt="' in image for image in re.findall(r"<img [^>]*>", page))


def test_every_property_that_its_style_uses_is_set_somewhere():
    page = render(whole_report())
    used, given = set(re.findall(r"var\((--\w+)", page)), set(re.findall(r"(--\w+):", page))
    assert used and used == given


def test_what_is_missing_is_left_out():
    page = render(Report(title="Bare"))
    opened = render(Report(title="Bare", opening="For <48> pixels."))
    assert opened == page.replace("</h1>", "</h1><p>For &lt;48&gt; pixels.</p>")
    assert "<h2>" not in page
    assert 'class="keys"' not in page
    assert "Bare" in page
    only_curves = render(Report(title="Bare", history={"Loss": ([1, 2], [5.5, 2.25])}))
    assert re.findall(r"<h2>(.*?)</h2>", only_curves) == ["Training"]
    assert "2.25 from 5.5 at the start" in re.sub(r"\s+", " ", text_of(only_curves))


def test_every_text_is_escaped():
    evil = "<b onclick='x'>\"&"
    page = render(
        Report(
            title=evil,
            command=evil,
            facts=[(evil, evil)],
            history={evil: ([1], [1.0]), evil + "2": ([], [])},
            table=ResultTable([evil], [ResultRow(evil, [0.5], evil), ResultRow(evil, [0.1])], evil),
            confusion=ClassConfusion(np.eye(1, dtype=int), [evil], [(evil, evil, 1, 1)], evil),
            neighbours=Neighbours(pictures(1, 4, 4, 3), pictures(1, 5, 4, 4, 3), captions=[evil]),
            snippet=evil,
        )
    )
    assert "<b onclick" not in page
    assert "onclick='" not in page
    assert text_of(page).count(evil) >= 10


def test_hits_among_neighbours_are_read_out_by_their_place():
    hits = np.array([[True, False, False, False, True], [False] * 5])
    drawn = Neighbours(pictures(2, 4, 4, 3), pictures(2, 5, 4, 4, 3), hits, ["cat", "dog"])
    page = render(Report(title="t", neighbours=drawn))
    assert re.findall(r'aria-label="Query (.*?)"', page) == [
        "cat and its five nearest pictures; hits: 1, 5",
        "dog and its five nearest pictures; hits: none",
    ]


def test_a_classifiers_score_comes_first_in_the_summary():
    score = KeyScore("<b>Student</b>", 0.875, "top-5 99.0 %")
    history = {"Loss": ([0], [1.5])}
    keys = [
        re.findall(r'<li class="key"><span>(.*?)</span><b>(.*?)</b>', render(page))
        for page in (
            Report("x", scores=[score], table=TABLE),
            Report("x", scores=[score], history=history),
            Report("x", history=history),
        )
    ]
    first = ("&lt;b&gt;Student&lt;/b&gt;", "87.5 %")
    assert keys[0][0] == first and len(keys[0]) == 3
    assert keys[1] == [first]  # Where a curve ends matters less.
    assert keys[2] == [("Loss", "1.5")]


def test_best_value_of_each_column_is_bold_and_summary_compares():
    page = render(Report(title="t", table=TABLE))
    table = page[page.index("<table") : page.index("</table>")]
    assert re.findall(r"<b>(.*?)</b>", table) == ["58.3 %", "50.0 %"]
    assert "–" in table  # No retrieval for the untrained network.
    # By hand: 58.3 - 51.2, 58.3 - 46.1, 43.1 - 50.0.
    assert re.findall(r"<em.*?>(.*?)</em> points vs ([\w ]+)", page) == [
        ("+7.1", "raw pixels"),
        ("+12.2", "untrained network"),
        ("−6.9", "raw pixels"),
    ]


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


@pytest.mark.parametrize(
    ("height", "width", "channels"), [(32, 32, 3), (20, 50, 1), (300, 200, 3), (1, 1, 1)]
)
def test_pictures_of_any_shape_are_shown(height, width, channels):
    page = render(whole_report(height, width, channels, rows=7))
    assert page.count("data:image/png;base64,") == 3
    assert page.count('class="tile') == 6 * 6 + 16 * 2


def test_page_stays_below_three_megabytes_with_pictures_of_noise():
    # Noise is what PNG packs worst: an upper bound for photographs.
    report = whole_report(96, 96, rows=1500)
    assert len(render(report)) < 3_000_000
    assert len(render(whole_report(32, 32, rows=1500))) < 3_000_000


@pytest.mark.parametrize(("classes", "counted"), [(2, True), (20, True), (21, False), (50, False)])
def test_confusion_is_a_map_and_of_few_classes_its_counts(classes, counted):
    page = render(Report(title="t", confusion=confusion_of(classes)))
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
    page = render(Report(title="t", confusion=confusion_of(30, "a long name of class {}")))
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', page).groups())
    cells = re.findall(r'<rect class=.*? x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"', page)
    x, y, across, down = np.array(cells, float).T
    assert len(cells) == 59 and x.min() > 0 and y.min() > 0
    assert (x + across).max() < width and (y + down).max() < height
    assert len(set(x)) == len(set(y)) == 30


def test_confusion_of_many_classes_is_its_worst_pairs():
    page = render(Report(title="t", confusion=confusion_of(51)))
    assert "<svg" not in page and page.count("<td>1 of 4</td>") == 1
    none = ClassConfusion(np.eye(51, dtype=int), [""] * 51, note="All right.")
    page = render(Report(title="t", confusion=none))
    assert "All right." in page and "<table" not in page


def test_a_class_that_is_not_shown_has_no_share():
    page = render(Report(title="t", confusion=ClassConfusion(np.diag([2, 0]), ["a", "b"])))
    assert page.count("–</text>") == 1 and page.count("100 %</text>") == 1


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match=r"`views` must be uint8 .*Received: views=float64 \[1, 2"):
        render(Report(title="t", views=np.zeros((1, 2, 8, 8, 3))))
    with pytest.raises(ValueError, match=r"`queries` must be uint8 .*\[1, 8, 8, 4\]"):
        Neighbours(pictures(1, 8, 8, 4), pictures(1, 5, 8, 8, 4))
    with pytest.raises(ValueError, match=r"`neighbours` must hold 5 pictures for each of the 2"):
        Neighbours(pictures(2, 8, 8, 3), pictures(2, 4, 8, 8, 3))
    with pytest.raises(ValueError, match=r"`rows` must hold a value for each of the 2 columns"):
        ResultTable(("a", "b"), [ResultRow("x", [0.5])])
    with pytest.raises(ValueError, match=r"`rows` must not be empty. Received: rows=\[\]"):
        ResultTable(("a", "b"), [])
    with pytest.raises(
        ValueError, match=r"`matrix` must be .*matrix.shape=\(2, 2\), 1 class_names"
    ):
        ClassConfusion(np.eye(2, dtype=int), ["a"])
    with pytest.raises(ValueError, match=r"`steps` and `values` of 'Loss' .*len\(values\)=1"):
        render(Report(title="t", history={"Loss": ([1, 2], [0.5])}))


def browse(folder, page_file, scheme, *switches):
    """Runs the browser once with a profile of its own; returns what it printed and logged."""
    command = [BROWSER, *SWITCHES, f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}"]
    command += [f"--user-data-dir={folder / 'profile'}", *switches, page_file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@needs_browser
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [1200, 390])
def test_browser_shows_the_page_without_errors_or_sideways_scrolling(tmp_path, scheme, width):
    # A frame as wide as the screen: a window of the browser itself has a least width.
    frame = f'<iframe width="{width}" height="900" srcdoc="{html.escape(render(whole_report()))}">'
    measure = """<pre id="measured"></pre><script>onload = () => {
        const page = document.querySelector("iframe").contentDocument;
        const style = page.defaultView.getComputedStyle(page.body);
        document.querySelector("#measured").textContent = JSON.stringify({
            width: page.documentElement.scrollWidth, background: style.backgroundColor,
            headings: page.querySelectorAll("h2").length,
            map: page.querySelector(".map img").naturalWidth});
    };</script>"""
    wrapper = tmp_path / "wrapper.html"
    wrapper.write_text(f'<!doctype html><meta charset="utf-8">{frame}</iframe>{measure}')
    browser = browse(tmp_path, wrapper, scheme, "--dump-dom")
    measured = json.loads(re.search(r'id="measured">(.*?)</pre>', browser.stdout)[1])
    assert measured["width"] <= width
    assert measured["headings"] == 8
    assert measured["map"] > 0  # The PNG was decoded.
    brightness = sum(map(int, re.findall(r"\d+", measured["background"])[:3])) / 3
    assert brightness > 200 if scheme == "light" else brightness < 50
    assert "CONSOLE" not in browser.stderr


@needs_browser
@pytest.mark.parametrize("scheme", SCHEMES)
def test_screenshot_shows_ground_text_and_pictures(tmp_path, scheme):
    page = tmp_path / "report.html"
    page.write_text(render(whole_report()))
    shot = tmp_path / "shot.png"
    browser = browse(tmp_path, page, scheme, f"--screenshot={shot}", "--window-size=1200,2400")
    assert "CONSOLE" not in browser.stderr
    pixels = np.asarray(Image.open(shot).convert("L"), float)
    ground = np.median(pixels)
    assert ground > 200 if scheme == "light" else ground < 50
    shown = np.abs(pixels - ground) > 60
    assert 0.01 < shown.mean() < 0.5
    assert shown[:80].any()  # The heading.
