"""Data that tests share: the bundled pictures, prepared once, and a small folder of drawn ones."""

import contextlib
import fcntl
import gc
import os
import shutil

# Before TensorFlow is imported anywhere: four logical devices need no setting, its notices do.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# A test looks at its pictures itself, and leaves nothing in the cache folder.
os.environ["TF_SIMCLR_CACHE"] = "off"
# Tests share the cores among processes; within one, an operation of a tiny network gains nothing.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import google_storage
import lanes
import numpy as np
import processes
import pytest
import two_classes

os.environ.update(google_storage.AT_IMPORT)
gc.set_threshold(*processes.COLLECTIONS)


def named(item):
    """A test as lanes.py names it: by its path below tests/."""
    return item.nodeid.removeprefix("tests/")


def pytest_collection_modifyitems(items):
    """Puts on the markers of what is left out, and into their turn, as lanes.py says."""
    items.sort(key=lambda item: lanes.turn(named(item)))
    for item in items:
        name = named(item)
        if reason := lanes.why_slow(name, item.fixturenames):
            item.add_marker(pytest.mark.slow(reason=reason))
        if reason := lanes.why_first_lane(name):
            item.add_marker(pytest.mark.first_lane(reason=reason))


@pytest.fixture(autouse=True)
def seeded():
    """Every test draws the same weights each time.

    The first weights of a network of four channels are all dead in one draw out of twenty.
    """
    import tf_keras

    tf_keras.utils.set_random_seed(0)


@pytest.fixture(autouse=True, scope="session")
def graphs_as_traced():
    """What users get is optimised: in every test that starts the command line."""
    processes.run_graphs_as_traced()


@pytest.fixture(autouse=True)
def eagerly(request):
    """Functions of TensorFlow run without a graph where lanes.py says so."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(lanes.runs_eagerly(named(request.node)))
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(autouse=True, scope="module")
def forgotten():
    """Lets go of a file's graphs when it is done: hundreds of networks would fill the memory.

    What is left then stays, and is looked through no more.
    """
    yield
    import tf_keras

    tf_keras.backend.clear_session()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def without_exports():
    """A context in which training leaves no exports, which are half of a tiny run's time.

    For runs of which nobody looks at an export.
    """

    @contextlib.contextmanager
    def context():
        import tf_simclr.tasks.train

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tf_simclr.tasks.train, "export_run", lambda config: None)
            yield

    return context


@pytest.fixture
def no_exports(without_exports):
    """A whole test `without_exports`."""
    with without_exports():
        yield


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, worker_id):
    """Has make(folder) fill a folder for all workers where none of them has yet; its path.

    Called as made_once(name, make).
    """
    root = tmp_path_factory.getbasetemp()
    root = root if worker_id == "master" else root.parent

    def made(name, make):
        folder, done = root / name, root / f"{name}.done"
        with open(root / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                done.touch()
        return str(folder)

    return made


@pytest.fixture(scope="session")
def emoji_dir(made_once):
    """A data_dir in which emoji32 is prepared."""
    from tf_simclr.data.opening import open_source

    return made_once("tfds", lambda folder: open_source("emoji32", data_dir=str(folder)))


@pytest.fixture(scope="session")
def run_by_replicas(tmp_path_factory):
    """Runs a file as `FILE RESULTS.npz COUNT` for several numbers of replicas, side by side.

    A process has collectives of one size only. Returns count -> arrays by name.
    """

    def run(file, counts):
        folder = tmp_path_factory.mktemp("replicas")
        started = {
            count: processes.start([file, folder / f"{count}.npz", count]) for count in counts
        }
        for process in started.values():
            assert process.wait() == 0, process.read("err")[-4000:]
        return {count: dict(np.load(folder / f"{count}.npz")) for count in counts}

    return run


@pytest.fixture(scope="module")
def buckets(tmp_path_factory):
    """gs:// is a google_storage.Storage on this machine meanwhile."""
    with google_storage.serve(str(tmp_path_factory.mktemp("storage"))) as storage:
        yield storage


@pytest.fixture
def storage(buckets):
    """The same, which serves all that is asked at the beginning of a test."""
    buckets.refuse("", 0)
    return buckets


@pytest.fixture(scope="session")
def picture_folder(made_once):
    """DIR/train and DIR/test of two classes, 16 and 8 PNG pictures of 20 x 20 pixels."""
    return made_once("pictures", two_classes.draw)


@pytest.fixture(scope="session")
def tiny_flags(picture_folder):
    """Flags of a run that takes seconds: three steps of a very small network."""
    return [
        "--dataset=image_folder",
        f"--data_dir={picture_folder}",
        "--choose=false",
        "--eval_split=test",
        "--image_size=16",
        "--resnet_depth=10",
        "--width_multiplier=0.0625",
        "--proj_out_dim=8",
        "--train_batch_size=4",
        "--train_steps=3",
        "--warmup_epochs=0",
        "--train_summary_steps=1",
    ]


@pytest.fixture(scope="session")
def trained_run(tiny_flags, made_once):
    """The folder of such a run: checkpoints 1, 2 and 3, exports. Copy it to change it."""
    from tf_simclr.main import main

    def train(folder):
        flags = [*tiny_flags, "--checkpoint_steps=1", f"--model_dir={folder}"]
        assert main(["tf-simclr", *flags]) == 0

    return made_once("trained", train)
