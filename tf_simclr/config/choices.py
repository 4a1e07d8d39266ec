"""The words that flags choose by: one word a thing, and for each thing a file of that name.

What is chosen by a word of its own file is imported when it is chosen, by tf_simclr.things.
"""

# methods/, of what is trained; a pretraining learns by its pretext task.
TRAIN_MODES = ("pretrain", "finetune", "supervised", "distill")
PRETEXT_TASKS = ("simclr",)
# architectures/
ARCHITECTURES = ("resnet",)
# losses/
LOSSES = ("nt_xent", "dcl")
# data/augment/
VIEW_OPERATIONS = ("crop", "flip", "color", "gray", "blur", "cutout", "rotate")
# exporting/
EXPORT_FORMATS = ("hub_module", "saved_model", "onnx", "lite")

MODES = ("train", "eval", "train_then_eval", "export", "embed")
DEPTHS = (10, 18, 34, 50, 101, 152, 200)
HEAD_MODES = ("none", "linear", "nonlinear")
LOSS_IMPLEMENTATIONS = ("auto", "dense", "blockwise")
OPTIMIZERS = ("momentum", "adam", "lars", "lamb")
LEARNING_RATE_SCALINGS = ("linear", "sqrt")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
PROBE_GRIDS = ("short", "paper")
FROZEN_BATCH_NORMS = ("inference", "training")
