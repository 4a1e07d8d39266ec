import os

import pytest

from tf_simclr import load_encoder
from tf_simclr.main import main


def test_what_is_missing_is_named(tiny_flags, tmp_path):
    with pytest.raises(ValueError, match="`checkpoint` must be a run's folder"):
        load_encoder(str(tmp_path))
    run = tmp_path / "run"
    assert main(["tf-simclr", *tiny_flags, "--train_steps=1", f"--model_dir={run}"]) == 0
    encoder = load_encoder(str(run))
    assert encoder.num_features == 32  # 512 channels times a width of 1/16
    os.remove(run / "flags.json")
    with pytest.raises(ValueError, match=r"`path` must have flags.json beside its weights"):
        load_encoder(str(run))
