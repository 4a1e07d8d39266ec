"""Makes what lies in this folder: `python make.py CHECKOUT FOLDER`.

CHECKOUT is of the old commit. FOLDER is an empty one, where the runs are written.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

checkout, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
sys.path[:0] = [str(checkout), str(pathlib.Path(__file__).resolve().parents[1])]
os.chdir(folder)

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import two_classes  # noqa: E402
from absl import flags  # noqa: E402

from tf_simclr import cli, load_encoder  # noqa: E402

TINY = (
    *("--dataset=image_folder", "--data_dir=pictures", "--eval_split=test", "--image_size=16"),
    *("--resnet_depth=18", "--width_multiplier=0.03125", "--proj_out_dim=8"),
    *("--train_batch_size=4", "--train_steps=3", "--warmup_epochs=0"),
)
FINETUNING = ("--train_mode=finetune", "--optimizer=momentum", "--checkpoint=pretrained")
RUNS = {
    "pretrained": (),
    "finetuned": FINETUNING,
    "with_memory": ("--memory_size=8", "--ema_decay=0.5", "--checkpoint_steps=2"),
}
LEFT_OUT = ("report.html", "confusion_matrix.csv", "result_3.json", ".lock", "train", "eval")
LEFT_OUT_OF = {
    "pretrained": LEFT_OUT,
    "finetuned": (*LEFT_OUT, "saved_model"),
    # As a run of three steps is that was killed after two.
    "with_memory": (*LEFT_OUT, "saved_model", "hub", "ckpt-3.index", "ckpt-3.data-00000-of-00001"),
}


def run(name: str, *more: str) -> None:
    """Runs the old command line."""
    command = [sys.executable, "-m", "tf_simclr.main", f"--model_dir={name}", *TINY, *more]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(checkout)})


def settings(recipe: pathlib.Path) -> dict:
    """What the old command line makes of a recipe."""
    values = flags.FlagValues()
    cli.define_flags(values)
    values(["tf-simclr", "--data_dir=pictures", f"--flagfile={recipe}"])
    return cli.config_from_flags(values).flat()


def remove(path: pathlib.Path) -> None:
    """Removes a file or a folder, if it is there."""
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


two_classes.draw(pathlib.Path("pictures"))
for name, more in RUNS.items():
    run(name, *more)
    if name != "with_memory":
        run(name, *more, "--mode=eval")
    for left_out in LEFT_OUT_OF[name]:
        remove(pathlib.Path(name, left_out))
tf.compat.v1.train.update_checkpoint_state(
    "with_memory", "with_memory/ckpt-2", ["with_memory/ckpt-2"]
)

images = np.random.default_rng(0).random((4, 16, 16, 3), np.float32)
arrays = {"images": images}
for name in RUNS:
    arrays[name] = load_encoder(name)(images)["final_avg_pool"]
arrays["averaged"] = load_encoder("with_memory", use_ema_weights=True)(images)["final_avg_pool"]
arrays["projections"] = tf.saved_model.load("pretrained/hub/3").project(images)
arrays["logits"] = tf.saved_model.load("finetuned/hub/3").classify(images)
np.savez("features.npz", **arrays)
os.chdir(checkout)  # Recipes name each other from there.
recipes = {path.stem: settings(path) for path in sorted(pathlib.Path("flags").glob("*.cfg"))}
(folder / "recipes.json").write_text(json.dumps(recipes, indent=1, sort_keys=True) + "\n")
