"""The original's lists of file names choose from ImageNet as TFDS' own builders name it."""

import pytest

from tf_simclr.data.few_labels import choose_listed, draw_fraction
from tf_simclr.data.labelled_subset import keep_labels, labelled_pictures
from tf_simclr.data.opening import open_source


@pytest.mark.parametrize("dataset", ["imagenet2012", "imagenet2012_subset/1pct"])
def test_a_file_name_is_enough(tfds_dir, tmp_path, dataset):
    source = open_source(dataset, data_dir=tfds_dir)
    pictures = labelled_pictures(source, "train")
    # The fixture calls its files train0, train1, ...; each is of a class of its own.
    (tmp_path / "list.txt").write_text("\n".join(f"train{number}" for number in range(8)))
    chosen = choose_listed(pictures, str(tmp_path / "list.txt"))
    assert chosen == draw_fraction(pictures, 0.5, seed=0)  # A half of one picture is the picture.
    few = keep_labels(source, "train", chosen, drop=True)
    labels = [int(record["label"]) for record in few.records("train")]
    assert sorted(labels) == list(range(8))
    with pytest.raises(ValueError, match="where 1 of 1 names fit none: 'train8'"):
        (tmp_path / "list.txt").write_text("train8")
        choose_listed(pictures, str(tmp_path / "list.txt"))
