"""Opening a folder of 1,000,000 pictures for the first and for the second time.

The files are hard links to a hundred tiny pictures, in a thousand classes: to list, to compare and
to open them costs as much as for others. The first start is measured on a part of them, and
multiplied; larger pictures take as long as their decoding.

    python -m benchmarks.scan [PICTURES [FOLDER]]

FOLDER is where they are made: on the disk to measure. By default it is the system's folder for
temporary files.
"""

import os
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

import numpy as np

from tf_simclr.quiet import import_tensorflow

import_tensorflow()

from PIL import Image  # noqa: E402

from tf_simclr.data import folder_listing, kept_findings  # noqa: E402
from tf_simclr.data.opening import open_source  # noqa: E402
from tf_simclr.data.source import Source  # noqa: E402

CLASSES, ORIGINALS, SIDE = 1000, 100, 32
EXAMINED = 10_000


def make(folder: pathlib.Path, pictures: int) -> None:
    """Fills a folder with pictures that were written an hour ago."""
    originals = folder.parent / "originals"
    originals.mkdir(parents=True)
    for number in range(ORIGINALS):
        pixels = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        path = originals / f"{number}.jpg"
        Image.fromarray(pixels).save(path)
        os.utime(path, (time.time() - 3600,) * 2)
    for number in range(min(CLASSES, pictures)):
        (folder / f"class_{number:04}").mkdir(parents=True)
    for number in range(pictures):
        place = f"class_{number % CLASSES:04}/picture_{number:07}.jpg"
        os.link(originals / f"{number % ORIGINALS}.jpg", folder / place)


def seconds(act: Callable[[], object]) -> np.ndarray:
    """Seconds of the clock, and of all cores."""
    start = np.array([time.perf_counter(), time.process_time()])
    act()
    return np.array([time.perf_counter(), time.process_time()]) - start


def opened(folder: pathlib.Path) -> Source:
    """What a command does first."""
    return open_source("image_folder", data_dir=str(folder))


def keep_findings_of_all(folder: pathlib.Path) -> None:
    """What a first start would leave."""
    listing = folder_listing.list_pictures(str(folder), print)
    findings = np.ones(len(listing.paths), kept_findings.FINDING)
    findings["content"] = np.random.default_rng(0).integers(0, 2**63, len(findings))
    kept = kept_findings.Kept(listing.paths, listing.stamps, findings)
    kept_findings.write(kept, kept_findings.files(str(folder), None), print)


def main(argv: Sequence[str]) -> None:
    """Prints the table."""
    pictures = int(argv[1]) if len(argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(dir=argv[2] if len(argv) > 2 else None) as root:
        os.environ[kept_findings.CACHE] = f"{root}/cache"
        part, every = pathlib.Path(root, "part/pictures"), pathlib.Path(root, "all/pictures")
        examined = min(EXAMINED, pictures)
        make(part, examined)
        rows = {f"first start, from {examined:,} of them": seconds(lambda: opened(part))}
        rows = {name: pictures / examined * passed for name, passed in rows.items()}
        make(every, pictures)
        keep_findings_of_all(every)
        rows["second start"] = seconds(lambda: opened(every))
        rows["of it, listing"] = seconds(lambda: folder_listing.list_files(str(every)))
        index = pathlib.Path(root, "cache/pictures").glob("*.npz")
        size = max(path.stat().st_size for path in index)
        print(f"| {pictures:,} pictures of {SIDE} pixels | seconds | of all cores |\n|---|---|---|")
        for name, (clock, cores) in rows.items():
            print(f"| {name} | {clock:.1f} | {cores:.1f} |")
        print(f"\nWhat is kept has {size / 1e6:.0f} MB.")


if __name__ == "__main__":
    main(sys.argv)
