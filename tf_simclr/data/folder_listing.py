"""Which files of a folder are pictures: by their names, or else by their first bytes."""

import os
import stat
from collections.abc import Callable, Iterable, Sequence
from concurrent import futures

import tensorflow as tf

from tf_simclr import buckets
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
# So many kinds of files are named; the rest are counted.
_NAMED = 5
# Each thread waits for an answer most of the time.
_THREADS_REMOTE = 64


def list_pictures(data_dir: str | None, report: Callable[[str], None]) -> tuple[str, list[str]]:
    """Finds the pictures in the user's folder by name or content, without decoding any.

    Args:
      data_dir: the folder, local or on gs://.
      report: called with a line that counts and names other files, if there are any.

    Returns:
      The folder with ~ expanded, and the pictures' paths relative to it, sorted.

    Raises:
      ValueError: there is no such folder, it cannot be listed, or it has no pictures.
    """
    folder = _existing_folder(data_dir)
    files = list_files(folder)
    with futures.ThreadPoolExecutor(threads_for(folder)) as pool:
        judged = list(pool.map(lambda path: is_picture(folder, path), files))
    pictures = [path for path, picture in zip(files, judged) if picture]
    others = [path for path, picture in zip(files, judged) if not picture]
    told = tell_kinds(others)
    if not pictures:
        found = f", but {told}. Unpack archives, and convert other formats" if told else ""
        raise ValueError(
            "`data_dir` must hold pictures, such as .jpg, .png, .gif, .bmp or .webp. "
            f"Received: data_dir={data_dir}, which has none{found}"
        )
    if others:
        report(f"image_folder: skipped files that are not pictures: {told}")
    return folder, pictures


def list_files(folder: str) -> list[str]:
    """Lists the files in a folder and in the folders inside it, except for hidden ones.

    Links are followed, except for links to a folder above.

    Args:
      folder: a local path or anything else that tf.io.gfile reads, such as gs://bucket/pictures.

    Returns:
      Paths relative to `folder`, with forward slashes, sorted.

    Raises:
      ValueError: a folder cannot be listed, or a file name is not UTF-8.
    """
    try:
        return sorted(_walk(folder, "", (os.path.realpath(folder),)))
    except (tf.errors.OpError, UnicodeDecodeError) as error:
        told = reason(error)
        if isinstance(error, UnicodeDecodeError):
            told = f"{error}, in {error.object!r}"
        raise ValueError(
            "`data_dir` must be a folder whose subfolders can be listed and whose file names are "
            f"UTF-8. Received: data_dir={folder}. {told}"
        ) from error


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


def _walk(folder: str, prefix: str, ancestors: tuple[str, ...]) -> Iterable[str]:
    for entry in tf.io.gfile.listdir(folder):
        name = entry.rstrip("/")  # gs:// marks folders by a slash.
        if name.lower().startswith(_HIDDEN) or name.lower() in _HIDDEN_FILES:
            continue
        path = tf.io.gfile.join(folder, name)
        if not _is_folder(path, entry):
            yield prefix + name
            continue
        target = os.path.realpath(path)
        if target not in ancestors:  # A link to a folder above would never end.
            yield from _walk(path, f"{prefix}{name}/", (*ancestors, target))


def _is_folder(path: str, entry: str) -> bool:
    if entry.endswith("/"):
        return True
    # A remote name is trusted: on gs:// a check costs a request for each picture.
    if buckets.is_remote(path) and is_named_as_picture(entry):
        return False
    return buckets.is_folder(path)
