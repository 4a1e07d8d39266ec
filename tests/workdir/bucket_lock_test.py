"""A folder in a bucket: one process holds it, and one that died does not block others for long."""

import json
import os
import re
import socket
import threading
import time

import processes
import pytest
import tensorflow as tf

from tf_simclr.stopping import NotNow
from tf_simclr.workdir import bucket_lock, run_folder

QUICK = {"beat": 0.2, "dead": 30.0}  # seconds; a busy machine's beats are late
HOLD = """
import sys, time
from tf_simclr.workdir import bucket_lock
with bucket_lock.hold(sys.argv[1], beat=0.2, dead=30.0):
    time.sleep(900)
"""


@pytest.fixture
def run(storage, request):
    """A folder in a bucket of each test's own."""
    return f"gs://bucket/{request.node.name}"


def claims(storage, run):
    start = f"{run.removeprefix('gs://')}/.lock/"
    return [name for name in storage.names() if name.startswith(start) and name != start]


def claim(run, *, host="another", pid=1, boot="another"):
    with tf.io.gfile.GFile(f"{run}/.lock/{host}-{pid}", "w") as file:
        file.write(json.dumps({"host": host, "pid": pid, "boot": boot}))


def test_it_is_held_and_let_go_of(storage, run):
    assert not bucket_lock.is_held(run)
    with bucket_lock.hold(run, **QUICK) as require_held:
        assert bucket_lock.is_held(run) and len(claims(storage, run)) == 1
        require_held()
    assert not bucket_lock.is_held(run) and claims(storage, run) == []


def test_of_a_live_process_it_is_refused_by_name(storage, run):
    lines = []
    with bucket_lock.hold(run, **QUICK) as require_held:
        told = (
            rf"another live process \(pid \d+ on .*\)\. Received: model_dir='{run}'\. Wait for it"
        )
        with (
            pytest.raises(NotNow, match=told),
            bucket_lock.hold(run, **QUICK, report=lines.append),
        ):
            pass
        require_held()
        assert len(claims(storage, run)) == 1
    [line] = lines
    assert re.match(rf"Note: {run} may be in use by another process \(pid \d+ on ", line)


def test_of_two_that_start_at_once_not_both_hold_it(storage, run):
    held, refused, both = [], [], threading.Barrier(2)

    def start():
        both.wait()
        try:
            with bucket_lock.hold(run, **QUICK, report=lambda line: None):
                held.append(True)
                time.sleep(2)
        except ValueError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) <= 1 and len(held) + len(refused) == 2
    assert claims(storage, run) == []


def test_a_machine_that_was_taken_away_holds_up_nobody(storage, run):
    claim(run)
    storage.age(f"{run.removeprefix('gs://')}/.lock", 31)
    assert not bucket_lock.is_held(run, dead=30)
    lines = []
    with bucket_lock.hold(run, **QUICK, report=lines.append):
        assert len(claims(storage, run)) == 1
    assert lines == []


def test_one_that_may_live_is_waited_for(storage, run):
    claim(run)
    storage.age(f"{run.removeprefix('gs://')}/.lock", 28)
    lines = []
    with bucket_lock.hold(run, **QUICK, report=lines.append):
        pass
    [line] = lines
    assert "(pid 1 on another). Waiting up to 30 seconds to see whether it is alive." in line


def test_a_process_of_this_machine_that_was_killed_is_not_waited_for(storage, run):
    holder = processes.start(["-c", HOLD, run])
    while not claims(storage, run):
        assert holder.poll() is None
        time.sleep(0.1)
    assert bucket_lock.is_held(run)
    holder.kill()
    holder.wait()
    assert len(claims(storage, run)) == 1 and not bucket_lock.is_held(run)
    lines = []
    with bucket_lock.hold(run, **QUICK, report=lines.append):
        assert len(claims(storage, run)) == 1
    assert lines == []


