"""What an input pipeline reads of files: every record once an epoch, and little at a new start."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.shares import ListedShare, file_share

SIZES = [7, 5, 9, 4, 30, 6]  # records of each file
COUNT = sum(SIZES)
BEFORE = 3  # rows of each file that are not in the split


class Files:
    """Files whose records say where they lie; it counts how many are read of each."""

    def __init__(self, sizes=SIZES, places=None, record_bytes=0):
        self.read_of = [0] * len(sizes)
        files = [(str(number), BEFORE, BEFORE + size) for number, size in enumerate(sizes)]
        places = np.arange(sum(sizes)) if places is None else np.array(places)
        self.share = file_share(
            places, files=files, read=self._read, parse=tuple, record_bytes=record_bytes
        )

    def _read(self, file, rows):
        def count(file, row):
            self.read_of[int(file)] += 1
            return b"%s:%d" % (file, row)

        # Told one by one, as they are read.
        return tf.data.Dataset.from_tensor_slices(rows).map(
            lambda row: tf.ensure_shape(tf.numpy_function(count, (file, row), tf.string), [])
        )

    def take(self, count, *, start=0, window=10, seed=0, remembered=False):
        """(place, what is in it) of some records."""
        share = self.share.remembered() if remembered else self.share
        records = share.shuffled(seed=seed, start=start, window=window).take(count)
        return [(int(place), text) for place, text in records.as_numpy_iterator()]


def content(place):
    """What lies at a place of the split, counted file by file."""
    for file, size in enumerate(SIZES):
        if place < size:
            return b"%d:%d" % (file, BEFORE + place)
        place -= size
    raise IndexError(place)


def epochs(records, count=COUNT):
    """The places of each epoch."""
    places = [place for place, _ in records]
    return [tuple(places[start : start + count]) for start in range(0, len(places), count)]


@pytest.mark.parametrize("window", [1, 10, 100])
def test_an_epoch_has_every_record_once_and_from_any_place_on_it_is_the_same(window):
    """Windows of one record, of a few, of some of a file or of several files, and of all."""
    whole = Files().take(3 * COUNT, window=window)
    found = epochs(whole)
    assert [sorted(epoch) for epoch in found] == [list(range(COUNT))] * 3
    assert len({*found, tuple(range(COUNT))}) == 4
    assert all(text == content(place) for place, text in whole)
    for start in (5, 33, COUNT - 1, COUNT, COUNT + 40):
        assert Files().take(20, start=start, window=window) == whole[start : start + 20]


def test_the_order_follows_from_the_seed_alone():
    orders = {}
    for program_seed in (None, 0, 5):
        tf.random.set_seed(program_seed)
        orders[program_seed] = Files().take(COUNT)
    tf.random.set_seed(None)
    assert orders[None] == orders[0] == orders[5]
    assert Files().take(COUNT, seed=1) != orders[None]


def test_some_records_of_files_are_read_and_their_places_kept():
    chosen = [1, 2, 11, 30, 31, 54, 60]
    found = Files(places=chosen).take(2 * len(chosen), window=3)
    assert [sorted(epoch) for epoch in epochs(found, len(chosen))] == [chosen] * 2
    assert all(text == content(place) for place, text in found)
    rest = Files(places=chosen).take(5, start=4, window=3)
    assert rest == found[4:9]


@pytest.mark.parametrize(("sizes", "window"), [([100] * 8, 250), ([800], 50), ([200] * 4, 60)])
def test_a_new_start_anywhere_reads_at_most_three_windows(sizes, window):
    """Of a large file what is before the window is passed over by the file's reader.

    Of small files the beginning of a window may be read for nothing. Another one is read ahead.
    """
    read = []
    for start in (0, 90, 417, 650, 799):
        files = Files(sizes)
        files.take(1, start=start, window=window)
        read.append(sum(files.read_of))
    # A window has at most 1.5 * window. `interleave` reads up to two blocks ahead of each file.
    assert min(read) > 0 and max(read) <= 3 * 1.5 * window + 2 * 16 * len(sizes)


def test_small_records_are_shuffled_among_as_many_as_a_quarter_of_a_gigabyte_holds():
    spread = {}
    for record_bytes in (0, 2**28, 2**18):
        files = Files([1000], record_bytes=record_bytes)
        spread[record_bytes] = np.ptp([place for place, _ in files.take(10, window=10)])
    assert max(spread[0], spread[2**28]) < 15 < 100 < spread[2**18]


def test_what_is_remembered_is_read_once_and_the_order_stays():
    files = Files()
    start = 40
    found = files.take(4 * COUNT, start=start, remembered=True)
    assert found == Files().take(4 * COUNT, start=start)
    # Pieces differ from epoch to epoch: one that is not there as a whole is read again.
    assert COUNT <= sum(files.read_of) <= 2.5 * COUNT
    plain = Files()
    plain.take(4 * COUNT, start=start)
    assert sum(plain.read_of) >= 4 * COUNT


def test_a_list_is_permuted_as_a_whole():
    places = np.array([3, 4, 8, 20, 21, 22, 50, 51])
    share = ListedShare(tf.constant(places), tuple)

    def take(count, start=0):
        found = share.shuffled(seed=0, start=start, window=2).take(count)
        return [int(place) for (place,) in found.as_numpy_iterator()]

    whole = take(24)
    found = [tuple(whole[n : n + 8]) for n in (0, 8, 16)]
    assert [sorted(epoch) for epoch in found] == [places.tolist()] * 3
    assert len({*found, tuple(places)}) == 4
    for start in (3, 8, 13):
        assert take(6, start) == whole[start : start + 6]
    assert share.size == 8
