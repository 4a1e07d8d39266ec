"""Sections of a config: frozen dataclasses, one field a flag, each checking its own ranges.

Those of how a network is trained are in training.py.

Names and defaults are those of the original SimCLR's flags.
"""

import dataclasses

from tf_simclr.config.choices import DEPTHS, EXPORT_FORMATS, MODES, PRETEXT_TASKS, TRAIN_MODES
from tf_simclr.config.fields import Section, flag, require


@dataclasses.dataclass(frozen=True)
class RunConfig(Section):
    """What is done, where, and on which machine."""

    mode: str = flag("train", "What to do.", MODES)
    train_mode: str = flag("pretrain", "What to train.", TRAIN_MODES)
    pretext_task: str = flag(
        "simclr", "What a pretraining learns from pictures without labels.", PRETEXT_TASKS
    )
    model_dir: str | None = flag(
        None, "Folder of the run: checkpoints, exports, results, report.", path=True
    )
    seed: int = flag(0, "Of weights, shuffling and augmentation: same seed, same weights.")
    # Differs from the original: True there.
    use_tpu: bool = flag(False, "Run on a TPU; otherwise on all GPUs, or on the CPU.")
    tpu_name: str | None = flag(
        None,
        "Name or address of the TPU; none is what TPU_NAME in the environment says, or else the"
        " TPU of this machine.",
    )
    tpu_zone: str | None = flag(None, "Cloud zone of the TPU.")
    gcp_project: str | None = flag(None, "Cloud project of the TPU.")
    master: str | None = flag(None, "Address of the TPU, where it has no name.")

    @property
    def method(self) -> str:
        """The word of what is trained: a pretraining's is that of its pretext task."""
        return self.pretext_task if self.train_mode == "pretrain" else self.train_mode

    @property
    def classifies(self) -> bool:
        """Whether a classifier is trained, with labels or a teacher, and not an encoder alone."""
        return self.train_mode != "pretrain"

    @property
    def trains(self) -> bool:
        """Whether anything is trained."""
        return self.mode in ("train", "train_then_eval")

    def _check(self) -> None:
        require(0 <= self.seed < 2**32, "seed", "must be from 0 to 2**32 - 1", self.seed)
        if self.tpu_name and self.master:
            require(
                self.tpu_name == self.master,
                "master",
                f"must not be another TPU than tpu_name={self.tpu_name!r}",
                self.master,
                "Give one of the two.",
            )


