"""Readers of descriptions: gradient-boosted trees and logistic regression, a pattern at a time."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler


def _trees(seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(max_iter=100, learning_rate=0.1, max_leaf_nodes=15, random_state=seed)


def _regression(seed: int) -> Pipeline:
    return make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=0.1, max_iter=500, random_state=seed),
    )


KINDS = {"trees": _trees, "regression": _regression}


def read(kind: str, seed: int, training: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Probabilities float64 [m, P] of patterns for descriptions float64 [m, d], learned from [n, d] and bool [n, P]."""
    found = np.zeros((len(test), labels.shape[1]))
    for pattern in range(labels.shape[1]):
        if len(np.unique(labels[:, pattern])) < 2:
            found[:, pattern] = labels[0, pattern]
            continue
        model = KINDS[kind](seed).fit(training, labels[:, pattern])
        found[:, pattern] = model.predict_proba(test)[:, 1]
    return found
