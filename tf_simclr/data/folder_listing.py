"""Which files of a folder are pictures: by their names, or else by their first bytes."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tf_simclr import buckets
from tf_simclr.data.kept_findings import STAMP
from tf_simclr.file_errors import of_storage, reason

# A file with such a name is a picture; if it cannot be read, it is a bad one.
IMAGE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".bmp", ".dib", ".webp"),
    *(".tif", ".tiff", ".avif", ".jp2", ".j2k", ".ppm", ".pgm", ".pbm", ".pnm", ".qoi"),
)
# Other files are pictures if they begin like this, (offset, bytes) each; PPM has too few bytes.
_BEGINNINGS = (
    ((0, b"\xff\xd8\xff"),),
    ((0, b"\x89PNG\r\n\x1a\n"),),
    ((0, b"GIF8"),),
    ((0, b"BM"), (6, b"\0\0\0\0")),
    ((0, b"RIFF"), (8, b"WEBP")),
    ((0, b"II*\0"),),
    ((0, b"MM\0*"),),
    ((4, b"ftypavif"),),
    ((0, b"\0\0\0\x0cjP  \r\n\x87\n"),),
    ((0, b"qoif"),),
)
_HEAD = 16  # bytes
# Raw files of cameras: they begin like TIFF and hold a small preview, which is not the picture.
_RAW_SUFFIXES = (".arw", ".cr2", ".dng", ".nef", ".nrw", ".orf", ".pef", ".rw2", ".sr2", ".srw")
# Left by operating systems: .DS_Store and ._x.jpg, __MACOSX, @eaDir, $RECYCLE.BIN.
_HIDDEN = (".", "__macosx", "@eadir", "$recycle.bin")
_HIDDEN_FILES = ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r")
# A folder that holds both is a run's, which writes pictures of its own.
_RUN_FILES = {"flags.json", "dataset.json"}
# So many kinds of files are named; the rest are counted.
_NAMED = 5
# Each thread waits for an answer most of the time.
_THREADS_REMOTE = 64


class Listing(NamedTuple):
    """The pictures of a folder, by name or content, not yet decoded.

    Attributes:
      folder: with ~ expanded.
      paths: of the pictures, relative to it, sorted.
      stamps: array of STAMP, [pictures], size and time of writing of each; (-1, -1) for what is no
        regular file. None in a remote folder, where they cost a request for each picture.
    """

    folder: str
    paths: Sequence[str]
    stamps: np.ndarray | None


def list_pictures(data_dir: str | None, report: Callable[[str], None]) -> Listing:
    """Finds the pictures in the user's folder by name or content, without decoding any.

    Args:
      data_dir: the folder, local or on gs://.
      report: called with a line that counts and names other files, if there are any.

    Raises:
      ValueError: there is no such folder, it cannot be listed, or it has no pictures.
    """
    folder = _existing_folder(data_dir)
    stamps = {} if buckets.is_remote(folder) else _list_local(folder)
    files = sorted(stamps) if stamps else list_files(folder)
    unclear = [path for path in files if not is_named_as_picture(path)]
    with futures.ThreadPoolExecutor(threads_for(folder)) as pool:
        judged = zip(unclear, pool.map(lambda path: is_picture(folder, path), unclear))
        others = [path for path, picture in judged if not picture]
    is_other = frozenset(others)
    pictures = [path for path in files if path not in is_other] if others else files
    told = tell_kinds(others)
    if not pictures:
        found = f", but {told}. Unpack archives, and convert other formats" if told else ""
        raise ValueError(
            "`data_dir` must hold pictures, such as .jpg, .png, .gif, .bmp or .webp. "
            f"Received: data_dir={data_dir}, which has none{found}"
        )
    if others:
        report(f"image_folder: skipped files that are not pictures: {told}")
    stamped = np.array([stamps[path] for path in pictures], STAMP) if stamps else None
    return Listing(folder, pictures, stamped)


def list_files(folder: str) -> list[str]:
    """Lists the files in a folder and in the folders inside it, except for hidden ones and runs.

    Links are followed, except for links to a folder above.

    Args:
      folder: a local path or anything else that tf.io.gfile reads, such as gs://bucket/pictures.

    Returns:
      Paths relative to `folder`, with forward slashes, sorted.

    Raises:
      ValueError: a folder cannot be listed, or a file name is not UTF-8.
    """
    if not buckets.is_remote(folder):
        return sorted(_list_local(folder))
    try:
        return sorted(_walk(folder, ""))
    except (tf.errors.OpError, UnicodeDecodeError) as error:
        raise _cannot_list(folder, error) from error


def entries_of(folder: str) -> list[str]:
    """Names of what lies in a folder; those of folders may end with a slash.

    Args:
      folder: local or remote.

    Raises:
      ValueError: the folder is local, and this user may not list it.
    """
    try:
        return list(tf.io.gfile.listdir(folder))
    except tf.errors.PermissionDeniedError as error:
        if buckets.is_remote(folder):
            raise
        raise _cannot_list(folder, error) from error


def is_picture(folder: str, path: str) -> bool:
    """Whether a file is a picture by its name or, if that does not tell, by its first bytes.

    Args:
      folder: in which the path is.
      path: relative, as `list_files` gives it.

    Raises:
      tf.errors.OpError: the folder is in a bucket that does not answer.
    """
    if is_named_as_picture(path):
        return True
    whole = tf.io.gfile.join(folder, path)
    if path.lower().endswith(_RAW_SUFFIXES) or not may_be_read(whole):
        return False
    try:
        with tf.io.gfile.GFile(whole, "rb") as file:
            head = file.read(_HEAD)
    except tf.errors.OpError as error:
        if of_storage(error):  # That says nothing about the file.
            raise
        return False
    return any(
        all(head[offset : offset + len(part)] == part for offset, part in parts)
        for parts in _BEGINNINGS
    )


def is_named_as_picture(path: str) -> bool:
    """Whether a file's name ends like a picture's."""
    return path.lower().endswith(IMAGE_SUFFIXES)


def may_be_read(path: str) -> bool:
    """Whether a path may be read: not a pipe, where a reader could wait for ever.

    Args:
      path: local or remote; a remote one may always be read.
    """
    if buckets.is_remote(path):
        return True
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:  # A broken link, or a lack of permission.
        return False


def threads_for(folder: str) -> int:
    """How many files of a folder are examined in parallel.

    Args:
      folder: local or remote; for a remote one, threads mostly wait.
    """
    return _THREADS_REMOTE if buckets.is_remote(folder) else os.cpu_count() or 1


def tell_kinds(paths: Sequence[str]) -> str:
    """Counts files by their suffix: "20 .heic (such as cat/a.heic), 1 .txt (b.txt)"."""
    of_kind: dict[str, list[str]] = {}
    for path in paths:
        of_kind.setdefault(os.path.splitext(path)[1].lower(), []).append(path)
    kinds = sorted(of_kind.items(), key=lambda kind: -len(kind[1]))
    told = [_tell_kind(*kind) for kind in kinds[:_NAMED]]
    rest = sum(len(members) for _, members in kinds[_NAMED:])
    return ", ".join(told) + (f" and {rest} of other kinds" if rest else "")


def shown(name: str) -> str:
    """A name for a line: quoted if it has line breaks or the like."""
    return name if name.isprintable() else repr(name)


def _existing_folder(data_dir: str | None) -> str:
    if not data_dir:
        raise ValueError(
            "`data_dir` must be the folder of pictures when `dataset` is image_folder. "
            f"Received: data_dir={data_dir}"
        )
    folder = os.path.expanduser(data_dir)
    if not buckets.is_folder(folder):
        a_file = ", a file. Unpack it if it is an archive" if tf.io.gfile.exists(folder) else ""
        raise ValueError(
            f"`data_dir` must be a folder that exists. Received: data_dir={data_dir}{a_file}"
        )
    return folder


def _tell_kind(kind: str, paths: Sequence[str]) -> str:
    example = ("such as " if len(paths) > 1 else "") + shown(paths[0])
    return f"{len(paths)} {shown(kind) or 'without a suffix'} ({example})"


def _cannot_list(folder: str, error: Exception) -> ValueError:
    told = reason(error)
    if isinstance(error, UnicodeDecodeError):
        told = f"{error}, in {error.object!r}"
    return ValueError(
        "`data_dir` must be a folder whose subfolders can be listed and whose file names are "
        f"UTF-8. Received: data_dir={folder}. {told}"
    )


def _list_local(folder: str) -> dict[str, tuple[int, int]]:
    """Path -> stamp of the files in a local folder. Raises ValueError like `list_files`."""
    try:
        return dict(_scan(folder))
    except (OSError, UnicodeDecodeError) as error:
        raise _cannot_list(folder, error) from error


def _scan(folder: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """(path, stamp) of the files in a local folder, in any order.

    It asks the system once for each file: os.walk and tf.io.gfile ask several times.
    """
    real = os.path.realpath(folder)
    # (path, the same inside `folder`, real paths from `folder` down to it)
    waiting: list[tuple[str, str, tuple[str, ...]]] = [(folder, "", (real,))]
    while waiting:
        path, prefix, ancestors = waiting.pop()
        if prefix and all(os.path.isfile(os.path.join(path, name)) for name in _RUN_FILES):
            continue
        with os.scandir(path) as entries:
            for entry in entries:
                if _is_hidden(entry.name):
                    continue
                if not entry.name.isascii():
                    os.fsencode(entry.name).decode()  # Raises an error if it is not UTF-8.
                if not _is_local_folder(entry):
                    yield prefix + entry.name, _stamp(entry)
                    continue
                linked = entry.is_symlink()
                target = os.path.realpath(entry.path) if linked else f"{ancestors[-1]}/{entry.name}"
                if target not in ancestors:  # A link to a folder above would never end.
                    waiting.append((entry.path, f"{prefix}{entry.name}/", (*ancestors, target)))


def _is_local_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # A link to itself.
        return False


def _stamp(entry: os.DirEntry) -> tuple[int, int]:
    try:
        status = entry.stat()
    except OSError:  # A broken link, or a file that is gone.
        return -1, -1
    regular = stat.S_ISREG(status.st_mode)
    return (status.st_size, status.st_mtime_ns) if regular else (-1, -1)


def _is_hidden(name: str) -> bool:
    name = name.lower()
    return name.startswith(_HIDDEN) or name in _HIDDEN_FILES


def _walk(folder: str, prefix: str) -> Iterable[str]:
    """Paths of the files in a remote folder, where there are no links."""
    entries = entries_of(folder)
    if prefix and set(entries) >= _RUN_FILES:
        return
    for entry in entries:
        name = entry.rstrip("/")  # gs:// marks folders by a slash.
        if _is_hidden(name):
            continue
        path = tf.io.gfile.join(folder, name)
        # A name is trusted: on gs:// a check costs a request for each picture.
        picture = is_named_as_picture(entry) and not entry.endswith("/")
        if picture or not (entry.endswith("/") or buckets.is_folder(path)):
            yield prefix + name
        else:
            yield from _walk(path, f"{prefix}{name}/")
