"""The SimCLR model: what a step does, what it reports, and that Keras' own methods work on it."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from tiny_encoders import TinyEncoder

from tf_simclr.losses.dcl import DCL
from tf_simclr.losses.nt_xent import NTXent, nt_xent
from tf_simclr.nets.heads import ProjectionHead
from tf_simclr.nets.resnet import BLOCKS, ResNet
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.optim.lars import LARS

BATCH, SIZE, CLASSES = 6, 4, 3


def tiny(model=SimCLR, **options):
    keras.utils.set_random_seed(1)
    net = model(
        TinyEncoder(),
        ProjectionHead(out_dim=5, num_layers=2),
        **({"num_classes": CLASSES, "loss": NTXent(temperature=0.5)} | options),
    )
    net(tf.zeros([1, SIZE, SIZE, 3]))
    return net


def views(batch=BATCH, size=SIZE):
    return np.random.default_rng(0).random((batch, size, size, 6), np.float32)


def one_hot(*labels):
    """A row of zeros for -1."""
    return tf.one_hot(labels, CLASSES)


LABELS = one_hot(0, 1, 2, 0, 1, 2)


def one_batch(*parts, repeat=1):
    data = tf.data.Dataset.from_tensors(parts[0] if len(parts) == 1 else parts)
    return data.repeat(repeat)


def test_fit_lowers_the_loss_on_a_fixed_batch():
    net = tiny()
    net.compile(keras.optimizers.Adam(0.01))
    history = net.fit(one_batch(views(), LABELS), epochs=25, verbose=0).history
    assert set(history) == set(SimCLR.METRICS)
    assert history["contrast_loss"][-1] < 0.8 * history["contrast_loss"][0]
    assert history["supervised_loss"][-1] < history["supervised_loss"][0]


def test_a_resnet_trains_under_steps_per_execution(monkeypatch):
    monkeypatch.setitem(BLOCKS, 18, (1, 1, 1, 1))  # half as much to trace
    net = SimCLR(ResNet(18, width_multiplier=1 / 32, small_images=True), ProjectionHead(out_dim=4))
    net(tf.zeros([1, 8, 8, 3]))
    before = [variable.numpy() for variable in net.trainable_variables]
    net.compile(LARS(0.1), steps_per_execution=2)
    net.fit(one_batch(views(4, 8), repeat=4), verbose=0)
    assert int(net.optimizer.iterations) == 4
    moved = [
        not np.array_equal(was, now)
        for was, now in zip(before, net.trainable_variables, strict=True)
    ]
    assert all(moved)


def test_float64_stays_float64():
    keras.backend.set_floatx("float64")
    try:
        net = SimCLR(
            ResNet(18, width_multiplier=1 / 32, small_images=True),
            ProjectionHead(out_dim=4),
            num_classes=CLASSES,
        )
        net(tf.zeros([1, 8, 8, 3], tf.float64))
        head = [net.supervised_head.kernel]
        net.compile(
            LARS(0.1, weight_decay=1e-4),
            weight_decay=1e-4,
            l2_variables=head,
            run_eagerly=True,
        )
        before = net.get_weights()
        history = net.fit(one_batch(views(BATCH, 8), LABELS), verbose=0).history
        outputs = net(views(2, 8)[..., :3])
    finally:
        keras.backend.set_floatx("float32")
    assert {weight.dtype for weight in net.weights} == {tf.float64}
    assert {output.dtype for output in outputs.values()} == {tf.float64}
    assert np.isfinite(history["total_loss"]).all()
    assert any(not np.array_equal(was, now) for was, now in zip(before, net.get_weights()))


def test_predict_gives_every_output_of_single_pictures():
    net = tiny()
    net.compile()
    outputs = net.predict(views(5)[..., :3], batch_size=2, verbose=0)
    shapes = {name: output.shape for name, output in outputs.items()}
    assert shapes == {
        "final_avg_pool": (5, 8),
        "proj_head_output": (5, 5),
        "logits_sup": (5, CLASSES),
    }


def test_summary_counts_the_weights(capsys):
    net = tiny()
    net.compile(weight_decay=0.1, l2_variables=net.trainable_variables)
    net.summary()
    # Dense 48 * 8 + 8 and batch norm 4 * 8; head 64 + 32 and 40 + 3 * 5; classifier 24 + 3.
    assert "Total params: 602" in capsys.readouterr().out
    assert net.count_params() == 602


def test_call_is_left_to_keras():
    assert "__call__" not in vars(SimCLR)


def test_evaluate_on_views_reports_the_loss_in_inference_mode_and_changes_nothing():
    net = tiny()
    net.compile(weight_decay=0.2, l2_variables=[net.supervised_head.kernel])
    before = net.get_weights()
    results = net.evaluate(one_batch(views(), LABELS), verbose=0, return_dict=True)
    both = tf.concat([views()[..., :3], views()[..., 3:]], 0)
    loss, _, _ = nt_xent(net(both)["proj_head_output"], temperature=0.5)
    penalty = 0.2 * (net.supervised_head.kernel.numpy() ** 2).sum() / 2
    np.testing.assert_allclose(results["contrast_loss"], loss, rtol=1e-5)
    np.testing.assert_allclose(results["weight_decay"], penalty, rtol=1e-5)
    np.testing.assert_allclose(
        results["total_loss"], loss + results["supervised_loss"] + penalty, rtol=1e-5
    )
    for was, now in zip(before, net.get_weights()):
        np.testing.assert_array_equal(was, now)


def test_evaluate_on_single_pictures_scores_the_linear_head():
    net = tiny()
    net.compile(weight_decay=0.2, l2_variables=[net.supervised_head.kernel])
    pictures, labels = views()[..., :3], [0, 1, 2, 0, 1, -1]
    results = net.evaluate(one_batch(pictures, one_hot(*labels)), verbose=0, return_dict=True)
    logits = net(pictures)["logits_sup"].numpy().astype(np.float64)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    loss = -sum(log_p[row, label] for row, label in enumerate(labels) if label >= 0) / BATCH
    accuracy = np.mean(logits.argmax(1)[:5] == labels[:5])
    np.testing.assert_allclose(results["supervised_loss"], loss, rtol=1e-5)
    np.testing.assert_allclose(results["supervised_acc"], accuracy, rtol=1e-5)
    assert results["supervised_top_5_acc"] == 1.0  # of three classes
    penalty = 0.2 * (net.supervised_head.kernel.numpy() ** 2).sum() / 2
    np.testing.assert_allclose(results["total_loss"], loss + penalty, rtol=1e-5)


@pytest.mark.parametrize(
    ("classes", "parts"), [(0, (views()[..., :3], LABELS)), (CLASSES, (views()[..., :3],))]
)
def test_single_pictures_without_head_or_labels_cannot_be_evaluated(classes, parts):
    net = tiny(num_classes=classes)
    net.compile(run_eagerly=True)
    with pytest.raises(ValueError, match="needs a linear head and labels"):
        net.evaluate(one_batch(*parts), verbose=0)


def test_the_linear_head_never_changes_the_encoder():
    ends = []
    for labels in (LABELS, one_hot(2, 0, 1, 2, 0, 1), None):
        net = tiny()
        net.compile(keras.optimizers.SGD(0.5), run_eagerly=True)
        net.fit(one_batch(views(), *([] if labels is None else [labels]), repeat=3), verbose=0)
        ends.append((net.encoder.get_weights(), net.supervised_head.get_weights()))
    for encoder, _ in ends[1:]:
        for first, other in zip(ends[0][0], encoder):
            np.testing.assert_array_equal(first, other)
    assert not np.array_equal(ends[0][1][0], ends[1][1][0])  # while the head itself learns


def test_the_linear_heads_loss_has_no_gradient_in_the_encoder():
    net = tiny()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(net(views()[..., :3], training=True)["logits_sup"])
    gradients = tape.gradient(loss, net.trainable_variables)
    with_gradient = [v.name for v, g in zip(net.trainable_variables, gradients) if g is not None]
    assert with_gradient == ["simclr/head_supervised/kernel:0", "simclr/head_supervised/bias:0"]


@pytest.mark.parametrize(("selector", "width"), [(1, 8), (2, 5), (-1, 5)])
def test_the_linear_head_reads_the_selected_layer_and_leaves_its_weights_alone(selector, width):
    net = tiny(selector=selector)
    with tf.GradientTape() as tape:
        outputs = net(views()[..., :3])
        loss = tf.reduce_sum(outputs["logits_sup"])
    read = net.projection_head(outputs["final_avg_pool"])[selector]
    kernel, bias = net.supervised_head.weights
    assert kernel.shape == [width, CLASSES]
    np.testing.assert_allclose(outputs["logits_sup"], read @ kernel + bias, rtol=1e-5, atol=1e-7)
    gradients = zip(net.trainable_variables, tape.gradient(loss, net.trainable_variables))
    assert [v.ref() for v, gradient in gradients if gradient is not None] == [
        kernel.ref(),
        bias.ref(),
    ]


@pytest.mark.parametrize("selector", [3, -2])
def test_a_layer_that_there_is_not_cannot_be_selected(selector):
    with pytest.raises(ValueError, match=f"`selector` must be from -1 to 2, .* {selector=}"):
        tiny(selector=selector)


@pytest.mark.parametrize("labels", [(-1,) * 6, (0, -1, 1, -1, 2, -1)])
def test_unlabelled_rows_add_nothing(labels):
    net = tiny()
    net.compile(keras.optimizers.SGD(0.0))
    results = net.train_on_batch(views(), one_hot(*labels), return_dict=True)
    both = tf.concat([views()[..., :3], views()[..., 3:]], 0)
    logits = net(both, training=True)["logits_sup"].numpy().astype(np.float64)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    rows = [(row, label) for row, label in enumerate(labels * 2) if label >= 0]
    loss = -sum(log_p[row] for row in rows) / (2 * BATCH)
    hits = [logits[row].argmax() == label for row, label in rows]
    np.testing.assert_allclose(results["supervised_loss"], loss, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(results["supervised_acc"], np.mean(hits) if hits else 0)


def test_total_loss_is_the_sum_of_its_terms():
    net = tiny()
    net.compile(keras.optimizers.SGD(0.0), weight_decay=0.3, l2_variables=net.trainable_variables)
    results = net.train_on_batch(views(), LABELS, return_dict=True)
    penalty = 0.3 * sum((v.numpy() ** 2).sum() for v in net.trainable_variables) / 2
    np.testing.assert_allclose(results["weight_decay"], penalty, rtol=1e-5)
    terms = [results[name] for name in ("contrast_loss", "supervised_loss", "weight_decay")]
    np.testing.assert_allclose(results["total_loss"], sum(terms), rtol=1e-6)


@pytest.mark.parametrize("batch", [6, 9])
def test_contrastive_metrics_equal_numpys(batch):
    net = tiny(num_classes=0)
    net.compile(keras.optimizers.SGD(0.0))
    images = views(batch)
    results = net.train_on_batch(images, return_dict=True)
    both = tf.concat([images[..., :3], images[..., 3:]], 0)
    z = net(both, training=True)["proj_head_output"].numpy().astype(np.float64)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    logits = z[:batch] @ z[batch:].T / 0.5
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    accuracy = np.mean(logits.argmax(1) == np.arange(batch))
    np.testing.assert_allclose(results["contrast_acc"], accuracy, rtol=1e-6)
    entropy = -(p * np.log(p + 1e-8)).sum(1).mean()
    np.testing.assert_allclose(results["contrast_entropy"], entropy, rtol=1e-4)


def seeds_of(seed, steps, **options):
    """The seeds that make_views is given, step after step."""
    given = []

    def record(images, seeds):
        assert images.shape == (BATCH, SIZE, SIZE, 6)
        assert (seeds.shape, seeds.dtype) == ((2, 2), tf.int64)
        given.extend(map(tuple, seeds.numpy().tolist()))
        return tf.concat(tf.split(images, 2, axis=-1), axis=0)

    net = tiny(num_classes=0, make_views=record, seed=seed, **options)
    net.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    net.fit(one_batch(views(), repeat=steps), verbose=0)
    return given


def test_each_view_of_each_step_is_made_from_a_seed_of_its_own():
    given = seeds_of(7, steps=3)
    assert len(given) == len(set(given)) == 2 * 3
    assert given == seeds_of(7, steps=3)
    assert not set(given) & set(seeds_of(8, steps=3))


def test_microbatches_make_the_views_of_the_whole_batch_once():
    assert seeds_of(7, steps=3, microbatches=2) == seeds_of(7, steps=3)


def test_make_views_takes_whatever_a_batch_begins_with():
    def black(pictures, seeds):
        del seeds
        return tf.zeros([2 * pictures["sizes"].shape[0], SIZE, SIZE, 3])

    net = tiny(num_classes=0, make_views=black)
    net.compile(keras.optimizers.SGD(0.0))
    data = tf.data.Dataset.from_tensors({"sizes": tf.zeros([BATCH]), "bytes": tf.zeros([BATCH, 9])})
    loss = net.fit(data, verbose=0).history["contrast_loss"]
    # Equal projections, all 0 after batch norm: 2 * log(2N - 1) by hand.
    np.testing.assert_allclose(loss, [2 * np.log(2 * BATCH - 1)], rtol=1e-5)


@pytest.mark.parametrize("loss", [NTXent, DCL])
@pytest.mark.parametrize("implementation", ["dense", "blockwise"])
def test_the_loss_is_the_one_that_is_asked_for(loss, implementation):
    net = tiny(num_classes=0, loss=loss(temperature=0.5, implementation=implementation))
    net.compile(keras.optimizers.SGD(0.0))
    results = net.train_on_batch(views(), return_dict=True)
    both = tf.concat([views()[..., :3], views()[..., 3:]], 0)
    projections = net(both, training=True)["proj_head_output"]
    expected = loss(temperature=0.5, implementation="dense")(projections)
    np.testing.assert_allclose(results["contrast_loss"], expected.loss, rtol=1e-5)


@pytest.mark.parametrize("microbatches", [1, 2])
@pytest.mark.parametrize(
    ("options", "times"),
    # AutoGraph traces the body of a loop once more, to learn what comes out of it.
    [({}, 1), ({"steps_per_execution": 2}, 2), ({"jit_compile": True}, 1)],
)
def test_nothing_is_traced_after_the_first_step(microbatches, options, times):
    traces = []

    class Counting(SimCLR):
        def train_step(self, data):
            traces.append(data)
            return super().train_step(data)

    net = tiny(model=Counting, microbatches=microbatches)
    net.compile(LARS(0.1), **options)
    net.optimizer.build(net.trainable_variables)  # As build.compile_model does.
    for _ in range(2):
        net.fit(one_batch(views(), LABELS, repeat=4), epochs=2, verbose=0)
    assert int(net.optimizer.iterations) == 16
    assert len(traces) == times


@pytest.mark.parametrize(("microbatches", "jit_compile"), [(1, False), (2, False), (2, True)])
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_trains_with_a_loss_in_float32(microbatches, policy, jit_compile):
    keras.mixed_precision.set_global_policy(policy)
    try:
        net = tiny(microbatches=microbatches)
        # Scaled by more, the gradients of a batch as small as this are infinite for many steps.
        optimizer = keras.mixed_precision.LossScaleOptimizer(LARS(0.1), initial_scale=64)
        net.compile(optimizer if policy == "mixed_float16" else LARS(0.1), jit_compile=jit_compile)
        losses, computed = [], net._loss
        net._loss = lambda *outputs: losses.append(computed(*outputs)) or losses[-1]
        before = net.get_weights()
        history = net.fit(one_batch(views(), LABELS, repeat=3), epochs=2, verbose=0).history
        projections = net(views()[..., :3])["proj_head_output"]
    finally:
        keras.mixed_precision.set_global_policy(None)  # "float32" would outlast floatx.
    assert projections.dtype == policy.removeprefix("mixed_")
    assert {loss.dtype for loss in losses} == {tf.float32}
    assert np.isfinite(list(history.values())).all()
    assert history["contrast_loss"][1] < history["contrast_loss"][0]
    assert not any(np.array_equal(was, now) for was, now in zip(before, net.get_weights()))


def test_tells_of_a_step_whose_loss_is_not_a_number():
    net = tiny()
    net.compile(keras.optimizers.SGD(0.0))
    good = tf.data.Dataset.from_tensors((views(), LABELS))
    bad = tf.data.Dataset.from_tensors((views() * np.nan, LABELS))
    net.fit(good.concatenate(bad), verbose=0)
    assert net.read_status(net.last_status()).since_non_finite == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": -1}, "`num_classes` must be >= 0. Received: num_classes=-1"),
        ({"loss": "dcl"}, r"`loss` must be a Loss, such as NTXent\(.*\). Received: loss='dcl'"),
        ({"microbatches": 0}, "`microbatches` must be >= 1. Received: microbatches=0"),
    ],
)
def test_impossible_models_are_errors(options, message):
    with pytest.raises(ValueError, match=message):
        SimCLR(TinyEncoder(), ProjectionHead(), **options)
