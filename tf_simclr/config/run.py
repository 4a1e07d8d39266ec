"""Flags for what is done, where, and on which machine."""

import dataclasses

from tf_simclr.config.choices import MODES, PRETEXT_TASKS, TRAIN_MODES, WITHOUT_PROJECTION
from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import (
    ALWAYS,
    EMBEDDING,
    ON_TPU,
    PRETRAINING,
    RUNNING,
    TRAINING,
)

TPU = (RUNNING | EMBEDDING, ON_TPU)


@dataclasses.dataclass(frozen=True)
class RunConfig(Section):
    """What is done, where, and on which machine."""

    mode: str = flag("train", "What to do.", MODES, only=ALWAYS, of_command=True)
    train_mode: str = flag("pretrain", "How to train.", TRAIN_MODES, only=RUNNING)
    pretext_task: str = flag(
        "simclr",
        "What pretraining learns from: simclr matches two views of a picture; rotation predicts by"
        " how much it was turned; relative_position predicts where one patch lies relative to"
        " another; exemplar recognises which patch a distorted copy was made from.",
        PRETEXT_TASKS,
        only=(RUNNING, PRETRAINING),
    )
    model_dir: str | None = flag(
        None,
        "Folder of the run: checkpoints, exports, results, report.",
        only=ALWAYS,
        path=True,
        of_command=True,
    )
    dry_run: bool = flag(
        False,
        "Print what would be done, and how long and how large it would be; write nothing.",
        only=ALWAYS,
        of_command=True,
    )
    choose: bool = flag(
        True,
        "Choose settings that are not given by the data and the machine, when pretraining from"
        " scratch on a folder of pictures; false keeps the defaults.",
        only=TRAINING,
        of_command=True,
    )
    seed: int = flag(
        0, "Seed of weights, shuffling and augmentation: same seed, same weights.", only=RUNNING
    )
    # Differs from the original: True there.
    use_tpu: bool = flag(
        False,
        "Run on a TPU; otherwise on all GPUs, or on the CPU.",
        only=RUNNING | EMBEDDING,
        of_command=True,
    )
    tpu_name: str | None = flag(
        None,
        "Name or address of the TPU; by default $TPU_NAME, or else this machine's own TPU.",
        only=TPU,
        of_command=True,
        instead_of=("master",),
    )
    tpu_zone: str | None = flag(None, "Cloud zone of the TPU.", only=TPU, of_command=True)
    gcp_project: str | None = flag(None, "Cloud project of the TPU.", only=TPU, of_command=True)
    master: str | None = flag(
        None,
        "Address of the TPU, if it has no name.",
        only=TPU,
        of_command=True,
        instead_of=("tpu_name",),
    )

    @property
    def method(self) -> str:
        """The word of the method: for pretraining, that of its pretext task."""
        return self.pretext_task if self.train_mode == "pretrain" else self.train_mode

    @property
    def pretrains(self) -> bool:
        """Whether the run pretrains an encoder, without labels or a teacher."""
        return self.train_mode == "pretrain"

    @property
    def pairs(self) -> bool:
        """Whether views come in pairs, which a contrastive loss compares."""
        return self.method not in PRETEXT_TASKS or self.pretext_task == "simclr"

    @property
    def projects(self) -> bool:
        """Whether the network has a projection head, which flags describe."""
        return self.method not in WITHOUT_PROJECTION

    @property
    def trains(self) -> bool:
        """Whether anything is trained."""
        return self.mode in ("train", "train_then_eval")

    def _check(self) -> None:
        self._require(0 <= self.seed < 2**32, "seed", "must be from 0 to 2**32 - 1")
        agree = not (self.tpu_name and self.master) or self.tpu_name == self.master
        rule = f"must not be another TPU than tpu_name={self.tpu_name!r}"
        self._require(agree, "master", rule, "Give one of the two.")
