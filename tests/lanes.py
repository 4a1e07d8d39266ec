"""What `make test-fast` and `make test-addons` leave out, and why; what goes first; what eagerly.

A test is named by the beginning of its path below tests/, to which `::test_name` may belong. The
markers are put on by conftest.py: `slow` and `first_lane`, each with its reason.
"""

from collections.abc import Collection

# Workers take a file at a time. Those that take longest go first, so that at the end no worker is
# left with one of them.
LONGEST = (
    "conformance/golden_test.py",
    "tasks/evaluate_test.py",
    "notebooks_test.py",
    "conformance/clients_test.py",
    "conformance/replicas_test.py",
    "distill_run_test.py",
    "few_labels_test.py",
    "tpu/trace_test.py",
    "nets/",
    "conformance/",
    "tasks/",
    "replicas_test.py",
)

# What a test asks for -> why it is slow.
SLOW_FIXTURES = {
    "tiny_flags": "runs the command line as a whole",
    "trained_run": "looks at a whole run",
    "emoji_flags": "runs the command line as a whole",
    "run_by_replicas": "starts processes of several replicas",
    "exported": "exports",
    "tfds_dir": "has TFDS write its data sets",
}
SLOW = {
    "starts processes": (
        "workdir/bucket_lock_test.py::test_a_process",
        "conformance/golden_test.py::test_loss_over_replicas",
        "conformance/golden_test.py::test_two_replicas",
        "conformance/replicas_test.py",
        "conformance/resume_test.py",
        "device_reads_test.py",
        "export_commands_test.py",
        "exporting/atomic_test.py::test_a_killed_process",
        "main_test.py::test_both_commands",
        "nets/memory_test.py::test_replicas",
        "nets/exemplar_test.py::test_replicas",
        "nets/microbatches_test.py::test_replicas",
        "nets/pretext_test.py::test_replicas",
        "notebooks_test.py::test_it_runs",
        "optim/lamb_test.py",
        "packaging_test.py",
        "workdir/run_folder_test.py::test_one_live_process",
        "tpu_test.py::test_a_server_without",
        "tpu_test.py::test_a_signal_is_heard",
        "tpu_test.py::test_an_address_that",
        "tpu/trace_test.py",
    ),
    "drives a browser": ("reporting/browser_test.py",),
    "trains whole runs": (
        "bucket_run_test.py",
        "assembly/build_test.py::test_a_linear_head_learns",
        "conformance/broken_there_test.py::test_12",
        "conformance/golden_test.py::test_float32_runs",
        "conformance/golden_test.py::test_float64_runs",
        "conformance/golden_test.py::test_runs_repeat",
        "examples_test.py::test_a_loss",
        "examples_test.py::test_pretraining",
        "examples_test.py::test_simclr",
        "examples_test.py::test_a_two",
        "old_runs_test.py::test_a_finished_run",
        "old_runs_test.py::test_a_student",
        "old_runs_test.py::test_an_unfinished_run",
        "old_runs_test.py::test_fine_tuning",
        "old_runs_test.py::test_it_is_judged",
        "other_data_test.py",
        "smooth_gradients_test.py",
    ),
    "exports": (
        "conformance/golden_test.py::test_a_tensorflow_2_model",
        "conformance/broken_there_test.py::test_09",
        "conformance/broken_there_test.py::test_10",
        "exporting/hub_module_test.py",
        "exporting/lite_test.py",
        "exporting/onnx_test.py",
        "exporting/saved_model_test.py",
        "nets/saved_test.py",
        "old_runs_test.py::test_it_is_exported",
        "plain_paths_test.py::test_what_is_saved",
        "tasks/export_test.py::test_a_released_model",
        "pretrained/teacher_test.py::test_a_network_without",
    ),
    "builds or traces networks as large as the papers'": (
        "conformance/golden_test.py::test_an_encoder_under",
        "conformance/golden_test.py::test_resnet_endpoints",
        "nets/paper_sizes_test.py",
        "nets/resnet_test.py::test_has_as_many_parameters",
        "pretrained/origins_test.py::test_the_architecture_is_read_off",
        "pretrained/warm_start_test.py::test_a_classifier",
    ),
    "draws thousands of views": (
        "conformance/golden_test.py::test_distribution",
        "data/augment/views_test.py::test_all_ways_agree_on_many_draws",
        "data/augment/views_test.py::test_gates_open",
        "assembly/exemplars_test.py::test_batches_go_on",
        "assembly/exemplars_test.py::test_copies_to_judge",
        "assembly/exemplars_test.py::test_rows_begin",
    ),
    "writes the bundled pictures as TFDS does": (
        "data/emoji32/builder_test.py",
        "data/labelled_subset_test.py",
        "data/source_shares_test.py",
    ),
    "traces a step for each of many settings": (
        "losses/blockwise_test.py::test_nothing_is_as_large",
        "losses/blockwise_test.py::test_xla",
        "losses/many_classes_test.py::test_large_numbers",
        "losses/memory_test.py::test_in_blocks_nothing",
        "losses/precision_test.py::test_the_products_asked_for",
        "losses/products_test.py::test_in_a_step_on_a_tpu",
        "nets/exemplar_test.py::test_with_frozen_norms",
        "nets/memory_test.py::test_compiled_otherwise",
        "nets/memory_test.py::test_in_half_precision",
        "nets/memory_test.py::test_microbatches_without_norms",
        "nets/microbatches_test.py::test_a_run_goes_on",
        "nets/microbatches_test.py::test_moving_averages",
        "nets/microbatches_test.py::test_with_frozen_norms_training",
        "nets/simclr_test.py::test_a_resnet_trains",
        "nets/simclr_test.py::test_half_precision",
        "nets/simclr_test.py::test_nothing_is_traced",
        "nets/student_test.py::test_a_teacher_that_says_the_same",
        "nets/student_test.py::test_alpha_0",
        "nets/student_test.py::test_learns_from_pictures",
        "nets/student_test.py::test_several_steps",
    ),
    "asks npm": ("data/emoji32/make_data_test.py::test_npm",),
}  # fmt: skip

