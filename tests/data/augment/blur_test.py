"""The Gaussian kernel and its convolution against NumPy, and who is blurred."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment.blur import (
    SIGMA,
    Blur,
    blur_matrices,
    gaussian_blur,
)


def pictures(batch, height, width):
    return np.random.default_rng(height).random((batch, height, width, 3), np.float32)


def numpy_kernel(sigma, radius):
    kernel = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    return kernel / kernel.sum()


def numpy_blur(images, sigma, radius):
    """One axis after the other, zeros outside."""
    kernel = numpy_kernel(sigma, radius)
    blurred = images.astype(np.float64)
    for axis in (1, 2):
        width = [(radius, radius) if a == axis else (0, 0) for a in range(4)]
        padded, size = np.pad(blurred, width), images.shape[axis]
        blurred = sum(
            weight * padded.take(range(place, place + size), axis)
            for place, weight in enumerate(kernel)
        )
    return blurred


def random_blur(images, seed, blur_sigma="batch"):
    """What the operation makes of a batch."""
    blur = Blur(blur_sigma)
    return blur.act(images, blur.draw(seed, *images.shape[:2]))


@pytest.mark.parametrize("radius", [1, 4])
@pytest.mark.parametrize("length", [12, 9])
def test_rows_are_a_gaussian_of_odd_size_and_sum_1(length, radius):
    sigmas = np.float32([0.1, 1.3])
    matrices = blur_matrices(tf.constant(sigmas), length, radius).numpy()
    assert matrices.shape == (2, length, length)
    for matrix, sigma in zip(matrices, sigmas):
        kernel = np.pad(numpy_kernel(sigma, radius), length)
        for row in range(length):  # What of the kernel lies in the picture.
            expected = kernel[length + radius - row :][:length]
            np.testing.assert_allclose(matrix[row], expected, atol=1e-7)
        np.testing.assert_allclose(matrix[radius : length - radius].sum(1), 1, rtol=1e-6)
        np.testing.assert_allclose(matrix, matrix.T, rtol=1e-6)
        # A pixel of the middle, and as many neighbours on either side.
        assert np.count_nonzero(matrix[length // 2]) <= 2 * radius + 1
    assert np.count_nonzero(matrices[1][length // 2]) == 2 * radius + 1


@pytest.mark.parametrize(("kernel_size", "radius"), [(2, 1), (3, 1), (6, 3), (7, 3)])
@pytest.mark.parametrize(("height", "width"), [(12, 12), (9, 14)])
def test_blur_equals_numpys_with_zeros_outside(height, width, kernel_size, radius):
    images = pictures(2, height, width)
    blurred = gaussian_blur(tf.constant(images), tf.constant(0.9), kernel_size=kernel_size)
    np.testing.assert_allclose(blurred, numpy_blur(images, 0.9, radius), atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(12, 12), (9, 14)])
def test_each_picture_is_blurred_by_a_sigma_of_its_own(height, width):
    images, sigmas = pictures(4, height, width), np.float32([0.1, 0.6, 1.3, 2.0])
    blurred = gaussian_blur(tf.constant(images), tf.constant(sigmas), kernel_size=5)
    for place, sigma in enumerate(sigmas):
        own = slice(place, place + 1)
        alone = gaussian_blur(tf.constant(images[own]), tf.constant(sigma), kernel_size=5)
        np.testing.assert_allclose(blurred[own], alone, atol=1e-6)
        np.testing.assert_allclose(blurred[own], numpy_blur(images[own], sigma, 2), atol=1e-6)


def test_a_kernel_of_one_pixel_blurs_nothing():
    images = tf.constant(pictures(2, 5, 5))
    assert gaussian_blur(images, tf.constant(1.0), kernel_size=1) is images


def test_half_precision_stays_half_precision():
    images = tf.cast(pictures(1, 8, 8), tf.float16)
    assert gaussian_blur(images, tf.constant(1.0), kernel_size=3).dtype == tf.float16


@pytest.mark.parametrize("size", [40, 64])
def test_half_of_a_batch_is_blurred_and_all_by_one_sigma(size):
    images, count = pictures(1, size, size).repeat(200, axis=0), 200
    results = random_blur(tf.constant(images), tf.constant([1, size], tf.int64)).numpy()
    changed = [not np.array_equal(result, images[0]) for result in results]
    # Binomial(200, .5): four deviations of 7.07.
    assert abs(sum(changed) - count / 2) < 28.3
    blurred = results[changed]
    np.testing.assert_allclose(blurred, blurred[:1].repeat(len(blurred), 0), atol=1e-6)


def test_sigma_lies_between_its_bounds_and_varies():
    # The blurred unit impulse's centre tells sigma: its value falls as sigma grows.
    impulse = np.zeros((8, 40, 40, 3), np.float32)
    impulse[:, 20, 20] = 1
    blur = tf.function(random_blur)
    peaks = []
    for seed in range(100):
        peak = blur(tf.constant(impulse), tf.constant([seed, 0])).numpy()[:, 20, 20, 0].min()
        peaks.append(peak)
    widest = numpy_kernel(2.0, 2)[2] ** 2
    assert widest - 1e-6 <= min(peaks) < 1.2 * widest
    assert max(peaks) > 0.95
    assert len(np.unique(peaks)) > 70


@pytest.mark.parametrize("size", [40, 60])
def test_each_picture_may_have_a_sigma_of_its_own(size):
    impulses = np.zeros((60, size, size, 3), np.float32)
    impulses[:, size // 2, size // 2] = 1

    def peaks(blur_sigma):
        seed = tf.constant([3, size])
        blurred = random_blur(tf.constant(impulses), seed, blur_sigma).numpy()
        found = blurred[:, size // 2, size // 2, 0]
        return found[blurred[:, size // 2, size // 2 + 1, 0] > 1e-3]  # of those that show a blur

    assert np.ptp(peaks("batch")) < 1e-6
    # A blur by less than a quarter of a pixel hardly shows: a tenth of them.
    found = peaks("image")
    assert len(np.unique(found)) == len(found) > 15
    radius = size // 10 // 2
    assert numpy_kernel(2.0, radius)[radius] ** 2 - 1e-6 <= found.min() < 0.2
    assert found.max() > 0.6


@pytest.mark.parametrize("count", [1, 500])
def test_drawn_sigmas_lie_between_the_papers_bounds(count):
    sigmas = Blur("image").draw(tf.constant([0, count]), count, 20)[1].numpy()
    assert sigmas.shape == (count,)
    assert SIGMA == (0.1, 2.0)  # arXiv 2002.05709, appendix A
    assert sigmas.min() >= 0.1 and sigmas.max() < 2
    assert len(np.unique(sigmas)) == count
    if count > 1:  # Uniform: the mean within four deviations, 1.9 / sqrt(12 * count).
        assert abs(sigmas.mean() - 1.05) < 4 * 1.9 / np.sqrt(12 * count)


@pytest.mark.parametrize("blur_sigma", ["batch", "image"])
def test_blur_follows_from_the_seed(blur_sigma):
    images = tf.constant(pictures(8, 40, 40))
    one, again, other = (
        random_blur(images, tf.constant([5, seed]), blur_sigma) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
