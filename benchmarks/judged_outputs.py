"""What linear probe, kNN, few labels and retrieval say of an encoder's outputs and of baselines."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf
import tf_keras as keras

from tf_simclr import load_encoder
from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.evaluation import whitening
from tf_simclr.evaluation.features import Features, Network, extract
from tf_simclr.evaluation.knn import knn
from tf_simclr.evaluation.linear_probe import linear_probe
from tf_simclr.evaluation.retrieval import retrieval_at_k
from tf_simclr.judging.baselines import baselines
from tf_simclr.judging.judge import encoder_outputs

# White ones are of neighbours that are found after PCA whitening; `few_probe` is a linear probe
# with FEW labels a class, the mean of DRAWS draws.
SCORES = ("linear_probe", "few_probe", "knn", "retrieval", "white_knn", "white_retrieval")
FEW, DRAWS = 10, 5
MOST = 10_000  # pictures of a split
# Output -> what is added to its variances before whitening, where that is not SHRINKAGE: for HOG +
# colours the best of five, on the validation part of emoji32.
SHRINKAGES = {"hog": 0.03}
# Output -> endpoint of an encoder.
OUTPUTS = {"final": "final_avg_pool", "pyramid": "pyramid"}

# Output -> split -> features
Judged = Mapping[str, Mapping[str, Features]]


def of_run(config: Config) -> Judged:
    """Of a run's encoder, on pictures as the config's evaluation shows them."""
    encoder = load_encoder(config.run.model_dir)
    encoder.trained_size = None  # It is judged at other sizes on purpose.
    return _extracted(config, _outputs(encoder))


def of_baselines(config: Config) -> Judged:
    """Of raw pixels, of HOG + colours, and of the network before training."""
    keras.utils.set_random_seed(config.run.seed)
    encoder = architecture_of(config.flat()).encoder(**config.model.norms)
    untrained = {f"untrained {output}": one for output, one in _outputs(encoder).items()}
    fixed = {name.strip("/"): one for name, one in baselines().items()}
    return _extracted(config, fixed | untrained)


def _outputs(encoder: Callable) -> dict[str, Network]:
    found = encoder_outputs(encoder, tf.distribute.get_strategy(), list(OUTPUTS.values()))
    return {output: found[name] for output, name in OUTPUTS.items()}


def _extracted(config: Config, networks: Mapping[str, Network]) -> Judged:
    data = build_data.source(config)
    splits = {"train": config.data.train_split, "test": config.data.eval_split}
    found = {
        name: extract(networks, build_data.evaluation_data(config, data, split), limit=MOST)
        for name, split in splits.items()
    }
    return {output: {name: found[name][output] for name in splits} for output in networks}


def scores(output: str, parts: Mapping[str, Features]) -> dict[str, float]:
    """SCORES of an output; those of retrieval only where the data says what pictures show."""
    train, test = parts["train"], parts["test"]
    probe = linear_probe(
        train.vectors, train.labels, test.vectors, test.labels, train_identities=train.identities
    )
    found = {"linear_probe": probe.top1, "few_probe": _few(train, test)}
    shrinkage = SHRINKAGES.get(output, whitening.SHRINKAGE)
    white = whitening.fit(train.vectors, shrinkage=shrinkage)
    for prefix, change in (("", np.asarray), ("white_", white)):
        known, asked = change(train.vectors), change(test.vectors)
        found[f"{prefix}knn"] = knn(known, train.labels, asked, test.labels)
        if test.identities is not None and test.groups is not None:
            found[f"{prefix}retrieval"] = retrieval_at_k(asked, test.identities, test.groups)
    return found


def _few(train: Features, test: Features) -> float:
    """The linear probe with FEW labels a class, of classes that have as many."""
    shares = []
    for seed in range(DRAWS):
        random, chosen = np.random.default_rng(seed), []
        for label in np.unique(train.labels[train.labels >= 0]):
            places = np.flatnonzero(train.labels == label)
            chosen.extend(random.permutation(places)[:FEW])
        few = np.array(chosen)
        tables = train.vectors[few], train.labels[few], test.vectors, test.labels
        shares.append(linear_probe(*tables).top1)
    return float(np.mean(shares))
