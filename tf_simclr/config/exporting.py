"""Flags for exports and embeddings."""

import dataclasses

from tf_simclr.config.choices import EMBED_OUTPUTS, EXPORT_FORMATS
from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import EMBEDDING, EXPORTING, TRAINING


@dataclasses.dataclass(frozen=True)
class ExportConfig(Section):
    """How a trained model is exported."""

    output: str | None = flag(
        None,
        "Folder that --mode=export writes (by default inside --model_dir), or .npz file that"
        " --mode=embed writes.",
        only=EXPORTING | EMBEDDING,
        path=True,
    )
    export_format: str = flag(
        "hub_module", "Format that --mode=export writes.", EXPORT_FORMATS, only=EXPORTING
    )
    export_epochs: float = flag(
        0.0, "Epochs between exports; 0 exports when training ends.", only=TRAINING
    )
    export_image_size: int = flag(
        0, "Side of the pictures that an export takes; 0 is any size.", only=TRAINING | EXPORTING
    )
    keep_hub_module_max: int = flag(1, "Exports to keep; 0 keeps all.", only=TRAINING)
    embed_split: str | None = flag(
        None, "Split whose features --mode=embed writes; by default all of them.", only=EMBEDDING
    )

    embed_output: str = flag(
        "final_avg_pool",
        "Features that --mode=embed writes: of the last layer; of several stages (pyramid); or"
        " these after whitening (pyramid_white), for neighbours by cosine.",
        EMBED_OUTPUTS,
        only=EMBEDDING,
    )

    def _check(self) -> None:
        self._require(self.output != "", "output", "must be a path, or left out")
        self._at_least(0, "export_image_size", "export_epochs", "keep_hub_module_max")
