import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.evaluation import hog
from tf_simclr.judging.baselines import PIXELS_SIDE, baselines, hog_and_colours, raw_pixels
from tf_simclr.reporting.names import ROWS

PICTURES = tf.constant(np.random.default_rng(0).random((2, 48, 48, 3)), tf.float32)


def test_each_baseline_is_a_row():
    assert set(baselines()) <= set(ROWS)


def test_without_scikit_image_its_row_is_left_out_and_the_extra_named(monkeypatch, capsys):
    monkeypatch.setattr(hog, "installed", lambda: False)
    assert list(baselines()) == ["raw_pixels/"]
    assert "pip install 'tf_simclr[hog]'" in capsys.readouterr().out


@pytest.mark.parametrize("side", [16, PIXELS_SIDE])
def test_small_pictures_stay_as_they_are(side):
    small = PICTURES[:, :side, :side]
    np.testing.assert_array_equal(raw_pixels(small), small)


def test_larger_ones_are_scaled_down():
    scaled = tf.image.resize(PICTURES, [PIXELS_SIDE] * 2, antialias=True)
    np.testing.assert_allclose(raw_pixels(PICTURES), scaled, atol=1e-6)


@pytest.mark.parametrize("side", [16, hog.SIDE, 64])
def test_histograms_are_of_pictures_of_one_size(side):
    pytest.importorskip("skimage", reason="extra `hog`")
    pictures = tf.image.resize(PICTURES, [side, side])
    scaled = tf.image.resize(pictures, [hog.SIDE] * 2, antialias=True)
    np.testing.assert_array_equal(hog_and_colours(pictures), hog.features(scaled.numpy()))
