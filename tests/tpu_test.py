"""The way to a TPU: which one is taken, and what is said when there is none.

No TPU is needed: what listens here is a socket that never answers, or a TensorFlow without one.
What waits for an address runs in a process of its own. TensorFlow counts there as made for TPUs, so
that it gets as far as the address.
"""

import contextlib
import os
import re
import signal
import socket
import sys
import time

import processes
import pytest
import tensorflow as tf

from tf_simclr import replicas, stopping, tpu

COMMAND = ["--dataset=emoji32", "--model_dir=run", "--use_tpu", "--train_steps=1"]
PROGRAM = """
import functools, sys
from tf_simclr import main, tpu
tpu.made_for_tpus = lambda: True
seconds, *arguments = sys.argv[1:]
tpu.connect = functools.partial(tpu.connect, seconds=float(seconds))
main.console(["tf-simclr", *arguments])
"""
SERVER = """
import tensorflow as tf
server = tf.distribute.Server.create_local_server()
print(server.target, flush=True)
server.join()
"""
NO_TPU = "tf-simclr: `use_tpu` needs a TPU and none answered ("


@pytest.fixture
def no_environment(monkeypatch):
    for variable in tpu.ENVIRONMENT:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def for_tpus(monkeypatch):
    monkeypatch.setattr(tpu, "made_for_tpus", lambda: True)


@pytest.fixture
def silent():
    """The address of a socket that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def closed():
    """An address where nothing listens: it was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
    return address


@pytest.fixture
def server():
    """The address of a TensorFlow without a TPU, in a process of its own."""
    program = processes.start(["-c", SERVER])
    yield said(program, "grpc://").strip()
    program.kill()


def said(program, text):
    """What a program has printed, as soon as `text` is in it."""
    while text not in program.read("out"):
        assert program.poll() is None, program.read("err")
        time.sleep(0.05)
    return program.read("out")


@pytest.fixture
def ask(tmp_path, no_environment):
    """Starts the command line with flags, an environment, and seconds for the TPU to answer."""
    with contextlib.ExitStack() as ended:

        def start(*flags, seconds, **environment):
            arguments = ["-c", PROGRAM, str(seconds), *COMMAND, *flags]
            program = processes.start(arguments, cwd=tmp_path, env=os.environ | environment)
            ended.callback(program.kill)
            return program

        yield start


def test_an_address_that_does_not_answer_is_one_line_after_the_time_given(ask, silent, closed):
    programs = {
        silent: ask(f"--master={silent}", seconds=2),
        closed: ask(seconds=2, TPU_NAME=f"grpc://{closed}"),
    }
    for address, program in programs.items():
        out, errors = program.communicate()
        source = " (TPU_NAME in the environment)" if address == closed else ""
        assert errors == (
            f"{NO_TPU}no answer within 2 seconds). Received: use_tpu=True, for TPU"
            f" grpc://{address}{source}. If there is one, check that it is running and can be"
            " reached from here; otherwise run with --use_tpu=False.\n"
        )
        assert program.returncode == 75  # It may answer later.
        assert out.splitlines()[-1] == (
            f"Connecting to TPU grpc://{address}{source}, waiting at most 2 seconds for its answer."
        )


def test_a_signal_is_heard_while_an_address_does_not_answer(ask, silent):
    program = ask(f"--master=grpc://{silent}", seconds=processes.TIMEOUT)
    said(program, "Connecting to TPU")
    program.send_signal(signal.SIGTERM)
    end = time.monotonic() + 5
    while "Stopped." not in program.read("err"):
        assert time.monotonic() < end
        time.sleep(0.05)
    errors = program.communicate()[1]
    assert errors.startswith("tf-simclr: Stopped. To go on, give the same command again")
    assert program.returncode == 128 + signal.SIGTERM


def test_a_server_without_a_tpu_says_so(ask, server):
    """Connecting to a real TensorFlow succeeds, and only starting its TPU does not."""
    program = ask(f"--master={server}", seconds=processes.TIMEOUT)
    errors = program.communicate()[1]
    assert errors.startswith(f"{NO_TPU}TPUs not found in the cluster). Received: use_tpu=True")
    assert (errors.count("\n"), program.returncode) == (1, 2)


@pytest.mark.parametrize(
    ("given", "environment", "name", "source"),
    [
        (None, {}, "local", ""),
        ("my-tpu", {}, "my-tpu", ""),
        ("10.0.0.2:8470", {}, "grpc://10.0.0.2:8470", ""),
        ("my-tpu", {"TPU_NAME": "other"}, "my-tpu", ""),
        ("local", {"TPU_NAME": "other"}, "local", ""),
        ("LOCAL", {}, "local", ""),
        (None, {"TPU_NAME": ""}, "local", ""),
        # As Google's pages say for the TPU of a single VM.
        (None, {"TPU_NAME": "local"}, "local", "TPU_NAME in the environment"),
        (None, {"TPU_NAME": "other"}, "other", "TPU_NAME in the environment"),
        (
            None,
            {"TPU_NAME": "other", "KUBE_GOOGLE_CLOUD_TPU_ENDPOINTS": "grpc://a:1,grpc://b:1"},
            "grpc://a:1,grpc://b:1",
            "KUBE_GOOGLE_CLOUD_TPU_ENDPOINTS in the environment",
        ),
    ],
)
def test_flags_come_before_the_environment(
    monkeypatch, no_environment, given, environment, name, source
):
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert tpu.choose(given) == (name, source)


