"""Faults drawn at random: `python draw.py 14` on the code as it was then."""

from faults import Fault

DRAWN = (
    Fault(
        "tf_simclr/data/emoji32/builder.py",
        "                if emoji.split == split:",
        "                if emoji.split != split:",
        "drawn: comparison 1",
    ),
    Fault(
        "tf_simclr/resnet_sizes.py",
        "side <= SMALL",
        "side < SMALL",
        "drawn: comparison 2",
    ),
    Fault(
        "tf_simclr/pretrained/origins.py",
        "    absent = origin.settings is None and not found.head.layers",
        "    absent = origin.settings is not None and not found.head.layers",
        "drawn: comparison 3",
    ),
    Fault(
        "tf_simclr/exporting/trained_network.py",
        '        named = {"encoder": self.encoder, "projection_head": self.projection_head}\n'
        "        if self.supervised_head is not None:",
        '        named = {"encoder": self.encoder, "projection_head": self.projection_head}\n'
        "        if self.supervised_head is None:",
        "drawn: comparison 4",
    ),
    Fault(
        "tf_simclr/architectures/resnet_layers.py",
        "                if skeleton.bottleneck or (stem == 3) == selective:",
        "                if skeleton.bottleneck or (stem != 3) == selective:",
        "drawn: comparison 5",
    ),
    Fault(
        "tf_simclr/losses/running_softmax.py",
        "            first + tf.argmax(by_view[ab], axis=1, output_type=tf.int32),",
        "            first - tf.argmax(by_view[ab], axis=1, output_type=tf.int32),",
        "drawn: sign 1",
    ),
    Fault(
        "tf_simclr/losses/pairs.py",
        "    b_as_keys = tf.exp(from_b[:, :queries] - tf.concat([all_a, all_b][:views], axis=0))",
        "    b_as_keys = tf.exp(from_b[:, :queries] + tf.concat([all_a, all_b][:views], axis=0))",
        "drawn: sign 2",
    ),
    Fault(
        "tf_simclr/data/augment/crop.py",
        "    centres = (tf.range(target, dtype=tf.float32) + 0.5) * scale - 0.5  # [batch, target]",
        "    centres = (tf.range(target, dtype=tf.float32) + 0.5) * scale + 0.5  # [batch, target]",
        "drawn: sign 3",
    ),
    Fault(
        "tf_simclr/reporting/confusion.py",
        '                f\'<text{strong} x="{x + cell / 2:.1f}" y="{y + cell / 2 + 4:.1f}" \'',
        '                f\'<text{strong} x="{x - cell / 2:.1f}" y="{y + cell / 2 + 4:.1f}" \'',
        "drawn: sign 4",
    ),
    Fault(
        "tf_simclr/losses/tiles.py",
        "        missing = self._count * self._width - places",
        "        missing = self._count * self._width + places",
        "drawn: sign 5",
    ),
    Fault(
        "tf_simclr/losses/pairs.py",
        "    logits_aa = product(a, all_a, transpose_right=True) / temperature + mask",
        "    logits_aa = product(a, all_a, transpose_right=False) / temperature + mask",
        "drawn: constant 1",
    ),
    Fault(
        "tf_simclr/reporting/confusion.py",
        "    left, top = longest + 12, longest * SLANT + 16",
        "    left, top = longest + 13, longest * SLANT + 16",
        "drawn: constant 2",
    ),
    # Equivalent: all norms of a network have the momentum of its batch_norm_decay.
    Fault(
        "tf_simclr/exporting/trained_network.py",
        "        return self.norms[0].momentum if",
        "        return self.norms[1].momentum if",
        "drawn: constant 3",
    ),
    Fault(
        "tf_simclr/exporting/traced.py",
        '    return tf.TensorSpec([None, size, size, 3], tf.float32, name="images")',
        '    return tf.TensorSpec([None, size, size, 4], tf.float32, name="images")',
        "drawn: constant 4",
    ),
    Fault(
        "tf_simclr/tasks/evaluate.py",
        "    text = json.dumps(result, indent=2, sort_keys=True, ensure",
        "    text = json.dumps(result, indent=3, sort_keys=True, ensure",
        "drawn: constant 5",
    ),
    Fault(
        "tf_simclr/config/data.py",
        '        self._at_least(0, "color_jitter_strength")',
        "        pass",
        "drawn: dropped call 1",
    ),
    Fault(
        "tf_simclr/evaluation/feature_file.py",
        "            tf.io.gfile.rename(near, path, overwrite=True)",
        "            pass",
        "drawn: dropped call 2",
    ),
    Fault(
        "tf_simclr/data/examination.py",
        "in _measure(encoded))",
        "in (tf.constant([1, 1, 3]), tf.constant(False)))",
        "drawn: dropped call 3",
    ),
    Fault(
        "tf_simclr/exporting/card.py",
        '        tf.io.gfile.rename(path + ".tmp", path, overwrite=True)',
        "        pass",
        "drawn: dropped call 4",
    ),
    Fault(
        "tf_simclr/cli.py",
        "    define_flags(values)\n    flags.DEFINE",
        "    pass\n    flags.DEFINE",
        "drawn: dropped call 5",
    ),
)
