"""Whether a server answers, found out within seconds and without blocking signals.

TensorFlow retries for minutes in C++, where signals are blocked.
"""

import concurrent.futures
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

SECONDS = 5.0  # to wait for an answer
CLOUD_STORAGE = "https://www.googleapis.com"


def answer_of(ask: Callable[[], Answer], *, seconds: float | None = None) -> Answer:
    """What `ask` returns or raises, if it does so in time.

    It runs in a thread, as C++ code and name look-ups have no time limit and block signals. If it
    does not answer, the thread is left behind and ends with the process.

    Args:
      ask: called once.
      seconds: to wait; None waits for ever.

    Raises:
      TimeoutError: if there is no answer after so many seconds.
    """
    answer: concurrent.futures.Future[Answer] = concurrent.futures.Future()

    def run() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # It is raised again below.
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    done, _ = concurrent.futures.wait([answer], timeout=seconds)
    if not done:
        raise TimeoutError(f"no answer within {seconds:g} seconds")
    return answer.result()


def reachable(address: str, *, seconds: float = SECONDS) -> bool:
    """Whether a server answers at all; proxies are used as usual.

    Args:
      address: such as "https://github.com".
      seconds: to wait.
    """
    try:
        return answer_of(lambda: _answers(address, seconds), seconds=seconds)
    except TimeoutError:
        return False


def _answers(address: str, seconds: float) -> bool:
    try:
        urllib.request.urlopen(address, timeout=seconds).close()
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError as error:
        return isinstance(error.reason, ssl.SSLError)  # Something answers: perhaps a proxy.
    except OSError:
        return False
    return True
