"""Folders in buckets (gs://): a failed look-up is an error, never "there is no such folder".

tf.io.gfile.isdir returns False where a bucket may not be read or does not answer: a run would not
find its checkpoints, and would start afresh.
"""

from collections.abc import Mapping

import tensorflow as tf


def is_remote(path: str) -> bool:
    """Whether a path is not on this machine's own file system: gs://bucket/folder."""
    return "://" in path


def in_bucket(path: str) -> bool:
    """Whether a path is in a bucket of Google Cloud Storage, existing or not."""
    return path.startswith("gs://")


def is_folder(path: str) -> bool:
    """Whether there is a folder at a path, local or remote.

    Args:
      path: of the folder.

    Raises:
      tf.errors.OpError: if the path is remote and its storage does not answer.
    """
    if not is_remote(path):
        return bool(tf.io.gfile.isdir(path))
    try:
        return bool(tf.io.gfile.stat(path).is_directory)
    except tf.errors.NotFoundError:
        return False


def require_buckets(paths: Mapping[str, str]) -> None:
    """Refuses paths in buckets that do not exist.

    When TensorFlow creates a folder in such a bucket, it retries for ever and blocks signals.

    Args:
      paths: name of the flag -> path; only gs:// paths are checked.

    Raises:
      ValueError: if there is no such bucket, or a path names no bucket.
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
                f"`{name}` must be in a bucket that exists. Received: {name}={path!r}. Create it"
                f" with `gcloud storage buckets create gs://{bucket}`, or correct its name."
            ) from error
        except tf.errors.PermissionDeniedError:
            pass  # An account may have rights to a bucket's objects, but not to the bucket itself.
