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
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tf_simclr import buckets, stopping
from tf_simclr.network import answer_of

FOLDER = ".lock"
BEAT = 20.0  # Seconds between two writings of a claim.
DEAD = 90.0  # Seconds without one after which its process is taken for dead.
LAST = 5.0  # Seconds that letting go may take: a process that is told to stop has few.
_BOOT, _PIDS = "/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"


class _Claim(NamedTuple):
    """A claim as it lies in the storage: when it was written, in seconds since 1970, and by whom.

    The holder has a host, a pid and a boot; it is {} where the claim is damaged.
    """

    written: float
    holder: Mapping[str, Any]


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
                # Alone and so soon it was removed by a user, who took it for a leftover.
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
                f" write to it for {dead:g} seconds. Received: model_dir={folder!r}. Nothing more"
                " is saved there by this one: see that only one goes on."
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
    """Writes the claim, and returns when there is no live one beside it; else raises NotNow."""
    first: dict[str, _Claim] = {}  # The others that may be alive, as they were at the first look.
    while True:
        _write(claim)
        others = _claims(os.path.dirname(claim))
        now = others.pop(claim).written  # By the storage's clock, as the others'.
        alive = _alive(others, now, dead)
        for path in others.keys() - alive.keys():
            with contextlib.suppress(tf.errors.NotFoundError):  # Its process was quicker.
                tf.io.gfile.remove(path)
        if not alive:
            return
        if first and any(first.get(path) != other for path, other in alive.items()):
            raise stopping.NotNow(
                f"`model_dir` is in use by another live process ({_said(alive)}). Received:"
                f" model_dir={folder!r}. Wait for it, or give another folder. Of the hosts of a TPU"
                " slice only one runs the command."
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
    # Not by gfile: what becomes of a file that cannot be written may hold up all of Python.
    tf.io.write_file(claim, json.dumps(holder))


def _claims(place: str) -> dict[str, _Claim]:
    """The claims in a folder, by path."""
    claims = {}
    for name in tf.io.gfile.listdir(place) if buckets.is_folder(place) else ():
        path = os.path.join(place, name)
        with contextlib.suppress(tf.errors.NotFoundError):  # Let go of meanwhile.
            claims[path] = _Claim(tf.io.gfile.stat(path).mtime_nsec / 1e9, _holder(path))
    return claims


def _alive(claims: Mapping[str, _Claim], now: float, dead: float) -> dict[str, _Claim]:
    """Those of the claims whose process may be alive."""
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
    """Whether a claim is of a process of this machine, since it was started, that has ended."""
    here = holder.get("host") == socket.gethostname() and holder.get("boot") == _boot() != ""
    return here and not os.path.exists(f"/proc/{holder.get('pid')}")


def _boot() -> str:
    """What tells this start of the machine from all others, and its containers' processes apart.

    "" where nothing does.
    """
    with contextlib.suppress(OSError), open(_BOOT) as file:
        return f"{file.read().strip()} {os.readlink(_PIDS)}"
    return ""
