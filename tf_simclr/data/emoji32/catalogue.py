"""The facts about each emoji without its drawings: emoji32.json, one emoji a line."""

import dataclasses
import functools
import json
import pathlib
from collections.abc import Sequence

from tf_simclr.data.emoji32.classes import CLASS_NAMES
from tf_simclr.data.emoji32.packages import VENDORS

FOLDER = pathlib.Path(__file__).parent
CATALOGUE_FILE = FOLDER / "emoji32.json"
DATA_FILE = FOLDER / "emoji32.bin"


@dataclasses.dataclass(frozen=True)
class Emoji:
    """One emoji; its number is its place in the catalogue.

    Attributes:
      codepoints: In hexadecimal, without the variation selector: "1F600", "0023-20E3".
      name: Unicode's, in small letters.
      label: Index into `CLASS_NAMES`, or -1.
      group: Number of the first emoji of its group of variants; a group is never split.
      split: "train" or "test".
      vendors: Who draws it, as indices into `VENDORS`, rising. The data file holds the drawings
        in this order, emoji after emoji.
    """

    codepoints: str
    name: str
    label: int
    group: int
    split: str
    vendors: tuple[int, ...]


def dump(emoji: Sequence[Emoji]) -> str:
    """Returns the content of emoji32.json."""
    lines = (json.dumps(list(dataclasses.astuple(one)), ensure_ascii=True) for one in emoji)
    columns = [field.name for field in dataclasses.fields(Emoji)]
    head = {"vendors": list(VENDORS), "classes": list(CLASS_NAMES), "columns": columns}
    body = ",\n".join(lines)
    return json.dumps(head, ensure_ascii=True)[:-1] + ',\n"emoji": [\n' + body + "\n]}\n"


@functools.cache
def load(path: pathlib.Path = CATALOGUE_FILE) -> tuple[Emoji, ...]:
    """Returns the catalogue.

    Raises:
      ValueError: It was made for other vendors or classes than the code has.
    """
    content = json.loads(path.read_text(encoding="ascii"))
    if content["vendors"] != list(VENDORS) or content["classes"] != list(CLASS_NAMES):
        raise ValueError(
            "`path` must hold the vendors and classes of the code; make it again with "
            f"python -m tf_simclr.data.emoji32.make_data. Received: path={path}"
        )
    return tuple(
        Emoji(points, name, label, group, split, tuple(vendors))
        for points, name, label, group, split, vendors in content["emoji"]
    )
