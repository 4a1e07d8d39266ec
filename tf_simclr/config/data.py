"""Flags of the pictures and of what is done to them."""

import dataclasses

from tf_simclr.config.fields import Section, flag, require
from tf_simclr.config.matters import (
    ALWAYS,
    EVALUATING,
    EXPORTING,
    IN_FOLDER,
    PRETRAINED_SHOWN,
    RUNNING,
    TRAINING,
    WITH_BLUR,
    WITH_ROOM_TO_BLUR,
)


@dataclasses.dataclass(frozen=True)
class DataConfig(Section):
    """The pictures and what is done to them."""

    dataset: str = flag(
        "imagenet2012",
        "A TFDS name, 'image_folder' (with --data_dir), or the bundled 'emoji32'.",
        only=ALWAYS,
    )
    data_dir: str | None = flag(
        None, "Folder of pictures, or where TFDS keeps its data.", only=ALWAYS, path=True
    )
    train_split: str = flag("train", "Split to train on.", only=RUNNING | EXPORTING)
    eval_split: str = flag("validation", "Split to evaluate on.", only=EVALUATING)
    cache_dataset: bool = flag(
        False, "Keep the undecoded training pictures in memory.", only=TRAINING
    )
    max_bad_images: float = flag(
        0.01, "Largest share of unreadable pictures to accept.", only=(ALWAYS, IN_FOLDER)
    )
    image_size: int = flag(
        224, "Side of the pictures that the network sees, in pixels.", only=ALWAYS
    )
    color_jitter_strength: float = flag(
        1.0, "Strength of the colour jitter; 0 is none.", only=PRETRAINED_SHOWN
    )
    min_crop_area: float = flag(
        0.08, "Smallest share of a picture that a crop covers in training.", only=TRAINING
    )
    use_blur: bool = flag(
        True,
        "Blur views at random when pretraining.",
        only=(*PRETRAINED_SHOWN, WITH_ROOM_TO_BLUR),
    )
    blur_sigma: str = flag(
        "batch",
        "Whether a view's strength of blur is drawn for the batch, as in the original, or for each"
        " image, as in the paper.",
        ("batch", "image"),
        only=(*PRETRAINED_SHOWN, WITH_BLUR, WITH_ROOM_TO_BLUR),
    )
    augment_on: str = flag(
        "auto",
        "Where pretraining views are made, the same ones: in the input pipeline (host), or in the"
        " training step (device); auto is the device with --use_tpu, and else the host. Pictures of"
        " differing sizes are cropped in the pipeline at any rate.",
        ("auto", "host", "device"),
        only=PRETRAINED_SHOWN,
    )
    extra_augmentation: str = flag(
        "none",
        "One more operation on pretraining views: quarter turns, or a square cut out.",
        ("none", "rotate", "cutout"),
        only=PRETRAINED_SHOWN,
    )

    def _check(self) -> None:
        require(self.dataset != "", "dataset", "must be a name", self.dataset)
        require(
            self.dataset != "image_folder" or bool(self.data_dir),
            "data_dir",
            "must name the folder of pictures with --dataset=image_folder",
            self.data_dir,
        )
        self._at_least(1, "image_size")
        self._at_least(0, "color_jitter_strength")
        require(
            0 < self.min_crop_area <= 1, "min_crop_area", "must be in (0, 1]", self.min_crop_area
        )
        self._shares("max_bad_images")
