"""Features of any data, with what belongs to them, as one file."""

import os

import numpy as np
import pytest

from tf_simclr import load_encoder
from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.evaluation.whitening import Whitening
from tf_simclr.main import main
from tf_simclr.workdir.fitted import read_fitted


def embed(path, *flags):
    assert main(["tf-simclr", "--mode=embed", *flags, f"--output={path}"]) == 0
    return dict(np.load(path))


@pytest.mark.parametrize("batch", [3, 256])
def test_the_runs_own_pictures_with_labels_and_file_names(trained_run, tmp_path, batch):
    found = embed(tmp_path / "f.npz", f"--checkpoint={trained_run}", f"--eval_batch_size={batch}")
    assert {name: column.shape for name, column in found.items()} == {
        "features": (24, 32),
        "labels": (24,),
        "names": (24,),
        "splits": (24,),
    }
    names = {f"{s}/{c}/{n}.png" for s, k in (("train", 8), ("test", 4)) for c in ("dark", "light")
             for n in range(k)}  # fmt: skip
    assert set(found["names"]) == names
    for name, label, split in zip(found["names"], found["labels"], found["splits"]):
        assert name.startswith(f"{split}/{('dark', 'light')[label]}/")


def test_features_are_those_of_the_encoder(trained_run, picture_folder, tmp_path):
    found = embed(tmp_path / "f.npz", f"--model_dir={trained_run}", "--embed_split=test")
    config = Config.from_flat(
        {"dataset": "image_folder", "data_dir": picture_folder, "image_size": 16}
    )
    (batch,) = build_data.evaluation_data(config, build_data.source(config), "test")
    expected = load_encoder(trained_run)(batch["image"])["final_avg_pool"]
    np.testing.assert_allclose(found["features"], expected, atol=1e-5)
    assert set(found["splits"]) == {"test"}


@pytest.mark.parametrize("white", [False, True])
def test_the_pyramid_plain_and_whitened(trained_run, picture_folder, tmp_path, white):
    output = "pyramid_white" if white else "pyramid"
    flags = [f"--model_dir={trained_run}", "--embed_split=test", f"--embed_output={output}"]
    found = embed(tmp_path / "f.npz", *flags)["features"]
    config = Config.from_flat(
        {"dataset": "image_folder", "data_dir": picture_folder, "image_size": 16}
    )
    (batch,) = build_data.evaluation_data(config, build_data.source(config), "test")
    expected = load_encoder(trained_run)(batch["image"])["pyramid"].numpy()
    if white:
        expected = read_fitted(trained_run, 3, Whitening)(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_an_output_that_the_network_does_not_have(trained_run, tmp_path, capsys):
    checkpoint, output = os.path.join(trained_run, "ckpt-2"), tmp_path / "f.npz"
    flags = [f"--checkpoint={checkpoint}", "--embed_output=pyramid_white", f"--output={output}"]
    for more in ([], ["--dry_run"]):
        assert main(["tf-simclr", "--mode=embed", *flags, *more]) == 2
        said = capsys.readouterr().err
        assert "`embed_output` must be" in said and "last step alone" in said
    assert not output.exists()


@pytest.mark.parametrize(("size", "said"), [(23, False), (24, True)])
def test_another_size_of_pictures_is_said(trained_run, tmp_path, capsys, size, said):
    flags = [f"--checkpoint={trained_run}", "--embed_split=test", f"--image_size={size}"]
    embed(tmp_path / "f.npz", *flags)
    out = capsys.readouterr().out
    assert (f"these have {size} x {size}" in out) == ("Give --image_size=16." in out) == said


def test_other_data_through_an_export(trained_run, emoji_dir, tmp_path):
    found = embed(
        tmp_path / "f.npz",
        f"--checkpoint={os.path.join(trained_run, 'hub', '3')}",
        "--dataset=emoji32",
        f"--data_dir={emoji_dir}",
        "--embed_split=test[:9]",
    )
    assert found["features"].shape == (9, 32)
    assert len(set(found["names"])) == 9
    assert set(found["labels"]) <= {-1, *range(37)}
    assert np.isfinite(found["features"]).all()
