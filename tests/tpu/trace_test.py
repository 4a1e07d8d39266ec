"""What TPUs are given to compile of a training step, and what crosses replicas in it.

Traced under TPUStrategy over false devices, by traced_steps.py in one process. `make test` traces a
few combinations of flags, in which any two values of two flags meet; `make test-tpu-trace` all.
"""

import json
import os
import re
from collections import Counter

import processes
import pytest
from configurations import (
    COVERING,
    OF_CLASSIFIERS,
    OF_EXEMPLARS,
    OF_POSITIONS,
    OF_PRETRAINING,
    OF_ROTATION,
    name,
    pairs,
    whole_product,
)
from graph_facts import Collective
from traced_steps import BATCH, CORES, FAULTY, GATHERING, SIZE

from tf_simclr.losses.blockwise import BLOCK
from tf_simclr.nets.rotation import TURNS

WHOLE = os.environ.get("TPU_TRACE") == "whole"
STEPS = tuple(whole_product()) if WHOLE else COVERING
HOURS = 2 * 60 * 60  # seconds that the whole product may take

# The networks of traced_steps.py: a stem of 4 channels, a block of 4, one of 8, and a projection
# head of two layers of 8. Each block has a shortcut, and so three convolutions and three norms.
LOCAL = BATCH // CORES
KERNELS = [
    *[(3, 3, 3, 4)],
    *[(1, 1, 4, 4), (3, 3, 4, 4), (3, 3, 4, 4)],
    *[(1, 1, 4, 8), (3, 3, 4, 8), (3, 3, 8, 8)],
]
NORMS = [4, 4, 4, 4, 8, 8, 8]  # their channels
HEAD_KERNELS, HEAD_NORMS = [(8, 8), (8, 8)], [8, 8]
CLASSES = {"emoji32": 37, "image_folder": 2}
# Of the head of pairs, on 8 features of each patch: neither of its norms has weights.
PAIR_HEAD = [(8, 8), (16, 8), (8, 8), (8,), (8, 8), (8,)]
PAIR_NORMS = [8, 8]
POSITIONS = "relative_position"


def summed(shape, in_loop=False):
    return Collective("CrossReplicaSum", "float32", shape, in_loop)


def of_gradients(flags):
    """One sum for each variable that trains."""
    if flags.get("pretext_task") == POSITIONS:
        channels = [(channels,) for channels in NORMS * 2]
        return Counter(map(summed, [*KERNELS, *channels, *PAIR_HEAD]))
    classes = CLASSES[flags.get("dataset", "emoji32")]
    classes = flags.get("exemplar_classes", TURNS if "pretext_task" in flags else classes)
    shapes = [*KERNELS, *[(channels,) for channels in NORMS * 2], (8, classes), (classes,)]
    if "train_mode" not in flags:
        # The last norm of the projection head has no offset.
        shapes += [*HEAD_KERNELS, *[(channels,) for channels in HEAD_NORMS * 2][:-1]]
    return Counter(map(summed, shapes))


def of_norms(flags):
    """Of every norm, sums of the values and of their squares: once forward, and once back."""
    if "train_mode" in flags:
        return Counter(summed((2, channels)) for channels in NORMS * 2)
    in_parts = flags.get("microbatches", 1) > 1
    head = PAIR_NORMS if flags.get("pretext_task") == POSITIONS else HEAD_NORMS
    # In parts, pairs go forward twice. The averaged network that fills a memory goes forward only.
    twice = in_parts and "pretext_task" not in flags
    passes = 2 + twice + (flags.get("memory_size", 0) > 0)
    channels = (NORMS + head) * passes
    return Counter(summed((2, each), in_loop=in_parts) for each in channels)


def of_embeddings(flags):
    """What the loss and the memory gather: on TPUs a sum of everyone's, zeros but for one's own."""
    if "train_mode" in flags or "pretext_task" in flags:
        return Counter()
    views, dim = 2, 8
    dense = flags["loss_implementation"] == "dense"
    rows = (views * dim,) if dense else (views, dim)
    shapes = [(CORES, LOCAL, *rows), (CORES, LOCAL, views)]  # The second are normalisers.
    if flags["memory_size"]:
        shapes.append((CORES, LOCAL, dim))  # Second views of the averaged network.
    return Counter(map(summed, shapes))


def of_metrics(flags):
    """A sum and a weight of each running mean and of the norm, and the loss, if it is finite."""
    means = {"finetune": 5, "supervised": 5, "distill": 7}.get(flags.get("train_mode"), 8)
    means = 4 if "pretext_task" in flags else means
    return Counter([summed(())] * (2 * (means + 1) + 1))


