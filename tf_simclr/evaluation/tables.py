"""Checks of what is evaluated: a table of finite features, one row a picture, and its labels."""

import numpy as np


def feature_table(name: str, values: np.ndarray, dtype: type = np.float32) -> np.ndarray:
    """Checks a table of features and returns it in float32, or another dtype.

    Args:
        name: the argument's name, for the message.
        values: [rows, features], any real dtype.
        dtype: of the result.

    Returns:
        `dtype` [rows, features], the same memory if `values` is that already.

    Raises:
        ValueError: not two axes, no rows, no columns, or a value that is NaN or infinite.
    """
    table: np.ndarray = np.asarray(values, dtype=dtype)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(
            f"`{name}` must be [rows, features] with at least one of each. Received:"
            f" {name}.shape={table.shape}. Flatten pictures with reshape(len(pictures), -1)."
        )
    broken = int((~np.isfinite(table)).any(axis=1).sum())
    if broken:
        raise ValueError(
            f"`{name}` must be finite. Received: {name} with NaN or inf in {broken} of "
            f"{len(table)} rows. The encoder has diverged: judge an earlier checkpoint."
        )
    return table


def table_of_several(name: str, values: np.ndarray, *, fewest: int = 2) -> np.ndarray:
    """Checks a table of features of several pictures and returns it in float64.

    Args:
        name: the argument's name, for the message.
        values: [rows, features], any real dtype.
        fewest: rows that are needed.

    Returns:
        float64 [rows, features].

    Raises:
        ValueError: as feature_table, or there are fewer rows.
    """
    table = feature_table(name, values, np.float64)
    if len(table) < fewest:
        raise ValueError(
            f"`{name}` must have at least {fewest} rows. Received: {name}.shape={table.shape}. "
            "Give the features of more pictures."
        )
    return table


def pair_of_tables(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Checks the features of two views of the same pictures and returns them in float64.

    Args:
        first: [rows, features] of the first views.
        second: [rows, features] of the second views, row by row of the same pictures.

    Returns:
        Both as float64 [rows, features].

    Raises:
        ValueError: as feature_table, or their shapes differ.
    """
    one, other = (
        feature_table(name, values, np.float64)
        for name, values in (("first", first), ("second", second))
    )
    if one.shape != other.shape:
        raise ValueError(
            "`second` must have the shape of `first`: row i of both is of the same picture. "
            f"Received: first.shape={one.shape}, second.shape={other.shape}. "
            "Give two views of each picture."
        )
    return one, other


def row_values(name: str, values: np.ndarray, rows: int) -> np.ndarray:
    """Checks that there is one label, identity or group for each of `rows` rows.

    Args:
        name: the argument's name, for the message.
        values: [rows], any dtype that can be compared.
        rows: the number of rows of the features that they belong to.

    Returns:
        [rows], as an array.

    Raises:
        ValueError: another shape.
    """
    array = np.asarray(values)
    if array.shape != (rows,):
        raise ValueError(
            f"`{name}` must be [rows], one for each row of the features ({rows}). "
            f"Received: {name}.shape={array.shape}. Class indices are expected, not one-hot rows."
        )
    return array


def labelled_rows(
    name: str, features: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Checks features with their labels and drops the rows without one (label < 0).

    Args:
        name: "train" or "test", for the message.
        features: [rows, features].
        labels: int [rows]; negative means unlabelled.

    Returns:
        float32 [labelled, features] and int64 [labelled].

    Raises:
        ValueError: as feature_table and row_values; labels are not integers, or none is left.
    """
    features = feature_table(f"{name}_features", features)
    labels = row_values(f"{name}_labels", labels, len(features))
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"`{name}_labels` must be integers. Received: {name}_labels.dtype={labels.dtype}. "
            "Number the classes from 0, and give unlabelled rows -1."
        )
    kept = labels >= 0
    if not kept.any():
        raise ValueError(
            f"`{name}_labels` must label at least one row. Received: {name}_labels with "
            f"{len(labels)} rows, all negative. Without labels only retrieval can judge."
        )
    return features[kept], labels[kept].astype(np.int64)


def same_width(train_features: np.ndarray, test_features: np.ndarray) -> None:
    """Checks that both tables come from one encoder.

    Args:
        train_features: [train rows, features].
        test_features: [test rows, features].

    Raises:
        ValueError: the number of features differs.
    """
    if train_features.shape[1] != test_features.shape[1]:
        raise ValueError(
            "`test_features` must have as many columns as `train_features` "
            f"({train_features.shape[1]}). Received: test_features.shape={test_features.shape}. "
            "Compute both with the same encoder and endpoint."
        )
