"""What is compiled: recipes on slices of TPUs, and a few steps that are held to their numbers."""

import dataclasses
import pathlib
from collections.abc import Iterator

FLAGS = pathlib.Path(__file__).parents[3] / "flags"

# Slice -> the topology as libtpu names it, and its devices. Both cores of a v4 or v5p chip are one.
SLICES = {
    "v3-32": ("v3:4x4", 32),
    "v4-32": ("v4:2x2x4", 16),
    "v5e-32": ("v5e:4x8", 32),
    "v5e-64": ("v5e:8x8", 64),
    "v5e-256": ("v5e:16x16", 256),
    "v5p-16": ("v5p:2x2x2", 8),
}
R50_2X_SK = ("--width_multiplier=2", "--sk_ratio=0.0625")
R152_3X_SK = ("--resnet_depth=152", "--width_multiplier=3", "--sk_ratio=0.0625")
LARGE_TEACHER = " ".join(("--train_mode=finetune", "--ft_proj_selector=1", *R152_3X_SK))


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A file of flags, and what of it a step depends on.

    Attributes:
      file: its name.
      batch: pictures of a step, over all chips.
      flags: more of them.
      teacher: flags of the network that a student learns from.
      loss_alone: whether only the loss and its gradient are compiled.
    """

    file: str
    batch: int = 4096
    flags: tuple[str, ...] = ()
    teacher: str | None = None
    loss_alone: bool = False


RECIPES = {
    "v1": Recipe("imagenet_v1.cfg"),
    "v1 float32": Recipe("imagenet_v1.cfg", flags=("--precision=float32",)),
    "v1 ResNet-18": Recipe("imagenet_v1.cfg", flags=("--resnet_depth=18",)),
    "v2": Recipe("imagenet_v2.cfg"),
    "v2_memory": Recipe("imagenet_v2_memory.cfg"),
    "v2_memory 2x+SK": Recipe("imagenet_v2_memory.cfg", flags=R50_2X_SK),
    "v2_memory 152 3x+SK": Recipe("imagenet_v2_memory.cfg", flags=R152_3X_SK),
    "finetune": Recipe("imagenet_finetune_1pct.cfg", 1024),
    "distill": Recipe("imagenet_distill.cfg", teacher=LARGE_TEACHER),
    "loss of 65,536": Recipe(
        "imagenet_v1.cfg", 65_536, ("--loss_implementation=blockwise",), loss_alone=True
    ),
}


@dataclasses.dataclass(frozen=True)
class Cell:
    """One step, compiled for one slice.

    Attributes:
      recipe: a key of RECIPES.
      slice: a key of SLICES.
      microbatches: parts of a chip's batch.
      level: how hard the compiler optimises; UNKNOWN is its default, which takes ten times as long.
    """

    recipe: str
    slice: str
    microbatches: int = 1
    level: str = "O0"

    @property
    def name(self) -> str:
        """Of the cell in the table of numbers."""
        parts = [f", {self.microbatches} microbatches"] * (self.microbatches > 1)
        return "".join(
            [
                f"{self.recipe} on {self.slice}",
                *parts,
                *([f", {self.level}"] * (self.level != "O0")),
            ]
        )

    @property
    def replicas(self) -> int:
        """Devices that train together."""
        return SLICES[self.slice][1]

    @property
    def batch(self) -> int:
        """Pictures of a step on one device."""
        return RECIPES[self.recipe].batch // self.replicas

    def flags(self) -> Iterator[str]:
        """Of tf-simclr."""
        recipe = RECIPES[self.recipe]
        yield f"--flagfile={FLAGS / recipe.file}"
        if recipe.file.startswith("imagenet_v"):
            yield "--augment_on=device"
        if self.microbatches > 1:
            yield f"--microbatches={self.microbatches}"
        yield from recipe.flags


# What `make test-tpu-compile` compiles anew and holds to its numbers.
HELD = (
    Cell("v1 ResNet-18", "v5e-32"),
    Cell("v1 ResNet-18", "v5e-32", level="UNKNOWN"),
    Cell("v1 float32", "v5e-32"),
    Cell("v1", "v5e-32"),
    Cell("v1", "v3-32"),
    Cell("v2_memory", "v5e-32"),
    Cell("v2_memory 2x+SK", "v5e-32"),
    Cell("v2_memory 152 3x+SK", "v5p-16", 8),
    Cell("finetune", "v5e-32"),
    Cell("distill", "v5e-32"),
    Cell("loss of 65,536", "v5e-256"),
)