@pytest.fixture(scope="module")
def traced(tmp_path_factory, emoji_dir, picture_folder):
    """Facts of each step, by its name."""
    path = tmp_path_factory.mktemp("traced") / "facts.json"
    program = os.path.join(os.path.dirname(__file__), "traced_steps.py")
    given = [path, emoji_dir, picture_folder, *["whole"] * WHOLE]
    run = processes.run([program, *given], timeout=HOURS if WHOLE else processes.TIMEOUT)
    assert run.returncode == 0, run.stderr[-4000:]
    return {step: found_of(facts) for step, facts in json.loads(path.read_text()).items()}


def found_of(facts):
    collectives = [
        Collective(kind, dtype, tuple(shape), in_loop)
        for kind, dtype, shape, in_loop in facts["collectives"]
    ]
    return facts | {"collectives": Counter(collectives)}


@pytest.fixture(params=STEPS, ids=name)
def flags(request):
    return request.param


@pytest.fixture
def step(flags, traced):
    return traced[name(flags)]


def bytes_of(collectives):
    return sum(each.bytes * times for each, times in collectives.items())


def test_the_covering_set_holds_every_pair():
    for kind in (OF_PRETRAINING, OF_CLASSIFIERS, OF_ROTATION, OF_POSITIONS, OF_EXEMPLARS):
        covered, of_all = (
            set().union(*(pairs(flags) for flags in steps if flags.keys() == kind.keys()))
            for steps in (COVERING, whole_product())
        )
        assert covered == of_all
    assert len(COVERING) <= 24


def test_every_tensor_has_a_static_shape(step):
    assert step["unshaped"] == []


def test_xla_compiles_all_of_it(step):
    assert step["on_host"] == []
    assert step["not_compiled"] == []


def test_what_crosses_replicas_is_gradients_norms_embeddings_and_metrics(flags, step):
    expected = of_gradients(flags) + of_norms(flags) + of_embeddings(flags) + of_metrics(flags)
    sums = Counter({c: n for c, n in step["collectives"].items() if c.kind == "CrossReplicaSum"})
    assert sums == expected


def test_no_replica_sends_a_value_to_each_other_one(step):
    # But for the number of a step, of 8 bytes.
    others = [each for each in step["collectives"] if each.kind != "CrossReplicaSum"]
    assert all(each.kind == "AllToAll" and each.bytes <= 8 for each in others)


def test_the_bytes_of_a_plain_step():
    plain = COVERING[0]
    assert plain.items() >= {"loss": "nt_xent", "loss_implementation": "dense"}.items()
    # float32 of 1,873 weights: 108 of the stem, 304 and 896 of the blocks, 80 of their norms, 128
    # and 24 of the projection head, 333 of the linear head.
    assert bytes_of(of_gradients(plain)) == 4 * 1873
    # Two rows of 56 channels, of four norms of 4 and five of 8, forward and back.
    assert bytes_of(of_norms(plain)) == 4 * 2 * 2 * 56
    # 16 pictures: two views of 8 dimensions, and two normalisers.
    assert bytes_of(of_embeddings(plain)) == 4 * 16 * (2 * 8 + 2)
    # Eight running means and the norm of the gradient, two numbers each, and the loss.
    assert bytes_of(of_metrics(plain)) == 4 * 19


def test_a_loss_in_blocks_of_a_small_batch_has_small_tiles(flags, step):
    # Nothing is larger than all views on the channels, and the border of a convolution.
    views = TURNS if "pretext_task" in flags else 2
    assert step["largest"] <= views * LOCAL * (SIZE + 2) ** 2 * 6 < (2 * BLOCK) ** 2


def test_only_layers_multiply_in_one_pass(flags, step):
    assert [
        name
        for name in step["one_pass"]
        if not re.search("dense/|head_supervised/|head_rotation/|head_position/", name)
    ] == []
    # Of pairs, or of many classes.
    of_loss = not flags.keys() & {"train_mode", "pretext_task"} or "exemplar_classes" in flags
    assert bool(step["exact"]) == of_loss


def test_the_gradient_of_a_gather_is_a_sum_and_a_constant_one_has_none(traced):
    found = traced[GATHERING]
    # One of what is gathered, and one of its gradient.
    assert found["collectives"] == Counter({summed((CORES, 2, 3)): 2, summed((CORES, 2, 5)): 1})
    assert (found["unshaped"], found["not_compiled"]) == ([], [])


def test_whatever_a_step_must_not_do_is_found(traced):
    """Else the tests above would say nothing."""
    faulty = traced[FAULTY]
    gathered = Collective("CrossReplicaSum", "float32", (CORES, 2, 3, 3, 1), False)
    sent = Collective("AllToAll", "float32", (CORES, 5), False)
    assert faulty["collectives"] == Counter([gathered, sent])
    assert (gathered.bytes, sent.bytes) == (4 * CORES * 18, 4 * 5)
    assert any("boolean_mask" in tensor for tensor in faulty["unshaped"])
    assert len(faulty["on_host"]) == 1
    assert faulty["not_compiled"] == ["ScaleAndTranslate"]
