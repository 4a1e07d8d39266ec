"""Which pictures keep their labels: balanced, nested, the same whatever order they come in."""

import doctest
import random

import pytest

from tf_simclr.data import few_labels
from tf_simclr.data.few_labels import choose_listed, draw_fraction, draw_per_class, read_list

SIZES = {"ant": 3, "bee": 10, "cat": 65}


def pictures_of(sizes):
    return {name: [f"train/{name}/{n}.png" for n in range(size)] for name, size in sizes.items()}


PICTURES = pictures_of(SIZES)


def counts(chosen, pictures=PICTURES):
    return {name: len(chosen & set(of)) for name, of in pictures.items()}


def test_examples_of_the_docstrings():
    assert doctest.testmod(few_labels).attempted == 2
    assert not doctest.testmod(few_labels).failed


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [  # By hand: 0.6, 2, 13; 0.75, 2.5, 16.25; 1.5, 5, 32.5.
        (0.2, {"ant": 1, "bee": 2, "cat": 13}),
        (0.25, {"ant": 1, "bee": 3, "cat": 16}),
        (0.5, {"ant": 2, "bee": 5, "cat": 33}),
        (1.0, SIZES),
    ],
)
def test_a_share_of_each_class_is_rounded_to_the_nearest(fraction, expected):
    chosen = draw_fraction(PICTURES, fraction, seed=0)
    assert counts(chosen) == expected
    assert len(chosen) == sum(expected.values())


@pytest.mark.parametrize("count", [1, 3])
def test_a_number_of_each_class(count):
    assert counts(draw_per_class(PICTURES, count, seed=0)) == dict.fromkeys(SIZES, count)


def test_a_smaller_choice_is_part_of_a_larger_one():
    fractions = [draw_fraction(PICTURES, share / 20, seed=3) for share in range(4, 21)]
    numbers = [draw_per_class(PICTURES, count, seed=3) for count in (1, 2, 3)]
    for choices in (fractions, numbers):
        assert all(small < large for small, large in zip(choices, choices[1:]))
    # Both draw in one order: three of each lie in any share that takes three of each.
    assert numbers[2] <= draw_fraction(PICTURES, 0.9, seed=3)


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_the_order_of_pictures_and_of_classes_does_not_matter(seed):
    shuffled = {name: random.Random(1).sample(of, len(of)) for name, of in PICTURES.items()}
    assert shuffled != PICTURES
    turned = dict(reversed(shuffled.items()))
    for one, other in ((PICTURES, shuffled), (PICTURES, turned)):
        assert draw_fraction(one, 0.3, seed=seed) == draw_fraction(other, 0.3, seed=seed)
        assert draw_per_class(one, 2, seed=seed) == draw_per_class(other, 2, seed=seed)


def test_another_class_does_not_matter():
    cats = {"cat": PICTURES["cat"]}
    assert draw_fraction(cats, 0.3, seed=5) < draw_fraction(PICTURES, 0.3, seed=5)


def test_each_picture_is_drawn_as_often_by_the_seed():
    drawn = [draw_per_class({"bee": PICTURES["bee"]}, 3, seed=seed) for seed in range(1000)]
    assert len(set(drawn)) > 100  # of the 120 choices that there are
    for name in PICTURES["bee"]:
        # 300 on average, with a standard deviation of sqrt(1000 * .3 * .7) = 14.5.
        assert 240 < sum(name in choice for choice in drawn) < 360


@pytest.mark.parametrize("sizes", [{"ant": 3, "bee": 10}, {"ant": 7, "bee": 13, "cat": 300}])
def test_a_class_left_empty_is_named_with_the_share_that_is_enough(sizes):
    pictures = pictures_of(sizes)
    with pytest.raises(ValueError, match="`label_fraction` must leave each class a label") as got:
        draw_fraction(pictures, 0.01, seed=0)
    empty = [name for name, size in sizes.items() if size * 0.01 < 0.5]
    names = ", ".join(map(repr, empty))
    assert f"leaves none to {len(empty)} of {len(sizes)} classes: {names}. Give" in str(got.value)
    enough = float(str(got.value).split("Give ")[1].split(" ")[0])
    assert all(counts(draw_fraction(pictures, enough, seed=0), pictures).values())
    with pytest.raises(ValueError):
        draw_fraction(pictures, enough - 1e-6, seed=0)


@pytest.mark.parametrize("size", [*range(1, 60), 732, 1300])
def test_the_share_that_is_enough_may_be_typed_as_it_is_said(size):
    with pytest.raises(ValueError) as got:
        draw_fraction(pictures_of({"ant": size}), 1e-9, seed=0)
    enough = float(str(got.value).split("Give ")[1].split(" ")[0])
    assert len(draw_fraction(pictures_of({"ant": size}), enough, seed=0)) == 1


