"""Batches of views from arrays and folders: what SimCLR.fit takes."""

import numpy as np
import pytest

import tf_simclr

PICTURES = np.random.default_rng(0).integers(0, 255, [9, 20, 24, 3], np.uint8)


@pytest.mark.parametrize(("size", "batch"), [(16, 4), (24, 3)])
def test_a_pass_is_an_epoch_of_pairs_and_the_next_one_has_others(size, batch):
    data = tf_simclr.views_of(PICTURES, size=size, batch_size=batch)
    first, second = ([each.numpy() for each in data] for _ in range(2))
    assert len(first) == len(data) == 9 // batch
    assert first[0].shape == (batch, size, size, 6) and first[0].dtype == np.float32
    assert first[0].min() >= 0 and first[0].max() <= 1
    assert not np.allclose(first[0], second[0])
    again = next(iter(tf_simclr.views_of(PICTURES, size=size, batch_size=batch)))
    np.testing.assert_array_equal(again, first[0])
    other = next(iter(tf_simclr.views_of(PICTURES, size=size, batch_size=batch, seed=1)))
    assert not np.allclose(other, first[0])


def test_a_picture_has_other_views_in_each_epoch():
    same = np.repeat(PICTURES[:1], 4, axis=0)  # So that their order changes nothing.
    data = tf_simclr.views_of(same, size=16, batch_size=4)
    (first,), (second,) = ([each.numpy() for each in data] for _ in range(2))
    assert not np.allclose(first, second)


def test_both_views_are_of_one_picture():
    """A picture of one colour, with crop and flip alone: both views have that colour."""
    colours = np.arange(0, 250, 25, dtype=np.uint8)
    plain = np.broadcast_to(colours[:, None, None, None], [10, 20, 20, 3])
    data = tf_simclr.views_of(plain, size=16, batch_size=10, view_operations="crop,flip")
    (batch,) = [each.numpy() for each in data]
    middles = np.round(batch[:, 8, 8] * 255).astype(int)  # [10, 6]
    assert (middles == middles[:, :1]).all()
    assert sorted(middles[:, 0]) == colours.tolist()


def test_a_folder_serves_as_well(picture_folder):
    data = tf_simclr.views_of(picture_folder, size=16, batch_size=8)
    assert [each.shape for each in data] == [(8, 16, 16, 6)] * 2  # 16 pictures in train


@pytest.mark.parametrize(
    ("pictures", "flags", "said"),
    [
        (PICTURES, {"batch_size": 10}, "`batch_size` must be at most the 9 pictures"),
        (PICTURES / 255, {}, "`pictures` must be a folder, or an array uint8"),
        (PICTURES[0], {}, r"Received: pictures='uint8 \[20, 24, 3\]'"),
        (PICTURES, {"min_crop_area": 2.0}, "`min_crop_area` must be in"),
        (PICTURES, {"crop": 1}, "Unknown settings: crop"),
        ("/no/such/folder", {}, "`data_dir` must be"),
    ],
)
def test_what_cannot_be_read_is_refused(pictures, flags, said):
    with pytest.raises(ValueError, match=said):
        tf_simclr.views_of(pictures, **{"size": 16, "batch_size": 4, **flags})
