"""How many directions features fill: RankMe and alpha-ReQ, from the spectrum of a table.

Sources: Garrido et al., RankMe: Assessing the Downstream Performance of Pretrained Self-Supervised
Representations by Their Rank (arXiv 2210.02885); Agrawal et al., alpha-ReQ: Assessing
Representation Quality in Self-Supervised Learning by Measuring Eigenspectrum Decay (NeurIPS 2022).
"""

import numpy as np
from scipy import linalg  # scikit-learn itself depends on it.

from tf_simclr.evaluation.tables import table_of_several

EPSILON = 1e-7  # RankMe, section 3.1
# alpha-ReQ's paper names no range. Its authors' code fits eigenvalues 4 to 100 of the falling
# spectrum (fastssl, stringer_get_powerlaw), as the first ones often leave the line.
FIRST_RANK, LAST_RANK = 4, 100
FEWEST_FITTED = 3  # A line through two points says nothing about decay.
# Of all squares: less is the rounding of float32.
NOISE = 1e-12


def rankme(features: np.ndarray) -> float:
    """RankMe (arXiv 2210.02885, section 3.1): the effective rank of a table. Higher is better.

    With s_k the singular values of the features, which are neither centred nor squared,

        p_k = s_k / sum_j |s_j| + 1e-7      RankMe = exp(-sum_k p_k log p_k)

    >>> round(rankme(np.eye(6)[:, :4]), 2)  # Four directions, all alike.
    4.0
    >>> round(rankme(np.ones((6, 4))), 2)  # All rows are the same.
    1.0

    It compares runs of one method on the same pictures. A high rank is needed for good features,
    but does not prove them: noise has the highest.

    Args:
        features: float [rows, features], at least 2 rows. The paper takes 25,600 rows of the
            projection z; of fewer rows than features, the rank of the sample is the limit.

    Returns:
        From 1 (all rows are multiples of one, or zero) to min(rows, features); 1e-7 may add a
        thousandth of it. It does not change if features are scaled, rotated or put into another
        order.

    Raises:
        ValueError: fewer than 2 rows; features that are not a finite table.
    """
    table = table_of_several("features", features)
    if table.shape[0] < table.shape[1]:
        table = table.T
    # By QR, a third of the time. Not by the product with itself, which would square rounding.
    triangle = linalg.qr(table, mode="r")[0][: table.shape[1]]
    return effective_rank(linalg.svdvals(triangle))


def effective_rank(weights: np.ndarray) -> float:
    """The exponential of the entropy of weights (arXiv 2210.02885, section 3.1).

    Args:
        weights: float [n], not negative: singular values, or eigenvalues.

    Returns:
        From 1 (one weight, or all are 0) to n (all are equal), except for RankMe's 1e-7.
    """
    total = weights.sum()
    if total == 0:
        return 1.0
    p = weights / total + EPSILON
    return float(np.exp(-np.sum(p * np.log(p))))


def alpha_req(features: np.ndarray) -> float:
    """alpha-ReQ (Agrawal et al. 2022, section 3): how fast the variance of directions decays.

    The eigenvalues of the covariance of features fall about as a power of their rank,
    l_j ~ j^-alpha. alpha is the slope of a line through log l_j over log j for j from 4 to 100,
    by least squares with weights 1 / j, as in the authors' code.

    >>> rows = np.random.default_rng(0).normal(size=(20000, 40))
    >>> round(alpha_req(rows / np.arange(1, 41)), 1)  # variance j^-2
    2.0

    Args:
        features: float [rows, features], of at least 7 rows and 6 features.

    Returns:
        alpha, at least 0. Near 1 is best: below, features are close to noise (0 is isotropic);
        above, few directions have all the variance. It does not change if features are shifted,
        scaled or rotated.

    Raises:
        ValueError: features that are not a finite table, or whose covariance has fewer than 6
            eigenvalues, of which 3 would be fitted.
    """
    table = table_of_several("features", features)
    centred = table - table.mean(axis=0)
    wide = table.shape[0] < table.shape[1]
    spectrum = linalg.eigvalsh(centred @ centred.T if wide else centred.T @ centred)[::-1]
    spectrum = spectrum[spectrum > NOISE * np.square(table).sum()][:LAST_RANK]
    fewest = FIRST_RANK - 1 + FEWEST_FITTED
    if len(spectrum) < fewest:
        raise ValueError(
            f"`features` must vary in at least {fewest} directions. Received: "
            f"features.shape={table.shape}, which vary in {len(spectrum)}. Give more pictures."
        )
    ranks = np.arange(FIRST_RANK, len(spectrum) + 1)
    # polyfit squares the weights that it is given.
    slope, _ = np.polyfit(np.log(ranks), np.log(spectrum[FIRST_RANK - 1 :]), 1, w=ranks**-0.5)
    return max(0.0, float(-slope))
