"""What a run starts from: a checkpoint of this project or a released one, and its architecture."""

import dataclasses
import functools
import math
import os
from collections.abc import Collection, Sequence
from typing import Any

from tf_simclr.config import Config
from tf_simclr.config.model import ModelConfig
from tf_simclr.data.augment.policies import SMALL
from tf_simclr.nets.layers import SelectiveKernel
from tf_simclr.nets.resnet import BLOCKS, FIRST_BOTTLENECK_DEPTH, WIDTHS
from tf_simclr.pretrained import google_checkpoints, own_checkpoints
from tf_simclr.pretrained.checkpoint_contents import CheckpointContents, require_averaged
from tf_simclr.pretrained.google_checkpoints import Released
from tf_simclr.pretrained.variable_schema import restored_parts
from tf_simclr.workdir import checkpoints, run_folder

LARGE = 224  # pixels: the side that networks with a stem for large images were released for
SK_RATIO = 0.0625  # arXiv 2006.10029, section 2
RESNETS = {depth: (blocks, depth >= FIRST_BOTTLENECK_DEPTH) for depth, blocks in BLOCKS.items()}
HEAD_FLAGS = ("proj_head_mode", "num_proj_layers", "proj_out_dim")


@dataclasses.dataclass(frozen=True)
class Origin:
    """A checkpoint to start from.

    Attributes:
      path: as the user gave it.
      prefix: of the checkpoint behind it.
      released: what it holds, if the original wrote it; None if this project did.
      settings: that lie beside a checkpoint of this project.
      averaged: whether of a checkpoint of this project the averaged weights are meant; `released`
        knows its own.
    """

    path: str
    prefix: str
    released: Released | None
    settings: Config | None
    averaged: bool = False

    @functools.cached_property
    def architecture(self) -> dict[str, Any]:
        """Flag -> value, of what the weights were made for; {} where nothing says it."""
        if self.released is not None:
            return released_architecture(self.released)
        if self.settings is None:
            read = own_checkpoints.read(self.prefix, resnets=RESNETS)
            return released_architecture(read) if read else {}
        values, mode = self.settings.flat(), self.settings.model.proj_head_mode
        idle = {"none": HEAD_FLAGS[1:], "linear": HEAD_FLAGS[1:2], "nonlinear": ()}[mode]
        names = ("image_size", *ModelConfig.ARCHITECTURE)
        return {name: values[name] for name in names if name not in idle}

    def classifies_from(self) -> int | None:
        """The projection head's layer that a released classifier reads; None if nothing says it."""
        if self.released is None or not self.released.head_layers:
            return None
        return google_checkpoints.classifies_from(self.path)

    def layer_in_doubt(self) -> str:
        """Why a released classifier may read another layer than is taken; "" where it may not."""
        released = self.released
        if released is None or not released.head_layers or self.classifies_from() is not None:
            return ""
        return (
            "Models that were released as fine-tuned with 1 % or 10 % of the labels classify from"
            " layer 1 of the projection head"
        )


def open_origin(path: str, *, averaged: bool = False) -> Origin:
    """Finds out what lies at `path`, which is as checkpoints.find takes it.

    Args:
      path: of a run, a checkpoint, an export or a released model.
      averaged: take the averaged weights: of a released checkpoint, or of a run with a memory.

    Raises:
      ValueError: if there is nothing, it is damaged or incomplete, or has no averaged weights.
    """
    prefix = checkpoints.find(path)
    contents = CheckpointContents(prefix)
    if "encoder" not in contents.parts():
        released = google_checkpoints.read(prefix, resnets=RESNETS, averaged=averaged)
        return Origin(path, prefix, released, None)
    if averaged:
        require_averaged(contents, path)
    found = (run_folder.read_settings(folder) for folder in (path, os.path.dirname(path)))
    settings = next((s for s in found if s is not None), None)
    return Origin(path, prefix, None, settings, averaged)


def origin_of(config: Config) -> Origin | None:
    """What a run with this config starts from; None if from nothing. Raises as `open_origin`."""
    path = config.finetuning.checkpoint
    if not path or config.run.mode == "eval":
        return None
    return open_origin(path, averaged=config.finetuning.use_ema_weights)


def released_architecture(released: Released) -> dict[str, Any]:
    """The flags that make the network of a checkpoint, read off its variables."""
    network, widest = released.network, released.widths[-1]
    small = network.stem == 1 and released.stem_kernel == 3
    flags: dict[str, Any] = {
        "resnet_depth": network.depth,
        "width_multiplier": widest / WIDTHS[-1],
        "image_size": SMALL if small else LARGE,
        "se_ratio": _ratio(released.squeezed, released.widths, 1) if released.squeezed else 0.0,
    }
    if network.bottleneck or not small:  # Else nothing tells.
        flags["sk_ratio"] = _sk_ratio(released) if network.selective else 0.0
    if released.head_layers:
        flags["proj_head_mode"] = "linear" if released.head_linear else "nonlinear"
        flags["proj_out_dim"] = released.head_width
        if not released.head_linear:
            flags["num_proj_layers"] = released.head_layers
    else:
        flags["proj_head_mode"] = "none"
    return flags


