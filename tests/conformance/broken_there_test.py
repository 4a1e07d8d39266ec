"""The eighteen points at which the original is wrong: one test each, numbered as in DEVIATIONS.md.

A comment says what the original does, which is what would make the test fail.
"""

import json
import os

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from PIL import Image

from tf_simclr import methods
from tf_simclr.config import Config
from tf_simclr.data import pipeline
from tf_simclr.data.augment.policies import FinetuneView
from tf_simclr.data.opening import open_source
from tf_simclr.evaluation.provenance import KEYS
from tf_simclr.exporting import hub_module, saved_model
from tf_simclr.main import main
from tf_simclr.nets.heads import ProjectionHead
from tf_simclr.nets.resnet import BLOCKS, ResNet
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.optim.lars import LARS
from tf_simclr.pretrained.origins import origin_of
from tf_simclr.pretrained.trained import network_of
from tf_simclr.pretrained.warm_start import warm_start
from tf_simclr.reporting.names import LABEL_FREE, VIEW_PICTURES, VIEWS_OF_EACH
from tf_simclr.workdir import checkpoints

SMALL = {"resnet_depth": 18, "width_multiplier": 1 / 32, "image_size": 32, "proj_out_dim": 8}
CLASSES = 3


def no_picture(encoded):
    """In place of decoding, where that is not tested."""
    return tf.zeros([SMALL["image_size"]] * 2 + [3])


@pytest.fixture
def short(monkeypatch):
    """One block a group: all that these tests need to tell apart."""
    monkeypatch.setitem(BLOCKS, 18, (1, 1, 1, 1))


def door(*flags):
    assert main(["tf-simclr", *flags]) == 0


def noise(batch=4, size=32, channels=6):
    return np.random.default_rng(0).random((batch, size, size, channels), np.float32)


def labels(batch=4):
    return tf.one_hot(np.arange(batch) % CLASSES, CLASSES)


def tiny(head=None, num_classes=CLASSES):
    keras.utils.set_random_seed(1)
    encoder = ResNet(18, width_multiplier=1 / 32, small_images=True)
    net = SimCLR(encoder, head or ProjectionHead(out_dim=8), num_classes=num_classes)
    net(noise(channels=3))
    return net


def one_batch(*parts, steps=1):
    return tf.data.Dataset.from_tensors(parts[0] if len(parts) == 1 else parts).repeat(steps)


def moved(layer, before):
    return [not np.array_equal(was, now) for was, now in zip(before, layer.get_weights())]


@pytest.fixture(scope="module")
def finetuned(trained_run, tfds_dir, tmp_path_factory, without_exports):
    """Linear evaluation, on ten classes, of a run that was pretrained with two."""
    folder = str(tmp_path_factory.mktemp("finetuned") / "run")
    door(
        *("--train_mode=finetune", "--fine_tune_after_block=4", "--optimizer=momentum"),
        *("--dataset=cifar10", f"--data_dir={tfds_dir}", "--image_size=16"),
        *("--resnet_depth=10", "--width_multiplier=0.0625", "--proj_out_dim=8"),
        *("--train_batch_size=4", "--train_steps=3", "--checkpoint_steps=2"),
        *(f"--checkpoint={trained_run}", f"--model_dir={folder}"),
    )
    return folder


def tensors(folder, part):
    """Checkpoint key -> value of a part of step 3, its optimiser slots apart."""
    reader = tf.train.load_checkpoint(os.path.join(folder, "ckpt-3"))
    keys = [key for key in reader.get_variable_to_shape_map() if key.startswith(f"{part}/")]
    return {key: reader.get_tensor(key) for key in keys if "OPTIMIZER" not in key}


@pytest.mark.parametrize(("mode", "width"), [("linear", 8), ("none", 16)])
def test_01_linear_and_absent_projection_heads_train(short, mode, width):
    # The original raises while it builds either head.
    net = tiny(ProjectionHead(mode, out_dim=8))
    assert net(noise(channels=3))["proj_head_output"].shape == (4, width)
    net.compile(LARS(0.1), run_eagerly=True)
    before = net.encoder.get_weights()
    history = net.fit(one_batch(noise()), verbose=0).history
    assert np.isfinite(history["contrast_loss"]).all()
    assert any(moved(net.encoder, before))


