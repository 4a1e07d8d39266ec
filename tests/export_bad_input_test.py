"""What cannot be exported or embedded: one line, exit code 2, and what was there is untouched."""

import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.main import main


def snapshot(folder):
    """Each file below a folder: path -> (size, time of change)."""
    files = [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


@pytest.fixture
def refused(capsys):
    """Calls main, which must exit with 2 after one line on stderr; the line."""

    def call(*arguments):
        capsys.readouterr()
        assert main(["tf-simclr", *map(str, arguments)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line

    return call


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def empty(tmp_path):
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


@pytest.fixture
def foreign(tmp_path):
    """A SavedModel of something else."""
    module = tf.Module()
    module.weight = tf.Variable(1.0)
    tf.saved_model.save(module, str(tmp_path / "foreign"))
    return tmp_path / "foreign"


@pytest.mark.parametrize("mode", ["export", "embed"])
def test_nothing_to_take_it_from(refused, empty, foreign, out, mode):
    mode, output = f"--mode={mode}", f"--output={out}.npz"
    for folder in (empty, foreign, empty / "nowhere"):
        line = refused(mode, output, f"--model_dir={folder}")
        assert "`model_dir` must be the folder of a trained run" in line and str(folder) in line
    for path in (empty, empty / "nowhere"):
        assert "`checkpoint` must be a run's folder" in refused(
            mode, output, f"--checkpoint={path}"
        )
    assert "`checkpoint`" in refused(mode, output, f"--checkpoint={foreign}")
    assert "`model_dir` must name the folder of the run" in refused(mode, output)
    assert not out.exists() and not list(empty.iterdir())


def test_a_damaged_checkpoint(refused, trained_run, tmp_path, out):
    run = shutil.copytree(trained_run, tmp_path / "run")
    for data in run.glob("ckpt-*.data*"):
        data.write_bytes(data.read_bytes()[:100])
    assert "it is damaged" in refused("--mode=export", f"--model_dir={run}", f"--output={out}")
    assert not out.exists()


@pytest.mark.parametrize("what", ["folder", "file", "run"])
def test_a_place_that_is_not_ours(refused, trained_run, tmp_path, what):
    run = shutil.copytree(trained_run, tmp_path / "run")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    before = snapshot(tmp_path)
    line = refused("--mode=export", f"--model_dir={run}", f"--output={tmp_path / what}")
    assert "`output` must be a new folder, an empty one, or another export of this format" in line
    assert snapshot(tmp_path) == before


def test_an_export_is_replaced_by_its_like_alone_and_not_by_itself(refused, trained_run, tmp_path):
    hub = shutil.copytree(os.path.join(trained_run, "hub", "3"), tmp_path / "hub")
    before = snapshot(tmp_path)
    another = refused(
        *("--mode=export", f"--model_dir={trained_run}", f"--output={hub}"),
        "--export_format=saved_model",
    )
    itself = refused("--mode=export", f"--checkpoint={hub}", f"--output={hub}")
    for line in (another, itself):
        assert "another export of this format to replace" in line
    assert snapshot(tmp_path) == before


def test_the_default_place_may_not_be_somebody_elses_either(refused, trained_run, tmp_path):
    run = shutil.copytree(trained_run, tmp_path / "run")
    (run / "onnx" / "3").mkdir(parents=True)
    (run / "onnx" / "3" / "thesis.txt").write_text("mine")
    line = refused("--mode=export", f"--model_dir={run}", "--export_format=onnx")
    assert "where something else is" in line
    assert (run / "onnx" / "3" / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("mode", ["--mode=embed", "--mode=export"])
def test_a_released_model_does_not_say_what_it_was_trained_on(refused, tmp_path, mode):
    golden = pathlib.Path(__file__).parent / "golden" / "ckpt_tf1_r18_v1style"
    shutil.unpack_archive(golden / "checkpoint.tar.gz", tmp_path / "released")
    (index,) = (tmp_path / "released").rglob("*.index")
    flags = [f"--checkpoint={index.with_suffix('')}", f"--output={tmp_path / 'out.npz'}"]
    line = refused(mode, "--export_format=lite", *flags)
    assert "`dataset` must be given" in line


def test_no_place_at_all(refused, trained_run):
    line = refused("--mode=export", f"--checkpoint={trained_run}")
    assert "`output` must name a folder if there is no model_dir" in line


@pytest.mark.parametrize("flag", ["--resnet_depth=50", "--width_multiplier=2", "--sk_ratio=0.5"])
def test_a_flag_that_contradicts_the_weights(refused, trained_run, out, flag):
    line = refused("--mode=export", f"--model_dir={trained_run}", f"--output={out}", flag)
    assert "`checkpoint` does not fit this architecture" in line
    assert flag.partition("=")[0].strip("-") in line
    assert not out.exists()


def test_int8_without_its_pictures(refused, trained_run, tmp_path, out):
    command = ["--mode=export", "--export_format=lite", f"--model_dir={trained_run}"]
    line = refused(*command, f"--data_dir={tmp_path / 'gone'}", f"--output={out}")
    assert "`data_dir` must be a folder that exists" in line
    assert "`train_split`" in refused(*command, "--train_split=nowhere", f"--output={out}")
    assert "at least two pictures" in refused(
        *command, "--train_split=train[:1]", f"--output={out}"
    )
    assert not out.exists()


@pytest.mark.parametrize("output", ["features", "features.npy", ""])
def test_features_go_to_an_npz(refused, trained_run, output):
    line = refused("--mode=embed", f"--model_dir={trained_run}", f"--output={output}")
    assert "`output` must" in line


def test_features_of_data_that_is_not_there(refused, trained_run, tmp_path):
    command = ["--mode=embed", f"--model_dir={trained_run}", f"--output={tmp_path / 'f.npz'}"]
    assert "`embed_split`" in refused(*command, "--embed_split=nowhere")
    assert "`data_dir`" in refused(*command, f"--data_dir={tmp_path / 'gone'}")
    (tmp_path / "folder.npz").mkdir()
    assert "a folder" in refused(*command[:2], f"--output={tmp_path / 'folder.npz'}")
    (tmp_path / "file").write_text("")
    line = refused(*command[:2], f"--output={tmp_path / 'file' / 'f.npz'}")
    assert "`output` must be a file that can be written" in line
    assert not (tmp_path / "f.npz").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_the_previous_export(refused, trained_run, small_disk):
    old = small_disk / "out"
    shutil.copytree(os.path.join(trained_run, "hub", "3"), old)
    free = shutil.disk_usage(small_disk).free
    (small_disk / "filler").write_bytes(b"0" * (free - 2**14))
    before = snapshot(small_disk)
    line = refused("--mode=export", f"--model_dir={trained_run}", f"--output={old}")
    assert "`output` must be a folder that can be written" in line
    assert "No space left on device" in line
    assert snapshot(small_disk) == before
    assert tf.saved_model.load(str(old))(np.zeros([1, 16, 16, 3], np.float32)).shape == [1, 32]
    free = shutil.disk_usage(small_disk).free
    (small_disk / "rest").write_bytes(b"0" * free)
    before = snapshot(small_disk)
    line = refused("--mode=embed", f"--model_dir={trained_run}", f"--output={small_disk}/f.npz")
    assert "`output` must be a file that can be written" in line
    assert snapshot(small_disk) == before


@pytest.mark.parametrize(
    ("kind", "module"), [("onnx", "tf2onnx"), ("lite", "ai_edge_litert.interpreter")]
)
def test_an_extra_that_is_missing_is_named(refused, trained_run, out, monkeypatch, kind, module):
    monkeypatch.setitem(sys.modules, module, None)  # An import of it fails.
    command = ["--mode=export", f"--export_format={kind}", f"--model_dir={trained_run}"]
    line = refused(*command, f"--output={out}")
    assert f"pip install 'tf_simclr[{kind}]'" in line
    assert not out.exists()
