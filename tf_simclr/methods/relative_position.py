"""Relative position: where does one patch lie, seen from another? (arXiv 1505.05192)."""

import tensorflow as tf

from tf_simclr.assembly import build, build_data, patches
from tf_simclr.assembly.views import Drawn
from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.data import pipeline
from tf_simclr.data.patch_pairs.grid import NAMES, PLACES
from tf_simclr.data.pipeline import Stream
from tf_simclr.data.source import Source
from tf_simclr.methods.method import Lesson
from tf_simclr.methods.pretext import Pretext
from tf_simclr.nets.pretext import PretextNet
from tf_simclr.nets.relative_position import RelativePositionNet
from tf_simclr.reporting.content import ViewWords
from tf_simclr.reporting.words import LEARNING_RATE, LOOKS, Asked, Shown, Words

TASK = "--pretext_task=relative_position"
LARGER = "Give larger pictures, or other shares in --relative_position_patch, _gap and _jitter."
SHOWN = ViewWords(
    title="Pairs of patches",
    explanation=(
        "A training picture with its grid, the centre marked in blue and one of the eight"
        " neighbours in orange; then these two patches as the network sees them. It is asked where"
        " the neighbour lies, so it must know the parts of things and how they belong together."
    ),
    row="with its grid of patches, and a pair of them",
    captions=("grid", "centre", "neighbour"),
    apart=1,
)


class RelativePosition(Pretext):
    """Trains an encoder to tell where a patch lies beside another (arXiv 1505.05192, section 3)."""

    words = Words(
        title="Relative position",
        learned="Learned on {} by predicting relative positions of patches.",
        classifier="Classifier of positions",
        curves={
            "train/position_loss": "Position loss",
            "train/position_acc": "Position accuracy",
            **LOOKS,
            **LEARNING_RATE,
        },
        line=(
            (Shown("position_loss", "loss"),),
            (Shown("position_acc", "positions", share=True),),
        ),
        asked=Asked(
            "eval/position_accuracy",
            "eval/position_chance",
            "Position accuracy",
            "Share of neighbouring patches whose position the network gets right, out of eight.",
        ),
    )

    def settled(self, config: Config) -> Config:
        # The paper's head compares two patches: nothing is projected. Their sizes are shares of
        # --image_size.
        without = {"proj_head_mode": "none", "ft_proj_selector": 0, "view_size": 0}
        return config.replaced(without)

    def check(self, config: Config) -> None:
        super().check(config)
        data, words = config.data, config.operations[0]
        name = "view_operations" if data.extra_augmentation == "none" else "extra_augmentation"
        given, mend = getattr(data, name), "Leave it out."
        rule = f"must not have rotate with {TASK}: which way is up would be hidden"
        require("rotate" not in words, name, rule, given, mend)
        late = build_data.single_view(config).each[0].in_the_step
        word = words[len(words) - len(late)] if late else ""
        rule = f"must not have {word} with {TASK}: it would act only after the patches are cut"
        require(not late, name, rule, given, mend)
        side = config.data.image_size
        trouble = patches.grid_of(config, side).trouble
        require(not trouble, "image_size", f"is too small for {TASK}{trouble}", side, LARGER)

    def check_data(self, config: Config, data: Source) -> None:
        super().check_data(config, data)
        split = config.data.train_split
        side = data.side(split)
        trouble = patches.grid_of(config, side).trouble if side else ""
        rule = f"has pictures of {side} pixels, too small for {TASK}{trouble}"
        require(not trouble, "train_split", rule, split, LARGER)

    def network(self, config: Config, lesson: Lesson, *, training: bool) -> RelativePositionNet:
        views = patches.patch_views(config)
        net = RelativePositionNet(
            build.encoder(config),
            **config.model.norms,
            make_views=build_data.views_in_the_step(config, views),
            microbatches=config.training.microbatches,
            seed=config.run.seed,
        )
        patch = views.patches.grid.patch
        net(tf.zeros([1, len(PLACES), patch, patch, 3]))
        return net

    def batches(
        self, config: Config, stream: Stream, num_classes: int, context: tf.distribute.InputContext
    ) -> tf.data.Dataset:
        views, on_device = patches.patch_views(config), config.views_on == "device"
        return pipeline.pretrain_batches(stream, views, num_classes, context, on_device=on_device)

    def views_of_each(self, config: Config) -> float:
        # Of the area of a picture.
        return len(PLACES) * config.relative_position.relative_position_patch**2

    def describe(self, config: Config) -> str:
        grid = patches.grid_of(config, config.data.image_size)
        sizes = f"patches of {grid.patch} pixels, {grid.gap} apart, moved by up to {grid.jitter}"
        return f", {sizes}, made on the {config.views_on}"

    def views(self, config: Config, data: Source) -> Drawn | None:
        if not data.has(config.data.train_split):
            return None
        return Drawn(patches.pairs_of_first(config, data), SHOWN)

    def chance(self, config: Config) -> float:
        return 1 / len(NAMES)

    def test_batches(self, config: Config, data: Source) -> tf.data.Dataset:
        return patches.patches_to_judge(config, data)

    def right(self, config: Config, net: PretextNet, images: tf.Tensor) -> tf.Tensor:
        _, right = net.judged(images, None, training=False)
        return tf.reduce_mean(tf.reshape(right, [-1, len(NAMES)]), axis=1)


METHOD = RelativePosition()
