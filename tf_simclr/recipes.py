"""Recipes by name: the flagfiles of flags/, which the wheel holds as tf_simclr/recipes."""

import difflib
import pathlib
from collections.abc import Sequence

PACKAGE = pathlib.Path(__file__).parent
PLACES = (PACKAGE / "recipes", PACKAGE.parent / "flags")  # of an installed wheel, of a checkout
ALIASES = {"quickstart": "emoji32_quickstart"}
LIST = "help"  # --recipe=help
NEAREST = 3  # names that an error proposes at most


def names() -> list[str]:
    """The names of all recipes, the aliases first; [] in a copy of the package without recipes."""
    folder = _folder()
    return [*ALIASES, *sorted(path.stem for path in folder.glob("*.cfg"))] if folder else []


def path_of(name: str) -> str:
    """The flagfile of a recipe.

    Args:
      name: one of `names`, such as "quickstart".

    Raises:
      ValueError: for another name, with the ones that are near it.
    """
    folder, known = _folder(), names()
    if folder is None:
        raise ValueError(
            f"`recipe` must be the name of a recipe. Received: recipe={name!r}. There are none"
            f" beside this package, in {PACKAGE}. Install it by pip, or give --flagfile=FILE."
        )
    if name not in known:
        raise ValueError(
            f"`recipe` must be the name of a recipe. Received: recipe={name!r}."
            f" {_instead_of(name, known)}"
        )
    return str(folder / f"{ALIASES.get(name, name)}.cfg")


def listing() -> str:
    """All recipes with a line each, which is the first line of their file, for a terminal."""
    texts = {name: _about(name) for name in names()}
    width = max(map(len, texts))
    lines = [f"  {name.ljust(width)}  {text}".rstrip() for name, text in texts.items()]
    return "\n".join(
        [
            "usage: tf-simclr --recipe=NAME --model_dir=DIR [--flag=value ...]",
            "",
            *lines,
            "",
            "The flags that you type override those of the recipe. Each file's header has",
            f"its command, its time and its results: {_folder()}/",
        ]
    )


def asked_for(arguments: Sequence[str]) -> bool:
    """Whether the arguments of a command ask for the list: by --recipe=help, or by no name."""
    words = " ".join(arguments).replace("=", " ").split()
    return words[-1:] in (["--recipe"], ["-recipe"]) or any(
        word in ("--recipe", "-recipe") and value == LIST for word, value in zip(words, words[1:])
    )


def _folder() -> pathlib.Path | None:
    return next((place for place in PLACES if any(place.glob("*.cfg"))), None)


def _about(name: str) -> str:
    if name in ALIASES:
        return f"The same as {ALIASES[name]}."
    with open(path_of(name), encoding="utf-8") as file:
        return file.readline().lstrip("# ").strip()


def _instead_of(name: str, known: Sequence[str]) -> str:
    """What to type in place of a name that is not known."""
    bare = pathlib.PurePath(name).name.removesuffix(".cfg")
    if bare in known:
        return f"Give --recipe={bare}."
    if pathlib.Path(name).is_file():
        return f"Give --flagfile={name}."
    near = difflib.get_close_matches(bare, known, n=NEAREST, cutoff=0.5)
    near += [other for other in known if bare and bare in other and other not in near]
    given = " or ".join(f"--recipe={other}" for other in near[:NEAREST])
    return f"Give {given}; --recipe={LIST} lists all." if near else f"--recipe={LIST} lists all."
