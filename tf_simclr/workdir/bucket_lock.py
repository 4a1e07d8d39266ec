"""A lock on a folder in a bucket: one process at a time, as far as object storage allows.

A process claims the folder by an object of its own in FOLDER/.lock, and then looks for other
claims. A listing shows all that was written before it: if two processes start at once, at least one
sees the other and gives up. (A write that fails if the object exists would need one step. Google's
storage has it, but tf.io.gfile does not: its mkdir makes such a write, and hides the result.)

While it works, a process rewrites its claim every few seconds. A claim that has become old belongs
to a dead process, as when a spot machine is taken away: it is removed, and blocks nobody.
"""

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tf_simclr import buckets, stopping
from tf_simclr.network import answer_of

FOLDER = ".lock"
BEAT = 20.0  # Seconds between two writings of a claim.
DEAD = 90.0  # Seconds without one after which its process counts as dead.
LAST = 5.0  # Seconds that letting go may take: a process that is told to stop has few.
_BOOT, _PIDS = "/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"


class _Claim(NamedTuple):
    """A claim in the storage: when it was written, in seconds since 1970, and by whom.

    The holder has a host, a pid and a boot; it is {} if the claim is damaged.
    """

    written: float
    holder: Mapping[str, Any]


@contextlib.contextmanager
def hold(
    folder: str, *, beat: float = BEAT, dead: float = DEAD, report: Callable[[str], None] = print
) -> Iterator[Callable[[], None]]:
    """Holds a folder for this process.

    Args:
      folder: of the run, on gs://.
      beat: seconds between two writings of the claim.
      dead: seconds without one after which a process counts as dead.
      report: called with a line if another process may be alive, and this one waits to find out.

    Yields:
      A function that raises ValueError once another process has taken the folder over, as may
      happen when this one cannot reach the storage for `dead` seconds.

    Raises:
      NotNow: if another live process holds the folder.
      tf.errors.OpError: if the storage does not answer.
    """
    place = os.path.join(folder, FOLDER)
    claim = os.path.join(place, f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    released, lost = threading.Event(), threading.Event()

    def keep_it() -> None:
        last = time.monotonic()
        while not released.wait(beat):
            with contextlib.suppress(tf.errors.OpError):  # It may answer the next time.
                gone = not tf.io.gfile.exists(claim)
                # If no other claim is there and it is so soon, a user removed it as a leftover.
                if gone and (time.monotonic() - last > dead or _claims(place)):
                    return lost.set()
                _write(claim)
                last = time.monotonic()

    def let_go() -> None:
        if beating.is_alive():
            beating.join()
        tf.io.gfile.remove(claim)

    def require_it() -> None:
        if lost.is_set():
            raise ValueError(
                "`model_dir` was taken over by another process, as may happen when this one cannot"
                f" write to it for {dead:g} seconds. Received: model_dir={folder!r}. This one"
                " saves nothing more there: make sure that only one goes on."
            )

    beating = threading.Thread(target=keep_it, daemon=True)
    try:
        _claim(folder, claim, beat=beat, dead=dead, report=report)
        beating.start()
        yield require_it
    finally:
        released.set()
        with contextlib.suppress(tf.errors.OpError, TimeoutError):
            answer_of(let_go, seconds=LAST)


def is_held(folder: str, *, dead: float = DEAD) -> bool:
    """Whether a live process holds a folder; nothing there is changed.

    Args:
      folder: of the run, on gs://.
      dead: seconds as for `hold`, by this machine's clock.

    Raises:
      tf.errors.OpError: if the storage does not answer.
    """
    return bool(_alive(_claims(os.path.join(folder, FOLDER)), time.time(), dead))


def _claim(
    folder: str, claim: str, *, beat: float, dead: float, report: Callable[[str], None]
) -> None:
    """Writes the claim, and returns when there is no other live one; else raises NotNow."""
    first: dict[str, _Claim] = {}  # The others that may be alive, as they were at the first look.
    while True:
        _write(claim)
        others = _claims(os.path.dirname(claim))
        now = others.pop(claim).written  # By the storage's clock, like the others'.
        alive = _alive(others, now, dead)
        for path in others.keys() - alive.keys():
            with contextlib.suppress(tf.errors.NotFoundError):  # Its process removed it first.
                tf.io.gfile.remove(path)
        if not alive:
            return
        if first and any(first.get(path) != other for path, other in alive.items()):
            raise stopping.NotNow(
                f"`model_dir` is in use by another live process ({_said(alive)}). Received:"
                f" model_dir={folder!r}. Wait for it, or give another folder. Run the command on"
                " only one host of a TPU slice."
            )
        if not first:
            first = alive
            report(
                f"Note: {folder} may be in use by another process ({_said(alive)}). Waiting up to"
                f" {dead:g} seconds to see whether it is alive."
            )
        time.sleep(beat / 4)


def _write(claim: str) -> None:
    holder = {"host": socket.gethostname(), "pid": os.getpid(), "boot": _boot()}
    # Not by gfile: if its file cannot be written, that may block all of Python.
    tf.io.write_file(claim, json.dumps(holder))


def _claims(place: str) -> dict[str, _Claim]:
    """The claims in a folder, by path."""
    claims = {}
    for name in tf.io.gfile.listdir(place) if buckets.is_folder(place) else ():
        path = os.path.join(place, name)
        with contextlib.suppress(tf.errors.NotFoundError):  # Removed meanwhile.
            claims[path] = _Claim(tf.io.gfile.stat(path).mtime_nsec / 1e9, _holder(path))
    return claims


def _alive(claims: Mapping[str, _Claim], now: float, dead: float) -> dict[str, _Claim]:
    """The claims whose process may be alive."""
    return {
        path: claim
        for path, claim in claims.items()
        if now - claim.written <= dead and not _is_gone(claim.holder)
    }


def _holder(path: str) -> dict[str, Any]:
    with tf.io.gfile.GFile(path) as file:
        try:
            return dict(json.loads(file.read()))
        except (ValueError, TypeError):
            return {}


def _said(claims: Mapping[str, _Claim]) -> str:
    holders = [claims[path].holder for path in sorted(claims)]
    return ", ".join(f"pid {h.get('pid', '?')} on {h.get('host', '?')}" for h in holders)


def _is_gone(holder: Mapping[str, Any]) -> bool:
    """Whether a claim's process ran on this machine, since its last boot, and has ended."""
    here = holder.get("host") == socket.gethostname() and holder.get("boot") == _boot() != ""
    return here and not os.path.exists(f"/proc/{holder.get('pid')}")


def _boot() -> str:
    """An id of this boot of the machine and of this container; "" if there is none."""
    with contextlib.suppress(OSError), open(_BOOT) as file:
        return f"{file.read().strip()} {os.readlink(_PIDS)}"
    return ""