def test_of_many_empty_classes_a_few_are_named():
    pictures = pictures_of({f"class{number}": 4 for number in range(9)})
    with pytest.raises(ValueError, match="'class0', .*, 'class4' and 4 more. Give 0.125 or more"):
        draw_fraction(pictures, 0.1, seed=0)


def test_a_class_smaller_than_the_number_is_named():
    with pytest.raises(ValueError, match="`labels_per_class` must not be larger") as got:
        draw_per_class(PICTURES, 11, seed=0)
    assert "labels_per_class=11, and of 3 classes 2 are smaller: 'ant' has 3" in str(got.value)


@pytest.fixture
def listed(tmp_path):
    """Writes lines, or bytes as they are, to a file; its path."""

    def write(content):
        data = content if isinstance(content, bytes) else "\n".join(content).encode()
        (tmp_path / "list.txt").write_bytes(data)
        return str(tmp_path / "list.txt")

    return write


IMAGENET = {
    "n01440764": ["train/n01440764/n01440764_10043.JPEG", "train/n01440764/n01440764_2.JPEG"],
    "n01443537": ["imagenet2012-train.tfrecord-0__7/n01443537_5.JPEG"],
}


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_names_are_matched_whole_or_by_their_end(listed, parts):
    wanted = {IMAGENET["n01440764"][0], IMAGENET["n01443537"][0]}
    lines = ["/".join(name.split("/")[-parts:]) for name in wanted]
    assert choose_listed(IMAGENET, listed(lines)) == wanted


def test_a_part_of_a_file_name_is_no_end(listed):
    with pytest.raises(ValueError, match="where 1 of 2 names fit none: '43.JPEG'"):
        choose_listed(IMAGENET, listed(["43.JPEG", "n01443537_5.JPEG"]))


def test_a_whole_name_is_meant_where_it_is_an_end_too(listed):
    pictures = {"ant": ["a.png", "deep/a.png"], "bee": ["b.png"]}
    assert choose_listed(pictures, listed(["a.png", "b.png"])) == {"a.png", "b.png"}


@pytest.mark.parametrize(
    "text", [b"a\n\nb\na\n", b"a\r\nb\r\n", b"\xef\xbb\xbfa\nb", b"\n  \na\nb\nb\n\n"]
)
def test_empty_and_repeated_lines_do_not_count(listed, text):
    assert read_list(listed(text)) == ["a", "b"]


def test_names_with_spaces_and_other_letters_are_names(listed):
    names = ["two words.png", " leads.png", "sépare\u2028moi.png"]
    assert read_list(listed(names)) == names


def test_names_that_fit_nothing_are_counted_and_shown(listed):
    lines = [f"missing{number}.png" for number in range(7)] + PICTURES["bee"]
    with pytest.raises(ValueError, match="`label_list` must name labelled pictures") as got:
        choose_listed(PICTURES, listed(lines))
    assert "where 7 of 17 names fit none: 'missing0.png', " in str(got.value)
    assert "'missing4.png' and 2 more. A name is like 'train/ant/0.png'" in str(got.value)


def test_a_name_that_fits_two_pictures_is_refused(listed):
    with pytest.raises(ValueError, match="`label_list` must name one picture a line") as got:
        choose_listed(PICTURES, listed(["0.png", "ant/1.png", "9.png"]))
    assert "2 of 3 names fit several: '0.png', '9.png'. Write more of the path" in str(got.value)
    assert "'train/ant/0.png', 'train/bee/0.png', 'train/cat/0.png'." in str(got.value)


def test_a_list_without_a_class_is_refused(listed):
    with pytest.raises(ValueError, match="`label_list` must leave each class a label") as got:
        choose_listed(PICTURES, listed(["ant/0.png"]))
    assert "without any for 2 of 3 classes: 'bee', 'cat'." in str(got.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "which is empty"),
        (b"\n \r\n", "which is empty"),
        (b"\x89PNG\r\n\x1a\n\xff", "be a text file .* can't decode"),
    ],
)
def test_a_file_that_names_nothing_is_refused(listed, content, said):
    with pytest.raises(ValueError, match=f"`label_list` must .*{said}"):
        read_list(listed(content))


@pytest.mark.parametrize("path", ["missing.txt", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, path):
    with pytest.raises(
        ValueError, match=r"`label_list` must be a text file with .* Received: .*\. "
    ):
        read_list(str(tmp_path / path))
