"""The stream of pictures: its order, its shares, and that it can begin anywhere."""

import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment.blur import Blur
from tf_simclr.data.augment.color import Color
from tf_simclr.data.augment.crop import Crop
from tf_simclr.data.augment.flip import Flip
from tf_simclr.data.augment.gray import Gray
from tf_simclr.data.augment.policies import FinetuneView
from tf_simclr.data.augment.rotate import Rotate
from tf_simclr.data.augment.views import DENSE_SIDE, PAIR, PretrainViews, View
from tf_simclr.data.pipeline import (
    Stream,
    endless_records,
    evaluation_batches,
    finetune_batches,
    pretrain_batches,
)
from tf_simclr.data.shares import ListedShare
from tf_simclr.data.source import Source

SIZE, CLASSES = 4, 3


class Numbers(Source):
    """Picture n is n everywhere; labels go -1, 0, 1, 2, -1, ..."""

    def __init__(self, count: int):
        super().__init__(
            name="numbers",
            num_classes=CLASSES,
            class_names=("a", "b", "c"),
            splits={"train": count},
            has_identity=True,
            licence="",
        )

    def num_examples(self, split):
        return self.splits[split]

    def ranges(self, split):
        return [(split, 0, self.splits[split])]

    def records(self, split, *, names=False):
        numbers = tf.data.Dataset.range(self.splits[split])
        return numbers.map(lambda n: self._record(n, names))

    def share_at(self, split, places):
        return ListedShare(tf.constant(places), lambda place: self._record(place, False))

    def places(self, split, names):
        raise NotImplementedError

    def _record(self, n, names):
        record = {"image": tf.strings.as_string(n), "label": n % 4 - 1, "identity": n}
        return record | {"name": "number " + tf.strings.as_string(n)} if names else record

    def decode(self, image):
        return tf.fill([SIZE, SIZE, 3], tf.cast(tf.strings.to_number(image), tf.uint8))


class Noted:
    """Views that are the picture, and something of the seed in their last row."""

    def windows(self, shape, seed):
        whole = tf.concat([[0, 0], shape[:2]], axis=0)
        return tf.stack([whole] * PAIR)

    def make_one(self, image, seed):
        noise = tf.random.stateless_uniform([1, SIZE, 3], seed)
        return tf.concat([tf.cast(image[:-1], tf.float32), noise], axis=0)


class NotedPair(Noted):
    """In place of PretrainViews."""

    def prepare(self, picture, windows, seed):
        tf.debugging.assert_equal(windows, self.windows(tf.shape(picture), seed))
        seeds = tf.unstack(tf.random.split(seed, PAIR))
        return {"crops": tf.stack([self.make_one(picture, own) for own in seeds])}

    def make(self, prepared, *, one_by_one):
        assert one_by_one
        return tf.concat(tf.unstack(prepared["crops"], axis=1), axis=-1)


class NotedOne(Noted):
    """In place of FinetuneView."""

    def make(self, picture, windows, seed):
        tf.debugging.assert_equal(windows, self.windows(tf.shape(picture), seed))
        return self.make_one(picture, seed)


def pretrain(stream, num_classes, place):
    return pretrain_batches(stream, NotedPair(), num_classes, place)


def finetune(stream, num_classes, place):
    return finetune_batches(stream, NotedOne(), num_classes, place)


def stream(count=10, **options):
    return Stream(
        Numbers(count),
        "train",
        **({"batch_size": 4, "image_size": 8, "seed": 0} | options),
    )


def context(pipelines=1, number=0, replicas=1):
    return tf.distribute.InputContext(
        num_input_pipelines=pipelines, input_pipeline_id=number, num_replicas_in_sync=replicas
    )


def take(data, count):
    return list(data.take(count).as_numpy_iterator())


def order(count, length, place=None, **options):
    """The numbers of the first `length` pictures of the stream, and their positions."""
    records = take(endless_records(stream(count, **options), place or context()), length)
    return [record["identity"] for _, record in records], [position for position, _ in records]


@pytest.mark.parametrize("count", [7, 10])
@pytest.mark.parametrize("cache", [True, False])
def test_every_epoch_visits_each_picture_once_in_an_order_of_its_own(count, cache):
    numbers, positions = order(count, 3 * count, cache=cache)
    epochs = [tuple(numbers[start : start + count]) for start in range(0, 3 * count, count)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(count))] * 3
    assert len({*epochs, tuple(range(count))}) == 4  # nor is one of them unshuffled
    assert positions == list(range(3 * count))


def test_order_follows_from_the_seed_alone():
    first, _ = order(20, 40)
    orders = {}
    for program_seed in (None, 0, 5):
        tf.random.set_seed(program_seed)
        orders[program_seed], _ = order(20, 40)
    tf.random.set_seed(None)
    assert all(each == first for each in orders.values())
    assert order(20, 40, seed=1)[0] != first


