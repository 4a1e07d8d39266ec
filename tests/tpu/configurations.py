"""The settings of a run whose training steps are traced: a covering set, and the whole product."""

import itertools
from collections.abc import Iterator

# Flags that change what a step computes -> their values. On a TPU there is no mixed_float16.
OF_ALL = {
    "precision": ("float32", "mixed_bfloat16"),
    "steps_per_execution": (1, 2),
}
OF_PRETRAINING = OF_ALL | {
    # On the device, views are made of pictures that are all of one size, or of others' crops.
    "dataset": ("emoji32", "image_folder"),
    "augment_on": ("host", "device"),
    "loss": ("nt_xent", "dcl"),
    "loss_implementation": ("dense", "blockwise"),
    "microbatches": (1, 2),
    "memory_size": (0, 6),
}
# The other losses, with their own flags, whole and in blocks. `make test` traces the first two.
OF_LOSSES = tuple(
    {name: values[0] for name, values in OF_PRETRAINING.items()}
    | dict(zip(("loss", "loss_implementation", "semi_hard", "negatives"), values))
    | {"memory_size": memory_size, "microbatches": 1 + (memory_size > 0)}
    for *values, memory_size in (
        ("nt_logistic", "dense", False, "other", 6),
        ("margin_triplet", "blockwise", True, "both", 0),
        ("nt_logistic", "blockwise", True, "other", 6),
        ("margin_triplet", "dense", True, "both", 6),
        ("nt_logistic", "blockwise", False, "both", 0),
        ("margin_triplet", "dense", False, "other", 0),
    )
)
OF_CLASSIFIERS = {"train_mode": ("finetune", "supervised", "distill")} | OF_ALL

# A pretext task with labels of its own; it has no loss over pairs and no memory.
OF_ROTATION = {"pretext_task": ("rotation",)} | {
    name: OF_PRETRAINING[name] for name in (*OF_ALL, "augment_on", "microbatches")
}

# Patches of 4 pixels fit into the small pictures that are traced.
OF_POSITIONS = {
    "pretext_task": ("relative_position",),
    "augment_on": OF_PRETRAINING["augment_on"],
    "relative_position_patch": (0.25,),
    "relative_position_gap": (0.0625,),
    "relative_position_jitter": (0.0625,),
}

# Copies are made on the host, and the softmax over classes is float32 in any precision.
OF_EXEMPLARS = {
    "pretext_task": ("exemplar",),
    "exemplar_classes": (48,),
    "precision": ("mixed_bfloat16",),
    "microbatches": OF_PRETRAINING["microbatches"],
}

# In any two columns are all four pairs: they are different columns of three 1s behind a 0.
_PLACES = (
    (0, 0, 0, 0, 0, 0, 0, 0),
    (0, 0, 0, 0, 1, 1, 1, 1),
    (0, 1, 1, 1, 0, 0, 0, 1),
    (1, 0, 1, 1, 0, 1, 1, 0),
    (1, 1, 0, 1, 1, 0, 1, 0),
    (1, 1, 1, 0, 1, 1, 0, 1),
)
_PLACES_OF_FOUR = ((0, 0, 0, 0), (0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0))
_CHANGE = tuple(OF_ROTATION)[1:]
COVERING = (
    *(
        {name: values[place] for (name, values), place in zip(OF_PRETRAINING.items(), places)}
        for places in _PLACES
    ),
    *(
        {"train_mode": mode, "precision": precision, "steps_per_execution": 1 + (m + p) % 2}
        for m, mode in enumerate(OF_CLASSIFIERS["train_mode"])
        for p, precision in enumerate(OF_ALL["precision"])
    ),
    *OF_LOSSES[:2],
    # In any two columns are all four pairs, here too.
    *(
        dict(zip(OF_ROTATION, ("rotation", *(OF_ROTATION[n][p] for n, p in zip(_CHANGE, places)))))
        for places in _PLACES_OF_FOUR
    ),
    *(
        dict(zip(flags, values))
        for flags in (OF_POSITIONS, OF_EXEMPLARS)
        for values in itertools.product(*flags.values())
    ),
)


def whole_product() -> Iterator[dict]:
    """Every combination of the values of all flags, and the other losses."""
    for flags in (OF_PRETRAINING, OF_CLASSIFIERS, OF_ROTATION, OF_POSITIONS, OF_EXEMPLARS):
        for values in itertools.product(*flags.values()):
            yield dict(zip(flags, values))
    yield from OF_LOSSES


def pairs(flags: dict) -> set:
    """Every two of `flags` with their values."""
    return set(itertools.combinations(sorted(flags.items()), 2))


def name(flags: dict) -> str:
    """As a test is called."""
    return "-".join(str(value) for value in flags.values())
