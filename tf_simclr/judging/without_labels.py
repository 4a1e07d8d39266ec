"""How good frozen features are, asked of pictures alone: no label is read."""

from collections.abc import Callable, Mapping

import numpy as np
from threadpoolctl import threadpool_limits  # scikit-learn itself depends on it.

from tf_simclr.assembly.views import evaluation_views
from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.evaluation.alignment import alignment, uniformity
from tf_simclr.evaluation.features import Network, extract
from tf_simclr.evaluation.lidar import lidar
from tf_simclr.evaluation.linear_classifier import THREADS
from tf_simclr.evaluation.rank import alpha_req, rankme
from tf_simclr.evaluation.spread import feature_std
from tf_simclr.evaluation.two_view_retrieval import two_view_retrieval
from tf_simclr.reporting.names import LABEL_FREE

PICTURES, PAIRS = 500, 5  # of which views are made: 10 of each picture
MOST_ROWS = 5000  # of pictures as they are; more would take long and change little


def _over_pairs(
    judge: Callable[[np.ndarray, np.ndarray], float],
) -> Callable[[np.ndarray, np.ndarray], float]:
    """The mean of a judge of two views over the pairs of views [pictures, views, features]."""

    def mean(pictures: np.ndarray, views: np.ndarray) -> float:
        firsts, seconds = range(0, views.shape[1], 2), range(1, views.shape[1], 2)
        pairs = zip(firsts, seconds)
        return float(np.mean([judge(views[:, one], views[:, other]) for one, other in pairs]))

    return mean


# Keys of LABEL_FREE -> a function of pictures [n, features] and views [m, views, features].
_JUDGES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "two_view_retrieval": _over_pairs(two_view_retrieval),
    "alignment": _over_pairs(alignment),
    "lidar": lambda pictures, views: lidar(views),
    "rankme": lambda pictures, views: rankme(pictures),
    "uniformity": lambda pictures, views: uniformity(pictures),
    "alpha_req": lambda pictures, views: alpha_req(pictures),
    "feature_std": lambda pictures, views: feature_std(pictures),
}


def view_features(
    config: Config, data: Source, networks: Mapping[str, Network]
) -> dict[str, np.ndarray]:
    """Features of several views of test pictures, made by the run's own operations.

    Args:
      config: of the evaluation; of the test split it judges judge_examples pictures at most.
      data: of the config.
      networks: name -> float32 [batch, size, size, 3] -> [batch, ...]; the rest is flattened.

    Returns:
      Name -> float32 [pictures, views, features]; of 500 pictures, evenly spread over those that
      are judged, or of all if there are fewer, and of 10 views each.
    """
    batches = evaluation_views(config, data, pictures=PICTURES, pairs=PAIRS)
    found = extract(networks, batches, limit=2 * PAIRS * PICTURES)
    return {
        name: features.vectors.reshape(-1, 2 * PAIRS, features.vectors.shape[1])
        for name, features in found.items()
    }


def judge_without_labels(
    vectors: Mapping[str, np.ndarray], views: Mapping[str, np.ndarray]
) -> dict[str, dict[str, float | None]]:
    """Judges features without labels; prints what cannot be judged, and why.

    Args:
      vectors: name -> float [pictures, features] of pictures as they are.
      views: name -> float [pictures, views, features] of an even number of views of pictures.

    Returns:
      Name -> key of LABEL_FREE -> its value; None where the pictures are too few for it, or the
      features have no value.
    """
    count = len(next(iter(vectors.values())))
    if count < 2:
        print("One picture cannot be compared: nothing is judged without labels.")
        return {name: dict.fromkeys(LABEL_FREE) for name in vectors}
    spread = np.linspace(0, count - 1, min(count, MOST_ROWS)).round().astype(int)
    scores: dict[str, dict[str, float | None]] = {name: {} for name in vectors}
    for key, title in ((key, judge.title) for key, judge in LABEL_FREE.items()):
        reasons = {}
        for name in vectors:
            try:
                with threadpool_limits(THREADS):
                    scores[name][key] = _JUDGES[key](vectors[name][spread], views[name])
            except ValueError as error:
                scores[name][key], reasons[name] = None, error
        if reasons:  # Said once: it is mostly the same for all networks.
            print(f"{title} is left out: {next(iter(reasons.values()))}")
    return scores