def test_02_the_classifier_starts_at_zero_logits(short):
    # The original looks for the head's variables before there are any, and leaves them as drawn.
    settings = SMALL | {"train_mode": "finetune", "zero_init_logits_layer": True}
    net = methods.network(Config.from_flat(settings), methods.Lesson(CLASSES))
    np.testing.assert_array_equal(net(noise(channels=3)), np.zeros((4, CLASSES)))


def test_03_a_checkpoint_of_other_classes_is_fine_tuned(finetuned, trained_run):
    # The original asserts that every weight is restored, and stops at the classifier's shape.
    key = "supervised_head/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    assert tensors(trained_run, "supervised_head")[key].shape == (32, 2)
    assert tensors(finetuned, "supervised_head")[key].shape == (32, 10)


def test_04_what_is_frozen_stands_still_with_its_statistics(finetuned, trained_run):
    # In the original frozen norms normalise by the batch, and their moving averages follow it.
    for part in ("encoder", "projection_head"):
        before, after = tensors(trained_run, part), tensors(finetuned, part)
        assert any("moving_mean" in key for key in before)
        for key, value in before.items():
            np.testing.assert_array_equal(value, after[key], err_msg=key)


@pytest.mark.parametrize("place", ["", "ckpt-3", "saved_model/3", "hub/3"])
def test_05_a_run_is_started_from_a_folder_a_prefix_or_an_export(trained_run, place):
    # The original hands the path to TensorFlow as it is, which knows prefixes only.
    settings = SMALL | {"resnet_depth": 10, "width_multiplier": 1 / 16, "image_size": 16}
    path = os.path.join(trained_run, place)
    config = Config.from_flat(settings | {"train_mode": "finetune", "checkpoint": path})
    net = methods.network(config, methods.Lesson(2))
    assert "encoder" in warm_start(config, origin_of(config), net)
    kernel = tensors(trained_run, "encoder")[
        "encoder/stem/convs/0/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    ]
    np.testing.assert_array_equal(net.encoder.stem.convs[0].kernel, kernel)


@pytest.mark.usefixtures("no_exports", "short")
def test_06_evaluation_without_the_linear_head(tiny_flags, tmp_path):
    # The original computes label metrics of logits that are not there.
    flags = [*tiny_flags, "--nolineareval_while_pretraining", f"--model_dir={tmp_path}"]
    door(*flags, "--train_steps=1", "--mode=train_then_eval")
    found = json.loads((tmp_path / "result_1.json").read_text())
    # Left out are the label metrics, and retrieval: a folder of pictures names no identities.
    probes = {"linear_probe_top1", "linear_probe_top5", "linear_probe_l2", "knn_top1"}
    of_what = {"date", "pictures", VIEW_PICTURES, VIEWS_OF_EACH, *KEYS}
    of_what -= {"labels", "stratified_slices", "center_crop"}
    known = {*probes, "features", *LABEL_FREE, "global_step", *of_what}
    assert {key for key in found if "/" not in key} == known
    assert not any(key.startswith("eval/") for key in found)
    assert not (tmp_path / "confusion_matrix.csv").exists()


def test_07_training_ends_at_exactly_train_steps(finetuned):
    # The original trains in runs of checkpoint_steps, here 2: it would end at 4, not at 3.
    saved = [checkpoints.step_of(path) for path in checkpoints.listed(finetuned)]
    assert saved == [2, 3]
    reader = tf.train.load_checkpoint(os.path.join(finetuned, "ckpt-3"))
    (counter,) = [k for k in reader.get_variable_to_shape_map() if "optimizer/_iterations" in k]
    assert reader.get_tensor(counter) == 3


def test_08_a_batch_of_twice_the_data_is_refused(tiny_flags, tmp_path, capsys):
    # The original drops the one short batch of each epoch, for ever, and waits for the next.
    flags = [*tiny_flags, f"--model_dir={tmp_path / 'run'}", "--train_batch_size=32"]
    assert main(["tf-simclr", *flags]) == 2
    assert "`train_batch_size` must not be larger than the data" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_09_an_export_does_not_blur(short, tmp_path):
    # The original exports the training graph with its random blur: no two calls are alike.
    net = methods.network(Config.from_flat(SMALL), methods.Lesson(CLASSES))
    assert net.make_views is not None
    network = network_of(net.parts(), selector=0)
    saved_model.save(network, str(tmp_path / "endpoints"))
    hub_module.save(network, str(tmp_path / "features"), read_picture=no_picture)
    images = noise(channels=3)
    endpoints = tf.saved_model.load(str(tmp_path / "endpoints"))
    calls = [endpoints(images, trainable=True) for _ in range(3)]
    features = tf.saved_model.load(str(tmp_path / "features"))
    calls += [{"final_avg_pool": features(images, training=True)} for _ in range(3)]
    expected = net.encoder(images, training=True)["final_avg_pool"]
    for call in calls:
        np.testing.assert_allclose(call["final_avg_pool"], expected, atol=1e-5)


def test_10_a_hub_layer_shows_its_weights_and_fine_tunes_synchronised_norms(short, tmp_path):
    # The original's module lists no trainable weights, and the gradient of its synchronised batch
    # norm is a Python function that a SavedModel does not hold.
    import tensorflow_hub as hub

    net = methods.network(Config.from_flat(SMALL | {"global_bn": True}), methods.Lesson(CLASSES))
    encoder = net.encoder
    network = network_of(net.parts(), selector=0)
    hub_module.save(network, str(tmp_path), read_picture=no_picture)
    layer = hub.KerasLayer(str(tmp_path), trainable=True)
    model = keras.Sequential([layer, keras.layers.Dense(CLASSES)])
    model(noise(channels=3))
    assert len(layer.trainable_weights) == len(encoder.trainable_weights) > 0
    assert sum(v.shape.rank == 1 for v in layer.trainable_weights) > 0  # Norms among them.
    before = layer.get_weights()
    model.compile(keras.optimizers.SGD(0.1), keras.losses.CategoricalCrossentropy(True))
    model.fit(noise(channels=3), labels(), epochs=2, verbose=0)
    assert all(moved(layer, before))


def test_11_training_alone_exports(trained_run):
    # The original writes SavedModels when it evaluates, and only then.
    assert not os.path.exists(os.path.join(trained_run, "result.json"))
    for kind in ("saved_model", "hub"):
        loaded = tf.saved_model.load(os.path.join(trained_run, kind, "3"))
        assert loaded(noise(size=16, channels=3)) is not None


@pytest.mark.parametrize(
    ("policy", "half"), [("mixed_float16", tf.float16), ("mixed_bfloat16", tf.bfloat16)]
)
def test_12_mixed_precision_trains(short, policy, half):
    # The original mixes dtypes in its layers, and its mask of 1e9 is infinite in float16.
    keras.mixed_precision.set_global_policy(policy)
    try:
        net = tiny()
        outputs = net(noise(channels=3))
        before = [variable.numpy() for variable in net.trainable_variables]
        net.compile(LARS(0.1), run_eagerly=True)
        # The first steps find the scale of the loss that float16 can hold.
        history = net.fit(one_batch(noise(), labels(), steps=20), verbose=0).history
    finally:
        keras.mixed_precision.set_global_policy(None)  # "float32" would outlast floatx.
    assert {value.dtype for value in outputs.values()} == {half}
    assert {variable.dtype for variable in net.weights} == {tf.float32}
    assert all(np.isfinite(values).all() for values in history.values())
    after = [variable.numpy() for variable in net.trainable_variables]
    assert all(not np.array_equal(was, now) for was, now in zip(before, after))
    assert all(np.isfinite(weights).all() for weights in after)


def test_13_pictures_of_one_channel(tfds_dir):
    # The original's colour operations stop at pictures that are not RGB.
    data = open_source("mnist", data_dir=tfds_dir)
    config = Config.from_flat(SMALL | {"train_batch_size": 4})
    batches = methods.training_data(config, data, 0, tf.distribute.get_strategy())
    images, one_hot = next(iter(batches))
    assert images.shape == (4, 32, 32, 6)
    assert one_hot.shape == (4, 10)


@pytest.mark.skipif(
    tf.__version__.startswith("2.15."), reason="TensorFlow's own Keras is Keras 2 there"
)
def test_14_keras_3_as_tensorflows_default_does_no_harm(short):
    # The original builds on tf.keras, whose version 3 has no experimental layers and optimisers.
    assert tf.keras.__version__.startswith("3.")
    net = tiny()
    assert isinstance(net, keras.Model) and not isinstance(net, tf.keras.Model)
    net.compile(LARS(0.1), run_eagerly=True)
    assert np.isfinite(net.fit(one_batch(noise()), verbose=0).history["contrast_loss"]).all()


def test_15_keras_own_methods_work(short, capsys):
    # The original's model overrides __call__, so that Keras never builds or counts it.
    net = tiny()
    assert "__call__" not in vars(SimCLR)
    net.compile(LARS(0.1), run_eagerly=True)
    net.fit(one_batch(noise(), labels()), verbose=0)
    assert np.isfinite(net.evaluate(one_batch(noise(), labels()), verbose=0)).all()
    assert net.predict(noise(channels=3), verbose=0)["final_avg_pool"].shape == (4, 16)
    net.summary()
    assert f"Total params: {net.count_params()} " in capsys.readouterr().out


def test_16_lars_keeps_its_exclusions():
    # The original's get_config leaves them out: a copy decays and adapts every variable.
    weights = [tf.Variable([1.0, 2.0], name=name) for name in ("kernel", "offset")]
    optimizer = LARS(0.1, weight_decay=0.5, exclude_from_weight_decay=weights[1:])
    ends = []
    for one in (optimizer, LARS.from_config(optimizer.get_config())):
        variables = [tf.Variable(v, name=v.name.partition(":")[0]) for v in weights]
        one.apply_gradients((tf.constant([0.3, -0.1]), v) for v in variables)
        ends.append([v.numpy() for v in variables])
    np.testing.assert_array_equal(ends[0], ends[1])
    # Excluded: plain momentum, w - 0.1 * gradient.
    np.testing.assert_allclose(ends[1][1], [1 - 0.03, 2 + 0.01], rtol=1e-6)


def test_17_pictures_without_labels_and_without_an_evaluation_split(short, tiny_flags, tmp_path):
    # The original asks any data set for its classes and both its splits, and knows TFDS only.
    (tmp_path / "pictures").mkdir()
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (8, 20, 20, 3))):
        picture = Image.fromarray(pixels.astype(np.uint8))
        picture.save(tmp_path / "pictures" / f"{number}.png")
    folders = [f"--data_dir={tmp_path}/pictures", f"--model_dir={tmp_path}/run"]
    door(*tiny_flags, *folders, "--eval_split=test", "--train_steps=1")
    assert (tmp_path / "run" / "ckpt-1.index").exists()


def test_18_more_workers_than_files(tfds_dir):
    # The original gives each worker files of its own: the second and third of one file get none.
    data = open_source("cifar10", data_dir=tfds_dir)
    assert data.builder.info.splits["train"].num_shards == 1
    stream = pipeline.Stream(source=data, split="train", batch_size=6, image_size=32, seed=0)
    seen = []
    for worker in range(3):
        context = tf.distribute.InputContext(3, worker, 3)
        view = FinetuneView(32)
        images, _ = next(iter(pipeline.finetune_batches(stream, view, data.num_classes, context)))
        assert images.shape == (2, 32, 32, 3)
        seen += [image.tobytes() for image in images.numpy()]
    assert len(set(seen)) == 6
