"""Whether a server is there, asked in a way that ends soon and lets signals through.

TensorFlow finds out by minutes of retries in C++, where no signal is heard.
"""

import queue
import ssl
import threading
import urllib.error
import urllib.request

SECONDS = 5.0  # that an answer may take
CLOUD_STORAGE = "https://www.googleapis.com"


def reachable(address: str, *, seconds: float = SECONDS) -> bool:
    """Whether a server answers, whatever it says; proxies are asked as usual.

    Args:
      address: such as "https://github.com".
      seconds: to wait.
    """
    answer: queue.Queue[bool] = queue.Queue()

    def ask():  # In a thread: looking up a name knows no limit, and hears no signal.
        answer.put(_answers(address, seconds))

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answer.get(timeout=seconds)
    except queue.Empty:
        return False


def _answers(address: str, seconds: float) -> bool:
    try:
        urllib.request.urlopen(address, timeout=seconds).close()
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError as error:
        return isinstance(error.reason, ssl.SSLError)  # It is there, and somebody in between.
    except OSError:
        return False
    return True