def test_the_environment_is_asked_as_tensorflows_own_client_does(monkeypatch, no_environment):
    """TPUClusterResolver(None) leads to the same hosts; of named ones it would ask Google."""
    places = {"KUBE_GOOGLE_CLOUD_TPU_ENDPOINTS": "grpc://a:1,b:2", "TPU_NAME": "grpc://c:3"}
    for variable, value in reversed(places.items()):
        monkeypatch.setenv(variable, value)
        theirs = tf.distribute.cluster_resolver.TPUClusterResolver()
        ours = tf.distribute.cluster_resolver.TPUClusterResolver(tpu.choose(None)[0])
        assert ours.cluster_spec() == theirs.cluster_spec()
        assert ours.cluster_spec().job_tasks("worker")[0] == value[7:].split(",")[0]


def test_a_tensorflow_that_is_not_for_tpus_is_one_clear_line(no_environment):
    if tpu.made_for_tpus():
        pytest.skip("this TensorFlow is for TPUs")
    with pytest.raises(ValueError) as caught:
        replicas.make_strategy(use_tpu=True)
    assert str(caught.value) == (
        "`use_tpu` needs a TensorFlow made for TPUs, and the installed TensorFlow"
        f" {tf.__version__} is not. Received: use_tpu=True. Install tensorflow-tpu as docs/tpu.md"
        " in the sources of tf_simclr says, or run with --use_tpu=False."
    )


def test_a_name_without_googles_client_says_what_to_install(monkeypatch, no_environment, for_tpus):
    monkeypatch.setitem(sys.modules, "googleapiclient", None)  # As if it were not installed.
    said = (
        "A TPU's name is looked up by Google's API client, which is not installed. Received:"
        " {}. Install the packages of the extra `tpu`: pip install google-api-python-client"
        " oauth2client. Or give the address: --tpu_name=grpc://HOST:8470."
    )
    with pytest.raises(ValueError) as caught:
        tpu.connect("my-tpu", report=str)
    assert str(caught.value) == said.format("TPU my-tpu")
    monkeypatch.setenv("TPU_NAME", "other")
    with pytest.raises(ValueError) as caught:
        tpu.connect(report=str)
    assert str(caught.value) == said.format("TPU other (TPU_NAME in the environment)")


class CloudError(Exception):
    """As the kinds of Google's clients, which are no errors of TensorFlow's."""


# What tensorflow-tpu 2.20 says without a TPU, if no other process has loaded libtpu.
NOT_A_TPU = """Graph execution error:

Detected at node disconnect_tpu_host/_1 defined at (most recent call last):
<stack traces unavailable>
RET_CHECK failure (xla/tpu_node_interfaces.cc:432) *platform \n\t [[{{node disconnect}}]]
"""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("A. Long story\nof many lines."), "A"),
        (CloudError("A. Long story\nof many lines."), "A"),
        (CloudError(), "CloudError"),
        (
            tf.errors.InternalError(None, None, NOT_A_TPU),
            "RET_CHECK failure (xla/tpu_node_interfaces.cc:432) *platform",
        ),
    ],
)
@pytest.mark.parametrize("name", [None, "grpc://a:1"])
def test_whatever_goes_wrong_is_one_clear_line(
    monkeypatch, no_environment, for_tpus, name, error, reason
):
    def resolver(tpu, **cluster):
        assert (tpu, cluster) == (name or "local", {"zone": "z", "project": "p"})
        raise error

    monkeypatch.setattr(tf.distribute.cluster_resolver, "TPUClusterResolver", resolver)
    with pytest.raises(ValueError) as caught:
        replicas.make_strategy(use_tpu=True, tpu_name=name, zone="z", project="p")
    assert not isinstance(caught.value, stopping.NotNow)
    look = "delete /tmp/libtpu_lockfile if no other process uses it"
    look = "check that it is running and can be reached from here" if name else look
    assert str(caught.value) == (
        f"`use_tpu` needs a TPU and none answered ({reason})."
        f" Received: use_tpu=True, for {'TPU grpc://a:1' if name else 'the TPU of this machine'}."
        f" If there is one, {look}; otherwise run with --use_tpu=False."
    )


@pytest.mark.parametrize(
    "text", ["http://x:1", " ", "a b", "grpc://[::1]:8470", "grpc://a", "a:b", "grpc://a:1,"]
)
def test_what_is_no_name_and_no_address_is_not_looked_up(monkeypatch, no_environment, text):
    with pytest.raises(ValueError, match=re.escape(f"Received: tpu_name={text!r}.")):
        tpu.choose(text)
    monkeypatch.setenv("TPU_NAME", text)
    with pytest.raises(ValueError, match="grpc://10.0.0.2:8470. Received: TPU_NAME="):
        tpu.choose(None)


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("no answer"),
        tf.errors.UnavailableError(None, None, "failed to connect"),
        tf.errors.DeadlineExceededError(None, None, "Deadline Exceeded"),
    ],
)
def test_a_tpu_that_may_answer_later_is_no_mistake(monkeypatch, no_environment, for_tpus, error):
    """The default is a minute."""
    asked = []

    def answer_of(ask, *, seconds=None):
        asked.append(seconds)
        raise error

    monkeypatch.setattr(tpu, "answer_of", answer_of)
    with pytest.raises(stopping.NotNow):
        replicas.make_strategy(use_tpu=True, tpu_name="grpc://a:1")
    assert asked == [60]
