"""Makes emoji32.bin and emoji32.json again, to the same bytes.

    python -m tf_simclr.data.emoji32.make_data [--output=DIR] [--workdir=DIR]

Needs npm and a registry (152 MB are fetched), and takes about half a minute. Inputs and outputs are
pinned by SHA-256. Pixels are computed in whole numbers; Pillow only decodes PNG (exact) and WebP.
The pinned bytes were made with Pillow 13.0.0; 9.5.0 and 11.3.0, which bring libwebp 1.3.0 and
1.5.0, give the same.
"""

import argparse
import hashlib
import pathlib
import tempfile

import numpy as np

from tf_simclr.data.emoji32 import catalogue, classes, codec, packages, split

# An emoji that only one vendor draws could not be retrieved across vendors.
FEWEST_VENDORS = 2
# emoji.json still has the name it had before there was a man in tuxedo, 1F935-200D-2642.
RENAMED = {"1F935": "person in tuxedo"}
PINNED = {
    "emoji32.bin": "98625ee9a005829ec5df5ff7dccf6cb4d52dc5eef6431908b0ae25466e47fe56",
    "emoji32.json": "2aa2abd793976e86d11e2a0ee5fda1ff8fa6ffb916f0e1973cb18c88f61637dc",
}


def make_data(workdir: pathlib.Path) -> dict[str, bytes]:
    """Builds the content of the data files from the npm packages.

    Args:
      workdir: An existing folder for the tarballs; those already there are used.

    Returns:
      File name -> content.

    Raises:
      ValueError: A package is not what it was.
    """
    tarballs = [packages.fetch(package, workdir) for package in packages.PACKAGES]
    entries = packages.read_entries(tarballs[0])
    points = [split.normalise(entry["unified"]) for entry in entries]
    by_vendor = [
        packages.read_drawings(package, tarball, set(points))
        for package, tarball in zip(packages.PACKAGES, tarballs, strict=True)
    ]
    for package, found in zip(packages.PACKAGES, by_vendor, strict=True):
        print(f"{package.vendor}: draws {len(found)} of {len(points)} emoji")
    drawings = [
        {vendor: found[point] for vendor, found in enumerate(by_vendor) if point in found}
        for point in points
    ]
    kept = [index for index, drawn in enumerate(drawings) if len(drawn) >= FEWEST_VENDORS]
    drawings = [drawings[index] for index in kept]
    emoji = describe([entries[index] for index in kept], drawings)
    images = np.stack([image for drawn in drawings for _, image in sorted(drawn.items())])
    print(f"{len(images)} drawings of {len(emoji)} emoji")
    return {
        "emoji32.bin": codec.encode(images),
        "emoji32.json": catalogue.dump(emoji).encode("ascii"),
    }


def describe(
    entries: list[dict[str, str]], drawings: list[dict[int, np.ndarray]]
) -> list[catalogue.Emoji]:
    """Labels, groups and splits.

    Args:
      entries: Records of emoji.json.
      drawings: For each, vendor -> uint8 [32, 32, 3].

    Returns:
      The catalogue, in the order of `entries`.
    """
    points = [split.normalise(entry["unified"]) for entry in entries]
    labels = [classes.class_of(entry) for entry in entries]
    groups = split.group_variants(points, drawings)
    test = split.choose_test(points, labels, groups)
    return [
        catalogue.Emoji(
            codepoints=points[index],
            name=RENAMED.get(points[index], entry["name"].lower()),
            label=labels[index],
            group=groups[index],
            split="test" if index in test else "train",
            vendors=tuple(sorted(drawings[index])),
        )
        for index, entry in enumerate(entries)
    ]


def main() -> None:
    """Parses the command line, writes the files and compares them with the pinned ones."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, default=catalogue.FOLDER)
    parser.add_argument("--workdir", type=pathlib.Path, help="keeps the packages (152 MB) here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        workdir = arguments.workdir or pathlib.Path(temporary)
        workdir.mkdir(parents=True, exist_ok=True)
        files = make_data(workdir)
    arguments.output.mkdir(parents=True, exist_ok=True)
    different = []
    for name, content in files.items():
        (arguments.output / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        print(f"{digest}  {name}  {len(content)} bytes")
        if digest != PINNED[name]:
            different.append(name)
    if different:
        parser.exit(1, f"Not the pinned bytes: {', '.join(different)}\n")


if __name__ == "__main__":
    main()
