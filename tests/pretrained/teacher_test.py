"""Teachers: runs, exports and other SavedModels, and what is refused."""

import gc
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr.main import main
from tf_simclr.pretrained.teacher import open_teacher

SIZE = 16
KERNEL = np.random.default_rng(5).standard_normal((3, 5)).astype(np.float32)
PICTURES = np.random.default_rng(6).random((4, SIZE, SIZE, 3), np.float32)


def opened(path, num_classes=0):
    return open_teacher(str(path), num_classes=num_classes, image_size=SIZE)


@pytest.fixture
def save(tmp_path):
    """Writes a SavedModel of one function `answer` by the spec of its argument; its path.

    Arguments: the function, shape and dtype of its pictures, their keyword, the signature's name.
    """

    def write(answer, shape=(None, None, None, 3), dtype=tf.float32, key="x", name="classify"):
        module = tf.Module()
        module.kernel = tf.Variable(KERNEL)
        spec = tf.TensorSpec(shape, dtype, name=key)
        signature = tf.function(lambda x: answer(x, module.kernel), input_signature=[spec])
        tf.saved_model.save(module, str(tmp_path / "model"), signatures={name: signature})
        return str(tmp_path / "model")

    return write


def mean_colours(pictures, kernel):
    return tf.reduce_mean(pictures, axis=[1, 2]) @ kernel


@pytest.mark.parametrize("place", ["", "ckpt-3", "hub/3", "saved_model/3"])
def test_runs_checkpoints_and_exports_say_what_the_export_says(trained_run, place):
    teacher = opened(os.path.join(trained_run, place), num_classes=2)
    assert teacher.num_classes == 2
    signatures = tf.saved_model.load(os.path.join(trained_run, "hub/3")).signatures
    expected = signatures["classify"](images=tf.constant(PICTURES))["logits"]
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(teacher(tf.constant(PICTURES)), expected, rtol=1e-4, atol=1e-6)


def test_what_may_be_another_teacher_than_was_meant_is_said(trained_run, capsys):
    opened(trained_run)
    assert capsys.readouterr().out == (
        "Note: the teacher is the linear head trained alongside pretraining, with all labels.\n"
    )
    open_teacher(trained_run, num_classes=2, image_size=20)
    assert "Note: the teacher was trained at 16 pixels, but gets pictures of 20 pixels.\n" in (
        capsys.readouterr().out
    )


def test_a_signature_that_does_not_say_how_many_classes_there_are(save):
    def answer(pictures, kernel):
        logits = mean_colours(pictures, kernel)
        return tf.boolean_mask(logits, tf.math.is_finite(kernel[0]), axis=1)

    teacher = opened(save(answer), num_classes=5)
    traced = tf.function(teacher).get_concrete_function(tf.TensorSpec([None, SIZE, SIZE, 3]))
    assert traced.structured_outputs.shape.as_list() == [None, 5]
    expected = PICTURES.mean(axis=(1, 2)) @ KERNEL
    np.testing.assert_allclose(teacher(tf.constant(PICTURES)), expected, rtol=1e-4)


