"""Which looks a training gets, and where their best weights are kept."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from tf_simclr import replicas
from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.judging.judge import encoder_features
from tf_simclr.judging.looks import looker, sample_size
from tf_simclr.workdir import run_folder
from tf_simclr.workdir.checkpoints import Checkpoints
from tf_simclr.workdir.dataset_facts import write_dataset
from tf_simclr.workdir.looking import BEST, Best, LookNowAndThen
from tf_simclr.workdir.summaries import Summaries
from tf_simclr.workdir.watching import WatchSteps

if TYPE_CHECKING:
    from tf_simclr.tasks.train import Training

BY_LABELS = ("knn", "linear_probe")


def check_looks(config: Config, data: Source) -> None:
    """Raises ValueError if --keep_best cannot choose."""
    keep_best, split = config.training.keep_best, config.data.train_split
    if not looks(config):
        if keep_best != "none" and config.run.pretrains and replicas.workers() > 1:
            raise ValueError(
                "`keep_best` works with one worker: others would wait while one looks. Received:"
                f" keep_best={keep_best!r} with {replicas.workers()} workers. Leave it out."
            )
        return
    if keep_best in BY_LABELS and (not data.num_classes or data.num_labelled(split) == 0):
        raise ValueError(
            f"`keep_best` needs labels in {split!r} to choose by {keep_best}. Received:"
            f" keep_best={keep_best!r}, and no label. Give --keep_best=rankme."
        )


def looks(config: Config) -> bool:
    """Whether a run with this config looks at its features while it trains.

    Several workers do not: all of them would have to look at the same step, and a look's time is
    chosen by the clock.
    """
    wanted = config.run.pretrains and config.training.looks_while_pretraining
    return wanted and replicas.workers() == 1


def looks_of(
    training: "Training", watch: WatchSteps, summaries: Summaries, *, say: Callable[[str], None]
) -> list[LookNowAndThen]:
    """The callback that looks, or none.

    Args:
      training: in progress.
      watch: knows the step.
      summaries: of the run.
      say: prints a line.
    """
    config, data, encoder = training.config, training.data, training.net.encoder
    if not looks(config):
        return []

    best, by = None, config.training.keep_best
    if by != "none":
        folder = os.path.join(training.place.folder, BEST)
        run_folder.make_writable(folder)
        run_folder.write_settings(config.replaced({"model_dir": folder}), folder)
        write_dataset(data, folder, class_names=tuple(data.class_names))
        with training.strategy.scope():
            best = Best(folder, by, Checkpoints(folder, training.net.parts(), keep=1))
    return [
        LookNowAndThen(
            looker(config, data, encoder_features(encoder, training.strategy)),
            watch,
            summaries,
            total=training.total,
            pictures=sample_size(config, data) / config.training.train_batch_size,
            say=say,
            best=best,
        )
    ]