def test_windows_are_as_large_as_the_originals_buffer():
    # 10 batches; 50 where pictures are small.
    assert stream(image_size=33, batch_size=4).shuffle_window == 40
    assert stream(image_size=32, batch_size=4).shuffle_window == 200


@pytest.mark.parametrize("make", [pretrain, finetune])
@pytest.mark.parametrize(("count", "start"), [(10, 1), (10, 6), (7, 5)])
def test_a_stream_from_step_k_is_the_rest_of_an_unbroken_one(make, count, start):
    unbroken = take(make(stream(count), CLASSES, context()), start + 4)
    resumed = take(make(stream(count, start_step=start), CLASSES, context()), 4)
    for (images, labels), (same_images, same_labels) in zip(unbroken[start:], resumed, strict=True):
        np.testing.assert_array_equal(images, same_images)
        np.testing.assert_array_equal(labels, same_labels)


@pytest.mark.parametrize("start", [0, 3])
def test_pipelines_read_disjoint_shares_that_cover_the_data(start):
    shares = [order(12, 6, context(2, number), start_step=start * 3) for number in range(2)]
    assert sorted(shares[0][0] + shares[1][0]) == list(range(12))
    positions = shares[0][1] + shares[1][1]
    # Three steps of four are one epoch of twelve: two pipelines, each two pictures a step.
    assert sorted(positions) == list(range(start * 12, start * 12 + 12))


@pytest.mark.parametrize(("replicas", "pipelines", "local"), [(1, 1, 4), (2, 1, 2), (2, 2, 2)])
def test_a_batch_is_shared_out_among_replicas(replicas, pipelines, local):
    place = context(pipelines, 0, replicas)
    ((images, labels),) = take(finetune(stream(), CLASSES, place), 1)
    assert images.shape == (local, SIZE, SIZE, 3)
    assert labels.shape == (local, CLASSES)


def test_replicas_of_one_pipeline_read_what_one_device_would():
    make = lambda place: finetune(stream(), 0, place)  # noqa: E731
    whole = np.concatenate(take(make(context()), 5))
    parts = np.concatenate(take(make(context(replicas=2)), 10))
    np.testing.assert_array_equal(whole, parts)


def test_the_two_views_of_a_picture_differ_as_do_those_of_other_epochs():
    batches = take(pretrain(stream(8), 0, context()), 8)  # four epochs
    images = np.concatenate(batches)
    assert images.shape == (32, SIZE, SIZE, 6)
    assert images.dtype == np.float32
    first, second = images[..., :3], images[..., 3:]
    np.testing.assert_array_equal(first[:, :-1], second[:, :-1])  # one picture
    noise = [tuple(row.ravel()) for row in (*first[:, -1], *second[:, -1])]
    assert len(set(noise)) == 64


def test_views_follow_from_the_seed():
    runs = [take(pretrain(stream(seed=s), 0, context()), 2) for s in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


@pytest.mark.parametrize("make", [pretrain, finetune])
def test_labels_are_one_hot_and_zeros_where_there_is_none(make):
    for images, labels in take(make(stream(), CLASSES, context()), 5):
        numbers = images[:, 0, 0, 0].astype(int)
        expected = [np.arange(CLASSES) == number % 4 - 1 for number in numbers]
        np.testing.assert_array_equal(labels, np.float32(expected))


def test_training_batches_are_whole_across_epochs():
    # 10 pictures in batches of 4: the third batch has the last two of one epoch and two more.
    batches = take(finetune(stream(10), 0, context()), 5)
    assert {len(batch) for batch in batches} == {4}
    numbers = np.concatenate(batches)[:, 0, 0, 0]
    assert sorted(numbers) == sorted([*range(10)] * 2)


@pytest.mark.parametrize("number", [3, 4])
def test_more_pipelines_than_pictures_is_a_clear_error(number):
    message = f"'train' with 3 pictures for 5 pipelines, of which number {number} gets none"
    with pytest.raises(ValueError, match=message):
        endless_records(stream(3), context(5, number))


@pytest.mark.parametrize(("count", "sizes"), [(10, [4, 4, 2]), (8, [4, 4])])
def test_evaluation_visits_all_in_order_once(count, sizes):
    data = evaluation_batches(
        Numbers(count), "train", view=lambda image: tf.cast(image, tf.float32), batch_size=4
    )
    batches = list(data.as_numpy_iterator())
    assert [len(batch["image"]) for batch in batches] == sizes
    for name in ("identity", "label"):
        found = list(itertools.chain(*(batch[name] for batch in batches)))
        assert found == [n if name == "identity" else n % 4 - 1 for n in range(count)]
    images = np.concatenate([batch["image"] for batch in batches])
    np.testing.assert_array_equal(images[:, 0, 0, 0], np.arange(count))


class Noise(Numbers):
    """Picture n is noise of its own: of one shape, or as many pixels larger as n says."""

    def __init__(self, shape, *, varied):
        super().__init__(10)
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "varied", varied)

    @property
    def picture_shape(self):
        return None if self.varied else self.shape

    def decode(self, image):
        number = tf.strings.to_number(image, tf.int32)
        larger = number if self.varied else tf.zeros_like(number)
        shape = tf.constant(self.shape) + tf.stack([larger, 2 * larger, 0])
        noise = tf.random.stateless_uniform(shape, tf.stack([number, 0]), 0, 256, tf.int32)
        return tf.ensure_shape(tf.cast(noise, tf.uint8), [None, None, 3])


