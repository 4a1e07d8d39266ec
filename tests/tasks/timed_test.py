"""How long a step takes, by a clock that counts: nothing is timed here."""

import types

import pytest
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.tasks import timed

NETWORK = {"resnet_depth": 10, "width_multiplier": 0.0625, "image_size": 16, "proj_out_dim": 8}


@pytest.mark.parametrize("at_once", [1, 4])
def test_first_steps_do_not_count_and_each_step_is_one(monkeypatch, picture_folder, at_once):
    # Ends of the start and of six steps: the first two are slow.
    clock, nets, made = iter([0, 30, 50, 51, 52, 53, 54]), [], timed._network
    monkeypatch.setattr(timed, "time", types.SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(timed, "_network", lambda *given: nets.append(made(*given)) or nets[0])
    data = {"dataset": "image_folder", "data_dir": picture_folder, "train_batch_size": 4}
    training = {"train_steps": 100, "warmup_epochs": 0.0, "steps_per_execution": at_once}
    config = Config.from_flat(NETWORK | data | training)
    found = timed.time_steps(config, build_data.source(config), tf.distribute.get_strategy())
    assert (found.per_step, found.start) == (1.0, 30)
    assert nets[0].optimizer.iterations == 6
