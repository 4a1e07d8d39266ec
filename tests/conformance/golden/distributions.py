"""Do two samples come from one distribution? p-values, and what is asked of them."""

import numpy as np
from scipy import stats

# Chance that a test fails though nothing differs. Draws are seeded: it does or does not, for ever.
FALSE_ALARM = 1e-3


def assert_alike(p_values: dict[str, np.ndarray]) -> None:
    """Bonferroni: no p-value may lie below FALSE_ALARM over the number of all comparisons."""
    count = sum(np.size(values) for values in p_values.values())
    for name, values in p_values.items():
        assert np.min(values) * count > FALSE_ALARM, (name, float(np.min(values)), count)


def from_quantiles(ours: np.ndarray, quantiles: np.ndarray, levels, recorded: int) -> float:
    """Two-sample Kolmogorov-Smirnov, where of the other sample quantiles are known only.

    The distance is taken at these quantiles, which makes it smaller, and the p-value (asymptotic)
    larger than that of the full test. At a value that several draws share, any share of them may
    count as below.

    Args:
      ours: [draws].
      quantiles: [levels] of the recorded sample.
      levels: their levels in [0, 1].
      recorded: number of recorded draws.
    """
    # float32 values of one rounding are one value: 1.3999999 is no evidence.
    slack = 1e-6 * np.max(np.abs(quantiles))
    ours = np.sort(ours)
    below = np.searchsorted(ours, quantiles - slack, side="left") / len(ours)
    up_to = np.searchsorted(ours, quantiles + slack, side="right") / len(ours)
    distance = np.max(np.maximum(below - levels, levels - up_to))
    size = len(ours) * recorded / (len(ours) + recorded)
    return float(stats.kstwobign.sf(max(distance, 0) * np.sqrt(size)))


def from_sample(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Two-sample Kolmogorov-Smirnov, asymptotic; ties make it cautious."""
    return float(stats.ks_2samp(ours, theirs, method="asymp").pvalue)


def from_counts(ours, theirs) -> float:
    """Chi-squared test of homogeneity of two rows of counts by category."""
    return float(stats.chi2_contingency(np.stack([ours, theirs]), correction=False).pvalue)


def from_share(ours: np.ndarray, share: float, recorded: int) -> float:
    """The same of bool [draws] and a recorded share of true ones."""
    hits, theirs = int(np.sum(ours)), round(share * recorded)
    return from_counts([hits, len(ours) - hits], [theirs, recorded - theirs])


def from_means(ours: np.ndarray, theirs: np.ndarray, recorded: float) -> np.ndarray:
    """Two-sample normal test of means, element by element: [...] p-values.

    Args:
      ours: [draws, ...]; the recorded draws are taken to vary as much.
      theirs: [...], recorded means.
      recorded: number of recorded draws; infinity for a mean that is known.
    """
    variance = ours.var(axis=0) * (1 / len(ours) + 1 / recorded)
    return 2 * stats.norm.sf(np.abs(ours.mean(axis=0) - theirs) / np.sqrt(variance))
