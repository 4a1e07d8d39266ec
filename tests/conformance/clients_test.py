"""What is exported, in the hands of those who use it: each in a process without tf_simclr.

The programs lie in clients/: each takes an export and a file of pictures, and writes what it found.
Most are forks of launcher.py there, so that TensorFlow is imported once for all of them.
"""

import functools
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import methods
from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.data.opening import open_source
from tf_simclr.main import main
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.pretrained import own
from tf_simclr.workdir import run_folder

CLIENTS = pathlib.Path(__file__).parent / "clients"
ALONE = ("keras3", "litert", "onnx_runtime")  # Without TensorFlow, or with a Keras of their own.
ENVIRONMENT = os.environ | {"PYTHONSAFEPATH": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
# ResNet-10: a stem, 4 blocks of two convolutions, 4 shortcuts = 13, each with a norm of two weights
# that train and two that do not; a projection head of three layers, the last norm without beta.
ENCODER, TRAINED, HEAD = 13 * 5, 13 * 3, 3 * 5 - 1
HEAD_TRAINED = 3 * 3 - 1
CLASSIFIER = 2


def has(*names):
    return all(importlib.util.find_spec(name) for name in names)


needs_onnx = pytest.mark.skipif(
    not has("onnx", "tf2onnx", "onnxruntime"), reason="needs the extra onnx"
)
needs_lite = pytest.mark.skipif(not has("ai_edge_litert"), reason="needs the extra lite")


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((16, 16, 16, 3), np.float32)


@pytest.fixture(scope="module")
def parts(trained_run, images):
    """The run's network with norms such that every block matters: training starts them at 0."""
    config = run_folder.read_settings(trained_run)
    net = methods.network(config, methods.Lesson(2))
    own.restore(os.path.join(trained_run, "ckpt-3"), net.parts())
    random = np.random.default_rng(1)
    for norm in (layer for layer in net.submodules if isinstance(layer, BatchNorm)):
        norm.gamma.assign(random.uniform(0.5, 1.5, norm.gamma.shape))
    for _ in range(40):  # Moving averages follow.
        net(images, training=True)
    return net.parts()


@pytest.fixture(scope="module")
def emoji(emoji_dir):
    """Real pictures that int8 is not calibrated on."""
    config = Config.from_flat({"dataset": "emoji32", "data_dir": emoji_dir, "image_size": 16})
    batches = build_data.evaluation_data(config, build_data.source(config), "test[:64]")
    return next(iter(batches))["image"].numpy()


@pytest.fixture(scope="module")
def run(trained_run, parts, tmp_path_factory):
    """The folder of a run whose newest checkpoint holds these weights."""
    folder = tmp_path_factory.mktemp("runs") / "lively"
    shutil.copytree(trained_run, folder)
    tf.train.Checkpoint(**parts).write(str(folder / "ckpt-4"))
    return folder


@pytest.fixture(scope="module")
def exported(run, emoji_dir, tmp_path_factory):
    """Format -> the folder of its export, made when it is asked for."""
    folder = tmp_path_factory.mktemp("exports")

    @functools.cache
    def export(kind):
        command = ["--mode=export", f"--model_dir={run}", f"--export_format={kind}"]
        command += ["--dataset=emoji32", f"--data_dir={emoji_dir}"]  # To calibrate int8 by.
        assert main(["tf-simclr", *command, f"--output={folder / kind}"]) == 0
        return str(folder / kind)

    return export


@pytest.fixture(scope="module")
def pictures(picture_folder):
    """Encoded: two PNG files of the data, and a JPEG of another size."""
    paths = sorted(pathlib.Path(picture_folder, "test").rglob("*.png"))[:2]
    large = np.random.default_rng(2).integers(0, 256, (60, 37, 3)).astype(np.uint8)
    return [*(path.read_bytes() for path in paths), tf.io.encode_jpeg(large).numpy()]


@pytest.fixture(scope="module")
def launch(tmp_path_factory):
    """Runs a program, a file or a module, that has TensorFlow imported already; what it printed."""
    output = tmp_path_factory.mktemp("launched") / "output.txt"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, CLIENTS / "launcher.py"]
    with subprocess.Popen(command, cwd=output.parent, env=ENVIRONMENT, **pipes) as launcher:

        def run(program, *arguments):
            words = [str(word) for word in (program, output, *arguments)]
            print(json.dumps(words), file=launcher.stdin, flush=True)
            assert launcher.stdout.readline() == "0\n", output.read_text()
            return output.read_text()

        yield run
        launcher.stdin.close()
    assert launcher.returncode == 0


@pytest.fixture(scope="module")
def found(exported, images, emoji, pictures, launch, tmp_path_factory):
    """(client, format) -> what the program wrote, name -> array; run when it is asked for."""
    folder = tmp_path_factory.mktemp("elsewhere")
    given = folder / "given.npz"
    # Void: an array of bytes would lose zeros at its end.
    encoded = {f"picture{n}": np.void(text) for n, text in enumerate(pictures)}
    np.savez(given, images=images, emoji=emoji, **encoded)

    @functools.cache
    def use(client, kind):
        program, result = CLIENTS / f"{client}.py", folder / f"{client}_{kind}.npz"
        run = run_alone if client in ALONE else launch
        run(program, exported(kind), given, result)
        return dict(np.load(result))

    return use


