"""Lowers the training step of flags to an HLO module, for one of many replicas on TPUs.

    python tests/tpu/compiled/lower.py --out=step.hlo --replicas=32 --batch=128 -- --resnet_depth=50

The flags after `--` are tf-simclr's; --batch is a replica's. Written are step.hlo, a serialised
HloModuleProto, and step.hlo.json with what was lowered. TensorFlow compiles for the CPU only as far
as this: the step's variables and the HLO are the same for every kind of device.
"""

import argparse
import functools
import json
import os
import shlex
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import one_of_many
import tensorflow as tf
from tensorflow.compiler.xla.service import hlo_pb2

from tf_simclr import cli, methods, things
from tf_simclr.assembly import build, build_data
from tf_simclr.config import Config

CLASSES, EXAMPLES = 1000, 1_281_167  # of ImageNet
DIM = 128  # of a projection

# The specs of a step's arguments, and the step.
Step = tuple[list[tf.TensorSpec], Any]


def read(flags: Sequence[str], batch: int) -> Config:
    """The config of flags, with a batch of all replicas."""
    values = cli.FlagValues()
    cli.define_flags(values)
    values(["tf-simclr", *flags, f"--train_batch_size={batch}"])
    return cli.config_from_flags(values)


def training_step(config: Config, batch: int, replicas: int, teacher: Config | None) -> Step:
    """The whole training step of a config: views, passes, loss, optimiser, metrics.

    Args:
      config: of the run.
      batch: pictures of one replica.
      replicas: that train together.
      teacher: of a classifier that a student learns from; its weights do not matter.
    """
    ask = None
    if teacher is not None:
        # In float32, as every teacher is opened.
        knows = methods.network(teacher, methods.Lesson(CLASSES))

        def ask(images: tf.Tensor) -> tf.Tensor:
            return knows(images, training=False)

    net = methods.network(
        config,
        methods.Lesson(CLASSES, teacher=ask),
        precision=config.training.precision,
        training=True,
    )
    build.compile_model(config, net, EXAMPLES)
    one_of_many.sum_gradients(net.optimizer, replicas)
    images = _images(config, batch)

    def step(*given: tf.Tensor) -> Any:
        *parts, one_hot = given
        return net.train_step((tf.nest.pack_sequence_as(images, parts), one_hot))

    return [*tf.nest.flatten(images), tf.TensorSpec([batch, CLASSES], tf.float32)], step


@functools.cache
def _zeros(shape: tuple[int, ...], dtype: tf.DType) -> tf.Tensor:
    return tf.zeros(shape, dtype)


def of_little_memory(make: Callable[..., tf.Variable], **given: Any) -> tf.Variable:
    """Makes a variable of zeros whose memory is that of all others of its shape.

    A step is not executed here, and of a ResNet-152 three times as wide only the shapes of its
    weights, their momenta and their averages are wanted: not their 10 GB.
    """
    value, shape, dtype = given["initial_value"], given.get("shape"), given.get("dtype")
    if shape is None or dtype is None:
        value = tf.convert_to_tensor(value() if callable(value) else value, dtype)
        shape, dtype = value.shape, value.dtype
    given["initial_value"] = _zeros(tuple(tf.TensorShape(shape)), tf.as_dtype(dtype))
    return make(**given)


def _images(config: Config, batch: int) -> Any:
    """What the input pipeline gives a replica of pictures of many sizes, as ImageNet's."""
    size = config.data.image_size
    if not config.run.pretrains:
        return tf.TensorSpec([batch, size, size, 3], tf.float32)
    if config.data.augment_on == "host":
        return tf.TensorSpec([batch, size, size, 6], tf.float32)
    draws = build_data.pretrain_views(config).num_draws
    return {
        "crops": tf.TensorSpec([batch, 2, size, size, 3], tf.float32),
        "draws": tf.TensorSpec([batch, draws, 2], tf.float32),
    }


def loss_step(config: Config, batch: int) -> Step:
    """The contrastive loss alone, and its gradient: what grows with the batch of all replicas."""

    loss = things.load("losses", config.model.loss).of(vars(config.model))

    def step(hidden: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            found = loss(hidden)
        return (*found, tape.gradient(found.loss, hidden))

    return [tf.TensorSpec([2 * batch, DIM], tf.float32)], step


def lower(specs: Sequence[tf.TensorSpec], step: Any) -> tuple[bytes, int]:
    """A serialised HloModuleProto of a step, and how many bytes its variables have."""
    compiled = tf.function(step, jit_compile=True, autograph=False)
    variables = {v.ref(): v for v in compiled.get_concrete_function(*specs).graph.variables}
    held = sum(v.dtype.size * v.shape.num_elements() for v in variables.values())
    hlo = compiled.experimental_get_compiler_ir(*specs)(
        stage="hlo_serialized", device_name="/device:CPU:0"
    )
    return _without_copies(hlo), held


def _without_copies(serialized: bytes) -> bytes:
    """Of HLO's `copy` there is no StableHLO, which JAX compiles: it becomes an idle reshape."""
    module = hlo_pb2.HloModuleProto.FromString(serialized)
    for computation in module.computations:
        for instruction in computation.instructions:
            if instruction.opcode == "copy":
                instruction.opcode = "reshape"
    return module.SerializeToString()


def main() -> None:
    """Lowers what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--replicas", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True, help="of one replica")
    parser.add_argument("--loss_alone", action="store_true")
    parser.add_argument("--teacher", help="the flags of a student's teacher, in one word")
    parser.add_argument("flags", nargs="*")
    args = parser.parse_args()
    one_of_many.become_one_of(args.replicas)
    everyone = args.batch * args.replicas
    config = read(args.flags, everyone)
    teacher = read(shlex.split(args.teacher), everyone) if args.teacher else None
    with tf.variable_creator_scope(of_little_memory):
        if args.loss_alone:
            specs, step = loss_step(config, args.batch)
        else:
            specs, step = training_step(config, args.batch, args.replicas, teacher)
        hlo, held = lower(specs, step)
    with open(args.out, "wb") as file:
        file.write(hlo)
    with open(f"{args.out}.json", "w") as file:
        json.dump({"replicas": args.replicas, "variable_bytes": held}, file)


if __name__ == "__main__":
    main()
