"""The words that flags choose from.

Each word under a folder's name is also the name of a file in that folder, and tf_simclr.things
imports that file when the word is chosen.
"""

# methods/; "pretrain" stands for its pretext task, which has the file.
TRAIN_MODES = ("pretrain", "finetune", "supervised", "distill")
PRETEXT_TASKS = ("simclr", "rotation", "relative_position", "exemplar")
# architectures/
ARCHITECTURES = ("resnet",)
# losses/
LOSSES = ("nt_xent", "dcl", "nt_logistic", "margin_triplet")
# data/augment/
VIEW_OPERATIONS = ("crop", "flip", "color", "gray", "blur", "cutout", "rotate")
# Those of a view if --view_operations does not say: as in the original, and in arXiv 2002.05709,
# appendix A; and for pretext tasks whose papers have others.
ORIGINAL_VIEW = "crop,flip,color,gray,blur"
VIEWS_OF_TASKS = {"rotation": "crop,flip", "relative_position": "crop,flip"}
# Tasks whose networks have a head of their own, and no projection head.
WITHOUT_PROJECTION = ("relative_position",)
RELATIVE_POSITION_COLORS = ("drop", "project", "keep")
# exporting/
EXPORT_FORMATS = ("hub_module", "saved_model", "onnx", "lite")

EMBED_OUTPUTS = ("final_avg_pool", "pyramid", "pyramid_white")
MODES = ("train", "eval", "train_then_eval", "export", "embed", "report")
STEMS = ("auto", "small", "large")
DEPTHS = (10, 18, 34, 50, 101, 152, 200)
HEAD_MODES = ("none", "linear", "nonlinear")
LOSS_IMPLEMENTATIONS = ("auto", "dense", "blockwise")
NEGATIVES = ("both", "other")
OPTIMIZERS = ("momentum", "adam", "lars", "lamb")
LEARNING_RATE_SCALINGS = ("linear", "sqrt")
PRECISIONS = ("auto", "float32", "mixed_bfloat16", "mixed_float16")
KEPT_BY = ("none", "rankme", "knn", "linear_probe")
PROBE_GRIDS = ("short", "paper")
FROZEN_BATCH_NORMS = ("inference", "training")