def run_alone(*command):
    """In an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=command[-1].parent,
        env={name: value for name, value in ENVIRONMENT.items() if name != "TF_USE_LEGACY_KERAS"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def expected(parts, images):
    """The checkpoint's own endpoints, on one device and in inference mode."""
    endpoints = parts["encoder"](images)
    projections = parts["projection_head"](endpoints["final_avg_pool"])
    return {
        **{name: value.numpy() for name, value in endpoints.items()},
        "proj_head_input": projections[0].numpy(),
        "proj_head_output": projections[-1].numpy(),
        "logits_sup": parts["supervised_head"](projections[0]).numpy(),
    }


def close(found, expected, tolerance=1e-5):
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def softmax(logits):
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def test_the_blocks_are_heard(parts, images, expected):
    """Else the tests below only compare the stem."""
    for norm in (n for n in parts["encoder"].submodules if isinstance(n, BatchNorm)):
        before = norm.gamma.numpy()
        norm.gamma.assign(0 * before)
        changed = parts["encoder"](images)["final_avg_pool"].numpy()
        norm.gamma.assign(before)
        assert np.abs(changed - expected["final_avg_pool"]).max() > 1e-3


def test_hub_load_gives_the_checkpoints_outputs_by_every_name(found, expected):
    said = found("hub_load", "hub_module")
    for name in ("features", "features_positional", "features_by_name", "serving_default/features"):
        close(said[name], expected["final_avg_pool"])
    for name, value in expected.items():
        close(said[f"endpoints/{name}"], value)
    close(said["project"], expected["proj_head_output"])
    for name in ("classify", "classify/logits"):
        close(said[name], expected["logits_sup"])
    close(said["classify/probabilities"], softmax(expected["logits_sup"]))
    assert said["any_size"].shape == (2, 32)


def test_hub_load_gives_the_checkpoints_weights(found, parts):
    said = found("hub_load", "hub_module")
    for number, variable in enumerate(parts["encoder"].variables):
        np.testing.assert_array_equal(said[f"weight/{number}"], variable, variable.name)
    assert sum(name.startswith("weight/") for name in said) == ENCODER


def test_hub_load_has_the_interface_of_a_reusable_module(found):
    said = found("hub_load", "hub_module")
    assert said["untouched"]  # by calls that do not train
    assert said["moved"].sum() == 2 * 13 and len(said["moved"]) == ENCODER
    assert np.abs(said["trained"] - said["features"]).max() > 1e-3
    assert (said["moved_at_1"], said["moved_at_0"]) == (0, 2 * 13)
    assert said["weights"] == TRAINED
    assert said["weights/project"] == TRAINED + HEAD_TRAINED
    assert said["weights/classify"] == TRAINED + CLASSIFIER
    assert said["weights/endpoints"] == TRAINED + HEAD_TRAINED + CLASSIFIER
    assert said["regularization_losses"] == 0


def test_encoded_pictures_are_seen_as_evaluation_sees_them(found, parts, pictures, tmp_path):
    (tmp_path / "train").mkdir()
    for number, encoded in enumerate(pictures):
        (tmp_path / "train" / f"{number}.{'jpg' if number == 2 else 'png'}").write_bytes(encoded)
    data = open_source("image_folder", data_dir=str(tmp_path))
    config = Config.from_flat(
        {"dataset": "image_folder", "data_dir": str(tmp_path), "image_size": 16}
    )
    (batch,) = build_data.evaluation_data(config, data, "train", names=True)
    order = np.argsort(batch["name"].numpy())
    features = parts["encoder"](batch["image"])["final_avg_pool"].numpy()[order]
    said = found("hub_load", "hub_module")
    close(said["serving_bytes/features"], features)
    close(said["serving_bytes/probabilities"], softmax(said["serving_bytes/logits"]))


def test_what_is_no_picture_is_an_error_of_its_request(found):
    said = {k: v.item() for k, v in found("hub_load", "hub_module").items() if "said/" in k}
    assert "`image_bytes` must be JPEG or PNG" in said["said/10"]
    assert "`image_bytes` must be JPEG or PNG" in said["said/0"]
    assert "PNG" in said["said/40"]
    assert "JPEG" in said["said/12"]


def test_keras_layer_fine_tunes(found, expected):
    said = found("keras_layer", "hub_module")
    assert said["trained/weights"] == said["trained/moved"] == ENCODER
    assert said["trained/trainable"] == TRAINED
    assert said["trained/losses"][-1] < 0.7 * said["trained/losses"][0]
    assert said["slow/moved"] == 0  # batch_norm_momentum=1


def test_keras_layer_stands_still_when_frozen(found, images, parts):
    said = found("keras_layer", "hub_module")
    assert (said["frozen/moved"], said["frozen/trainable"]) == (0, 0)
    dimmed = images.copy()
    dimmed[1::2] *= 0.5
    close(said["frozen/features"], parts["encoder"](dimmed)["final_avg_pool"].numpy())


