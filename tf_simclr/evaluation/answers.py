"""What a classifier answered, picture by picture."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Answers:
    """The answers of one classifier.

    Attributes:
        labels: int64 [n], the class of each picture; negative for those that are not judged.
        predictions: int64 [n], the class that was answered.
        sureness: float32 [n], the probability of that class, in [0, 1].
    """

    labels: np.ndarray
    predictions: np.ndarray
    sureness: np.ndarray

    def wrong(self) -> np.ndarray:
        """The rows that were answered wrongly, the surest first: int64 [wrong]."""
        rows = np.flatnonzero((self.labels >= 0) & (self.labels != self.predictions))
        return rows[np.argsort(-self.sureness[rows], kind="stable")]

    def taken_for(self) -> np.ndarray:
        """int64 [n]: the answer where it was wrong, and -1 elsewhere."""
        wrong = (self.labels >= 0) & (self.labels != self.predictions)
        return np.where(wrong, self.predictions, -1)
