"""Notes name every flag that has no effect, and no other."""

import pytest

from tf_simclr.config import Config
from tf_simclr.config.remarks import remarks, remarks_on_resuming

BOTH = {"mode": "train_then_eval"}
FINETUNING = {"train_mode": "finetune"}
FROM_A = {"train_mode": "finetune", "checkpoint": "a"}
LINEAR = {"fine_tune_after_block": 4, "checkpoint": "a"}

# Settings -> the beginnings of what is said.
SAID = [
    ({}, []),
    (FINETUNING, []),
    # Where it runs.
    ({"use_tpu": True, "tpu_name": "a", "tpu_zone": "b"}, []),
    (
        {"tpu_name": "a", "tpu_zone": "b", "gcp_project": "c"},
        ["--tpu_name, --tpu_zone, --gcp_project have no effect without --use_tpu."],
    ),
    ({"master": "a"}, ["--master has no effect without --use_tpu."]),
    (
        {"use_tpu": True, "jit_compile": True},
        ["--jit_compile has no effect with --use_tpu: a TPU always compiles the step."],
    ),
    ({"jit_compile": True}, []),
    ({"use_tpu": True, "augment_on": "host"}, []),
    # What is done: training, evaluation, both.
    (
        {"eval_split": "test", "eval_batch_size": 2, "eval_steps": 1, "eval_name": "a"},
        ["--eval_split, --eval_batch_size, --eval_steps, --eval_name have no effect with --mode=t"],
    ),
    ({"eval_split": "held_out[:50%]"}, []),  # Left out of training.
    ({"keep_best": "knn"}, []),
    (
        {"keep_best": "knn", "looks_while_pretraining": False},
        ["--keep_best has no effect without --looks_while_pretraining."],
    ),
    ({"judge_examples": 9}, ["--judge_examples has no effect with --mode=train."]),
    ({"probe_grid": "paper"}, ["--probe_grid has no effect with --mode=train."]),
    ({"judge_endpoints": "all"}, ["--judge_endpoints has no effect with --mode=train."]),
    ({"mode": "eval", "use_ema_weights": True}, []),
    (
        FROM_A | {"mode": "eval", "use_ema_weights": True},
        [
            "--checkpoint has no effect with --mode=eval",
            "--use_ema_weights has no effect with --mode=eval: it says which weights the run",
        ],
    ),
    (BOTH | {"probe_grid": "paper", "judge_endpoints": "all", "use_ema_weights": False}, []),
    (BOTH | {"eval_split": "test", "eval_steps": 1, "eval_name": "a", "judge_examples": 9}, []),
    (
        {"mode": "eval", "use_tpu": True, "tpu_name": "a", "cache_dataset": True},
        ["--cache_dataset has no effect with --mode=eval, which evaluates"],
    ),
    ({"mode": "eval", "tpu_zone": "b"}, ["--tpu_zone has no effect without --use_tpu."]),
    ({"mode": "embed", "output": "f.npz", "use_tpu": True, "tpu_name": "a"}, []),
    (
        {"mode": "embed", "output": "f.npz", "gcp_project": "c", "master": "a"},
        ["--gcp_project, --master have no effect without --use_tpu."],
    ),
    (
        {"mode": "export", "use_tpu": True, "tpu_name": "a"},
        ["--use_tpu, --tpu_name have no effect with --mode=export"],
    ),
    (
        {"mode": "eval", "learning_rate": 1.0, "learning_rate_scaling": "sqrt", "momentum": 0.5},
        ["--learning_rate, --learning_rate_scaling, --momentum have no effect with --mode=eval"],
    ),
    (
        {"mode": "eval", "keep_checkpoint_max": 1, "keep_hub_module_max": 2, "warmup_epochs": 1.0},
        ["--warmup_epochs, --keep_checkpoint_max, --keep_hub_module_max have no effect with --mod"],
    ),
    (
        {"mode": "eval", "temperature": 0.5, "hidden_norm": False, "global_bn": False},
        ["--global_bn, --temperature, --hidden_norm have no effect with --mode=eval"],
    ),
    (
        {
            "mode": "eval",
            "checkpoint": "a",
            "variable_schema": "base_model",
            "use_ema_weights": True,
        },
        ["--checkpoint, --variable_schema have no effect with --mode=eval"],
    ),
    (
        {"mode": "eval", "checkpoint_steps": 5, "checkpoint_epochs": 9.0, "train_summary_steps": 1},
        ["--checkpoint_epochs, --checkpoint_steps, --train_summary_steps have no effect with --mo"],
    ),
    ({"mode": "eval", "eval_split": "test", "eval_steps": 1, "color_jitter_strength": 0.5}, []),
    # A second view that is not made cannot make labels wrong.
    (
        {"pretext_task": "rotation", "second_view_operations": "crop,rotate"},
        ["--second_view_operations has no effect with --pretext_task=rotation."],
    ),
    # What is trained.
    (
        {"fine_tune_after_block": 4, "ft_proj_selector": 1, "zero_init_logits_layer": True},
        [
            "--fine_tune_after_block, --zero_init_logits_layer have no effect with"
            " --train_mode=pretrain."
        ],
    ),
    (
        {"ft_proj_selector": 1, "lineareval_while_pretraining": False},
        ["--ft_proj_selector has no effect without the linear head of --lineareval_while_pretra"],
    ),
    ({"ft_proj_selector": -1, "proj_head_mode": "linear"}, []),
    (
        FINETUNING | {"temperature": 0.5, "use_blur": False, "extra_augmentation": "rotate"},
        ["--use_blur, --extra_augmentation, --temperature have no effect with --train_mode=fine"],
    ),
    (
        {"teacher": "a", "distill_temperature": 2.0, "distill_alpha": 0.5, "ema_decay": 0.9},
        [
            "--ema_decay has no effect without --memory_size.",
            "--teacher, --distill_temperature, --distill_alpha have no effect with --train_mode=p",
        ],
    ),
    ({"train_mode": "distill", "teacher": "a", "distill_alpha": 0.5, "label_fraction": 0.1}, []),
    (
        {"train_mode": "distill", "teacher": "a", "label_fraction": 0.1},
        ["--label_fraction has no effect with --distill_alpha=1, which ignores labels."],
    ),
    (BOTH | {"train_mode": "distill", "teacher": "a", "label_fraction": 0.1}, []),
    (
        {"lineareval_while_pretraining": False, "labels_per_class": 2},
        ["--labels_per_class has no effect without the linear head of --lineareval_while_pretra"],
    ),
    (BOTH | {"lineareval_while_pretraining": False, "label_list": "a"}, []),
    ({"memory_size": 64, "ema_decay": 0.9}, []),
    ({"loss": "margin_triplet", "triplet_margin": 0.8, "semi_hard": True}, []),
    ({"loss": "nt_logistic", "temperature": 0.5, "negatives": "other"}, []),
    ({"triplet_margin": 0.8}, ["--triplet_margin has no effect with --loss=nt_xent."]),
    (
        {"loss": "margin_triplet", "temperature": 0.5},
        ["--temperature has no effect with --loss=margin_triplet, which has none."],
    ),
    (
        FINETUNING | {"semi_hard": True, "negatives": "other", "triplet_margin": 0.8},
        ["--negatives, --semi_hard, --triplet_margin have no effect with --train_mode=finetune"],
    ),
    (
        {"train_mode": "supervised", "memory_size": 64, "fine_tune_after_block": 2},
        [
            "--memory_size has no effect with --train_mode=supervised.",
            "--fine_tune_after_block freezes untrained layers: there is no --checkpoint.",
        ],
    ),
    (
        FINETUNING | {"microbatches": 2, "loss": "dcl", "augment_on": "device"},
        ["--augment_on, --loss, --microbatches have no effect with --train_mode=finetune"],
    ),
    ({"blur_sigma": "image", "use_blur": False}, ["--blur_sigma has no effect with --use_blur=F"]),
    ({"blur_sigma": "image", "microbatches": 2, "precision": "mixed_bfloat16"}, []),
    (
        {"mode": "eval", "precision": "mixed_float16", "jit_compile": True, "loss": "dcl"},
        ["--loss, --precision, --jit_compile have no effect with --mode=eval"],
    ),
    (
        {"frozen_batch_norm": "training"},
        ["--frozen_batch_norm has no effect with --train_mode=pretrain."],
    ),
    (FINETUNING | {"frozen_batch_norm": "training"}, []),
    ({"classify_pyramid": True}, ["--classify_pyramid has no effect with --train_mode=pretrain."]),
    ({"classify_pyramid": True, "ft_proj_selector": 1}, ["--classify_pyramid has no effect with"]),
    (
        FINETUNING | {"classify_pyramid": True, "ft_proj_selector": 1},
        ["--ft_proj_selector has no effect with --classify_pyramid, which reads no layer of"],
    ),
    # The head's norm trains, whatever is frozen; the projection head does not.
    (FINETUNING | LINEAR | {"classify_pyramid": True, "batch_norm_decay": 0.99}, []),
    (
        FINETUNING
        | {"classify_pyramid": True, "frozen_batch_norm": "training", "proj_head_mode": "none"},
        [],
    ),
    (
        FINETUNING | {"frozen_batch_norm": "training", "ft_proj_selector": -1},
        ["--frozen_batch_norm has no effect where every layer trains."],
    ),
    (
        FINETUNING | LINEAR | {"global_bn": False, "batch_norm_decay": 0.99},
        ["--batch_norm_decay, --global_bn have no effect with --fine_tune_after_block=4: no norm"],
    ),
    (FINETUNING | LINEAR | {"global_bn": False, "frozen_batch_norm": "training"}, []),
    (FROM_A | {"fine_tune_after_block": 3, "global_bn": False}, []),
    (
        FINETUNING | {"fine_tune_after_block": 4},
        ["--fine_tune_after_block freezes untrained layers: there is no --checkpoint."],
    ),
    (FINETUNING | LINEAR, []),
    (
        BOTH | {"lineareval_while_pretraining": False, "eval_steps": 1},
        ["--eval_steps has no effect without the linear head of --lineareval_while_pretraining."],
    ),
    # What is handed out.
    (
        {"output": "a", "export_format": "onnx", "embed_split": "test"},
        [
            "--output, --export_format have no effect without --mode=export.",
            "--embed_split has no effect without --mode=embed.",
        ],
    ),
    ({"export_epochs": 1.0, "export_image_size": 32}, []),
    (
        {"mode": "eval", "export_epochs": 1.0, "export_image_size": 32},
        ["--export_epochs, --export_image_size have no effect with --mode=eval"],
    ),
    ({"mode": "export", "output": "a", "export_format": "lite", "train_split": "b"}, []),
    ({"mode": "export", "checkpoint": "a", "resnet_depth": 18, "export_image_size": 32}, []),
    ({"mode": "embed", "output": "a.npz", "embed_split": "test", "eval_batch_size": 2}, []),
    (
        {"mode": "export", "temperature": 0.5, "embed_split": "test", "export_epochs": 2.0},
        ["--temperature, --export_epochs, --embed_split have no effect with --mode=export, which"],
    ),
    (
        {"mode": "embed", "export_format": "onnx", "fine_tune_after_block": 4},
        ["--export_format, --fine_tune_after_block have no effect with --mode=embed, which uses"],
    ),
    # What is started from.
    (
        {"variable_schema": "base_model", "use_ema_weights": True},
        ["--variable_schema, --use_ema_weights have no effect without --checkpoint."],
    ),
    (FROM_A | {"variable_schema": "base_model", "use_ema_weights": True}, []),
    # One flag beside another.
    ({"max_bad_images": 0.5}, ["--max_bad_images has no effect without --dataset=image_folder."]),
    ({"max_bad_images": 0.5, "dataset": "image_folder", "data_dir": "a"}, []),
    (
        {"proj_head_mode": "none", "proj_out_dim": 8, "num_proj_layers": 2},
        ["--proj_out_dim, --num_proj_layers have no effect with --proj_head_mode=none."],
    ),
    (
        {"proj_head_mode": "linear", "proj_out_dim": 8, "num_proj_layers": 2},
        ["--num_proj_layers has no effect with --proj_head_mode=linear."],
    ),
    *(
        (
            {"optimizer": name, "momentum": 0.5},
            [f"--momentum has no effect with --optimizer={name}."],
        )
        for name in ("adam", "lamb")
    ),
    ({"train_steps": 5, "train_epochs": 9.0}, ["--train_epochs has no effect with --train_steps."]),
    (
        {"checkpoint_steps": 5, "checkpoint_epochs": 9.0},
        ["--checkpoint_epochs has no effect with --checkpoint_steps."],
    ),
    # Two reasons, and a flag that has two: it is named once.
    (
        {"max_bad_images": 0.5, "master": "a"},
        ["--master has no effect without --use_tpu.", "--max_bad_images has no effect without"],
    ),
    (
        {"mode": "eval", "master": "a", "optimizer": "adam", "momentum": 0.5},
        ["--master", "--momen"],
    ),
]


