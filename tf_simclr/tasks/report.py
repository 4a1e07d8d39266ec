"""Draws a run's pages anew from what its folder has; nothing is judged, and no data is opened."""

import os

import tensorflow as tf

from tf_simclr import methods
from tf_simclr.config import Config
from tf_simclr.judging.kept import read_kept
from tf_simclr.judging.page import draw_page
from tf_simclr.workdir import run_folder, subject
from tf_simclr.workdir.subject import KEPT, REPORT, RESULT


def report(config: Config) -> str:
    """Draws report.html, and the page of each of the run's other evaluations.

    It may be done while the run goes on: curves and facts are there from the first steps, numbers
    and pictures once it has been evaluated.

    Args:
      config: of the command; only its model_dir counts.

    Returns:
      The path of the run's own page.

    Raises:
      ValueError: if there is no run in the folder, or it cannot be written.
    """
    trained = settings_of_run(config)
    model_dir = run_folder.require_model_dir(config)
    run_folder.make_writable(model_dir)
    words = methods.method_of(trained).words
    own = ""
    for name in _names(model_dir):
        kept = subject.file_of(KEPT, name)
        judged = tf.io.gfile.exists(os.path.join(model_dir, subject.file_of(RESULT, name)))
        if judged and read_kept(os.path.join(model_dir, kept)) is None:
            print(
                f"Note: {subject.file_of(REPORT, name)} is drawn without pictures: {kept} is"
                " missing, damaged,\n  forbidden, or of another version. Evaluate again with"
                " --mode=eval."
            )
        path = draw_page(model_dir, name, words)
        print(f"Wrote {path}", flush=True)
        own = own or path
    return own


def settings_of_run(config: Config) -> Config:
    """The settings of the run whose page is drawn. Raises ValueError if there is no run."""
    model_dir = run_folder.require_model_dir(config)
    trained = run_folder.read_settings(model_dir)
    if trained is None:
        raise ValueError(
            "`model_dir` must be the folder of a run. Received:"
            f" model_dir={model_dir!r}, where there is none. Train first with --mode=train."
        )
    return trained


def _names(model_dir: str) -> list[str]:
    """Names of the evaluations whose pages can be drawn: the run's own, "", and any others."""
    start, end = f"{RESULT}_", subject.SUFFIXES[RESULT]
    others = [
        file.removeprefix(start).removesuffix(end) for file in subject.listed_results(model_dir)
    ]
    return ["", *others]
