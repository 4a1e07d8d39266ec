"""Checkpoints of a few numbers, for tests of how they are found and read."""

import tensorflow as tf
import tf_keras as keras

from tf_simclr.workdir import checkpoints


def dense(inputs, units, value=0.0):
    layer = keras.layers.Dense(units)
    layer.build([None, inputs])
    layer.kernel.assign(tf.fill([inputs, units], value))
    return layer


def parts(value=0.0, classes=4):
    return {
        "encoder": dense(3, 2, value),
        "projection_head": dense(2, 5, value),
        "supervised_head": dense(2, classes, value),
    }


def save_three(folder):
    """Fills a run's folder with checkpoints of steps 1, 2 and 3, whose weights are 1, 2 and 3."""
    model = parts()
    saved = checkpoints.Checkpoints(str(folder), model)
    for step in (1, 2, 3):
        for part in model.values():
            part.kernel.assign(tf.fill(part.kernel.shape, float(step)))
        saved.save(step)


def data_of(folder, step):
    return folder / f"ckpt-{step}.data-00000-of-00001"


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


# What the file `checkpoint` of a run's folder may hold, though it is wrong; None is no such file.
WRONG_LISTS = ('model_checkpoint_path: "ckpt-9"', "damaged {", None)


def spoil_list(folder, content):
    """Gives a run's folder one of WRONG_LISTS for its list of checkpoints."""
    if content is None:
        (folder / "checkpoint").unlink()
    else:
        (folder / "checkpoint").write_text(content)


def write_names(prefix):
    """What TensorFlow 1 writes: tensors by name, and no objects."""
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=["dense/kernel"],
        shape_and_slices=[""],
        tensors=[tf.ones([3])],
    )
