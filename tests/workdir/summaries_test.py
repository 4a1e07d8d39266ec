"""Event files: what is written is read back, also after a kill."""

import glob

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from tf_simclr.workdir.summaries import (
    TRAIN,
    Summaries,
    as_csv,
    read_scalars,
    training_seconds,
)


def write(folder, steps, scale=1.0, tag="loss", name=TRAIN):
    summaries = Summaries(str(folder), name)
    for step in steps:
        summaries.scalars({tag: scale * step, "learning_rate": 0.5}, step)
    summaries.flush()


def test_scalars_are_read_back_in_order_of_steps(tmp_path):
    write(tmp_path, [3, 1, 2])
    scalars = read_scalars(str(tmp_path))
    assert set(scalars) == {"loss", "learning_rate"}
    steps, values = scalars["loss"]
    assert steps.tolist() == [1, 2, 3]
    np.testing.assert_allclose(values, [1.0, 2.0, 3.0])


def test_an_empty_folder_has_none(tmp_path):
    assert read_scalars(str(tmp_path)) == {}


def test_of_a_step_done_again_the_later_writing_counts(tmp_path):
    write(tmp_path, [1, 2, 3])
    write(tmp_path, [3, 4], scale=10.0)
    assert len(glob.glob(str(tmp_path / TRAIN / "events*"))) == 2
    steps, values = read_scalars(str(tmp_path))["loss"]
    assert steps.tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(values, [1.0, 2.0, 30.0, 40.0])


def test_a_file_that_ends_in_the_middle_is_read_up_to_there(tmp_path):
    write(tmp_path, range(1, 21))
    (path,) = (tmp_path / TRAIN).glob("events*")
    path.write_bytes(path.read_bytes()[:-30])
    steps, _ = read_scalars(str(tmp_path))["loss"]
    assert steps.tolist() in (list(range(1, 20)), list(range(1, 21)))
    steps, _ = read_scalars(str(tmp_path))["learning_rate"]
    assert steps.tolist() == list(range(1, 20))


def test_pictures_and_other_folders_are_no_scalars(tmp_path):
    write(tmp_path, [1], name="eval")
    summaries = Summaries(str(tmp_path))
    summaries.image("image", np.zeros([2, 4, 4, 3], np.float32), step=1)
    summaries.flush()
    assert read_scalars(str(tmp_path)) == {}


@pytest.mark.parametrize("folder", ["a[1]", "a*b"])
def test_a_folder_may_have_any_name(tmp_path, folder):
    write(tmp_path / folder, [1])
    assert read_scalars(str(tmp_path / folder))["loss"][0].tolist() == [1]


def test_settings_are_found_by_tensorboards_reader(tmp_path):
    summaries = Summaries(str(tmp_path))
    summaries.settings({"depth": 18, "checkpoint": None, "rate": 0.5, "crop": True}, "a")
    summaries.flush()
    found = {}
    for path in glob.glob(str(tmp_path / TRAIN / "*")):
        for event in tf.compat.v1.train.summary_iterator(path):
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "hparams":
                    content = HParamsPluginData.FromString(value.metadata.plugin_data.content)
                    found |= {k: v for k, v in content.session_start_info.hparams.items()}
    assert found["depth"].number_value == 18 and found["rate"].number_value == 0.5
    assert found["crop"].bool_value and found["checkpoint"].string_value == ""


def test_pauses_between_the_processes_of_a_run_are_no_training(tmp_path):
    assert training_seconds(str(tmp_path)) == 0
    (tmp_path / TRAIN).mkdir()
    for process, times in enumerate([(100, 103, 107), (5000, 5002)]):
        path = tmp_path / TRAIN / f"events.out.tfevents.{process}"
        with tf.io.TFRecordWriter(str(path)) as file:
            for time in times:
                value = tf.compat.v1.Summary.Value(tag="loss", simple_value=1.0)
                summary = tf.compat.v1.Summary(value=[value])
                file.write(tf.compat.v1.Event(wall_time=time, summary=summary).SerializeToString())
    assert training_seconds(str(tmp_path)) == 7 + 2


def test_a_table_has_a_row_for_each_step_and_gaps_where_nothing_was_written():
    scalars = {
        "a,b": (np.array([20, 30]), np.array([1.0, 1e-9])),
        "loss": (np.array([10, 20]), np.array([2.5, 2.25])),
    }
    expected = 'step,"a,b",loss\n10,,2.5\n20,1.0,2.25\n30,1e-09,\n'
    assert as_csv(scalars) == expected
