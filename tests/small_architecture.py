"""An architecture of another kind than ResNet, for tests of the common interface."""

import dataclasses

from tf_simclr.architectures.architecture import Architecture


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pixels(Architecture):
    """One flag is its own, and it makes no encoder."""

    word, kind, groups = "pixels", "Pixels", 0
    of_variables = encoder = None

    ema_decay: float

    @property
    def title(self):
        return f"Pixels of {self.ema_decay:g}"

    def describe(self):
        return self.title


ARCHITECTURE = Pixels
PIXELS = Pixels(image_size=8, head=None, ema_decay=0.5)
