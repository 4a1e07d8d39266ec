"""Pairs of views: the ways to make them agree, with each other and with plain tf.image."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import host_xla
from tf_simclr.data.augment import color, gray
from tf_simclr.data.augment.blur import Blur
from tf_simclr.data.augment.color import Color
from tf_simclr.data.augment.crop import Crop, random_window
from tf_simclr.data.augment.cutout import Cutout
from tf_simclr.data.augment.flip import Flip
from tf_simclr.data.augment.gray import Gray
from tf_simclr.data.augment.operation import act_in_turn
from tf_simclr.data.augment.rotate import Rotate
from tf_simclr.data.augment.views import PAIR, PretrainViews, View, compiled

ATOL = 1e-4


def alike(size, *operations):
    return PretrainViews(size, (View.of(*operations), View.of(*operations)))


def of_paper(size, strength=1.0, *more, min_crop_area=0.08):
    """Crop, flip, `more`, colours: both views alike."""
    colours = (Color(strength), Gray()) if strength else ()
    return alike(size, Crop(min_crop_area), Flip(), *more, *colours)


def pictures(height=40, width=30, count=6):
    return np.random.default_rng(height).integers(0, 256, (count, height, width, 3), np.uint8)


def seeds(count, stream=3):
    return np.array([[stream, number] for number in range(count)], np.int64)


def prepared(views, images, picture_seeds, *, whole=False):
    """What is ready of a batch, each picture by its own seed."""

    def one(image, seed):
        image, seed = tf.constant(image), tf.constant(seed)
        if whole:
            return views.prepare_whole(image, seed)
        return views.prepare(image, views.windows(tf.shape(image), seed), seed)

    return tf.nest.map_structure(lambda *parts: tf.stack(parts), *map(one, images, picture_seeds))


@functools.cache
def maker(views, one_by_one):
    """As the pipeline makes views, and as the training step does."""
    return tf.function(
        lambda batch: views.make(batch, one_by_one=one_by_one),
        autograph=False,
        jit_compile=one_by_one and host_xla.compiles(),
    )


def make(views, images, picture_seeds, *, whole=False, one_by_one=False):
    """float32 [batch, 2, size, size, 3]."""
    made = maker(views, one_by_one)(prepared(views, images, picture_seeds, whole=whole))
    assert made.shape == (len(images), views.size, views.size, PAIR * 3)
    assert made.dtype == tf.float32
    return np.stack(np.split(made.numpy(), PAIR, axis=-1), axis=1)


WAYS = [
    {"whole": whole, "one_by_one": one_by_one}
    for whole in (False, True)
    for one_by_one in (False, True)
]


def flipped(flip, view, draws):
    return view[:, ::-1] if draws[0] < 0.5 else view


def colored(color, view, draws):
    gate, factors, order = draws[0], draws[1:5], draws[5:]
    if gate >= 0.8:
        return view
    return jittered(view, factors, np.argsort(order), color.color_jitter_strength)


def grayed(gray, view, draws):
    return tf.image.grayscale_to_rgb(tf.image.rgb_to_grayscale(view)) if draws[0] < 0.2 else view


# The others are tested pixel by pixel beside their files.
BY_TENSORFLOW = {Flip: flipped, Color: colored, Gray: grayed}


def by_tensorflow(views, image, seed):
    """Both views of one picture by tf.image; what is drawn is taken from `views`."""
    windows = views.windows(tf.constant(image.shape), tf.constant(seed)).numpy()
    numbers, made = views.draws(tf.constant(seed)).numpy().T, []
    for (top, left, height, width), draws, way in zip(windows, numbers, views.each):
        view = tf.image.crop_to_bounding_box(image, top, left, height, width)
        view = tf.image.resize(view, [views.size] * 2, tf.image.ResizeMethod.BICUBIC) / 255
        for one in way.by_picture:
            own, draws = np.split(draws, [one.numbers])
            if type(one) in BY_TENSORFLOW:
                view = BY_TENSORFLOW[type(one)](one, view, own)
            else:
                view = one.act(view[tf.newaxis], own[np.newaxis])[0]
        made.append(tf.clip_by_value(view, 0, 1))
    return np.stack(made)


def expected_views(views, images):
    return np.stack([by_tensorflow(views, *each) for each in zip(images, seeds(len(images)))])


def jittered(view, draws, order, strength):
    """arXiv 2002.05709, appendix A, with the factors of SimCLRv2's code."""
    half = 0.8 * strength
    operations = (
        lambda image, draw: image * factor(draw),
        lambda image, draw: tf.image.adjust_contrast(image, factor(draw)),
        lambda image, draw: tf.image.adjust_saturation(image, factor(draw)),
        lambda image, draw: tf.image.adjust_hue(image, 0.2 * strength * (2 * draw - 1)),
    )

    def factor(draw):
        low = max(1 - half, 0)
        return low + (1 + half - low) * draw

    for number in order:
        view = tf.clip_by_value(operations[number](view, draws[number]), 0, 1)
    return view


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize(
    ("height", "width", "size", "strength"), [(40, 30, 16, 1.0), (24, 52, 32, 0.5)]
)
def test_every_way_gives_the_views_of_tf_image(height, width, size, strength, way):
    views, images = of_paper(size, strength), pictures(height, width)
    made = make(views, images, seeds(len(images)), **way)
    np.testing.assert_allclose(made, expected_views(views, images), atol=ATOL)


