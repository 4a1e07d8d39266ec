"""Starts a run from a checkpoint: restores the weights that fit, and prints what it did."""

from collections.abc import Sequence

from tf_simclr.config import Config
from tf_simclr.nets.trainable import TrainableNet
from tf_simclr.pretrained.checkpoint import Checkpoint
from tf_simclr.pretrained.origins import require_fit, wanted_architecture
from tf_simclr.pretrained.variable_schema import restored_parts


def warm_start(
    config: Config, origin: Checkpoint, net: TrainableNet, class_names: Sequence[str] = ()
) -> list[str]:
    """Restores parts of `net` from the config's --checkpoint, and returns their names.

    A classifier that the checkpoint's judge_classifier leaves out keeps its random weights.

    Args:
      config: of the run.
      origin: checkpoint of the config.
      net: a built model of the config.
      class_names: of the data, in the order of its labels.

    Raises:
      ValueError: if the checkpoint does not fit; then nothing is restored.
    """
    require_fit(config, origin, wanted_architecture(config, origin), config.flat())
    wanted = restored_parts(config)
    ours = {name: part for name, part in net.parts().items() if name in wanted}
    if config.finetuning.zero_init_logits_layer:
        ours.pop("supervised_head", None)  # It starts at zero.
    head = ours.get("supervised_head")
    if head is not None and origin.classifier is not None:
        kernel = head.kernel.shape.as_list()
        reason, notes = origin.judge_classifier(config, kernel, class_names)
        for line in [*notes, reason] if reason else notes:
            print(line)
        if reason:
            del ours["supervised_head"]
    restored = origin.restore(ours)
    net.restarted()
    averaged = " (averaged weights)" if config.finetuning.use_ema_weights else ""
    print(f"Starts from {origin.prefix}{averaged}: {', '.join(restored)}.")
    if origin.settings is not None and not origin.settings.run.projects:
        task = origin.settings.run.pretext_task
        print(f"Only its tower, the encoder, is used; its head belongs to --pretext_task={task}.")
    return restored