def _sk_ratio(released: Released) -> float:
    """The paper's ratio where it has the same effect, for the mixing layer has a least width."""
    if released.mixing in ((), _mixing(SK_RATIO, released.widths)):
        return SK_RATIO
    return _ratio(released.mixing, released.widths, SelectiveKernel.MIN_MIXING)


def _ratio(channels: Sequence[int], widths: Sequence[int], least: int) -> float:
    """The smallest r with max(int(width * r), least) channels at every width."""
    pairs = [pair for pair in zip(channels, widths) if pair[0] > least]
    shares = [count / width for count, width in pairs or [(least, widths[-1])]]
    ratio = max(shares)
    exact = all(int(width * ratio) >= count for count, width in pairs)
    return ratio if exact else math.nextafter(ratio, 1)  # Rounding fell short of an integer.


def adopt_architecture(config: Config, origin: Origin | None, given: Collection[str]) -> Config:
    """The config with the architecture of what it starts from.

    Args:
      config: of a run.
      origin: of the config; None leaves it as it is.
      given: flags that the user set; the others take the values that the weights were made for.

    Raises:
      ValueError: if a flag that was given contradicts the weights.
    """
    if origin is None:
        return config
    # Differs from the original: there the flags must repeat it.
    found = wanted_architecture(config, origin)
    different = differing(config, found)
    check_architecture(origin, {n: v for n, v in different.items() if n in given}, found)
    layer = origin.classifies_from()
    if layer and config.run.classifies and "ft_proj_selector" not in given:
        different["ft_proj_selector"] = (0, layer)
    adopted = {name: theirs for name, (_, theirs) in different.items()}
    if adopted:
        flags = ", ".join(f"--{name}={value}" for name, value in adopted.items())
        print(f"From {origin.path}: {flags}.")
    return Config.from_flat(config.flat() | adopted)


def wanted_architecture(config: Config, origin: Origin) -> dict[str, Any]:
    """Those flags of the origin's architecture that a run with this config has to agree with.

    A projection head that is not restored, because `variable_schema` leaves it out or there is
    none to go on pretraining with, may be of any kind.
    """
    found = origin.architecture
    absent = origin.settings is None and found.get("proj_head_mode") == "none"
    if (absent and not config.run.classifies) or "projection_head" not in restored_parts(config):
        found = {name: value for name, value in found.items() if name not in HEAD_FLAGS}
    return found


def differing(config: Config, found: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Flags by which weights do not fit: name -> (ours, theirs)."""
    ours = config.flat()
    if ours["proj_head_mode"] == "linear" and found.get("num_proj_layers") == 1:
        # A head of one layer has no ReLU: it is linear by either name.
        found = {name: value for name, value in found.items() if name not in HEAD_FLAGS[:2]}
    pairs = {name: (ours[name], value) for name, value in found.items()}
    return {name: pair for name, pair in pairs.items() if not _agree(name, *pair, found)}


def check_architecture(
    origin: Origin, different: dict[str, tuple[Any, Any]], found: dict[str, Any]
) -> None:
    """Raises ValueError, with what was found and the flags to give, unless `different` is empty."""
    if different:
        received = ", ".join(f"{name}={ours!r}" for name, (ours, _) in different.items())
        give = " ".join(f"--{name}={theirs}" for name, (_, theirs) in different.items())
        raise ValueError(
            f"`checkpoint` does not fit this architecture: found {describe(found)}. Received:"
            f" checkpoint={origin.path!r}, {received}. Give {give}, or leave these flags out."
        )


def describe(found: dict[str, Any]) -> str:
    """An architecture in words: ResNet-50 x 1, sk_ratio 0, ..."""
    words = [f"ResNet-{found['resnet_depth']} x {found['width_multiplier']:g}"]
    words += [f"{name} {found[name]:g}" for name in ("sk_ratio", "se_ratio") if name in found]
    words.append(f"a stem for {'small' if found['image_size'] <= SMALL else 'large'} images")
    mode = found.get("proj_head_mode")
    if mode == "none":
        words.append("no projection head")
    elif mode:
        layers = found["num_proj_layers"] if mode == "nonlinear" else 1
        plural = "s" * (layers != 1)
        words.append(
            f"a {mode} projection head of {layers} layer{plural} to {found['proj_out_dim']}"
        )
    return ", ".join(words)


def _agree(name: str, ours: Any, theirs: Any, found: dict[str, Any]) -> bool:
    """Whether two values of a flag make the same variables."""
    widths = tuple(int(width * found["width_multiplier"]) for width in WIDTHS)
    if name == "width_multiplier":
        return widths == tuple(int(width * ours) for width in WIDTHS)
    if name == "image_size":
        return (ours <= SMALL) == (theirs <= SMALL)
    if name == "sk_ratio" and ours > 0 and theirs > 0:
        basic = found["resnet_depth"] < FIRST_BOTTLENECK_DEPTH
        return basic or _mixing(ours, widths) == _mixing(theirs, widths)
    if name == "se_ratio" and ours > 0 and theirs > 0:
        return [max(1, int(w * ours)) for w in widths] == [max(1, int(w * theirs)) for w in widths]
    return ours == theirs


def _mixing(ratio: float, widths: Collection[int]) -> tuple[int, ...]:
    return tuple(max(int(width * ratio), SelectiveKernel.MIN_MIXING) for width in widths)
