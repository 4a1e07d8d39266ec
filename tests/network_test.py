"""Whether a server is there: any answer counts, and none is waited for longer than was said."""

import ssl
import threading
import urllib.error

import pytest

from tf_simclr import network


class Answer:
    def close(self):
        pass


@pytest.mark.parametrize(
    ("error", "there"),
    [
        (None, True),
        (urllib.error.HTTPError("https://a", 403, "Forbidden", None, None), True),
        (urllib.error.URLError(ssl.SSLError("an unknown certificate")), True),
        (urllib.error.URLError(OSError("Name or service not known")), False),
        (TimeoutError("timed out"), False),
    ],
    ids=["answer", "error", "certificate", "no name", "silence"],
)
def test_what_counts_as_an_answer(monkeypatch, error, there):
    def open_it(address, timeout):
        if error is not None:
            raise error
        return Answer()

    monkeypatch.setattr(network.urllib.request, "urlopen", open_it)
    assert network.reachable("https://a") is there


def test_a_name_that_is_looked_up_for_ever_is_not_waited_for(monkeypatch):
    never = threading.Event()

    def open_it(address, timeout):
        never.wait()
        return Answer()

    monkeypatch.setattr(network.urllib.request, "urlopen", open_it)
    assert network.reachable("https://a", seconds=0.01) is False
    never.set()


def test_an_answer_is_what_was_returned_or_raised():
    assert network.answer_of(lambda: [1], seconds=60) == [1]
    with pytest.raises(KeyError, match="of its own"):
        network.answer_of(lambda: {}["of its own"])


@pytest.mark.parametrize("seconds", [None, 60])
def test_the_asked_ones_own_timeout_is_its_answer(seconds):
    def ask():
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="^of its own$"):
        network.answer_of(ask, seconds=seconds)


def test_silence_is_a_timeout_that_names_the_time():
    never = threading.Event()
    with pytest.raises(TimeoutError, match="^no answer within 0.01 seconds$"):
        network.answer_of(never.wait, seconds=0.01)
    never.set()