@pytest.mark.parametrize(("values", "lines"), SAID)
def test_names_the_flags_that_do_nothing(values, lines):
    found = remarks(Config.from_flat(values))
    assert len(found) == len(lines), found
    for line, beginning in zip(found, lines):
        assert line.startswith(beginning)


@pytest.mark.parametrize(
    ("values", "given", "line"),
    [
        ({}, {"fine_tune_after_block"}, "--fine_tune_after_block has no effect with --train_mode"),
        ({"optimizer": "adam"}, {"optimizer", "momentum"}, "--momentum has no effect with --opt"),
        ({"view_size": 19}, {"view_size", "use_blur"}, "--use_blur has no effect with --image"),
        ({"image_size": 19}, {"image_size", "use_blur"}, "--use_blur has no effect with --image"),
        (FINETUNING, {"train_mode", "temperature"}, "--temperature has no effect with --train_m"),
    ],
)
def test_a_flag_that_was_given_its_default_is_named_too(values, given, line):
    (found,) = remarks(Config.from_flat(values, given=given))
    assert found.startswith(line)
    assert remarks(Config.from_flat(values)) == []


def test_what_was_not_given_is_not_spoken_of():
    evaluates = {"mode": "eval", "learning_rate": 1.0}
    assert remarks(Config.from_flat(evaluates, given={"mode"})) == []
    assert remarks(Config.from_flat(evaluates, given=set(evaluates), typed={"mode"})) == []
    assert remarks(Config.from_flat({"image_size": 20}, given={"image_size", "use_blur"})) == []


def test_what_concerns_the_start_alone_is_said_where_a_run_goes_on():
    started = {"zero_init_logits_layer": True, "use_ema_weights": True}
    config = Config.from_flat(FROM_A | started | {"momentum": 0.5})
    line = "--checkpoint, --zero_init_logits_layer, --use_ema_weights have no effect when the run"
    line += " resumes from its"
    assert remarks_on_resuming(config, 7) == [f"{line} own step 7."]
    assert remarks_on_resuming(Config(), 7) == []
