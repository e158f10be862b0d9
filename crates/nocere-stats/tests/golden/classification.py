"""Writes classification.json with scikit-learn, statsmodels and confidenceinterval (DeLong).

Run by hand: pip install scikit-learn statsmodels confidenceinterval && python3 classification.py
"""

import numpy as np
from confidenceinterval.delong import delong_roc_variance
from golden import write
from sklearn import metrics
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

random = np.random.default_rng(11)
TABLES = [[[50, 3], [4, 20]], [[1, 1], [1, 1]], [[400, 1], [2, 47]], [[0, 5], [5, 3]],
          [[90, 10], [0, 5]], [[7, 0], [0, 9]], [[1000, 200], [150, 80]],
          [[10, 2, 1], [3, 20, 4], [0, 1, 9]], [[5, 1, 0, 0], [2, 8, 1, 1], [0, 3, 6, 2], [1, 0, 2, 9]],
          [[30, 40], [2, 1]], [[3, 0], [1, 100_000]]]


def confusion(table):
    table = np.array(table)
    k = len(table)
    pairs = [(t, p) for t in range(k) for p in range(k) for _ in range(min(table[t][p], 2000))]
    weights = [max(table[t][p], 1) / min(max(table[t][p], 1), 2000) for t, p in pairs]
    truth, made = np.array([t for t, _ in pairs]), np.array([p for _, p in pairs])
    weights = np.array(weights)
    accuracy = metrics.accuracy_score(truth, made, sample_weight=weights)
    truth, made = truth == 1, made == 1
    recall = metrics.recall_score(truth, made, sample_weight=weights)
    specificity = metrics.recall_score(~truth, ~made, sample_weight=weights)
    low, high = proportion_confint(table[1][1], table[1].sum(), 0.05, "wilson")
    return ((k, *table.flatten()), (
        accuracy, recall, specificity, metrics.precision_score(truth, made, sample_weight=weights),
        metrics.precision_score(~truth, ~made, sample_weight=weights),
        metrics.f1_score(truth, made, sample_weight=weights),
        metrics.balanced_accuracy_score(truth, made, sample_weight=weights), low, high))


def auroc(n, share, shift, decimals):
    truth = random.random(n) < share
    truth[:4] = [True, True, False, False]
    scores = np.round(random.normal(0, 1, n) + shift * truth, decimals)
    # confidenceinterval ranks in single precision: its area is good to six digits only.
    _, variance = delong_roc_variance(truth.astype(int), scores)
    given = np.stack([scores, truth], axis=1).flatten()
    return given, (metrics.roc_auc_score(truth, scores), np.sqrt(float(np.squeeze(variance))))


def calibration(n, decimals, shift):
    stated = np.round(random.random(n), decimals)
    happened = random.random(n) < np.clip(stated + shift, 0, 1)
    happened[:2] = [True, False]
    errors = []
    for bins, strategy in [(10, "uniform"), (5, "quantile")]:
        true, mean = calibration_curve(happened, stated, n_bins=bins, strategy=strategy)
        edges = np.arange(1, bins) / bins if strategy == "uniform" else np.percentile(
            stated, np.linspace(0, 1, bins + 1) * 100)[1:-1]
        counts = np.bincount(np.searchsorted(edges, stated), minlength=bins)
        errors.append(np.sum(counts[counts > 0] * np.abs(true - mean)) / n)
    given = np.stack([stated, happened], axis=1).flatten()
    return given, (*errors, metrics.brier_score_loss(happened, stated))


write(__file__, ["scikit-learn", "statsmodels", "confidenceinterval", "numpy"], {
    "confusion": [confusion(table) for table in TABLES],
    "auroc": [auroc(*case) for case in [
        (10, 0.5, 1, 3), (30, 0.2, 0.5, 1), (60, 0.5, 2, 0), (100, 0.1, 1, 2), (200, 0.5, 0, 1),
        (200, 0.9, 3, 2), (300, 0.3, 1, 0), (50, 0.5, -1, 2), (400, 0.05, 1.5, 3), (20, 0.5, 0.2, 0)]],
    "calibration": [calibration(*case) for case in [
        (10, 4, 0), (50, 4, 0.1), (100, 3, -0.2), (200, 4, 0.3), (300, 2, 0), (40, 3, 0.5),
        (150, 4, -0.5), (25, 3, 0), (500, 3, 0.05), (80, 4, 0.2)]],
})
