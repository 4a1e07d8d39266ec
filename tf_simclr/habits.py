"""What to type instead of a command that is not understood: other tools' words, and typing errors.

tf-simclr train --data-dir=pictures   ->   tf-simclr --data_dir=pictures --model_dir=runs/mine
"""

import difflib
import os
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from tf_simclr.config.choices import MODES, TRAIN_MODES

NEAR = 0.7  # of difflib's ratio, from which on a name is taken for a misspelt flag
RUN = "--model_dir=runs/mine"
# A flag of this program -> what others call it, without hyphens.
OTHERS = {
    "architecture": ("arch", "backbone", "model"),
    "checkpoint": ("pretrained", "resume", "resume_from", "ckpt", "weights", "load", "init"),
    "data_dir": (
        *("data", "data_path", "data_root", "dataset_dir", "dataset_path", "root", "path"),
        *("input", "input_dir", "images", "image_dir", "pictures", "train_dir", "dir", "i", "d"),
    ),
    "export_format": ("format",),
    "flagfile": ("config", "config_file", "cfg", "conf"),
    "help": ("usage", "flags"),
    "image_size": ("size", "img_size", "imgsz", "input_size", "resolution", "side"),
    "learning_rate": ("lr", "base_lr"),
    "model_dir": (
        *("out", "output_dir", "out_dir", "outdir", "save_dir", "run_dir", "work_dir", "workdir"),
        *("log_dir", "logdir", "job_dir", "runs", "o"),
    ),
    "recipe": ("recipes", "list_recipes"),
    "resnet_depth": ("depth",),
    "seed": ("random_seed",),
    "temperature": ("temp", "tau", "t"),
    "triplet_margin": ("margin",),
    "train_batch_size": ("batch_size", "batch", "bs", "b"),
    "train_epochs": ("epochs", "epoch", "num_epochs", "max_epochs", "n_epochs", "e"),
    "train_minutes": ("minutes", "max_minutes", "duration"),
    "train_steps": ("steps", "num_steps", "max_steps", "iterations"),
    "version": ("v", "V"),
    "weight_decay": ("wd",),
    "width_multiplier": ("width",),
}
FLAG_OF = {other: flag for flag, others in OTHERS.items() for other in others}
# Words in place of a flag. Training is what a command without --mode does.
WORDS = {
    "train": "",
    "pretrain": "",
    "fit": "",
    "run": "",
    "evaluate": "--mode=eval",
    "test": "--mode=eval",
    "recipes": "--recipe=help",
    "list": "--recipe=help",
    **{mode: f"--mode={mode}" for mode in MODES if mode != "train"},
    **{mode: f"--train_mode={mode}" for mode in TRAIN_MODES if mode != "pretrain"},
}
TRUTH = {"true", "false"}  # which a switch takes only after "="
ALONE = {"help": "--help", "version": "--version"}  # which are no settings


class Mended(NamedTuple):
    """What is not understood of a command, and what to type.

    Attributes:
      wrong: the words that are not understood, as they were typed, without values.
      arguments: to type instead; None if a word has no likely meaning.
    """

    wrong: Sequence[str]
    arguments: Sequence[str] | None


def mended(
    arguments: Sequence[str], flags: Mapping[str, bool], recipes: Collection[str] = ()
) -> Mended:
    """Reads a command as its writer may have meant it.

    Args:
      arguments: of the command, without the program's name.
      flags: name -> whether it is a switch, of every flag that there is.
      recipes: names that --recipe takes.
    """
    wrong: list[str] = []
    meant: list[str | None] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-") and not equals:
            wrong.append(word)
            meant.append(_word(word, recipes))
            continue
        flag: str | None = name
        if not word.startswith("-") or not (name in flags or _is_negated(name, flags)):
            wrong.append(word.partition("=")[0])
            flag = flag_meant(name, flags)
        if not value:
            stray, value = _value_in(rest, flags.get(flag or ""), blank=bool(equals))
            wrong += stray
            equals = equals or ("=" if value else "")
        meant.append(f"--{flag}{equals}{value}" if flag else None)
    known = [word for word in meant if word]
    folders = [word for word in known if word.startswith("--data_dir=")]
    unclear = None in meant or len(folders) > 1  # Of two folders the last one would count.
    return Mended(wrong, None if unclear else _command(known))


def _value_in(rest: list[str], is_switch: bool | None, *, blank: bool) -> tuple[list[str], str]:
    """Takes a flag's value from the words after it.

    Args:
      rest: the words after it; what belongs to it is taken away.
      is_switch: whether it is one; None if it is no flag.
      blank: whether "=" was written, with nothing behind it.

    Returns:
      The words that no command may have there, and the value; "" for none.
    """
    following = rest[0] if rest else "-"
    if is_switch:
        if blank or following.lower() not in TRUTH:
            return [], ""
        return [rest.pop(0)], following
    if is_switch is None or (following.startswith("-") and (blank or not rest)):
        return [], ""
    value = rest.pop(0)
    if value == "=" and rest:
        return ["="], rest.pop(0)
    return [value] if blank else [], value


def _command(words: Sequence[str]) -> list[str]:
    """The arguments of a command of these words, with what it cannot do without."""
    given = {word[2:].partition("=")[0] for word in words}
    if "help" in given:
        return ["--help"]
    if "version" in given:  # Many programs are more talkative with -v; this one is not.
        return [word for word in words if word != "--version"] or ["--version"]
    needs_run = "data_dir" in given and not given & {"model_dir", "checkpoint"}
    named = [f"{word}=help" if word == "--recipe" else word for word in words]
    return [*named, *([RUN] if needs_run else [])]


def _is_negated(name: str, flags: Mapping[str, bool]) -> bool:
    return name.startswith("no") and flags.get(name[2:], False)


def flag_meant(name: str, flags: Mapping[str, bool]) -> str | None:
    """The flag that was meant by a name that is none; None if nothing is near.

    Args:
      name: as it was written, without leading hyphens.
      flags: name -> whether it is a switch, of every flag that there is.
    """
    plain = name.replace("-", "_")
    for other in (plain, plain.lower()):
        if other in flags or other in ALONE or _is_negated(other, flags):
            return other
        if other in FLAG_OF:
            return FLAG_OF[other]
    negated = [f"no{flag}" for flag, switch in flags.items() if switch]
    known = [*flags, *negated, *(other for other in FLAG_OF if len(other) > 2)]
    near = difflib.get_close_matches(plain.lower(), known, n=1, cutoff=NEAR)
    return FLAG_OF.get(near[0], near[0]) if near else None


def _word(word: str, recipes: Collection[str]) -> str | None:
    """What was meant by a word without a dash; "" for nothing, None if it is not clear."""
    if word in ALONE:
        return ALONE[word]
    if word in WORDS:
        return WORDS[word]
    if word in recipes:
        return f"--recipe={word}"
    if word.endswith(".cfg"):
        return f"--flagfile={word}"
    return f"--data_dir={word}" if os.path.isdir(word) else None
