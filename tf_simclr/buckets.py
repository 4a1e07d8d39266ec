"""Folders in buckets (gs://), asked in such a way that no answer is not taken for a "no".

Where a bucket may not be read, or does not answer, tf.io.gfile.isdir says that there is no such
folder: a run would not find its checkpoints, and start afresh.
"""

from collections.abc import Mapping

import tensorflow as tf


def is_remote(path: str) -> bool:
    """Whether a path is not on this machine's own file system: gs://bucket/folder."""
    return "://" in path


def in_bucket(path: str) -> bool:
    """Whether a path is in a bucket of Google's, whatever is there."""
    return path.startswith("gs://")


def is_folder(path: str) -> bool:
    """Whether there is a folder at a path, local or remote.

    Args:
      path: of the folder.

    Raises:
      tf.errors.OpError: of a remote one, where the answer cannot be had.
    """
    if not is_remote(path):
        return bool(tf.io.gfile.isdir(path))
    try:
        return bool(tf.io.gfile.stat(path).is_directory)
    except tf.errors.NotFoundError:
        return False


def require_buckets(paths: Mapping[str, str]) -> None:
    """Refuses paths in buckets that do not exist.

    TensorFlow asks for ever for such a bucket when it is to make a folder there, and hears no
    signal then.

    Args:
      paths: name of the flag -> path; only those on gs:// are looked at.

    Raises:
      ValueError: if there is no such bucket, or a path names none.
      tf.errors.OpError: if the storage does not answer.
    """
    for name, path in paths.items():
        if not in_bucket(path):
            continue
        bucket = path.split("/")[2]
        if not bucket:
            raise ValueError(
                f"`{name}` must name a bucket: gs://BUCKET/FOLDER. Received: {name}={path!r}."
            )
        try:
            tf.io.gfile.stat(f"gs://{bucket}/")
        except (tf.errors.NotFoundError, tf.errors.InvalidArgumentError) as error:
            raise ValueError(
                f"`{name}` must lie in a bucket that exists. Received: {name}={path!r}. Make it"
                f" with `gcloud storage buckets create gs://{bucket}`, or mend its name."
            ) from error
        except tf.errors.PermissionDeniedError:
            pass  # Who may use what is in a bucket need not be allowed to look at the bucket.