@pytest.mark.parametrize("reads", ["ft_proj_selector=1", "classify_pyramid"])
def test_a_classifier_reads_what_it_was_trained_on(reads, tiny_flags, trained_run, tmp_path):
    flags = [*tiny_flags, "--train_mode=finetune", f"--{reads}", "--train_steps=1"]
    flags += [f"--checkpoint={trained_run}", f"--model_dir={tmp_path}"]
    assert main(["tf-simclr", *flags]) == 0
    outputs = tf.saved_model.load(str(tmp_path / "saved_model/1"))(tf.constant(PICTURES))
    logits = opened(tmp_path)(tf.constant(PICTURES))
    np.testing.assert_allclose(logits, outputs["logits_sup"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("classes", [0, 5])
@pytest.mark.parametrize("name", ["classify", "serving_default"])
@pytest.mark.parametrize("output", ["logits", "logits_sup", "whatever"])
def test_any_saved_model_with_logits(save, output, name, classes):
    path = save(lambda x, kernel: {output: mean_colours(x, kernel)}, key="colours", name=name)
    teacher = opened(path, num_classes=classes)
    assert teacher.num_classes == 5
    expected = PICTURES.mean(axis=(1, 2)) @ KERNEL
    np.testing.assert_allclose(teacher(tf.constant(PICTURES)), expected, rtol=1e-4, atol=1e-6)


def test_a_saved_model_lives_as_long_as_its_teacher(save):
    teacher = opened(save(mean_colours_as("logits")))
    gc.collect()
    found = tf.function(teacher)(tf.constant(PICTURES))
    np.testing.assert_allclose(found, PICTURES.mean(axis=(1, 2)) @ KERNEL, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", [tf.float16, tf.float64])
def test_logits_among_other_outputs_at_another_precision(save, dtype):
    def answer(x, kernel):
        logits = mean_colours(x, tf.cast(kernel, dtype))
        return {"features": x[:, 0, 0], "probabilities": tf.nn.softmax(logits), "logits": logits}

    found = opened(save(answer, dtype=dtype))(tf.constant(PICTURES))
    np.testing.assert_allclose(found, PICTURES.mean(axis=(1, 2)) @ KERNEL, rtol=0, atol=1e-2)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (32, 24), (16, None), (None, 8)])
def test_pictures_are_made_as_large_as_it_takes_them(save, height, width):
    path = save(lambda x, _: {"logits": x[:, 0, :3, 0]}, shape=(None, height, width, 3))
    found = opened(path)(tf.constant(PICTURES))
    resized = tf.image.resize(PICTURES, [height or SIZE, width or SIZE], antialias=True)
    np.testing.assert_allclose(found, resized[:, 0, :3, 0], rtol=1e-6)
    if (height, width) == (8, 8):  # Each pixel is a mean around two by two.
        assert not np.allclose(found, PICTURES[:, 0, :6:2, 0])


@pytest.mark.parametrize("side", [8, 12])
def test_a_model_of_keras(tmp_path, side):
    layers = keras.layers
    shape = [layers.Input([side, side, 3]), layers.Flatten(), layers.Dense(4)]
    net = keras.Sequential(shape)
    tf.saved_model.save(net, str(tmp_path / "keras"))
    teacher = opened(tmp_path / "keras", num_classes=4)
    expected = net(tf.image.resize(PICTURES, [side, side], antialias=True))
    np.testing.assert_allclose(teacher(tf.constant(PICTURES)), expected, rtol=1e-4, atol=1e-6)


# Errors


def refused(path, message, num_classes=0):
    with pytest.raises(ValueError, match=message) as caught:
        opened(path, num_classes)
    assert f"Received: teacher={str(path)!r}" in str(caught.value)


@pytest.mark.parametrize("classes", [3, 7])
def test_a_class_count_that_differs_is_an_error_of_both_numbers(save, trained_run, classes):
    refused(trained_run, f"classes of the data, which has {classes}. .* with 2", classes)
    refused(save(mean_colours_as("logits")), f"which has {classes}. .* with 5", classes)


def mean_colours_as(name):
    return lambda x, kernel: {name: mean_colours(x, kernel)}


def test_a_path_that_is_not_there(tmp_path):
    refused(tmp_path / "missing", "`teacher` must be a run's folder, .* where there is none")


def test_a_folder_of_something_else(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    refused(tmp_path, "`teacher` cannot be opened .`checkpoint` must be a run's folder")


def test_a_network_without_a_classifier(tiny_flags, tmp_path):
    flags = [*tiny_flags, "--lineareval_while_pretraining=False", "--train_steps=1"]
    assert main(["tf-simclr", *flags, f"--model_dir={tmp_path}"]) == 0
    for place in ("", "hub/1", "saved_model/1"):
        refused(tmp_path / place, "must give class logits: .* a network without a classifier")


def test_a_saved_model_without_logits_says_what_it_has(save):
    two = save(lambda x, kernel: {"mean": mean_colours(x, kernel), "first": x[:, 0, 0]})
    refused(two, r"no class logits in a SavedModel with classify -> .*first: float32 \(None, 3\)")


@pytest.mark.parametrize(
    "answer",
    [
        lambda x, kernel: {"logits": x[:, 0]},
        lambda x, kernel: {"logits": tf.argmax(mean_colours(x, kernel), axis=-1)[:, None]},
        lambda x, kernel: {"classes": tf.argmax(mean_colours(x, kernel), axis=-1)},
    ],
    ids=["rank", "dtype", "names"],
)
def test_what_is_called_logits_and_is_none(save, answer):
    refused(save(answer), "`teacher` must give class logits")


def test_another_signature_is_not_asked(save):
    refused(save(mean_colours_as("logits"), name="train"), "with train -> logits: float32")


def test_no_signature(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path / "bare"))
    refused(tmp_path / "bare", "no class logits in a SavedModel with no signature")


@pytest.mark.parametrize("temperature", [0.1, 10.0])
def test_probabilities_are_no_logits(save, temperature):
    path = save(lambda x, kernel: tf.nn.softmax(mean_colours(x, kernel) / temperature))
    refused(path, "`teacher` must give logits, before the softmax. .* gives probabilities")


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((None, 8, 8, 3), tf.uint8),
        ((None, 8, 8), tf.float32),
        ((None, 3, 8, 8), tf.float32),
        ((None, 8, 8, 1), tf.float32),
        ((1, 8, 8, 3), tf.float32),
    ],
)
def test_an_input_that_is_no_batch_of_float_pictures(save, shape, dtype):
    rows = lambda x, _: {"logits": tf.reshape(tf.cast(x, tf.float32), [-1, 64])}  # noqa: E731
    message = rf"`teacher` must take .* signature classify takes x: {dtype.name} \("
    refused(save(rows, shape=shape, dtype=dtype), message)


def test_two_inputs(tmp_path):
    spec = tf.TensorSpec([None, 8, 8, 3], tf.float32)
    both = tf.function(lambda a, b: {"logits": (a + b)[:, 0, 0]}, input_signature=[spec, spec])
    tf.saved_model.save(tf.Module(), str(tmp_path / "two"), signatures={"classify": both})
    refused(tmp_path / "two", "`teacher` must take one batch .* takes a: float32 .*, b: float32")


def test_damaged_ones(save, trained_run, tmp_path):
    export = shutil.copytree(os.path.join(trained_run, "hub/3"), tmp_path / "hub")
    data = export / "variables/variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:100])
    refused(export, "`teacher` cannot be opened .`checkpoint` cannot be read: it is damaged")
    path = save(mean_colours_as("logits"))
    with open(os.path.join(path, "saved_model.pb"), "wb") as file:
        file.write(b"\xff")
    refused(path, "`teacher` cannot be loaded")
