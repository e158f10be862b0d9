"""Writes correction.json: PPI++ with ppi-python; Rogan-Gladen written down from the paper.

No Python package has the interval of Lang and Reiczigel (2014), so it is written here from the
paper, with numpy, apart from the Rust code; it was compared by eye with a copy of the authors' R script
(CI4TruePrevalence) and has the same terms. Run by hand: pip install ppi-python && python3 correction.py
"""

import numpy as np
from golden import write
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
from scipy import stats

random = np.random.default_rng(3)
z = stats.norm.ppf(0.975)


def rogan_gladen(hits, total, tp, fn, tn, fp):
    plain = (hits / total + tn / (tn + fp) - 1) / (tp / (tp + fn) + tn / (tn + fp) - 1)
    n, p = total + z**2, (hits + z**2 / 2) / (total + z**2)
    n1, se = tp + fn + 2, (tp + 1) / (tp + fn + 2)
    n0, sp = tn + fp + 2, (tn + 1) / (tn + fp + 2)
    pi = (p + sp - 1) / (se + sp - 1)
    shift = 2 * z**2 * (pi * se * (1 - se) / n1 - (1 - pi) * sp * (1 - sp) / n0)
    error = np.sqrt(p * (1 - p) / n + se * (1 - se) / n1 * pi**2
                    + sp * (1 - sp) / n0 * (1 - pi) ** 2) / (se + sp - 1)
    value = np.clip(plain, 0, 1)
    return plain, np.clip(pi + shift - z * error, 0, value), np.clip(pi + shift + z * error, value, 1)


def prediction_powered(n, others, kind, noise):
    if kind == "rate":
        truth = random.random(n + others) < 0.3
        judge = np.where(random.random(n + others) < noise, ~truth, truth)
    else:
        truth = random.normal(2, 1, n + others)
        judge = truth + random.normal(0.3, noise, n + others)
    truth, judge = truth.astype(float), judge.astype(float)
    value = ppi_mean_pointestimate(truth[:n], judge[:n], judge[n:])
    low, high = ppi_mean_ci(truth[:n], judge[:n], judge[n:], alpha=0.05)
    given = (n, *np.stack([truth[:n], judge[:n]], axis=1).flatten(), *judge[n:])
    return given, tuple(float(np.squeeze(x)) for x in (value, low, high))


CASES = [(20, 100, 40, 10, 45, 5), (7, 100, 40, 10, 45, 5), (88, 100, 40, 10, 45, 5),
         (90, 450, 50, 0, 50, 0), (5, 50, 20, 5, 70, 5), (2500, 5000, 300, 50, 90, 10),
         (300, 5000, 95, 5, 340, 10), (1, 1, 90, 10, 90, 10), (40, 466, 30, 20, 49, 1),
         (13, 20, 9, 1, 19, 1), (10, 450, 12, 3, 80, 5)]
write(__file__, ["ppi-python", "scipy", "numpy"], {
    "rogan_gladen": [(case, rogan_gladen(*case)) for case in CASES],
    "prediction_powered": [prediction_powered(*case) for case in [
        (20, 100, "rate", 0.1), (50, 450, "rate", 0.2), (100, 50, "rate", 0.05), (30, 300, "rate", 0.5),
        (100, 900, "rate", 0.9), (10, 20, "mean", 0.5), (50, 200, "mean", 0.1), (100, 1000, "mean", 3),
        (200, 20, "mean", 1), (40, 400, "mean", 0.01), (25, 25, "rate", 0.15)]],
})
