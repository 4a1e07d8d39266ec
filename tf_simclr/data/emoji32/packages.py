"""The three npm packages that emoji32 is made from: fetched, checked by SHA-256, read."""

import dataclasses
import hashlib
import json
import pathlib
import subprocess
import tarfile
from typing import Any

import numpy as np

from tf_simclr.data.emoji32.pictures import read_picture
from tf_simclr.data.emoji32.split import normalise

EMOJI_JSON = "package/emoji.json"
TIMEOUT = 600  # Seconds for one package of up to 74 MB.


@dataclasses.dataclass(frozen=True)
class Package:
    """One vendor's drawings.

    Attributes:
      vendor: Its name in the data set.
      spec: What to ask npm for.
      tarball: The file that `npm pack` writes.
      sha256: Of that file.
      folder: Where the pictures lie in it.
      suffix: Of the pictures' file names.
      size: Width and height of a picture in pixels.
      pictures: How many there are, skin tones included.
    """

    vendor: str
    spec: str
    tarball: str
    sha256: str
    folder: str
    suffix: str
    size: int
    pictures: int


PACKAGES = (
    Package(
        vendor="google",
        spec="emoji-datasource-google@16.0.0",
        tarball="emoji-datasource-google-16.0.0.tgz",
        sha256="fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
        folder="package/img/google/64/",
        suffix=".png",
        size=64,
        pictures=3786,
    ),
    Package(
        vendor="twitter",
        spec="emoji-datasource-twitter@16.0.0",
        tarball="emoji-datasource-twitter-16.0.0.tgz",
        sha256="f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877",
        folder="package/img/twitter/64/",
        suffix=".png",
        size=64,
        pictures=3786,
    ),
    Package(
        vendor="fluent",
        spec="@lobehub/fluent-emoji-3d@1.1.0",
        tarball="lobehub-fluent-emoji-3d-1.1.0.tgz",
        sha256="c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",
        folder="package/assets/",
        suffix=".webp",
        size=256,
        pictures=3391,
    ),
)
VENDORS: tuple[str, ...] = tuple(package.vendor for package in PACKAGES)


def fetch(package: Package, workdir: pathlib.Path) -> pathlib.Path:
    """Returns the package's tarball in `workdir`, by `npm pack` if it is not there yet.

    Raises:
      ValueError: The tarball is not the one that the data set was made from.
      OSError: npm is not installed.
      subprocess.SubprocessError: npm could not fetch the package, or not within `TIMEOUT`.
    """
    path = workdir / package.tarball
    if not path.exists():
        command = ["npm", "pack", "--silent", package.spec]
        subprocess.run(command, cwd=workdir, check=True, capture_output=True, timeout=TIMEOUT)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != package.sha256:
        raise ValueError(
            f"`{package.tarball}` must have the pinned SHA-256; remove it to fetch it again. "
            f"Received: {digest}"
        )
    return path


def read_entries(tarball: pathlib.Path) -> list[dict[str, Any]]:
    """Returns the records of emoji.json in Unicode's order, without the skin-tone swatches.

    Raises:
      ValueError: there are more or fewer of them than in the version that is pinned.
    """
    with tarfile.open(tarball) as archive:
        member = archive.extractfile(EMOJI_JSON)
        assert member is not None
        entries = json.load(member)
    if len(entries) != 1911:
        raise ValueError(f"`{EMOJI_JSON}` must hold 1911 emoji. Received: {len(entries)}")
    entries.sort(key=lambda entry: entry["sort_order"])
    return [entry for entry in entries if entry["category"] != "Component"]


def read_drawings(
    package: Package, tarball: pathlib.Path, wanted: set[str]
) -> dict[str, np.ndarray]:
    """Reads one vendor's drawings.

    Args:
      package: Whose.
      tarball: What `fetch` returned.
      wanted: The emoji to read, as `normalise` gives their codepoints.

    Returns:
      Codepoints -> uint8 [32, 32, 3]. What the vendor does not draw is missing.

    Raises:
      ValueError: A picture or their number is not as expected.
    """
    drawings: dict[str, np.ndarray] = {}
    pictures = 0
    with tarfile.open(tarball) as archive:
        for member in archive:
            name = member.name.removeprefix(package.folder)
            if name == member.name or "/" in name or not name.endswith(package.suffix):
                continue
            pictures += 1
            points = normalise(name.removesuffix(package.suffix))
            # Fluent has a few emoji under two spellings, with and without FE0F: the first counts.
            if points in wanted and points not in drawings:
                file = archive.extractfile(member)
                assert file is not None
                drawings[points] = read_picture(file.read(), name=name, size=package.size)
    if pictures != package.pictures:
        raise ValueError(
            f"`{package.tarball}` must hold {package.pictures} pictures. Received: {pictures}"
        )
    return drawings
