"""What a run takes, from what was measured."""

from tf_simclr.choosing import estimate
from tf_simclr.choosing.estimate import Sizes

SIZES = Sizes(weights=12_000_000, slots=24_000_000, memory=1_100_000_000)


def test_the_disk_holds_checkpoints_and_exports():
    few, many = (estimate.disk_bytes(SIZES, count) for count in (2, 5))
    assert many - few == 3 * 36_000_000
    assert few > 2 * 36_000_000 + 2 * 12_000_000


def test_judging_passes_every_picture_through_two_networks():
    for views in (2, 4):
        quick, slow = (estimate.judging_seconds(1000, each, views=views) for each in (0.001, 0.007))
        # A step is so many views of three passes: a pass of two networks is 2 of them.
        assert abs((slow - quick) - 2 * 1000 * 0.006 / (3 * views)) < 1e-9


def test_layers_take_a_pass_more_of_each_network_and_their_judges():
    plain, layers = (
        estimate.judging_seconds(5000, 0.003, views=2, layers=count) for count in (0, 12)
    )
    assert abs((layers - plain) - (5000 * 0.003 / 3 + 12 * estimate.LAYER_SECONDS / 2)) < 1e-9


def test_the_line_says_what_is_known():
    line = estimate.estimate_line(train_seconds=600, judge_seconds=120, sizes=SIZES, disk=2.5e9)
    assert line == (
        "Estimate: about 12 min (training 10 min, evaluating 2 min), 1.1 GB of memory, 2.5 GB of"
        " disk."
    )
    line = estimate.estimate_line(
        train_seconds=None, judge_seconds=None, sizes=Sizes(1, 1), disk=3e7
    )
    assert line == "Estimate: 30 MB of disk."
    assert estimate.minutes(0.1) == "1 s" and estimate.minutes(9000) == "2.5 h"