@dataclasses.dataclass(frozen=True)
class DataConfig(Section):
    """The pictures and what is done to them."""

    dataset: str = flag(
        "imagenet2012", "A TFDS name, 'image_folder' (with --data_dir), or the bundled 'emoji32'."
    )
    data_dir: str | None = flag(
        None, "Folder of pictures, or where TFDS keeps its data.", path=True
    )
    train_split: str = flag("train", "Split to train on.")
    eval_split: str = flag("validation", "Split to judge on.")
    cache_dataset: bool = flag(False, "Keep the undecoded training pictures in memory.")
    max_bad_images: float = flag(0.01, "Share of unreadable pictures that a folder may have.")
    image_size: int = flag(224, "Side of the pictures that the network sees, in pixels.")
    color_jitter_strength: float = flag(1.0, "Strength of the colour jitter; 0 is none.")
    min_crop_area: float = flag(0.08, "Smallest share of a picture that a crop covers in training.")
    use_blur: bool = flag(True, "Blur views at random when pretraining.")
    blur_sigma: str = flag(
        "batch",
        "Whether a view's strength of blur is drawn for the batch, as in the original, or for each"
        " image, as in the paper.",
        ("batch", "image"),
    )
    augment_on: str = flag(
        "auto",
        "Where pretraining views are made, the same ones: in the input pipeline (host), or in the"
        " training step (device); auto is the device with --use_tpu, and else the host. Pictures of"
        " differing sizes are cropped in the pipeline at any rate.",
        ("auto", "host", "device"),
    )
    extra_augmentation: str = flag(
        "none",
        "One more operation on pretraining views: quarter turns, or a square cut out.",
        ("none", "rotate", "cutout"),
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


@dataclasses.dataclass(frozen=True)
class LabelsConfig(Section):
    """Which labels of the training split are known; by default all of them."""

    label_fraction: float = flag(
        1.0, "Share of the labels of each class, drawn from --seed, as 0.01 or 0.1."
    )
    labels_per_class: int = flag(0, "Labels of each class, drawn from --seed; 0 is all.")
    label_list: str | None = flag(
        None,
        "File that names the labelled pictures, one a line, as the original's lists do.",
        path=True,
    )

    @property
    def chosen(self) -> bool:
        """Whether some labels are left out."""
        return bool(self.ways())

    def said(self, seed: int) -> str:
        """Which labels are known, in words; "" if all are.

        Args:
          seed: of the run, that labels are drawn from.
        """
        ways = self.ways()
        if not ways:
            return ""
        text = f"{ways[0]}={getattr(self, ways[0])}"
        return text if ways[0] == "label_list" else f"{text}, seed={seed}"

    def _check(self) -> None:
        fraction = self.label_fraction
        require(0 < fraction <= 1, "label_fraction", "must be in (0, 1]", fraction)
        self._at_least(0, "labels_per_class")
        require(self.label_list != "", "label_list", "must be a path, or left out", "")
        ways = self.ways()
        if len(ways) > 1:
            rule = f"must be the only way to choose labels, and {ways[0]} is given"
            require(False, ways[1], rule, getattr(self, ways[1]), "Give one of the two.")

    def ways(self) -> list[str]:
        """The flags that choose labels: those that are not at their default, one at the most."""
        fields = dataclasses.fields(self)
        return [field.name for field in fields if getattr(self, field.name) != field.default]


@dataclasses.dataclass(frozen=True)
class ModelConfig(Section):
    """The encoder, the projection head and the loss."""

    resnet_depth: int = flag(50, "Depth of the ResNet.", DEPTHS)
    width_multiplier: float = flag(1.0, "Scales every number of channels.")
    sk_ratio: float = flag(0.0, "Selective kernels; 0.0625 switches them on.")
    se_ratio: float = flag(0.0, "Squeeze-and-excitation; 0.25 is usual.")
    batch_norm_decay: float = flag(0.9, "Momentum of batch norm's moving averages.")
    global_bn: bool = flag(True, "Batch norm over the batch of all replicas.")
    proj_head_mode: str = flag(
        "nonlinear", "Kind of projection head.", ("none", "linear", "nonlinear")
    )
    proj_out_dim: int = flag(128, "Width of the projection head's last layer.")
    num_proj_layers: int = flag(3, "Layers of a nonlinear projection head.")
    loss: str = flag(
        "nt_xent", "The contrastive loss: SimCLR's, or the decoupled one.", ("nt_xent", "dcl")
    )
    loss_implementation: str = flag(
        "auto",
        "Whether the loss holds all similarities at once, or block by block in linear memory: auto"
        " does so with large batches.",
        ("auto", "dense", "blockwise"),
    )
    temperature: float = flag(0.1, "Of the contrastive loss.")
    hidden_norm: bool = flag(True, "Compare projections by cosine.")
    memory_size: int = flag(
        0, "Negatives that the loss remembers of former batches, by an averaged network; 0 is none."
    )
    ema_decay: float = flag(0.999, "Of the averaged network that fills the memory.")

    ARCHITECTURE = (
        "resnet_depth",
        "width_multiplier",
        "sk_ratio",
        "se_ratio",
        "proj_head_mode",
        "proj_out_dim",
        "num_proj_layers",
    )

    def _check(self) -> None:
        self._positive("width_multiplier", "temperature")
        self._at_least(1, "proj_out_dim", "num_proj_layers")
        self._shares("sk_ratio", "se_ratio")
        decay = self.batch_norm_decay
        require(0 <= decay < 1, "batch_norm_decay", "must be in [0, 1)", decay)
        self._at_least(0, "memory_size")
        require(0 <= self.ema_decay < 1, "ema_decay", "must be in [0, 1)", self.ema_decay)

    @property
    def num_projections(self) -> int:
        """Layers of the projection head, whatever its kind."""
        return {"none": 0, "linear": 1, "nonlinear": self.num_proj_layers}[self.proj_head_mode]


@dataclasses.dataclass(frozen=True)
class EvaluationConfig(Section):
    """How a trained model is judged."""

    eval_batch_size: int = flag(256, "Pictures per evaluation step.")
    eval_steps: int = flag(0, "Evaluation steps; 0 is the whole split.")
    eval_name: str | None = flag(
        None,
        "Name of the evaluation's TensorBoard folder, and of its files where it is of other data,"
        " another size or other weights than the run's own.",
    )
    judge_examples: int = flag(
        10000, "Pictures of each split that probe, kNN and retrieval look at, at the most."
    )

    probe_grid: str = flag(
        "short",
        "Strengths of regularisation that the linear probe chooses from: four, or the 45 of the"
        " paper's transfer section.",
        ("short", "paper"),
    )

    def _check(self) -> None:
        self._at_least(1, "eval_batch_size", "judge_examples")
        self._at_least(0, "eval_steps")


@dataclasses.dataclass(frozen=True)
class ExportConfig(Section):
    """How a trained model is handed out."""

    output: str | None = flag(
        None,
        "What --mode=export and embed write: a folder, by default in --model_dir; an .npz.",
        path=True,
    )
    export_format: str = flag("hub_module", "What --mode=export writes.", EXPORT_FORMATS)
    export_image_size: int = flag(0, "Side of the pictures that an export takes; 0 is any size.")
    export_epochs: float = flag(0.0, "Epochs between exports; 0 exports when training ends.")
    keep_hub_module_max: int = flag(1, "Exports to keep; 0 keeps all.")
    embed_split: str | None = flag(
        None, "Split whose features --mode=embed writes; none is all of them."
    )

    def _check(self) -> None:
        require(self.output != "", "output", "must be a path, or left out", self.output)
        self._at_least(0, "export_image_size", "export_epochs", "keep_hub_module_max")
