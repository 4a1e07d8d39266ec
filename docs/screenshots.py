"""Takes the README's pictures of a run's page: `python docs/screenshots.py RUN`.

They are written to docs/images/: the head of the page and the map, each light and dark. It needs
Chromium and `pip install 'tf_simclr[browser]'`.
"""

import argparse
import io
import pathlib
import shutil

from PIL import Image
from playwright.sync_api import Page, sync_playwright

IMAGES = pathlib.Path(__file__).parent / "images"
WIDTH, HEAD = 1000, 640  # Pixels of the page on the screen; twice as many are taken.
MOST_BYTES = 150_000
STEPS = [(scale, quality) for scale in (1, 0.75, 0.6, 0.5) for quality in (85, 75, 65)]


def main() -> None:
    """Takes all pictures of one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=pathlib.Path, help="the run's folder, with its report.html")
    page_file = parser.parse_args().run.resolve() / "report.html"
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            page = browser.new_page(
                viewport={"width": WIDTH, "height": 900},
                color_scheme=scheme,
                device_scale_factor=2,
            )
            page.goto(page_file.as_uri())
            page.wait_for_selector("#the-map[data-ready]")
            head = page.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": HEAD})
            _save(head, f"page_{scheme}")
            _save(_of_map(page), f"map_{scheme}")
        browser.close()


def _of_map(page: Page) -> bytes:
    """The map, with what is under the pointer."""
    box = page.locator("#the-map")
    if box.get_attribute("data-form") == "points":
        page.get_by_label("Show pictures").click()
        page.wait_for_timeout(1500)
    canvas = page.locator("#the-map .plane > canvas")
    canvas.scroll_into_view_if_needed()
    canvas.hover()
    return box.screenshot()


def _save(picture: bytes, name: str) -> None:
    """Writes a picture as sharp as fits into MOST_BYTES."""
    path, image = IMAGES / f"{name}.webp", Image.open(io.BytesIO(picture)).convert("RGB")
    for scale, quality in STEPS:
        size = round(image.width * scale), round(image.height * scale)
        image.resize(size, Image.Resampling.LANCZOS).save(path, quality=quality, method=6)
        if path.stat().st_size <= MOST_BYTES:
            break
    print(f"Wrote {path}: {size[0]} x {size[1]}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
