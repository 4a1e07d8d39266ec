"""The page in a browser: Chromium, driven by playwright, shows it whole and asks no network."""

import io
import shutil

import numpy as np
import pytest
import whole
from PIL import Image

from tf_simclr.reporting.content import Report
from tf_simclr.reporting.pictures import Sheet
from tf_simclr.reporting.report import render

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
driver = pytest.importorskip(
    "playwright.sync_api", reason="no playwright here: pip install 'tf_simclr[browser]'"
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no chromium here; on Debian: apt-get install chromium"
    ),
]
STRANGE = [
    "猫と犬の写真、とても長いクラス名です" * 3,
    "قطة سوداء صغيرة",
    "🐱🐶👩‍👩‍👧‍👦",
    "<script>alert(1)</script><b>bold</b>",
    "a_class_name_without_any_space_that_goes_on_and_on_for_a_hundred_characters_or_more_" * 2,
]


@pytest.fixture(scope="module")
def browser():
    with driver.sync_playwright() as playwright:
        # Containers run as root.
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def show(browser, tmp_path):
    """Called with a report: its page in the browser, which must not complain or ask a network."""
    complaints, contexts = [], []

    def shown(report, width=1200, scheme="light", **settings):
        file = tmp_path / "report.html"
        file.write_text(render(report), encoding="utf-8")
        size = {"width": width, "height": 900}
        context = browser.new_context(viewport=size, color_scheme=scheme, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: _note_outside(request, complaints))
        page.goto(file.as_uri())
        if report.feature_map and settings.get("java_script_enabled", True):
            page.wait_for_selector("#the-map[data-ready]")
        return page

    yield shown
    for context in contexts:
        context.close()
    assert complaints == []


def _note_outside(request, complaints):
    if not request.url.startswith(("data:", "file:")):
        complaints.append(request.url)


def strange_report():
    return whole.whole_report(
        feature_map=whole.map_of(60, len(STRANGE), STRANGE),
        layers=whole.layers_of("block_group"),
        mistakes=whole.mistakes_of(STRANGE[0], STRANGE[1], STRANGE[3]),
        neighbours=whole.neighbours_of([[True] * 5, [False] * 5], STRANGE[4]),
        confusion=whole.ClassConfusion(
            np.eye(len(STRANGE), dtype=int), STRANGE, [(*STRANGE[:2], 1, 2)]
        ),
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_it_shows_everything_without_sideways_scrolling(show, scheme, width):
    page = show(strange_report(), width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h2").count() == 13
    ground = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"), float)
    assert np.median(ground) > 200 if scheme == "light" else np.median(ground) < 50
    assert page.locator("text=<b>bold</b>").count() > 0  # As text.


def test_the_map_tells_what_is_under_the_pointer(show):
    report = whole.whole_report(feature_map=whole.map_of(40, classes=2, names=STRANGE[:2]))
    page = show(report)
    canvas = page.locator("#the-map .plane > canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    seen = set()
    for x, y in np.random.default_rng(0).random((30, 2)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if page.locator(".tip").is_visible():
            seen.add(page.locator(".tip span").inner_text())
    assert len(seen) > 3 and seen <= set(report.feature_map.names)
    page.mouse.move(box["x"] + 5, box["y"] - 60)
    assert not page.locator(".tip").is_visible()


def zoom(page):
    return float(page.locator("#the-map").get_attribute("data-zoom"))


def pixels(page):
    return np.asarray(Image.open(io.BytesIO(page.locator(".plane > canvas").screenshot())), int)


def test_the_map_zooms_by_wheel_buttons_and_keys_and_moves_by_dragging(show):
    page = show(whole.whole_report())
    canvas = page.locator("#the-map .plane > canvas")
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(400)  # A page that scrolls keeps the wheel for a moment.
    box = canvas.bounding_box()
    before = pixels(page)
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.wheel(0, -400)
    page.wait_for_function("+document.getElementById('the-map').dataset.zoom > 1.5")
    wheeled = zoom(page)
    page.get_by_label("Zoom in").click()
    assert zoom(page) > wheeled * 1.5
    page.wait_for_timeout(100)
    zoomed = pixels(page)
    assert (zoomed != before).mean() > 0.01
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 250, steps=3)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert (pixels(page) != zoomed).mean() > 0.01
    page.get_by_label("Show all pictures").click()
    assert zoom(page) == 1
    canvas.focus()
    page.keyboard.press("+")
    assert zoom(page) == 1.5
    page.keyboard.press("ArrowRight")
    first = page.locator(".tip span").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator(".tip span").inner_text() != first
    page.keyboard.press("0")
    page.keyboard.press("Escape")
    assert zoom(page) == 1 and not page.locator(".tip").is_visible()


def test_a_finger_taps_a_picture_and_two_zoom(show):
    page = show(whole.whole_report(), 390, has_touch=True, is_mobile=True)
    canvas = page.locator("#the-map .plane > canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector(".tip span:text-matches('test/')")
    session = page.context.new_cdp_session(page)
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def fingers(kind, apart):
        points = [{"x": middle[0] + side * apart, "y": middle[1]} for side in (-1, 1)]
        touched = {"type": kind, "touchPoints": points if kind != "touchEnd" else []}
        session.send("Input.dispatchTouchEvent", touched)

    fingers("touchStart", 20)
    for apart in (30, 45, 60):
        fingers("touchMove", apart)
    fingers("touchEnd", 60)
    assert zoom(page) > 1.3


def test_pictures_and_points_and_one_class_alone(show):
    page = show(whole.whole_report())
    box = page.locator("#the-map")
    first = box.get_attribute("data-form")
    before = pixels(page)
    box.get_by_role("button", name="Show po" if first == "pictures" else "Show pi").click()
    page.wait_for_timeout(600)
    assert {first, box.get_attribute("data-form")} == {"pictures", "points"}
    assert (pixels(page) != before).mean() > 0.01
    chip = page.locator("#map .legend button").first
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true"
    chip.click()
    assert chip.get_attribute("aria-pressed") == "false"


def test_without_scripts_the_map_is_a_drawing_of_points(show):
    page = show(whole.whole_report(), java_script_enabled=False)
    assert page.locator("#the-map svg.points").is_visible()
    assert page.locator("#map .legend").is_visible()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_handful_of_pictures(show, count):
    neighbours = whole.neighbours_of(queries=1, found=min(1, count - 1)) if count > 1 else None
    tiny = whole.map_of(count, classes=0) if count > 1 else None
    page = show(Report(title="t", feature_map=tiny, neighbours=neighbours), 390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_thousand_classes_have_a_menu(show):
    names = [f"{STRANGE[row % 5]} {row}" for row in range(1000)]
    report = whole.whole_report(
        feature_map=whole.map_of(300, 1000, names), confusion=whole.confusion_of(1000)
    )
    page = show(report, 390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#map-class").select_option(index=3)


def test_five_thousand_pictures_are_less_than_3_megabytes_and_still_move(show):
    # Smoothed noise packs like photographs do; noise itself is what packs worst.
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (5000, 8, 8, 3), dtype=np.uint8)
    photographs = np.stack([np.asarray(Image.fromarray(p).resize((48, 48), 3)) for p in coarse])
    atlas = Sheet.of(photographs, most_bytes=1_200_000)
    report = whole.whole_report(feature_map=whole.map_of(5000, 10, atlas=atlas))
    assert len(render(report).encode()) < 3_000_000
    page = show(report)
    took = page.evaluate("""() => new Promise((done) => {
        const start = performance.now();
        document.querySelector('.tools button').click();
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
    })""")
    assert took < 5000  # Two frames, on a machine that does other things as well.
