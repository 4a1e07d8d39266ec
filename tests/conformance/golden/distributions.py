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


def from_moments(ours: np.ndarray, mean: np.ndarray, std: np.ndarray, recorded: int):
    """Normal tests of mean and variance, element by element: two arrays of p-values.

    Args:
      ours: [draws, ...].
      mean: [...] recorded.
      std: [...] recorded.
      recorded: number of recorded draws.
    """
    ours = ours.astype(np.float64)
    share = 1 / len(ours) + 1 / recorded
    variance = ours.var(axis=0)
    fourth = np.mean((ours - ours.mean(axis=0)) ** 4, axis=0)  # var(s^2) = (m4 - var^2) / n
    by_mean = (ours.mean(axis=0) - mean) / np.sqrt(variance * share)
    by_variance = (variance - std**2) / np.sqrt((fourth - variance**2) * share)
    return 2 * stats.norm.sf(np.abs(by_mean)), 2 * stats.norm.sf(np.abs(by_variance))