def test_all_ways_agree_on_many_draws():
    # Black and white pixels: bicubic resizing overshoots, and HSV is singular at both.
    views, images = of_paper(16), (pictures(20, 26, 50) > 127).astype(np.uint8) * 255
    images = images[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2)
    made = [make(views, images, seeds(len(images)), **way) for way in WAYS]
    for way, other in zip(WAYS[1:], made[1:]):
        np.testing.assert_allclose(other, made[0], atol=ATOL, err_msg=str(way))


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_views_of_a_picture_do_not_depend_on_its_batch(way):
    views, images, order = of_paper(16), pictures(), [4, 0, 5, 2, 1, 3]
    whole = make(views, images, seeds(len(images)), **way)
    mixed = make(views, images[order], seeds(len(images))[order], **way)
    np.testing.assert_allclose(mixed, whole[order], atol=1e-6)
    alone = make(views, images[4:5], seeds(len(images))[4:5], **way)
    np.testing.assert_allclose(alone, whole[4:5], atol=1e-6)


@pytest.mark.parametrize(("height", "width", "size"), [(40, 30, 16), (20, 50, 48), (7, 7, 32)])
@pytest.mark.parametrize("whole", [False, True])
def test_views_are_square_floats_between_0_and_1(height, width, size, whole):
    # Pixels of 0 and 255 only: bicubic resizing overshoots, so that clipping has work.
    images = (pictures(height, width, 4) > 127).astype(np.uint8) * 255
    for strength in (0.0, 1.0):
        made = make(of_paper(size, strength), images, seeds(4), whole=whole)
        assert made.shape == (4, PAIR, size, size, 3)
        assert made.min() >= 0 and made.max() <= 1


