"""A data set's name -> its source: a folder of the user's own, emoji32, or any TFDS name."""

from collections.abc import Callable

from tf_simclr.data.source import Source


def open_source(
    dataset: str,
    *,
    data_dir: str | None,
    max_bad_fraction: float = 0.01,
    report: Callable[[str], None] = print,
    kept_in: str | None = None,
    show: bool = True,
    keep: bool = True,
) -> Source:
    """Opens a data set, downloading and preparing it first if needed.

    Args:
      dataset: `image_folder`, `emoji32`, or a TFDS name with or without config and version, such
        as `imagenet2012_subset/1pct`.
      data_dir: the folder of pictures for `image_folder`; for the others where TFDS keeps
        prepared data, None for its default (~/tensorflow_datasets).
      max_bad_fraction: for `image_folder`, the largest fraction of files that may be unreadable.
      report: called with each line that the user should see.
      kept_in: for `image_folder`, a second folder to keep what was found in the pictures.
      show: for `image_folder`, whether to show how far its examination has come.
      keep: for `image_folder`, whether to keep what was found; false writes nothing.

    Returns:
      The source.

    Raises:
      ValueError: the data set or folder does not exist, is empty, cannot be downloaded, has no
        pictures, or has too many unreadable ones.
    """
    # Imported here: TFDS takes seconds, and is needed only for its own data sets.
    if dataset == "image_folder":
        from tf_simclr.data import image_folder

        return image_folder.open_folder(
            data_dir,
            max_bad_fraction=max_bad_fraction,
            report=report,
            kept_in=kept_in,
            show=show,
            keep=keep,
        )
    from tf_simclr.data import tfds_source

    return tfds_source.open_tfds(dataset, data_dir=data_dir, report=report)


def unprepared(dataset: str, *, data_dir: str | None) -> str | None:
    """Where TFDS would prepare a data set that it has not prepared yet; None if it is there.

    Args:
      dataset: as `open_source` takes it.
      data_dir: as there.

    Raises:
      ValueError: there is no such data set.
    """
    if dataset == "image_folder":
        return None
    from tf_simclr.data import tfds_source

    return tfds_source.unprepared(dataset, data_dir=data_dir)
