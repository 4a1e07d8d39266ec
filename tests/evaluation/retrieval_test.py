"""Cross-group retrieval against a naive loop from the definition, and its invariants."""

import numpy as np
import pytest

from tf_simclr.evaluation import neighbours
from tf_simclr.evaluation.retrieval import nearest, retrieval_at_k


def naive_ranking(features, groups, query):
    """Rows of other groups, by falling cosine of the centred features."""
    centred = features - features.mean(axis=0)
    gallery = [row for row in range(len(features)) if groups[row] != groups[query]]

    def cosine(row):
        return centred[row] @ centred[query] / np.linalg.norm(centred[row])

    return sorted(gallery, key=cosine, reverse=True)


def naive_retrieval(features, identities, groups, k):
    hits = []
    for query in range(len(features)):
        others = identities[groups != groups[query]]
        if identities[query] in others:
            found = naive_ranking(features, groups, query)[:k]
            hits.append(any(identities[row] == identities[query] for row in found))
    return np.mean(hits)


def table(count, width, vendors, seed=0):
    """Every identity once from every vendor, but some vendors lack some; features share a part."""
    generator = np.random.default_rng(seed)
    identities = np.repeat(np.arange(count), vendors)
    groups = np.tile(np.arange(vendors), count)
    shared = generator.normal(size=(count, width))[identities]
    features = shared + generator.normal(size=shared.shape) + 5.0
    kept = generator.random(len(features)) < 0.8
    return features[kept], identities[kept], groups[kept]


@pytest.mark.parametrize(("count", "width", "vendors"), [(12, 5, 2), (40, 11, 3)])
@pytest.mark.parametrize("k", [1, 4])
def test_matches_naive_loop(count, width, vendors, k):
    features, identities, groups = table(count, width, vendors)
    expected = naive_retrieval(features, identities, groups, k)
    assert retrieval_at_k(features, identities, groups, k=k) == pytest.approx(expected)


@pytest.mark.parametrize("rows", [9, 30])
def test_nearest_matches_naive_loop_with_and_without_groups(rows):
    features = np.random.default_rng(0).normal(size=(rows, 6))
    groups = np.arange(rows) % 3
    for given, naive_groups in ((groups, groups), (None, np.arange(rows))):
        found = nearest(features, k=4, groups=given)
        expected = [naive_ranking(features, naive_groups, query)[:4] for query in range(rows)]
        np.testing.assert_array_equal(found, expected)


def test_queries_without_a_counterpart_are_left_out_by_hand():
    # Identity 7 is drawn by both vendors and close; 8 by one vendor twice, and 9 once.
    features = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.0, 1.1], [-1.0, -1.0]])
    identities, groups = np.array([7, 7, 8, 8, 9]), np.array([0, 1, 0, 0, 1])
    assert retrieval_at_k(features, identities, groups) == 1.0


def test_order_scale_and_shift_do_not_matter():
    features, identities, groups = table(30, 8, 3)
    expected = retrieval_at_k(features, identities, groups)
    order = np.random.default_rng(1).permutation(len(features))
    changed = 3 * features[order] - 1  # Centring takes the shift away.
    assert retrieval_at_k(changed, identities[order], groups[order]) == expected


def test_names_serve_as_well_as_numbers():
    features, identities, groups = table(20, 8, 3)
    vendors = np.array(["google", "twitter", "fluent"])[groups]
    names = np.array([f"emoji {identity}" for identity in identities])
    expected = retrieval_at_k(features, identities, groups)
    assert retrieval_at_k(features, names, vendors) == expected


def test_chunks_do_not_matter(monkeypatch):
    features, identities, groups = table(30, 8, 3)
    expected = nearest(features, k=3, groups=groups)
    monkeypatch.setattr(neighbours, "SIMILARITIES_AT_ONCE", 5 * len(features))
    np.testing.assert_array_equal(nearest(features, k=3, groups=groups), expected)


def test_collapsed_features_find_nothing_but_chance():
    _, identities, groups = table(30, 8, 2)
    assert retrieval_at_k(np.ones((len(groups), 4)), identities, groups) < 0.2


@pytest.mark.parametrize("k", [0, 6])
def test_k_must_fit_the_gallery(k):
    groups = np.repeat([0, 1], [5, 7])  # The larger group leaves a gallery of 5.
    with pytest.raises(ValueError, match=rf"`k` must be between 1 and .*\(5 rows.*Received: k={k}"):
        nearest(np.eye(12), k=k, groups=groups)


def test_the_whole_gallery_may_be_asked_for():
    found = nearest(np.eye(12), k=5, groups=np.repeat([0, 1], [5, 7]))
    np.testing.assert_array_equal(np.sort(found[5:]), [range(5)] * 7)


def test_errors_say_what_is_wrong():
    features = np.eye(4)
    with pytest.raises(ValueError, match=r"`groups` must show at least one identity in two groups"):
        retrieval_at_k(features, np.arange(4), np.array([0, 0, 1, 1]))
    with pytest.raises(ValueError, match=r"`identities` must be \[rows\].*identities.shape=\(3,\)"):
        retrieval_at_k(features, np.arange(3), np.array([0, 0, 1, 1]))
    with pytest.raises(ValueError, match=r"`features` must be finite.*in 1 of 4 rows"):
        nearest(np.where(features == features[0], features, np.nan)[[0, 0, 0, 1]], k=1)
