"""One process at a time in a folder of a bucket, as far as object storage lets anybody tell.

A process claims the folder by an object of its own in FOLDER/.lock, and then looks for others'. A
listing shows all that was written before it: of two processes that start at once, at least one sees
the other and gives up. (A write that fails where there is an object would do in one step. Google's
storage has it, tf.io.gfile has not: its mkdir asks for one, and does not tell the answer.)

While it works, a process writes its claim anew every few seconds. One that was not, for some time,
is of a process that is dead, as after the machine was taken away: it is removed, and blocks nobody.
"""

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from tf_simclr import buckets

FOLDER = ".lock"
BEAT = 20.0  # Seconds between two writings of a claim.
DEAD = 90.0  # Seconds without one after which its process is taken for dead.
_BOOT = "/proc/sys/kernel/random/boot_id"


@contextlib.contextmanager
def hold(
    folder: str,
    *,
    beat: float = BEAT,
    dead: float = DEAD,
    report: Callable[[str], None] = print,
) -> Iterator[Callable[[], None]]:
    """Holds a folder for this process.

    Args:
      folder: of the run, on gs://.
      beat: seconds between two writings of the claim.
      dead: seconds without one after which a process is taken for dead.
      report: is given a line where another process may be alive, and this one waits to see.

    Yields:
      A function that raises ValueError once another process has taken the folder over, as may
      happen when this one cannot reach the storage for `dead` seconds.

    Raises:
      ValueError: if another live process holds the folder.
      tf.errors.OpError: if the storage does not answer.
    """
    place = os.path.join(folder, FOLDER)
    claim = os.path.join(place, f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    released, lost = threading.Event(), threading.Event()

    def keep_it() -> None:
        while not released.wait(beat):
            with contextlib.suppress(tf.errors.OpError):  # It may answer the next time.
                if not tf.io.gfile.exists(claim):
                    return lost.set()
                _write(claim)

    def require_it() -> None:
        if lost.is_set():
            raise ValueError(
                "`model_dir` was taken over by another process, after this one could not write to"
                f" it for {dead:g} seconds. Received: model_dir={folder!r}. Nothing more is saved"
                " there by this one: see that only one goes on."
            )

    beating = threading.Thread(target=keep_it, daemon=True)
    try:
        _claim(folder, claim, beat=beat, dead=dead, report=report)
        beating.start()
        yield require_it
    finally:
        released.set()
        if beating.is_alive():
            beating.join()
        with contextlib.suppress(tf.errors.OpError):
            tf.io.gfile.remove(claim)


def is_held(folder: str, *, dead: float = DEAD) -> bool:
    """Whether a live process holds a folder; nothing there is changed.

    Args:
      folder: of the run, on gs://.
      dead: seconds as for `hold`, by this machine's clock.

    Raises:
      tf.errors.OpError: if the storage does not answer.
    """
    return bool(_alive(_written(os.path.join(folder, FOLDER)), time.time(), dead))


def _claim(
    folder: str, claim: str, *, beat: float, dead: float, report: Callable[[str], None]
) -> None:
    """Writes the claim, and returns when there is no live one beside it; else raises ValueError."""
    first: dict[str, float] = {}  # The others that may be alive, as they were at the first look.
    while True:
        _write(claim)
        written = _written(os.path.dirname(claim))
        now = written.pop(claim)  # By the storage's clock, as the others'.
        alive = _alive(written, now, dead)
        for path in written.keys() - alive.keys():
            with contextlib.suppress(tf.errors.NotFoundError):  # Its process was quicker.
                tf.io.gfile.remove(path)
        if not alive:
            return
        if first and any(first.get(path) != seconds for path, seconds in alive.items()):
            raise ValueError(
                f"`model_dir` is in use by another live process ({_said(alive)}). Received:"
                f" model_dir={folder!r}. Wait for it, or give another folder. Of the hosts of a TPU"
                " slice only one runs the command."
            )
        if not first:
            first = alive
            ago = max(0, round(now - max(alive.values())))  # One may have been written since.
            report(
                f"Note: {folder} was in use {ago} seconds ago"
                f" ({_said(alive)}). Waits for at most {dead:g} to see whether that process lives."
            )
        time.sleep(beat / 4)


def _write(claim: str) -> None:
    holder = {"host": socket.gethostname(), "pid": os.getpid(), "boot": _boot()}
    # Not by gfile: what becomes of a file that cannot be written may hold up all of Python.
    tf.io.write_file(claim, json.dumps(holder))


def _written(place: str) -> dict[str, float]:
    """The claims in a folder -> when each was written, in seconds since 1970."""
    claims = {}
    for name in tf.io.gfile.listdir(place) if buckets.is_folder(place) else ():
        path = os.path.join(place, name)
        with contextlib.suppress(tf.errors.NotFoundError):  # Let go of meanwhile.
            claims[path] = tf.io.gfile.stat(path).mtime_nsec / 1e9
    return claims


def _alive(written: Mapping[str, float], now: float, dead: float) -> dict[str, float]:
    """Those of the claims whose process may be alive."""
    return {
        path: seconds
        for path, seconds in written.items()
        if now - seconds <= dead and not _is_gone(_holder(path))
    }


def _holder(claim: str) -> dict[str, Any]:
    """Whose a claim is: host, pid and boot; {} if it is gone or damaged."""
    try:
        with tf.io.gfile.GFile(claim) as file:
            return dict(json.loads(file.read()))
    except (tf.errors.NotFoundError, ValueError, TypeError):
        return {}


def _said(claims: Iterable[str]) -> str:
    holders = [_holder(claim) for claim in sorted(claims)]
    return ", ".join(f"pid {h.get('pid', '?')} on {h.get('host', '?')}" for h in holders)


def _is_gone(holder: Mapping[str, Any]) -> bool:
    """Whether a claim is of a process of this machine, since it was started, that has ended."""
    here = holder.get("host") == socket.gethostname() and holder.get("boot") == _boot() != ""
    return here and not os.path.exists(f"/proc/{holder.get('pid')}")


def _boot() -> str:
    """What tells this start of the machine from all others; "" where nothing does."""
    with contextlib.suppress(OSError), open(_BOOT) as file:
        return file.read().strip()
    return ""
