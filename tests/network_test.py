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
