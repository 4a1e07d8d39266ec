"""What a checkpoint holds, by name."""

import numpy as np
import tensorflow as tf
import tf_keras as keras

from tf_simclr.pretrained.checkpoint_contents import CheckpointContents


def test_variables_are_named_and_slots_are_none(tmp_path):
    dense = keras.layers.Dense(2, name="dense")
    dense.build([None, 3])
    optimizer = keras.optimizers.legacy.SGD(0.1, momentum=0.9)
    gradients = [tf.ones_like(variable) for variable in dense.trainable_variables]
    optimizer.apply_gradients(zip(gradients, dense.trainable_variables))
    prefix = tf.train.Checkpoint(dense=dense, optimizer=optimizer).write(str(tmp_path / "ckpt"))
    contents = CheckpointContents(prefix)
    named = dict(contents.named())
    assert {"kernel", "bias"} <= set(named)
    assert not [name for name, key in named.items() if "Momentum" in name or "SLOT" in key]
    assert any(
        "OPTIMIZER_SLOT" in key
        for key in tf.train.load_checkpoint(prefix).get_variable_to_shape_map()
    )
    np.testing.assert_array_equal(contents.read(named["kernel"]), dense.kernel)
    assert contents.parts() >= {"dense", "optimizer"}
    assert contents.shape("dense", "kernel") == [3, 2]
    assert contents.shape("dense", "missing") is None