FLOAT64_RUNS = "conformance/golden_test.py::test_float64_runs_repeat_the_originals_step_by_step"
FIRST_LANE = {
    "text, settings and pages: nothing of TensorFlow's is in them": (
        "bad_input_test.py",
        "workdir/bucket_lock_test.py",
        "bucket_run_test.py",
        "buckets_test.py",
        "cli_test.py",
        "config/",
        "docs_test.py",
        "docstrings_test.py",
        "early_checks_test.py",
        "export_bad_input_test.py",
        "export_commands_test.py",
        "file_errors_test.py",
        "flagfiles_test.py",
        "floors_test.py",
        "habits_test.py",
        "mutations/",
        "network_test.py",
        "packaging_test.py",
        "plain_paths_test.py",
        "public_face_test.py",
        "recipes_test.py",
        "reporting/report_test.py",
        "reporting/",
        "workdir/run_folder_test.py",
    ),
    "NumPy, scikit-learn and files: the same beside either TensorFlow": (
        "conformance/label_lists_test.py",
        "data/bucket_folder_test.py",
        "data/contents_test.py",
        "data/emoji32/",
        "data/few_labels_test.py",
        "data/folder_layout_test.py",
        "data/folder_listing_test.py",
        "data/image_folder_test.py",
        "data/labelled_subset_test.py",
        "data/name_lists_test.py",
        "data/pillow_formats_test.py",
        "data/shares_test.py",
        "data/source_shares_test.py",
        "data/split_folders_test.py",
        "evaluation/",
        "exporting/atomic_test.py::test_an_export_in_a_bucket",
        "pretrained/bad_input_test.py",
        "pretrained/recognition_test.py",
        "pretrained/released_names_test.py",
    ),
    "processes, signals and kills: one code over either TensorFlow": (
        "conformance/live_evaluation_test.py",
        "conformance/resume_test.py",
        "conformance/workers_test.py",
        "device_reads_test.py",
        "main_test.py",
        "tasks/train_test.py::test_two_replicas",
        "tpu_test.py::test_a_signal_is_heard",
    ),
    "replicas_test.py trains over replicas in both lanes: more settings and workers": (
        "conformance/replicas_test.py",
    ),
    "another run; BOTH_LANES has a whole one of its kind": (
        "assembly/exemplars_test.py",
        "conformance/broken_there_test.py",
        "conformance/original_commands_test.py",
        "distill_run_test.py",
        "examples_test.py",
        "exemplar_run_test.py",
        "few_labels_test.py",
        "judging_replicas_test.py",
        "memory_run_test.py",
        "old_runs_test.py::test_a_student",
        "old_runs_test.py::test_fine_tuning",
        "old_runs_test.py::test_it_is_judged",
        "other_data_test.py",
        "relative_position_run_test.py",
        "rotation_run_test.py",
        "running_test.py",
        "smooth_gradients_test.py",
        "tasks/",
        "view_size_run_test.py",
    ),
    "once keras 2.15 is imported too, tf_keras 2.15 loads a functional model for ever": (
        "nets/saved_test.py",
    ),
    "needs packages, or users' programs, of the first lane": (
        "conformance/clients_test.py",
        "exporting/lite_test.py",
        "exporting/onnx_test.py",
        "notebooks_test.py",
    ),
    "golden runs that others stand for here: all in float32, two in float64": (
        f"{FLOAT64_RUNS}[trajectory_pretrain_lars_r50_sk",
        f"{FLOAT64_RUNS}[trajectory_lineareval_momentum",
        f"{FLOAT64_RUNS}[trajectory_pretrain_lars_warmup",
        f"{FLOAT64_RUNS}[trajectory_pretrain_momentum",
        "conformance/golden_test.py::test_float32_runs_stay_within",
        "conformance/golden_test.py::test_runs_repeat_the_tf1_codes",
        "conformance/golden_test.py::test_two_replicas",
    ),
    "one more setting of a step, or kind of it: the plain one is in both lanes": (
        "losses/memory_replicas_test.py",
        "losses/replicas_test.py",
        "nets/exemplar_test.py",
        "nets/loss_scale_replicas_test.py",
        "nets/memory_test.py",
        "nets/microbatches_test.py",
        "nets/pretext_test.py",
        "nets/simclr_test.py::test_a_resnet_trains_under_steps_per_execution",
        "nets/simclr_test.py::test_half_precision_trains_with_a_loss_in_float32[mixed_bfloat16",
        "nets/simclr_test.py::test_half_precision_trains_with_a_loss_in_float32[mixed_float16-2",
        "nets/simclr_test.py::test_nothing_is_traced",
        "nets/student_replicas_test.py",
        "nets/student_test.py::test_several_steps",
    ),
    "what TPUs are given: this TensorFlow is not what they run": (
        "losses/precision_test.py",
        "losses/products_test.py",
        "tpu/trace_test.py",
    ),
    "shapes alone: they are the original's, whatever computes them": (
        "nets/paper_sizes_test.py",
        "nets/resnet_test.py::test_has_as_many_parameters",
        "pretrained/origins_test.py::test_the_architecture_is_read_off",
    ),
}
# Whole runs in both lanes and in graphs, unlike the tests around them: contrastive pretraining, a
# pretext task, fine-tuning and a student.
BOTH_LANES = (
    "distill_run_test.py::test_a_student_is_judged_shown_and_exported",
    "rotation_run_test.py::test_a_run_is_judged_shown_and_exported",
    "tasks/evaluate_test.py::test_a_fine_tuned_classifier_is_evaluated_and_exported",
    "tasks/train_test.py::test_a_run_writes_checkpoints_exports_settings_and_scalars",
)
# A few steps for each of many settings, flags or messages: tracing would take most of their time.
# They do not test how a step is computed. A whole run of each method, fixtures of a file and
# whatever starts a process run in graphs; and so do runs that are compared bit for bit, or by their
# steps.
EAGER = (
    "bad_input_test.py",
    "bucket_run_test.py",
    "conformance/broken_there_test.py",
    "conformance/original_commands_test.py",
    "distill_run_test.py",
    "examples_test.py",
    "exemplar_run_test.py",
    "export_bad_input_test.py",
    "few_labels_test.py",
    "memory_run_test.py",
    "nets/classifier_test.py",
    "nets/memory_test.py",
    "nets/microbatches_test.py",
    "nets/saved_test.py",
    "nets/simclr_test.py",
    "nets/student_test.py",
    "nets/relative_position_test.py",
    "old_runs_test.py",
    "other_data_test.py",
    "relative_position_run_test.py",
    "rotation_run_test.py",
    "tasks/",
    "view_size_run_test.py",
)
IN_GRAPHS = (
    *BOTH_LANES,
    "distill_run_test.py::test_a_student_in_parts_goes_on_bit_for_bit",
    "distill_run_test.py::test_supervised_training_is_judged_shown_and_exported",
    "exemplar_run_test.py::test_a_killed_run_goes_on_bit_for_bit",
    "exemplar_run_test.py::test_a_run_is_judged_shown_and_exported",
    "memory_run_test.py::test_a_checkpoint_holds_the_queue_and_the_averaged_network",
    "memory_run_test.py::test_resumed",
    "nets/classifier_test.py::test_fit_lowers_the_loss",
    "nets/memory_test.py::test_compiled_otherwise_it_is_the_same",
    "nets/memory_test.py::test_microbatches_without_norms_are_the_plain_step",
    "nets/microbatches_test.py::test_a_batch_that_cannot_be_divided_is_an_error",
    "nets/microbatches_test.py::test_a_run_goes_on_as_if_it_had_not_been_broken_off",
    "nets/microbatches_test.py::test_moving_averages_follow_each_part_once",
    "nets/microbatches_test.py::test_with_frozen_norms_training_is_the_plain_steps",
    "nets/simclr_test.py::test_a_resnet_trains_under_steps_per_execution",
    "nets/simclr_test.py::test_fit_lowers_the_loss",
    "nets/simclr_test.py::test_half_precision",
    "nets/simclr_test.py::test_nothing_is_traced",
    "nets/student_test.py::test_several_steps",
    "relative_position_run_test.py::test_a_killed_run",
    "relative_position_run_test.py::test_a_run_is_judged_shown_and_exported",
    "rotation_run_test.py::test_a_killed_run_goes_on_bit_for_bit",
    "tasks/export_test.py::test_training_exports_on_its_way",
    "tasks/train_test.py::test_a_run_in_parts_goes_on_bit_for_bit",
    "tasks/train_test.py::test_a_step_that_was_trained_anew_has_a_whitening_of_its_own",
    "tasks/train_test.py::test_several_steps_in_one_execution_are_the_same_steps",
    "tasks/train_test.py::test_the_same_command_gives_the_same_weights",
)


def turn(name: str) -> int:
    """What tests are sorted by, from 0 for the first."""
    return next((n for n, start in enumerate(LONGEST) if name.startswith(start)), len(LONGEST))


def why_slow(name: str, fixtures: Collection[str]) -> str | None:
    """Why `make test-fast` leaves a test out; None if it does not."""
    for fixture, reason in SLOW_FIXTURES.items():
        if fixture in fixtures:
            return reason
    return _reason(name, SLOW)


def why_first_lane(name: str) -> str | None:
    """Why `make test-addons` leaves a test out; None if it does not."""
    return None if name.startswith(BOTH_LANES) else _reason(name, FIRST_LANE)


def runs_eagerly(name: str) -> bool:
    """Whether a test runs functions of TensorFlow without a graph."""
    return name.startswith(EAGER) and not name.startswith(IN_GRAPHS)


def _reason(name: str, left_out: dict[str, tuple[str, ...]]) -> str | None:
    return next((why for why, starts in left_out.items() if name.startswith(starts)), None)
