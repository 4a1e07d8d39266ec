"""The command line from Python: `run(**flags)` does what `tf-simclr --flag=value ...` does."""

import dataclasses
import datetime
import os
import tempfile
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tf_simclr import cli, early_checks, habits, quiet
from tf_simclr.config import Config, flag_fields
from tf_simclr.config.fields import plain_type
from tf_simclr.file_errors import file_error
from tf_simclr.report_page import ReportPage

if TYPE_CHECKING:
    import numpy as np

    from tf_simclr.nets.classifier import Classifier
    from tf_simclr.nets.encoder import Encoder


class Embedded(NamedTuple):
    """Features of pictures.

    Attributes:
      features: float32 [n, features], a row for each picture.
      names: text [n], the path of each picture in its folder, or another unique name.
    """

    features: "np.ndarray"
    names: "np.ndarray"


@dataclasses.dataclass(frozen=True)
class Run:
    """A run, as its folder describes it.

    Attributes:
      folder: its model_dir; None for a command without one.
      results: of the command's own evaluation, as in result.json or result_NAME.json; if the
        command did not evaluate, the content of result.json, or {} if there is none.
      written: the path that --mode=export, embed or report wrote; None in other modes.
    """

    folder: str | None
    results: Mapping[str, Any]
    written: str | None = None

    @property
    def step(self) -> int:
        """The step of its newest checkpoint; 0 where there is none."""
        from tf_simclr.workdir import checkpoints

        saved = checkpoints.listed(self.folder) if self.folder else []
        return checkpoints.step_of(saved[-1]) if saved else 0

    def encoder(self) -> "Encoder":
        """Its encoder, as load_encoder gives it. Raises ValueError if there is no model_dir."""
        from tf_simclr.pretrained.load_encoder import load_encoder

        return load_encoder(self._folder())

    def classifier(self) -> "Classifier":
        """Its classifier, as load_classifier gives it. Raises ValueError if there is none."""
        from tf_simclr.pretrained.load_classifier import load_classifier

        return load_classifier(self._folder())

    def export(self, format: str = "hub_module", **flags: Any) -> str:
        """Exports its newest checkpoint.

        Args:
          format: a value of --export_format.
          **flags: other flags of --mode=export, such as output="my_encoder".

        Returns:
          The folder that was written.

        Raises:
          ValueError: as `run`.
        """
        ours = {"mode": "export", "model_dir": self._folder(), "export_format": format}
        written = run(**(flags | ours)).written
        assert written is not None
        return written

    def embed(self, pictures: "str | os.PathLike", **flags: Any) -> Embedded:
        """The features of the pictures in a folder, by the newest checkpoint.

            features, names = run.embed("OTHER")

        Args:
          pictures: the folder; all of its splits are embedded.
          **flags: other flags of --mode=embed, such as embed_split="train".

        Raises:
          ValueError: as `run`.
        """
        import numpy as np

        ours: dict[str, Any] = {"mode": "embed", "model_dir": self._folder()}
        ours |= {"dataset": "image_folder", "data_dir": os.fspath(pictures)}
        with tempfile.TemporaryDirectory() as folder:
            output = os.path.join(folder, "features.npz")
            run(**(flags | ours | {"output": output}))
            with np.load(output) as table:
                return Embedded(table["features"], table["names"].astype(str))

    @property
    def report(self) -> ReportPage:
        """Its page: `str` gives the path, and a notebook shows it.

        Raises:
          ValueError: if there is no model_dir, or no page in it.
        """
        import tensorflow as tf

        path = os.path.join(self._folder(), "report.html")
        if not tf.io.gfile.exists(path):
            raise ValueError(
                "`model_dir` must be the folder of a run that was evaluated. Received:"
                f" model_dir={self.folder!r}, where there is no report.html. Evaluate it by"
                " run(mode='eval', model_dir=...)."
            )
        return ReportPage(path)

    def _folder(self) -> str:
        if self.folder is None:
            raise ValueError("`model_dir` must have been given to `run`. Received: model_dir=None.")
        return self.folder


