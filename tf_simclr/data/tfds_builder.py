"""A TFDS builder with its data on disk, or one clear line about why there is none."""

import contextlib
import difflib
import errno
import os
from collections.abc import Callable, Iterator

import tensorflow as tf
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import downloader

from tf_simclr import buckets

_KINDS = (
    "emoji32 (bundled), image_folder (your own pictures, with `data_dir`), or a name from "
    "https://www.tensorflow.org/datasets/catalog"
)
_CANNOT_WRITE = (errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EROFS, errno.ENOSPC)
_RETRIES = 3  # urllib3 waits 0.4 and 0.8 seconds between them.
_INFO = "dataset_info.json"  # In the folder of each complete version.
_MAX_CONFIGS = 10  # Some data sets have hundreds.


def construct(
    make: Callable[[], tfds.core.DatasetBuilder], *, dataset: str, data_dir: str | None
) -> tfds.core.DatasetBuilder:
    """Makes a builder.

    Args:
      make: makes it.
      dataset: what the user called it.
      data_dir: where TFDS keeps prepared data, None for its default.

    Raises:
      ValueError: there is no such data set, config or version (near names are given), or
        `data_dir` cannot be read.
    """
    try:
        return make()
    except OSError as error:
        raise ValueError(
            f"`data_dir` must be a folder that TFDS can read. Received: data_dir={data_dir}. "
            f"{_first_line(error)}"
        ) from error
    # What TFDS raises for unknown names, configs, versions and namespaces.
    except (ValueError, AssertionError, ImportError) as error:
        base = dataset.partition("/")[0].partition(":")[0]
        check_depth(base, data_dir)
        raise ValueError(_explain_unknown(dataset, base, data_dir)) from error


def check_depth(name: str, data_dir: str | None) -> None:
    """Raises ValueError if `data_dir` lies in the folder of the data set that TFDS calls `name`."""
    folder = (data_dir or "").rstrip("/")
    while os.path.basename(folder):
        parent, last = os.path.split(folder)
        if last == name and _prepared(name, parent):
            raise ValueError(
                "`data_dir` must be the folder that TFDS keeps all of its data sets in. Received:"
                f" data_dir={data_dir!r}, a folder of {name}. Give --data_dir={parent}."
            )
        folder = parent


def _prepared(name: str, data_dir: str | None) -> list[str]:
    """The versions of a data set in `data_dir`, as --dataset names them: name/config:1.0.0."""
    root = os.path.join(os.path.expanduser(data_dir or tfds.core.constants.DATA_DIR), name)
    found = []
    for first in _folders(root) if name else ():
        if tf.io.gfile.exists(os.path.join(root, first, _INFO)):
            found.append(f"{name}:{first}")
        for version in _folders(os.path.join(root, first)):
            if tf.io.gfile.exists(os.path.join(root, first, version, _INFO)):
                found.append(f"{name}/{first}:{version}")
    return found


def _folders(path: str) -> list[str]:
    names = tf.io.gfile.listdir(path) if buckets.is_folder(path) else []
    found = sorted(name.rstrip("/") for name in names)
    return [name for name in found if buckets.is_folder(os.path.join(path, name))]


def _explain_unknown(dataset: str, base: str, data_dir: str | None) -> str:
    there = _prepared(base, data_dir)
    if there:
        return (
            f"`dataset` must name a config and a version that are there. Received:"
            f" dataset={dataset}; there are: {', '.join(there)}"
        )
    known = tfds.list_builders(with_community_datasets=False)
    if base in known:
        builder = tfds.builder_cls(base)
        configs = ", ".join(list(builder.builder_configs)[:_MAX_CONFIGS]) or "none"
        return (
            f"`dataset` must name a config and a version that {base} has. Received: "
            f"dataset={dataset}; its configs: {configs}; its version: {builder.VERSION}"
        )
    near = difflib.get_close_matches(base, [*known, "emoji32", "image_folder"])
    hint = f". Did you mean {' or '.join(near)}?" if near else ""
    return f"`dataset` must be {_KINDS}. Received: dataset={dataset}{hint}"


def prepare(
    builder: tfds.core.DatasetBuilder,
    make: Callable[[], tfds.core.DatasetBuilder],
    *,
    dataset: str,
    report: Callable[[str], None],
) -> tfds.core.DatasetBuilder:
    """Downloads and prepares a data set unless it is on disk already.

    Args:
      builder: the builder.
      make: makes another one if a second process has prepared the data at the same time.
      dataset: what the user called it.
      report: called with a line before a download.

    Returns:
      A builder whose data is on disk.

    Raises:
      ValueError: there is no network, the data must be downloaded by hand, `data_dir` cannot be
        written, or the builder fails.
    """
    if tf.io.gfile.exists(builder.data_dir):
        return builder
    report(f"{dataset}: preparing it in {builder.data_dir}, for the first time only")
    try:
        with _retries_that_can_help():
            builder.download_and_prepare()
    except Exception as error:  # A builder may raise anything.
        if tf.io.gfile.exists(builder.data_dir):  # Another process was quicker.
            return make()
        raise ValueError(_explain_unprepared(builder, dataset, error)) from error
    return builder


@contextlib.contextmanager
def _retries_that_can_help() -> Iterator[None]:
    """Fewer retries: TFDS' ten take 205 seconds without a network, and block signals."""
    retries = downloader.MAX_RETRIES
    downloader.MAX_RETRIES = _RETRIES
    try:
        yield
    finally:
        downloader.MAX_RETRIES = retries


def _explain_unprepared(builder: tfds.core.DatasetBuilder, dataset: str, error: Exception) -> str:
    received = f"Received: dataset={dataset}, in {builder.data_dir}"
    reason = f"{type(error).__name__}: {_first_line(error)}"
    if any(_is_network_error(link) for link in _chain(error)):
        return (
            f"`dataset` must be prepared already if there is no network. {received}; the "
            f"download failed ({reason}). Go online, or copy the prepared data there"
        )
    if isinstance(error, OSError) and error.errno in _CANNOT_WRITE:
        return f"`data_dir` must be a folder that can be written. {received}. {reason}"
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS and isinstance(error, AssertionError):
        place = _first_line(error).partition(" Create it")[0]  # Instructions would follow.
        return (
            f"`dataset` {dataset} must be downloaded by hand first, as "
            f"https://www.tensorflow.org/datasets/catalog/{builder.name} says. {received}. "
            f"{place} For your own pictures, give --data_dir=PICTURES."
        )
    return f"`dataset` must be one that can be downloaded and prepared. {received}. {reason}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_network_error(error: BaseException) -> bool:
    # By module: TFDS downloads with requests, builders with whatever they like.
    library = type(error).__module__.partition(".")[0]
    return library in {"requests", "urllib", "urllib3", "http", "socket"} or isinstance(
        error, ConnectionError | TimeoutError
    )


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "")
