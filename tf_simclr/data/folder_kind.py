"""Whether a folder holds somebody's pictures, what TFDS prepared, or neither."""

import os

import tensorflow as tf

from tf_simclr.data import folder_listing

PREPARED = "dataset_info.json"  # what TFDS writes into each folder of prepared data
DOWNLOADS = "downloads"  # where TFDS finds what it will prepare
DEPTH = 6  # folders inside folders that are looked into


def holds_pictures(folder: str) -> bool:
    """Whether a folder holds pictures, and not data that TFDS prepared or will prepare.

    It looks at the upper folders first, and stops at the first picture.

    Args:
      folder: local or remote.

    Raises:
      ValueError: if it holds neither, or cannot be listed.
    """
    level = [folder]
    for depth in range(DEPTH):
        inside: list[str] = []
        for place in level:
            entries = [name.rstrip("/") for name in folder_listing.entries_of(place)]
            if PREPARED in entries or (not depth and DOWNLOADS in entries):
                return False
            for name in entries:
                path = os.path.join(place, name)
                if name.startswith("."):
                    continue
                if folder_listing.is_named_as_picture(name):
                    return True
                if tf.io.gfile.isdir(path):
                    inside.append(path)
                elif folder_listing.is_picture(place, name):
                    return True
        level = inside
    raise ValueError(
        "`data_dir` must hold pictures, or what TFDS prepared. Received:"
        f" data_dir={folder!r}, which has neither. For TFDS data, give --dataset=NAME too."
    )
