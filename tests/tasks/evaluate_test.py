import json
import os
import shutil

import pytest

from tf_simclr.main import main

PROBES = {"linear_probe_top1", "knn_top1"}
ORIGINAL = {
    "eval/label_top_1_accuracy",
    "eval/label_top_5_accuracy",
    "eval/regularization_loss",
    "global_step",
}


def run(*flags):
    assert main(["tf-simclr", *flags]) == 0


def result(folder, name="result.json"):
    with open(os.path.join(folder, name)) as file:
        return json.load(file)


@pytest.fixture(scope="module")
def emoji_flags(emoji_dir):
    return [
        "--dataset=emoji32",
        f"--data_dir={emoji_dir}",
        "--eval_split=test",
        "--image_size=16",
        "--resnet_depth=18",
        "--width_multiplier=0.0625",
        "--train_batch_size=16",
        "--train_steps=2",
        "--train_summary_steps=1",
        "--judge_examples=600",
        "--eval_batch_size=200",
    ]


@pytest.fixture(scope="module")
def evaluated(emoji_flags, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("evaluated"))
    run("--mode=train_then_eval", *emoji_flags, f"--model_dir={folder}")
    return folder


def test_results_have_the_probes_three_times_and_the_keys_of_the_original(evaluated):
    judges = PROBES | {"retrieval_at_1"}
    rows = {prefix + name for prefix in ("", "raw_pixels/", "random_init/") for name in judges}
    found = result(evaluated)
    assert set(found) == rows | ORIGINAL
    assert found["global_step"] == 2
    assert all(0 <= found[key] <= 1 for key in rows)
    assert found == result(evaluated, "result_2.json")


def test_the_report_shows_what_the_results_say(evaluated):
    with open(os.path.join(evaluated, "report.html")) as file:
        page = file.read()
    assert f"{100 * result(evaluated)['raw_pixels/knn_top1']:.1f}" in page
    for heading in ("Results", "Nearest neighbours", "Map of the test pictures", "Augmented views"):
        assert heading in page
    assert "--image_size=16" in page


def test_evaluated_once_it_says_so_and_mode_eval_does_it_again(evaluated, emoji_flags, capsys):
    flags = [*emoji_flags, f"--model_dir={evaluated}"]
    page = os.path.join(evaluated, "report.html")
    before, written = result(evaluated), os.stat(page).st_mtime_ns
    run("--mode=train_then_eval", *flags)
    said = capsys.readouterr().out
    assert "Training is done" in said and "Evaluation is done" in said
    assert os.stat(page).st_mtime_ns == written
    run("--mode=eval", *flags, "--eval_steps=1")
    assert os.stat(page).st_mtime_ns > written
    again = result(evaluated)
    # One step of 200 pictures for the linear head; the probes have a limit of their own.
    assert {k: v for k, v in again.items() if "eval/" not in k} == {
        k: v for k, v in before.items() if "eval/" not in k
    }


def test_without_a_linear_head_the_label_metrics_are_left_out(tiny_flags, tmp_path):
    # The original crashes (REFERENCE, "Broken there" 6).
    run(
        "--mode=train_then_eval",
        *tiny_flags,
        "--nolineareval_while_pretraining",
        f"--model_dir={tmp_path}",
    )
    found = result(tmp_path)
    assert set(found) >= PROBES and "eval/label_top_1_accuracy" not in found
    assert "retrieval_at_1" not in found  # A folder of pictures names no identities.


def test_pictures_without_labels_are_pretrained_on_and_still_get_a_page(
    tiny_flags, picture_folder, tmp_path, capsys
):
    flat = tmp_path / "flat"
    for split in ("train", "test"):
        (flat / split).mkdir(parents=True)
        for name in ("dark", "light"):
            source = os.path.join(picture_folder, split, name)
            for picture in os.listdir(source):
                shutil.copy(os.path.join(source, picture), flat / split / f"{name}{picture}")
    run(
        "--mode=train_then_eval",
        *tiny_flags,
        f"--data_dir={flat}",
        f"--model_dir={tmp_path / 'run'}",
    )
    assert "has no labels" in capsys.readouterr().out
    assert set(result(tmp_path / "run")) == {"global_step"}
    with open(tmp_path / "run" / "report.html") as file:
        page = file.read()
    assert "Nearest neighbours" in page and "Results" not in page


def test_a_fine_tuned_classifier_is_evaluated_and_exported(
    emoji_flags, evaluated, tmp_path, capsys
):
    run(
        "--mode=train_then_eval",
        "--train_mode=finetune",
        *emoji_flags,
        "--fine_tune_after_block=4",
        "--ft_proj_selector=1",
        f"--checkpoint={evaluated}",
        f"--model_dir={tmp_path}",
    )
    assert "Fine-tuned classifier: top-1" in capsys.readouterr().out
    found, frozen = result(tmp_path), result(evaluated)
    assert set(found) >= ORIGINAL
    # A frozen encoder is judged as the pretrained one was.
    assert found["knn_top1"] == frozen["knn_top1"]
