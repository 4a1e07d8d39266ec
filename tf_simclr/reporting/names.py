"""The names of a result's scores and rows, wherever they are shown."""

# Keys of a result -> the titles of a table's columns.
COLUMNS = {
    "linear_probe_top1": "Linear probe",
    "knn_top1": "kNN",
    "retrieval_at_1": "Retrieval at 1",
}
# The same keys -> what the score means, in half a sentence.
MEANINGS = {
    "linear_probe_top1": "Pictures that a linear classifier on these features gets right.",
    "knn_top1": "Pictures that the vote of the nearest training pictures gets right.",
    "retrieval_at_1": "How often the nearest picture of another group shows the same thing.",
}
# Keys of a classifier's accuracy in a result.
TOP_1, TOP_5 = "eval/label_top_1_accuracy", "eval/label_top_5_accuracy"
# Keys of a result -> what is scored, and how.
SCORES = {
    "linear_probe_top1": "Linear probe, top-1",
    "knn_top1": "kNN, top-1",
    "retrieval_at_1": "Retrieval at 1",
    TOP_1: "Classifier, top-1",
    TOP_5: "Classifier, top-5",
}
# Prefixes of these keys -> what was judged.
ROWS = {"": "This encoder", "raw_pixels/": "Raw pixels", "random_init/": "Untrained network"}


def in_text(name: str) -> str:
    """A name as it stands inside a sentence: "Linear probe, top-1" -> "linear probe, top-1"."""
    return name[:1].lower() + name[1:]