def test_who_was_taken_over_is_told(storage, run):
    with bucket_lock.hold(run, **QUICK) as require_held:
        [name] = claims(storage, run)
        claim(run)
        storage.age(name, 100)  # As if it had not got through.
        tf.io.gfile.remove(f"gs://{name}")
        end = time.monotonic() + 60
        with pytest.raises(ValueError, match=f"taken over .* 30 seconds. Received: .*{run}"):
            while time.monotonic() < end:
                require_held()
                time.sleep(0.1)
        assert not set(claims(storage, run)) & {name}  # It does not claim it back.


def test_a_claim_that_a_user_deletes_is_written_anew(storage, run):
    with bucket_lock.hold(run, **QUICK) as require_held:
        [name] = claims(storage, run)
        tf.io.gfile.remove(f"gs://{name}")
        while claims(storage, run) != [name]:
            time.sleep(0.1)
        require_held()


def test_who_could_not_write_for_long_takes_a_claim_that_is_gone_for_lost(storage, run):
    """Another may have taken the folder over, trained, and ended."""
    with bucket_lock.hold(run, beat=2.0, dead=1.0) as require_held:
        [name] = claims(storage, run)
        tf.io.gfile.remove(f"gs://{name}")
        end = time.monotonic() + 60
        with pytest.raises(ValueError, match="taken over"):
            while time.monotonic() < end:
                require_held()
                time.sleep(0.1)


def test_a_claim_that_is_removed_while_it_is_looked_at_is_nobodys(storage, run, monkeypatch):
    claim(run)
    stat = tf.io.gfile.stat

    def and_gone(path):
        found = stat(path)
        if path.endswith("/another-1"):
            tf.io.gfile.remove(path)
        return found

    monkeypatch.setattr(tf.io.gfile, "stat", and_gone)
    lines = []
    with bucket_lock.hold(run, **QUICK, report=lines.append):
        assert lines == []


def test_a_container_with_pids_of_its_own_is_not_this_machine(storage, run, monkeypatch):
    gone = 2**22 + 1  # More than any pid.
    claim(run, host=socket.gethostname(), pid=gone, boot=bucket_lock._boot())
    assert not bucket_lock.is_held(run)
    monkeypatch.setattr(os, "readlink", lambda path: "pid:[1]")
    assert bucket_lock.is_held(run)


def test_letting_go_does_not_wait_for_a_storage_that_is_away(storage, run, monkeypatch):
    monkeypatch.setattr(bucket_lock, "LAST", 0.2)
    ends = threading.Event()
    with bucket_lock.hold(run, **QUICK):
        monkeypatch.setattr(tf.io.gfile, "remove", lambda path: ends.wait())
        begin = time.monotonic()
    assert time.monotonic() - begin < 30
    ends.set()


def test_a_storage_that_does_not_answer_for_a_while_is_borne(storage, run):
    with bucket_lock.hold(run, **QUICK) as require_held:
        storage.refuse("", 503)
        storage.requests()
        for _ in range(2):
            while not storage.requests():
                time.sleep(0.1)
        storage.refuse("", 0)
        while not any(asked.startswith("PUT ") for asked in storage.requests()):
            time.sleep(0.1)
        require_held()
        assert bucket_lock.is_held(run)


def test_where_claims_cannot_be_seen_nobody_is_said_to_hold_it(storage, run):
    storage.refuse("", 403)
    with pytest.raises(tf.errors.OpError, match="403"):
        bucket_lock.is_held(run)
    with pytest.raises(tf.errors.OpError, match="403"), bucket_lock.hold(run, **QUICK):
        pass


def test_a_run_in_a_bucket_is_held_like_any_other(storage, run):
    assert not run_folder.is_locked(run)
    with run_folder.workplace(run, chief=True) as (folder, require_held):
        assert folder == run and run_folder.is_locked(run)
        require_held()
    assert not run_folder.is_locked(run)
