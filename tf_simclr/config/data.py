"""Flags for the pictures and their augmentation."""

import dataclasses

from tf_simclr.config.choices import ORIGINAL_VIEW, VIEW_OPERATIONS
from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import (
    ALWAYS,
    BLUR,
    COLOR,
    CROPPED,
    CROPPED_SHOWN,
    EMBEDDING,
    EXPORTING,
    IN_FOLDER,
    JUDGED_OR_HELD_OUT,
    RUNNING,
    SHOWN,
    TRAINING,
    TWO_VIEWS,
    WHOLE_VIEWS,
    WITH_ROOM_TO_BLUR,
    needs_one,
)


@dataclasses.dataclass(frozen=True)
class DataConfig(Section):
    """The pictures and their augmentation."""

    dataset: str = flag(
        "imagenet2012",
        "A TFDS name, 'image_folder' (with --data_dir), or the bundled 'emoji32'.",
        only=ALWAYS,
    )
    data_dir: str | None = flag(
        None, "Folder of pictures, or where TFDS keeps its data.", only=ALWAYS, path=True
    )
    train_split: str = flag("train", "Split to train on.", only=RUNNING | EXPORTING)
    eval_split: str = flag(
        "validation",
        "Split to evaluate on; held_out is a tenth of a folder's training pictures, left out of"
        " training.",
        only=(RUNNING, JUDGED_OR_HELD_OUT),
    )
    stratified_slices: bool = flag(
        False,
        "Order the pictures of a folder so that slices such as train[:80%] and train[80%:] have the"
        " same share of each class.",
        only=(RUNNING | EXPORTING | EMBEDDING, IN_FOLDER),
    )
    cache_dataset: bool = flag(False, "Keep encoded training pictures in memory.", only=TRAINING)
    max_bad_images: float = flag(
        0.01, "Largest share of unreadable pictures to accept.", only=(ALWAYS, IN_FOLDER)
    )
    image_size: int = flag(224, "Side of the network's pictures, in pixels.", only=ALWAYS)
    view_size: int = flag(
        0,
        "Side of the views that the network trains on, in pixels; 0 is --image_size. Two thirds of"
        " it train faster, and as crops enlarge what they show, they may also train better.",
        only=(SHOWN, WHOLE_VIEWS),
    )
    center_crop: float = flag(
        0.0,
        "Share of the shorter side that evaluation shows, from the centre; 0 is 0.875 above 32"
        " pixels and 1 up to them, as in the original.",
        only=RUNNING | EXPORTING | EMBEDDING,
    )
    color_jitter_strength: float = flag(
        1.0,
        "Strength of the colour jitter; 0 leaves color and gray out of the default"
        " --view_operations.",
        only=(*CROPPED_SHOWN, COLOR),
    )
    min_crop_area: float = flag(
        0.08,
        "Smallest share of a picture that a crop covers in training.",
        only=(TRAINING, CROPPED),
    )
    use_blur: bool = flag(
        True,
        "Blur views at random when pretraining; false leaves blur out of the default"
        " --view_operations.",
        only=(*CROPPED_SHOWN, BLUR, WITH_ROOM_TO_BLUR),
    )
    blur_sigma: str = flag(
        "batch",
        "Draw the strength of a view's blur for each batch, as in the original, or for each image,"
        " as in the paper.",
        ("batch", "image"),
        only=(*CROPPED_SHOWN, BLUR, needs_one("use_blur", True), WITH_ROOM_TO_BLUR),
    )
    augment_on: str = flag(
        "auto",
        "Make pretraining views in the input pipeline (host) or in the training step (device); auto"
        " is device with --use_tpu, otherwise host. The views are the same. Pictures of different"
        " sizes are always cropped in the pipeline.",
        ("auto", "host", "device"),
        only=CROPPED_SHOWN,
    )
    view_operations: str | None = flag(
        None,
        "Operations that make a pretraining view, separated by commas: crop, then any of"
        f" {', '.join(VIEW_OPERATIONS[1:])}, in any order; by default {ORIGINAL_VIEW}, and for"
        " --pretext_task=rotation and relative_position crop,flip.",
        only=CROPPED_SHOWN,
        instead_of=("extra_augmentation",),
    )
    second_view_operations: str | None = flag(
        None,
        "Operations that make the second view of a picture; by default those of the first.",
        only=(*CROPPED_SHOWN, TWO_VIEWS),
    )
    extra_augmentation: str = flag(
        "none",
        "An older way to add rotate or cutout to --view_operations, after flip.",
        ("none", "rotate", "cutout"),
        only=CROPPED_SHOWN,
        instead_of=("view_operations",),
    )

    @property
    def view_side(self) -> int:
        """Side of the views that the network trains on, in pixels."""
        return self.view_size or self.image_size

    @property
    def view_area(self) -> float:
        """The area of a view, as a share of that of a picture that is judged."""
        return (self.view_side / self.image_size) ** 2

    @property
    def sides(self) -> str:
        """The sides of views and pictures in words: "32 pixels (judged at 48)"."""
        judged = f" (judged at {self.image_size})" if self.view_side != self.image_size else ""
        return f"{self.view_side} pixels{judged}"

    def operations(self, default: str) -> tuple[str, ...]:
        """The operations of the first view, by their words and in order.

        Args:
          default: those of a run that names none, separated by commas.
        """
        words = self.view_operations or default
        if words == ORIGINAL_VIEW:  # Other flags say what is left of it.
            left_out = set() if self.use_blur else {"blur"}
            if self.color_jitter_strength == 0:
                left_out |= {"color", "gray"}
            words = ",".join(word for word in words.split(",") if word not in left_out)
        if self.extra_augmentation != "none":
            words = words.replace("flip", f"flip,{self.extra_augmentation}")
        return tuple(words.split(","))

    def _check(self) -> None:
        self._require(self.dataset != "", "dataset", "must be a name")
        placed = self.dataset != "image_folder" or bool(self.data_dir)
        rule = "must name the folder of pictures with --dataset=image_folder"
        self._require(placed, "data_dir", rule)
        self._at_least(1, "image_size")
        self._at_least(0, "view_size")
        self._at_least(0, "color_jitter_strength")
        self._require(0 < self.min_crop_area <= 1, "min_crop_area", "must be in (0, 1]")
        self._shares("max_bad_images", "center_crop")
        chosen = {*self.operations(ORIGINAL_VIEW)}
        for name in ("view_operations", "second_view_operations"):
            if getattr(self, name) is not None:
                self._check_operations(name)
        chosen |= {*(self.second_view_operations or "").split(",")}
        rule = "must not be {} where blur is in --view_operations or --second_view_operations"
        mend = "Leave blur out there, or give --use_blur."
        blurs, colours = "blur" in chosen, "color" in chosen
        self._require(self.use_blur or not blurs, "use_blur", rule.format(False), mend)
        rule = rule.replace("blur", "color").format(0)
        jitters = self.color_jitter_strength > 0
        self._require(jitters or not colours, "color_jitter_strength", rule)
        default = self.view_operations in (None, ORIGINAL_VIEW)
        alone = self.extra_augmentation == "none" or default
        rule = f"must be left out with view_operations={self.view_operations!r}"
        self._require(alone, "extra_augmentation", rule, "Name the operation there.")

    def _check_operations(self, name: str) -> None:
        words = getattr(self, name).split(",")
        for word in words:
            rule = f"must name only operations of {VIEW_OPERATIONS}, not {word!r}"
            self._require(word in VIEW_OPERATIONS, name, rule, "Separate them by commas.")
        rule = "must begin with crop and name it once: crop gives pictures their size"
        self._require(words[0] == "crop" and words.count("crop") == 1, name, rule)
