"""A trained encoder's features of any data, with labels and names, as one .npz file."""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from tf_simclr import buckets, early_checks, picture_range, progress
from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.assembly import build_data
from tf_simclr.assembly.machine import strategy_to_judge
from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.evaluation.feature_file import write_features
from tf_simclr.judging.judge import encoder_features
from tf_simclr.pretrained import trained

_WHEN_WHITE = (
    "Training keeps the whitening of its last step alone: give that step, or"
    " --embed_output=pyramid."
)


def embed(config: Config) -> str:
    """Writes features, labels, names and splits of all pictures to --output.

    features float32 [n, width]; labels int64 [n], -1 where there is none; names [n], paths in the
    folder of pictures, or other unique names; splits [n], the split of each picture.

    Args:
      config: of the command: --checkpoint or --model_dir, --output, and the data.

    Returns:
      The file that was written.

    Raises:
      ValueError: if there is no encoder, no such data, or the file cannot be written.
    """
    early_checks.check_output(config)
    output = config.exporting.output or ""
    if buckets.is_folder(output):
        raise ValueError(f"`output` must be a file. Received: output={output!r}, a folder.")
    path = trained.path_of(config)
    strategy = strategy_to_judge(config)  # By the command: the run may be from another machine.
    with strategy.scope():
        found = trained.open_trained(path, averaged=config.finetuning.use_ema_weights)
    trained.require_data(found, config)
    config = trained.with_given(found, config)
    side, trained_size = config.data.image_size, found.origin.trained_size
    if trained_size and (warning := picture_range.size_warning([side] * 2, trained_size)):
        print(f"Note: {warning} Give --image_size={trained_size}.")
    encode = represent(found, config.exporting.embed_output, strategy)
    data = build_data.source(config)
    split = config.exporting.embed_split
    splits = [split] if split else list(data.splits)
    count = sum(data.num_examples(name) for name in splits)
    print(f"Embedding {count} pictures of {data.name}: {', '.join(splits)}.", flush=True)
    try:
        shapes = write_features(output, _batches(config, data, splits, encode))
    except OSError as error:
        raise ValueError(
            f"`output` cannot be assembled in the system's folder for temporary files ({error})."
            f" Received: output={output!r}. Set TMPDIR to a folder with room for it."
        ) from error
    columns = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
    print(f"Wrote {output}: {columns}")
    return output


def represent(
    found: trained.Trained, output: str, strategy: tf.distribute.Strategy
) -> Callable[[tf.Tensor], np.ndarray]:
    """A function of images [batch, h, w, 3] -> features [batch, n].

    Args:
      found: the network, made in the strategy's scope.
      output: a value of --embed_output.
      strategy: its replicas share each batch.

    Raises:
      ValueError: if the network has no such output.
    """
    encoder, white = found.network.encoder, found.network.whitening
    has_pyramid = architecture_of(found.settings.flat()).has_pyramid
    others = {"pyramid": has_pyramid, "pyramid_white": has_pyramid and white is not None}
    if not others.get(output, True):
        raise ValueError(
            "`embed_output` must be an output of the network. Received:"
            f" embed_output={output!r}, which {found.origin.path} does not have."
            f" {_WHEN_WHITE if has_pyramid else 'Leave it out.'}"
        )
    if output != "pyramid_white":
        return encoder_features(encoder, strategy, output)
    assert white is not None
    pyramid = encoder_features(encoder, strategy, "pyramid")
    return lambda images: white(pyramid(images))


def _batches(config: Config, data: Source, splits: list[str], encode: Callable) -> Iterator[dict]:
    for split in splits:
        batches = build_data.evaluation_data(config, data, split, names=True)
        total = -(-data.num_examples(split) // config.evaluation.eval_batch_size)
        for batch in progress.each(batches, f"Embedding {split!r}, batch", total):
            features = encode(batch["image"])
            yield {
                "features": features,
                "labels": batch["label"].numpy(),
                "names": batch["name"].numpy(),
                "splits": np.array([split.encode()] * len(features), object),
            }
