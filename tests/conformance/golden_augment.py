"""Augmentation against that of the original: operations exactly, draws by their distribution.

Distributions are told apart by two-sample tests on 20000 draws of ours (4000 of whole views)
against the recorded ones: Kolmogorov-Smirnov for numbers, chi-squared for categories and gates,
normal tests for means of pixels and of their squares. Level of each test function: 1e-3, divided by
its number of comparisons (Bonferroni). Our draws are seeded, so no test fails by chance of the day.
"""

import numpy as np
import pytest
import tensorflow as tf
from golden import distributions, draws, folder, operations

from tf_simclr.data.augment import crop

ATOL = 2e-6  # colours, blur, and bicubic by TensorFlow's own operation


def records():
    return [
        pytest.param(path, record, id=f"{path.stem}-{record['key']}")
        for path in folder.found("augment")
        for record in folder.meta(path)["ops"]
    ]


@pytest.mark.parametrize("path, record", records())
def test_operation(path, record):
    arrays, _ = folder.read(path)
    found = operations.apply(record, arrays)
    np.testing.assert_allclose(found, arrays[record["key"]], rtol=0, atol=ATOL)


@pytest.mark.parametrize("path", folder.found("augment"), ids=folder.name)
def test_evaluation_windows(path):
    arrays, meta = folder.read(path)
    table = arrays["cropshape_table"]  # H, W, target h, target w, crop h, crop w, top, left
    assert len(table)
    for height, width, to_height, to_width, *expected in table:
        shape = tf.constant([height, width, 3], tf.int32)
        window = crop.center_window(shape, to_height, to_width, crop.CENTRE_PROPORTION)
        top, left, window_height, window_width = window.numpy()
        assert [window_height, window_width, top, left] == expected
    for record in meta["ops"]:
        if record["op"] == "center_crop":
            image = arrays[f"image_{record['image']}"]
            top, left, height, width = operations.center_window(image, record).numpy()
            assert (height, width) == (record["crop_height"], record["crop_width"])
            assert (top, left) == (record["offset_height"], record["offset_width"])


@pytest.mark.parametrize(
    "path, case", folder.cases("augment_stats", r"box(\d+)_draws"), ids=folder.name
)
def test_distribution_of_training_crops(path, case):
    arrays, meta = folder.read(path)
    [box] = [b for b in meta["boxes"] if b["case"] == int(case)]
    ratio = box["width"] / box["height"]
    ours = draws.windows(box["image_height"], box["image_width"], ratio)
    theirs = arrays[f"box{case}_draws"].astype(int)  # top, left, height, width
    pixels = box["image_height"] * box["image_width"]

    def shape(windows):
        height, width = windows[:, 2], windows[:, 3]
        return {"area": height * width / pixels, "aspect": width / height}

    p_values = {
        name: distributions.from_sample(ours[:, column], theirs[:, column])
        for column, name in enumerate(("top", "left", "height", "width"))
    }
    for name, values in shape(ours).items():
        p_values[name] = distributions.from_sample(values, shape(theirs)[name])
    distributions.assert_alike(p_values)


@pytest.mark.parametrize(
    "path, case",
    folder.cases("augment_stats", r"factor_s(\d+)_brightness_v2_quantiles"),
    ids=folder.name,
)
def test_distribution_of_jitter_factors(path, case):
    arrays, meta = folder.read(path)
    [record] = [f for f in meta["factors"] if f["index"] == int(case)]
    p_values = {
        name: distributions.from_quantiles(
            ours,
            arrays[f"factor_s{case}_{name}_quantiles"],
            np.array(meta["quantile_levels"]),
            meta["draws"],
        )
        for name, ours in draws.factors(record["strength"]).items()
    }
    assert sorted(p_values) == sorted(record["ranges"])
    distributions.assert_alike(p_values)


