"""Traces training steps as TPUStrategy would run them: a program, for devices are made only once.

    python traced_steps.py FACTS.json EMOJI_DIR PICTURE_FOLDER [whole]

It goes a run's own way from flags to Keras' training function. What is found in the step of each of
configurations.COVERING, or of the whole product, is written by name.
"""

import dataclasses
import gc
import json
import os
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import configurations
import false_devices
import tensorflow as tf
import tf_keras as keras
from graph_facts import Facts
from tensorflow.python.tpu.tpu_replication import outside_compilation

from tf_simclr import methods, replicas
from tf_simclr.assembly import build, build_data
from tf_simclr.assembly.train_checks import check_machine
from tf_simclr.config import Config
from tf_simclr.nets.resnet import BLOCKS
from tf_simclr.pretrained.teacher import Teacher, open_teacher

CORES, BATCH, SIZE, TEACHERS_SIZE = 4, 16, 16, 12
FAULTY, GATHERING = "faulty", "gathering"
TINY = {
    "use_tpu": True,
    "resnet_depth": 10,
    "width_multiplier": 1 / 16,
    "image_size": SIZE,
    "num_proj_layers": 2,
    "proj_out_dim": 8,
    "train_batch_size": BATCH,
    "teacher": "made here",
    "dataset": "emoji32",
    "eval_split": "test",
    "train_steps": 4,
}


def step_of(config: Config, strategy: tf.distribute.Strategy) -> tf.Graph:
    """The graph that `fit` would call with the run's data."""
    check_machine(config, strategy, parts=methods.method_of(config).parts_of_batch(config))
    data = build_data.source(config)
    teacher = _teacher(data.num_classes) if config.run.train_mode == "distill" else None
    with strategy.scope():
        net = methods.network(
            config,
            methods.Lesson(data.num_classes, teacher=teacher),
            precision=config.training.precision,
            training=True,
        )
        build.compile_model(config, net, data.num_examples(config.data.train_split))
    batches = iter(methods.training_data(config, data, 0, strategy))
    with strategy.scope():
        net.make_train_function()
        return net.train_tf_function.get_concrete_function(batches).graph


def _teacher(num_classes: int) -> Teacher:
    """A SavedModel that takes pictures of another size; without variables, which need a device."""
    spec = tf.TensorSpec([None, TEACHERS_SIZE, TEACHERS_SIZE, 3], name="images")

    @tf.function(input_signature=[spec])
    def classify(images):
        return {"logits": tf.reshape(images, [-1, TEACHERS_SIZE**2 * 3])[:, :num_classes]}

    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(tf.Module(), folder, signatures={"classify": classify})
        return open_teacher(folder, num_classes=num_classes, image_size=SIZE)


def faulty_step(strategy: tf.distribute.Strategy) -> tf.Graph:
    """One of each thing that a step must not do."""
    with strategy.scope():
        kept = tf.Variable(tf.zeros([5]), aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)

    def step():
        images = tf.zeros([2, 3, 3, 1])
        replicas.gather(images)
        kept.assign(tf.ones([5]))
        tf.image.resize(images, [2, 2], antialias=True)
        tf.boolean_mask(images, images > 0)
        outside_compilation(tf.identity, images)

    @tf.function(autograph=False)
    def faulty():
        strategy.run(step)

    return faulty.get_concrete_function().graph


def gathering_step(strategy: tf.distribute.Strategy) -> tf.Graph:
    """Two gathers and their gradients, of which that of the constant one is none."""

    def step():
        rows, others = tf.ones([2, 3]), tf.ones([2, 5])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([rows, others])
            gathered = tf.sin(replicas.gather(rows))
            constant = tf.sin(replicas.gather_constant(others))
        assert tape.gradient(constant, others) is None
        return tape.gradient(gathered, rows), constant

    @tf.function(autograph=False)
    def gathering():
        return strategy.run(step)

    return gathering.get_concrete_function().graph


def program(path: str, emoji_dir: str, picture_folder: str, whole: str = "") -> None:
    """Writes the facts of all configurations to `path`."""
    strategy = false_devices.tpu_strategy(CORES)
    folders = {"emoji32": emoji_dir, "image_folder": picture_folder}
    facts = {
        FAULTY: Facts.read(faulty_step(strategy)),
        GATHERING: Facts.read(gathering_step(strategy)),
    }
    BLOCKS[TINY["resnet_depth"]] = (1, 1)  # Two groups, to trace half as many layers.
    for flags in configurations.whole_product() if whole else configurations.COVERING:
        config = Config.from_flat(
            TINY | flags | {"data_dir": folders[flags.get("dataset", "emoji32")]}
        )
        config = methods.checked(config)
        facts[configurations.name(flags)] = Facts.read(step_of(config, strategy))
        keras.backend.clear_session()
        gc.collect()
    with open(path, "w") as file:
        json.dump({name: dataclasses.asdict(found) for name, found in facts.items()}, file)


if __name__ == "__main__":
    program(*sys.argv[1:])
