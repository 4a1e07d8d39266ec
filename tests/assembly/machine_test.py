"""Which strategy a command runs on."""

import json

import pytest
import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.assembly import machine
from tf_simclr.config import Config

WORKERS = {
    "cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]},
    "task": {"type": "worker", "index": 0},
}


@pytest.fixture
def connected(monkeypatch):
    """A TPU that is none: the arguments of each connection. There is no real one to connect to."""
    arguments = []

    def connect(**given):
        arguments.append(given)
        return tf.distribute.OneDeviceStrategy("CPU:0")

    monkeypatch.setattr(replicas, "make_strategy", connect)
    machine._tpu.cache_clear()
    yield arguments
    machine._tpu.cache_clear()


def test_a_tpu_is_connected_once_for_training_and_judging(connected):
    flags = {"use_tpu": True, "tpu_zone": "z", "gcp_project": "p"}
    config = Config.from_flat(flags | {"master": "grpc://tpu"})
    strategy = machine.strategy_to_train(config)
    judging = Config.from_flat(flags | {"tpu_name": "grpc://tpu", "mode": "eval"})
    assert machine.strategy_to_judge(judging) is strategy
    assert connected == [{"use_tpu": True, "tpu_name": "grpc://tpu", "zone": "z", "project": "p"}]


def test_without_a_tpu_it_is_the_machines(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert machine.strategy_to_judge(Config()) is replicas.make_strategy(use_tpu=False)


def test_one_of_several_workers_judges_alone_and_waits_for_nobody(monkeypatch, connected):
    monkeypatch.setenv("TF_CONFIG", json.dumps(WORKERS))
    assert replicas.workers() == 2
    assert machine.strategy_to_judge(Config()) is tf.distribute.get_strategy()
    assert not connected