@pytest.mark.parametrize("path", folder.found("augment_stats"), ids=folder.name)
def test_distribution_of_choices(path):
    """Order of the jitter, gates, flips, who is blurred and by how much."""
    arrays, meta = folder.read(path)
    recorded = meta["draws"]
    orders, gates, blurred = draws.orders(), draws.gates(), draws.blurred()
    both_views = meta["blur_both_views_fraction"]
    p_values = {
        "order": distributions.from_counts(
            [np.sum(orders == code) for code in arrays["order_codes"]], arrays["order_counts"]
        ),
        "gates": distributions.from_counts(
            list(gates.values()), [meta["gate_fraction"][name] * recorded for name in gates]
        ),
        "flip": distributions.from_share(draws.flips(), meta["flip_fraction"], recorded),
        "first view": distributions.from_share(
            blurred[0], meta["blur_selected_fraction"][0], recorded
        ),
        "second view": distributions.from_share(
            blurred[1], meta["blur_selected_fraction"][1], recorded
        ),
        "both views": distributions.from_share(blurred.all(axis=0), both_views, recorded),
        "sigma": distributions.from_quantiles(
            draws.sigmas(), arrays["sigma_quantiles"], np.array(meta["quantile_levels"]), recorded
        ),
    }
    distributions.assert_alike(p_values)


@pytest.mark.parametrize(
    "path, case", folder.cases("augment_stats", r"(pre\d+_s\d+)_pixel_mean"), ids=folder.name
)
def test_distribution_of_whole_views(path, case):
    """Views folded left onto right; of ours also that both sides are alike.

    The recorded views are not symmetric (by up to 11 standard errors), though a fair flip that is
    independent of the crop makes them so, and though crops and flips agree with ours one by one:
    a dependence between the seeded streams of that recording is not what is promised here. So what
    a flip does not change is compared. The quantiles of single pixels are left out: of no recorded
    column is the mirrored one recorded.
    """
    arrays, meta = folder.read(path)
    picture, _, strength = case.partition("_s")
    [record] = [
        r
        for r in meta["pre"]
        if (f"pre{r['image']}", r["strength_index"]) == (picture, int(strength))
    ]
    stream = 100 + meta["pre"].index(record)
    views = draws.views(arrays[f"{picture}_image_u8"], record["target"], record["strength"], stream)
    recorded, levels = meta["draws"], np.array(meta["quantile_levels"])

    def by_quantiles(values, name, channel=...):
        quantiles = arrays[f"{case}_{name}_quantiles"][:, channel].squeeze()
        return distributions.from_quantiles(values, quantiles, levels, recorded)

    means = arrays[f"{case}_pixel_mean"].astype(np.float64)
    squares = means**2 + arrays[f"{case}_pixel_std"].astype(np.float64) ** 2
    pixels, mirrored = views.astype(np.float64), views[:, :, ::-1].astype(np.float64)
    p_values = {
        "mean": distributions.from_means((pixels + mirrored) / 2, _folded(means), recorded),
        "square": distributions.from_means(
            (pixels**2 + mirrored**2) / 2, _folded(squares), recorded
        ),
        # A flip that is fair and knows nothing of the crop; the middle has no other side.
        "symmetry": distributions.from_means(
            (pixels - mirrored)[:, :, : record["target"] // 2], np.zeros(()), np.inf
        ),
    }
    for channel in range(3):
        values = views[..., channel].astype(np.float64)
        for name, each in (("mean", values.mean((1, 2))), ("std", values.std((1, 2)))):
            p_values[f"{name} {channel}"] = by_quantiles(each, f"{name}_rgb", channel)
    for name, value in (("zero", 0), ("one", 1)):
        p_values[name] = by_quantiles(np.mean(views == value, (1, 2, 3)), f"fraction_{name}")
    gray = np.all(views == views[..., :1], axis=(1, 2, 3))
    p_values["gray"] = distributions.from_share(gray, record["gray_fraction"], recorded)
    distributions.assert_alike(p_values)


def _folded(image: np.ndarray) -> np.ndarray:
    """The mean of [height, width, 3] and its mirror image."""
    return (image + image[:, ::-1]) / 2