def pretrain(
    pictures: "str | os.PathLike",
    *,
    minutes: float | None = None,
    model_dir: "str | os.PathLike | None" = None,
    **flags: Any,
) -> Run:
    """Pretrains on a folder of pictures, by SimCLR (arXiv 2002.05709), evaluates and exports.

    Settings that are not given are chosen: docs/choosing.md says how.

        from tf_simclr import pretrain

        run = pretrain("PICTURES", minutes=10)
        features, names = run.embed("OTHER")

    Args:
      pictures: the folder; docs/data.md has its layouts. Labels are not needed.
      minutes: to train; None is as long as docs/choosing.md says.
      model_dir: folder of the run; None makes a new one in runs/, and prints it.
      **flags: name -> value, for any other flags of the command line.

    Returns:
      The run.

    Raises:
      ValueError: as `run`.
    """
    if model_dir is None:
        name = os.path.basename(os.path.abspath(os.fspath(pictures))) or "pictures"
        now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        model_dir = os.path.join("runs", f"{name}-{now}")
        print(f"The run is in {model_dir}.", flush=True)
    if minutes is not None:
        flags["train_minutes"] = float(minutes)
    return run(data_dir=os.fspath(pictures), model_dir=os.fspath(model_dir), **flags)


def run(*, recipe: str | None = None, flagfile: str | None = None, **flags: Any) -> Run:
    """Does what the command line does with these flags, in this process, and prints the same.

        first = run(recipe="quickstart", model_dir="runs/a", train_steps=40)
        print(first.results["knn_top1"], first.encoder().num_features)
        first.export("onnx", output="my_encoder")

    Args:
      recipe: the name of a recipe; `tf-simclr --recipe=help` lists them. None is no recipe.
      flagfile: a file of flags, which override those of the recipe; None is no file. `flags`
        override both.
      **flags: name -> value, for any flags of the command line.

    Returns:
      The run in `model_dir`.

    Raises:
      ValueError: where the command line ends with code 2 or 75, as for an unknown flag or
        recipe, or a file that cannot be read.
      tf_simclr.workdir.checkpoints.NonFinite: if the loss is NaN or infinite.
      tf_simclr.workdir.callbacks.Interrupted: if a signal came; the step is saved. Signals reach
        the main thread alone, so `run` trains nowhere else.
    """
    config = _settings(cli.written_in(flagfile, recipe=recipe), flags)
    early_checks.check(config)
    quiet.import_tensorflow()
    from tf_simclr.tasks.command import carry_out
    from tf_simclr.workdir import run_folder

    try:
        results, written = carry_out(config)
    except Exception as error:
        if isinstance(error, ValueError) or not (reason := file_error(error)):
            raise
        raise ValueError(f"A file cannot be used: {reason}.") from error
    folder = config.run.model_dir
    if results is None:
        results = run_folder.read_result(folder) if folder else {}
    return Run(folder, results, written)


def _settings(written: Mapping[str, Any], flags: Mapping[str, Any]) -> Config:
    """The config of flags in files and those that override them, as the command line makes it."""
    values = {**written, **flags}
    _check_names(flags)
    config = Config.from_flat(values, given=values.keys(), typed=flags.keys())
    cli.require_plain_paths(config)
    return config


def _check_names(flags: Collection[str]) -> None:
    """Raises ValueError for names that are no flags. It proposes others that are."""
    known = {field.name: plain_type(field) is bool for field in flag_fields()}
    unknown = sorted(set(flags) - set(known))
    if unknown:
        near = [meant for name in unknown if (meant := habits.flag_meant(name, known)) in known]
        instead = f" Did you mean {', '.join(near)}?" if near else ""
        raise ValueError(f"Unknown settings: {', '.join(unknown)}.{instead}")
