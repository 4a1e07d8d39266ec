"""What to try after a run: three commands, ready to be copied."""

import importlib.util
import shlex

from tf_simclr.config import Config
from tf_simclr.config.repeat import FOLDER, folded

FINETUNING = {  # As the recipes of the bundled pictures.
    "train_epochs": 20,
    "warmup_epochs": 0,
    "optimizer": "momentum",
    "learning_rate": 0.1,
}
SMALLEST_LABELLED = 2  # classes that a classifier tells apart
LARGEST_BATCH = 64


def next_commands(config: Config, *, classes: int, labelled: int) -> list[tuple[str, str]]:
    """(what it does, the command) of three commands.

    Args:
      config: of the run that has ended.
      classes: of its data; 0 without labels.
      labelled: pictures with a label to train on.
    """
    run = config.run.model_dir or ""
    data = {"dataset": config.data.dataset, "data_dir": config.data.data_dir}
    embed = {"mode": "embed", "model_dir": run, **data, "output": f"{run.rstrip('/')}.npz"}
    found = [
        ("Features of all pictures (or of another --data_dir):", command(**embed)),
        (f"The encoder in another format, {_title(run)[0]}:", command(**_title(run)[1])),
    ]
    if classes >= SMALLEST_LABELLED and labelled and config.run.pretrains:
        classifier = {
            "mode": "train_then_eval",
            "train_mode": "finetune",
            "checkpoint": run,
            "model_dir": f"{run.rstrip('/')}_classifier",
            **data,
            "train_split": config.data.train_split,
            "eval_split": config.data.eval_split,
            "image_size": config.data.image_size,
            **({"center_crop": config.data.center_crop} if config.data.center_crop else {}),
            "train_batch_size": min(LARGEST_BATCH, labelled, config.training.train_batch_size),
            **FINETUNING,
        }
        return [(f"A classifier of your {classes} classes:", command(**classifier)), *found]
    if config.data.dataset != FOLDER or not config.run.pretrains:
        return [*found, ("The page, drawn anew:", command(mode="report", model_dir=run))]
    longer = {"data_dir": config.data.data_dir, "model_dir": f"{run.rstrip('/')}_longer"}
    return [("A longer training:", command(**longer, train_minutes=120)), *found]


def _title(run: str) -> tuple[str, dict[str, str]]:
    """(name, flags) of the export to try: ONNX where its packages are installed."""
    onnx = importlib.util.find_spec("tf2onnx") is not None
    kind = "onnx" if onnx else "saved_model"
    flags = {"mode": "export", "model_dir": run, "export_format": kind}
    return ("ONNX" if onnx else "SavedModel"), flags | {"output": f"{run.rstrip('/')}_{kind}"}


def command(**flags: object) -> str:
    """A command line with these flags, quoted for a shell; None is left out."""
    words = [f"--{name}={value}" for name, value in flags.items() if value is not None]
    return shlex.join(["tf-simclr", *words])


def lines(commands: list[tuple[str, str]]) -> list[str]:
    """The lines that are printed: each command below what it does.

    Args:
      commands: (what it does, the command).
    """
    told = ["", "Try next:"]
    for what, text in commands:
        told += [f"  {what}", *(f"    {line}" for line in folded(text, 72).split("\n"))]
    return told