def test_views_follow_from_the_seed_and_differ():
    views, images = of_paper(16), pictures(count=1)
    one, again, other = (make(views, images, [[3, seed]]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max((0, 2, 3, 4)).min() > 0.05
    assert np.abs(one[:, 0] - one[:, 1]).max() > 0.05


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_prepared_has_the_promised_shapes(count):
    views, images = of_paper(16), pictures(40, 30, count)
    crops = prepared(views, images, seeds(count))
    assert {name: (part.shape, part.dtype) for name, part in crops.items()} == {
        "crops": ((count, PAIR, 16, 16, 3), tf.float32),
        "draws": ((count, 11, PAIR), tf.float32),
    }
    whole = prepared(views, images, seeds(count), whole=True)
    assert {name: (part.shape, part.dtype) for name, part in whole.items()} == {
        "pictures": ((count, 40, 30, 3), tf.uint8),
        "windows": ((count, PAIR, 4), tf.int32),
        "draws": ((count, 11, PAIR), tf.float32),
    }
    np.testing.assert_array_equal(whole["draws"], crops["draws"])
    assert len(np.unique(crops["draws"])) == count * PAIR * views.num_draws


@pytest.mark.parametrize("shape", [(40, 30, 3), (50, 90, 3)])
def test_windows_are_random_ones_of_the_smallest_area(shape):
    seed = tf.constant([3, 1], tf.int64)
    for min_area in (0.08, 0.9):
        windows = of_paper(16, min_crop_area=min_area).windows(tf.constant(shape), seed)
        expected = [
            random_window(tf.constant(shape), own, min_area=min_area)
            for own in tf.unstack(tf.random.split(seed, PAIR))
        ]
        np.testing.assert_array_equal(windows, expected)
        if min_area < 0.5:  # Larger ones of another shape than the target's are the picture.
            assert not np.array_equal(windows[0], windows[1])


def test_strength_scales_the_change_of_colours():
    images = np.full((20, 20, 20, 3), [100, 120, 60], np.uint8)
    changes = [
        np.abs(make(of_paper(8, strength), images, seeds(20)) - images[0, 0, 0] / 255).mean()
        for strength in (0.1, 1.0)
    ]
    assert 0 < changes[0] < changes[1]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("min_area", [0.5, 1.0])
def test_smallest_crop_can_be_chosen(min_area, whole):
    # A ramp tells how much of the width is seen: the range of its values.
    ramp = np.uint8(np.linspace(0, 255, 64).round())[:, np.newaxis, np.newaxis]
    images = np.broadcast_to(ramp, (20, 64, 64, 3))
    made = make(of_paper(32, 0.0, min_crop_area=min_area), images, seeds(20), whole=whole)
    spans = np.ptp(made, axis=(2, 3, 4))
    # A window of a share a is at least sqrt(a * 3 / 4) wide.
    assert spans.min() > np.sqrt(min_area * 3 / 4) - 0.08


@pytest.mark.parametrize("one_by_one", [False, True])
def test_gates_open_as_often_as_the_paper_says(one_by_one):
    # Left half red, right half green and a crop of all: the view tells what was done to it.
    level, count = 128, 1000
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, :4, 0] = image[:, 4:, 1] = level
    views = of_paper(8, min_crop_area=0.999)
    all_seeds = tf.stack(
        [tf.range(count, dtype=tf.int64), tf.fill([count], tf.constant(11, tf.int64))], axis=1
    )
    draws = tf.map_fn(views.draws, all_seeds, fn_output_signature=tf.float32)
    windows = np.broadcast_to([0, 0, 8, 8], (count, PAIR, 4)).astype(np.int32)
    pairs = np.broadcast_to(image, (count, 8, 8, 3))
    batch = {"pictures": tf.constant(pairs), "windows": tf.constant(windows), "draws": draws}
    made = np.concatenate(np.split(maker(views, one_by_one)(batch).numpy(), PAIR, axis=-1))
    grays = np.ptp(made, axis=-1).max((1, 2)) < 1e-5
    coloured = made[~grays]
    red_left = coloured[:, :, :2, 0].mean((1, 2)) > coloured[:, :, :2, 1].mean((1, 2))
    untouched = np.abs(coloured[:, 0, [0, -1]].max(-1) - level / 255).max(1) < 1e-4

    def close(hits, total, probability):
        """Within four standard deviations of a binomial."""
        deviation = np.sqrt(total * probability * (1 - probability))
        return abs(hits - total * probability) < 4 * deviation

    # Jitter may take away all colour, and it may turn red to green: rarely, by less than 1 %.
    assert close(grays.sum(), len(made), gray.PROBABILITY)
    assert close(untouched.sum(), len(coloured), 1 - color.PROBABILITY)
    plain = red_left[untouched]
    assert close((~plain).sum(), len(plain), 0.5)
    assert (color.PROBABILITY, gray.PROBABILITY) == (0.8, 0.2)


@pytest.mark.parametrize("size", [16, 24])
@pytest.mark.parametrize("extra", [Rotate(), Cutout()])
def test_one_more_operation_changes_the_picture_and_no_draw_before_it(extra, size):
    # Without colours, crop and flip are all there is: the operation applied by hand comes after.
    images, picture_seeds = pictures(count=4), seeds(4)
    plain = make(of_paper(size, 0.0), images, picture_seeds)
    made = make(of_paper(size, 0.0, extra), images, picture_seeds)
    draws = prepared(of_paper(size, 0.0, extra), images, picture_seeds)["draws"]
    for view in range(PAIR):
        own = draws[:, 1:, view]
        np.testing.assert_array_equal(made[:, view], extra.act(tf.constant(plain[:, view]), own))
    assert not np.array_equal(made, plain)


ORDERS = {  # views of other operations, and in other orders
    "rotate before the colours": of_paper(16, 1.0, Rotate()),
    "cutout before the colours": of_paper(24, 1.0, Cutout()),
    "colours first": alike(16, Crop(), Gray(), Color(0.5), Flip()),
    "colours apart": alike(24, Crop(), Color(0.5), Flip(), Cutout(), Gray()),
    "an operation twice": alike(16, Crop(), Cutout(), Flip(), Cutout()),
    "a crop alone": alike(24, Crop()),
    "views that differ": PretrainViews(
        16, (View.of(Crop(0.5), Flip(), Gray()), View.of(Crop(), Cutout(), Color()))
    ),
}


@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("views", ORDERS.values(), ids=ORDERS)
def test_operations_come_in_any_order(views, one_by_one):
    images = pictures()
    made = make(views, images, seeds(len(images)), one_by_one=one_by_one)
    np.testing.assert_allclose(made, expected_views(views, images), atol=ATOL)


def test_an_operation_draws_the_same_whatever_comes_after_it():
    few, many = of_paper(16, 0.0), of_paper(16)
    few_draws, many_draws = (each.draws(tf.constant([3, 1])) for each in (few, many))
    np.testing.assert_array_equal(few_draws, many_draws[:1])


BLUR_SEEDS = np.array([[1, 2], [3, 4]])


@pytest.mark.parametrize("size", [20, 30])
@pytest.mark.parametrize("blur", [Blur(), Blur("image")])
def test_the_step_takes_pairs_apart_and_blurs_each_view_by_a_seed_of_its_own(size, blur):
    pairs = np.random.default_rng(size).random((6, size, size, 6), np.float32)
    views = alike(size, Crop(), Flip(), blur)
    first, second = np.split(views.finish(tf.constant(pairs), BLUR_SEEDS).numpy(), 2)
    for found, view, seed in zip((first, second), np.split(pairs, 2, axis=-1), BLUR_SEEDS):
        drawn = blur.draw(tf.random.fold_in(tf.constant(seed), 0), 6, size)
        np.testing.assert_allclose(found, blur.act(tf.constant(view), drawn), atol=1e-6)
        assert not np.array_equal(found, view)


@pytest.mark.parametrize("size", [20, 30])
def test_what_comes_after_the_blur_is_made_in_the_step_too(size):
    pairs = np.random.default_rng(size).random((40, size, size, 6), np.float32)
    way = View.of(Crop(), Blur(), Flip(), Gray())
    views = PretrainViews(size, (way, View.of(Crop(), Flip())))
    assert (way.by_picture, views.num_draws) == ((), 1)
    first, second = np.split(views.finish(tf.constant(pairs), BLUR_SEEDS).numpy(), 2)
    np.testing.assert_array_equal(second, pairs[..., 3:])
    grays = np.ptp(first, axis=-1).max((1, 2)) < 1e-6
    assert 0 < grays.sum() < 25  # Binomial(40, .2): mean 8, deviation 2.5.
    expected = tf.constant(pairs[..., :3])
    for place, one in enumerate((Blur(), Flip(), Gray())):
        seed = tf.random.fold_in(tf.constant(BLUR_SEEDS[0]), place)
        expected = act_in_turn([one], expected, [one.draw(seed, 40, size)])
    np.testing.assert_allclose(first, tf.clip_by_value(expected, 0, 1), atol=1e-6)


def test_what_the_step_makes_is_clipped():
    pairs = 3 * np.random.default_rng(0).random((8, 20, 20, 6), np.float32) - 1
    finished = alike(20, Crop(), Blur()).finish(tf.constant(pairs), BLUR_SEEDS)
    assert finished.numpy().min() == 0 and finished.numpy().max() == 1


@pytest.mark.parametrize("extra", [None, Cutout()])
@pytest.mark.parametrize(("strength", "whole"), [(1.0, False), (0.5, True)])
def test_where_xla_has_no_cpu_a_plain_function_makes_the_same_views(
    monkeypatch, strength, whole, extra
):
    views, made = of_paper(16, strength, *filter(None, [extra])), {}
    batch = prepared(views, pictures(), seeds(6), whole=whole)
    for xla_has_a_cpu in {False, host_xla.compiles()}:
        monkeypatch.setattr(host_xla, "compiles", lambda answer=xla_has_a_cpu: answer)
        compiled.cache_clear()
        traced = compiled(views).get_concrete_function(batch)
        assert traced.function_def.attr["_XlaMustCompile"].b is xla_has_a_cpu
        made[xla_has_a_cpu] = traced(batch)
    compiled.cache_clear()
    np.testing.assert_allclose(made[False], made.get(True, made[False]), atol=1e-5)
    expected = maker(views, one_by_one=False)(batch)  # as the training step makes them
    np.testing.assert_allclose(made[False], expected, atol=1e-5)