VIEW = View.of(Crop(), Flip(), Color(), Gray(), Blur())
SMALL_SHAPE, LARGE_SHAPE = (20, 28, 3), (DENSE_SIDE + 6, 40, 3)


def noisy(shape, varied, **options):
    source = Noise(shape, varied=varied)
    return Stream(source, "train", batch_size=4, image_size=16, seed=0, **options)


@pytest.mark.parametrize(
    ("shape", "varied"), [(SMALL_SHAPE, False), (LARGE_SHAPE, False), (SMALL_SHAPE, True)]
)
@pytest.mark.parametrize("num_classes", [0, CLASSES])
@pytest.mark.parametrize("second", [VIEW, View.of(Crop(), Rotate(), Gray())])
def test_host_and_device_make_the_same_views(shape, varied, num_classes, second):
    views = PretrainViews(16, (VIEW, second))
    batches = functools.partial(pretrain_batches, noisy(shape, varied), views, num_classes)
    host = take(batches(context()), 3)
    device = list(batches(context(), on_device=True).take(3))
    for made, prepared in zip(host, device, strict=True):
        if num_classes:
            (made, labels), (prepared, same_labels) = made, prepared
            np.testing.assert_array_equal(labels, same_labels)
        assert set(prepared) == ({"crops", "draws"} if varied else {"pictures", "windows", "draws"})
        assert made.min() >= 0 and made.max() <= 1 and made.std() > 0.05
        np.testing.assert_allclose(views.make(prepared, one_by_one=False), made, atol=1e-4)


def test_views_come_from_the_seed_and_the_place_in_the_stream():
    views = PretrainViews(16, (View.of(Crop(), Flip(), Rotate(), Color(0.5)),) * 2)
    (prepared,) = pretrain_batches(
        noisy(SMALL_SHAPE, False), views, 0, context(), on_device=True
    ).take(1)
    for place in range(4):
        seed = tf.constant([0, place], tf.int64)
        np.testing.assert_array_equal(prepared["draws"][place], views.draws(seed))
        windows = views.windows(tf.constant(SMALL_SHAPE), seed)
        np.testing.assert_array_equal(prepared["windows"][place], windows)


@pytest.mark.parametrize(("batch", "size"), [(4, 16), (6, 24)])
@pytest.mark.parametrize("num_classes", [0, CLASSES])
def test_elements_have_static_shapes(batch, size, num_classes):
    def spec(shape, dtype=tf.float32):
        return tf.TensorSpec([batch, *shape], dtype)

    def elements(varied, make, **options):
        source = Noise(SMALL_SHAPE, varied=varied)
        data = Stream(source, "train", batch_size=batch, image_size=size, seed=0)
        views = (
            PretrainViews(size, (VIEW, VIEW)) if make is pretrain_batches else FinetuneView(size)
        )
        found = make(data, views, num_classes, context(), **options).element_spec
        if not num_classes:
            return found
        images, labels = found
        assert labels == spec([CLASSES])
        return images

    draws = {"draws": spec([11, PAIR])}
    for varied in (False, True):
        assert elements(varied, pretrain_batches) == spec([size, size, 6])
        assert elements(varied, finetune_batches) == spec([size, size, 3])
    assert elements(True, pretrain_batches, on_device=True) == draws | {
        "crops": spec([PAIR, size, size, 3])
    }
    assert elements(False, pretrain_batches, on_device=True) == draws | {
        "pictures": spec(SMALL_SHAPE, tf.uint8),
        "windows": spec([PAIR, 4], tf.int32),
    }


@pytest.mark.parametrize("on_device", [False, True])
@pytest.mark.parametrize("varied", [False, True])
def test_real_views_from_step_k_are_the_rest_of_an_unbroken_stream(varied, on_device):
    views, start = PretrainViews(16, (VIEW, VIEW)), 3
    unbroken, resumed = (
        take(pretrain_batches(each, views, 0, context(), on_device=on_device), count)
        for each, count in (
            (noisy(SMALL_SHAPE, varied), start + 2),
            (noisy(SMALL_SHAPE, varied, start_step=start), 2),
        )
    )
    for whole, rest in zip(unbroken[start:], resumed, strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, whole, rest)
