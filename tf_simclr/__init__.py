"""SimCLR v1 and v2 for TensorFlow and tf_keras (arXiv 2002.05709, 2006.10029).

The names below are loaded on first use, so that `tf-simclr --help` does not wait for TensorFlow.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from tf_simclr.version import __version__

if TYPE_CHECKING:
    from tf_simclr.assembly.views_of import views_of
    from tf_simclr.losses.nt_xent import NTXent, nt_xent
    from tf_simclr.nets.heads import ProjectionHead
    from tf_simclr.nets.resnet import ResNet
    from tf_simclr.nets.simclr import SimCLR
    from tf_simclr.optim.lars import LARS
    from tf_simclr.optim.schedules import WarmupCosine
    from tf_simclr.pretrained.load_classifier import load_classifier
    from tf_simclr.pretrained.load_encoder import load_encoder
    from tf_simclr.running import pretrain, run

_HOMES = {
    "LARS": "tf_simclr.optim.lars",
    "NTXent": "tf_simclr.losses.nt_xent",
    "ProjectionHead": "tf_simclr.nets.heads",
    "ResNet": "tf_simclr.nets.resnet",
    "SimCLR": "tf_simclr.nets.simclr",
    "WarmupCosine": "tf_simclr.optim.schedules",
    "load_classifier": "tf_simclr.pretrained.load_classifier",
    "load_encoder": "tf_simclr.pretrained.load_encoder",
    "nt_xent": "tf_simclr.losses.nt_xent",
    "pretrain": "tf_simclr.running",
    "run": "tf_simclr.running",
    "views_of": "tf_simclr.assembly.views_of",
}

__all__ = [
    "LARS",
    "NTXent",
    "ProjectionHead",
    "ResNet",
    "SimCLR",
    "WarmupCosine",
    "__version__",
    "load_classifier",
    "load_encoder",
    "nt_xent",
    "pretrain",
    "run",
    "views_of",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'tf_simclr' has no attribute {name!r}")


if "tf_keras" in sys.modules:  # Its load_model finds only imported classes.
    for _name in ("LARS", "ProjectionHead", "ResNet", "SimCLR", "WarmupCosine"):
        importlib.import_module(_HOMES[_name])


def __dir__() -> list[str]:
    return sorted(__all__)