def test_keras_layer_takes_a_part_of_the_module(found, images, parts):
    said = found("keras_layer", "hub_module")
    assert said["head/trainable"] == TRAINED + HEAD_TRAINED
    assert said["head/features"].shape == (16, 8)


def test_the_originals_format_gives_its_ten_keys_and_the_pyramid(found, expected):
    said = found("saved_model_load", "saved_model")
    for name, value in expected.items():
        close(said[name], value)
    assert set(said) == {*expected, "variables", "class_names", "without_gradient"}
    assert len(set(expected) - {"pyramid"}) == 10  # REFERENCE, "What it writes"
    assert said["variables"] == ENCODER + HEAD + CLASSIFIER
    assert said["without_gradient"] == 0


@pytest.mark.parametrize("kind", ["hub_module", "saved_model"])
def test_saved_model_cli_shows_and_runs(exported, images, expected, launch, tmp_path, kind):
    tool = "tensorflow.python.tools.saved_model_cli"
    shown = launch(tool, "show", "--dir", exported(kind), "--all")
    assert "signature_def['serving_default']" in shown
    np.save(tmp_path / "images.npy", images)
    signature = ["--tag_set=serve", "--signature_def=serving_default"]
    given = [f"--inputs=images={tmp_path}/images.npy", f"--outdir={tmp_path}"]
    launch(tool, "run", "--dir", exported(kind), *signature, *given)
    name = "features" if kind == "hub_module" else "final_avg_pool"
    close(np.load(tmp_path / f"{name}.npy"), expected["final_avg_pool"])


@pytest.mark.skipif(tf.__version__.startswith("2.15."), reason="Keras 3 came with TensorFlow 2.16")
def test_keras_3_takes_it_as_a_layer(found, expected):
    said = found("keras3", "hub_module")
    close(said["features"], expected["final_avg_pool"])
    assert said["moved"] > 0


def test_two_replicas_fine_tune_it(found, images, parts):
    said = found("mirrored", "hub_module")
    assert said["replicas"] == 2
    close(said["features"], found("keras_layer", "hub_module")["frozen/features"])
    assert said["losses"][-1] < 0.7 * said["losses"][0]
    assert said["moved"] == said["weights"] == ENCODER
    assert said["apart"] == 0


@needs_onnx
def test_onnx_runtime_gives_the_same_for_any_batch_and_size(found, parts, images, expected):
    said = found("onnx_runtime", "onnx")
    close(said["all/features"], expected["final_avg_pool"], 1e-4)
    close(said["all/logits"], expected["logits_sup"], 1e-4)
    close(said["one/features"], expected["final_avg_pool"][:1], 1e-4)
    large = parts["encoder"](np.tile(images, [1, 2, 2, 1]))["final_avg_pool"].numpy()
    close(said["large/features"], large, 1e-4)


@pytest.mark.parametrize(
    ("client", "kind"),
    [
        ("hub_load", "hub_module"),
        ("saved_model_load", "saved_model"),
        pytest.param("onnx_runtime", "onnx", marks=needs_onnx),
        pytest.param("litert", "lite", marks=needs_lite),
    ],
)
def test_every_export_has_the_names_of_its_classes(found, exported, client, kind):
    names = found(client, kind)["class_names"].astype(str).tolist()
    assert names == ["dark", "light"]  # the folders of the run's pictures, in order
    assert pathlib.Path(exported(kind), "class_names.txt").read_text() == "dark\nlight\n"


@pytest.mark.parametrize(
    "kind",
    [
        "hub_module",
        "saved_model",
        pytest.param("onnx", marks=needs_onnx),
        pytest.param("lite", marks=needs_lite),
    ],
)
def test_the_code_in_a_card_runs_as_it_stands_but_for_the_path(exported, launch, tmp_path, kind):
    card = pathlib.Path(exported(kind), "README.md").read_text()
    encoder, classifier = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    said = []
    for code in (encoder, classifier):
        program = tmp_path / "copied.py"
        program.write_text(code.replace("PATH_OF_THIS_FOLDER", exported(kind)))
        said.append(launch(program))
    assert said[1].split()[-1 if kind in ("onnx", "lite") else -2] in ("dark", "light")


@needs_lite
def test_litert_gives_the_same_for_any_batch(found, expected):
    said = found("litert", "lite")
    for count in (16, 1):
        close(said[f"model/{count}/features"], expected["final_avg_pool"][:count], 1e-4)
        close(said[f"model/{count}/logits"], expected["logits_sup"][:count], 1e-4)


@needs_lite
def test_int8_is_near_and_a_quarter_of_the_size(found, exported, parts, emoji):
    ours = parts["encoder"](emoji)["final_avg_pool"].numpy()
    theirs = found("litert", "lite")["model_int8/64/features"]
    cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert cosines.min() >= 0.98
    whole, small = (
        os.path.getsize(os.path.join(exported("lite"), name))
        for name in ("model.tflite", "model_int8.tflite")
    )
    assert small < 0.5 * whole  # Of a network this small the graph is a large part.
