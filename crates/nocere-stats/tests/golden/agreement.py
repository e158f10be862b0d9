"""Writes agreement.json: ratings to value, low, high.

Cohen's kappa with statsmodels, AC1/AC2 and Fleiss' kappa with irrCAC, alpha with krippendorff.
Input: categories, raters, ratings by item, -1 for missing.
Run by hand: pip install statsmodels irrCAC krippendorff && python3 agreement.py
"""

import krippendorff
import numpy as np
import pandas as pd
from golden import write
from irrCAC.raw import CAC
from statsmodels.stats.inter_rater import cohens_kappa

random = np.random.default_rng(7)


def sample(categories, raters, items, noise, missing):
    truth = random.integers(0, categories, items)
    rated = np.repeat(truth[:, None], raters, axis=1)
    wrong = random.random(rated.shape) < noise
    rated = np.where(wrong, random.integers(0, categories, rated.shape), rated)
    return categories, np.where(random.random(rated.shape) < missing, -1, rated)


PAIRS = [sample(k, 2, n, noise, 0) for k, n, noise in
         [(2, 10, 0.3), (2, 50, 0.5), (2, 450, 0.1), (3, 30, 0.4), (3, 200, 0.9), (4, 60, 0.2),
          (5, 100, 0.5), (5, 1000, 0.05), (6, 40, 1.0)]]
PAIRS.append((2, np.array([[0, 0]] * 98 + [[0, 1], [1, 1]])))   # rare category
PAIRS.append((2, np.array([[0, 1]] * 10 + [[1, 0]] * 10)))      # never the same
MANY = [sample(k, r, n, noise, missing) for k, r, n, noise, missing in
        [(2, 2, 20, 0.3, 0), (2, 3, 50, 0.4, 0.1), (3, 3, 40, 0.5, 0.2), (4, 4, 30, 0.3, 0.3),
         (5, 3, 100, 0.4, 0), (5, 5, 60, 0.2, 0.4), (2, 6, 25, 0.9, 0.1), (3, 2, 12, 0.1, 0.1),
         (6, 3, 200, 0.5, 0.05), (3, 4, 80, 1.0, 0.2)]]
MANY.append((3, np.array([[0, 0, 0]] * 18 + [[0, 1, -1], [2, 2, 2]])))


def given(case):
    categories, rated = case
    return (categories, rated.shape[1], *rated.flatten())


def cohen(case, weights):
    categories, rated = case
    table = np.zeros((categories, categories))
    for a, b in rated:
        table[a, b] += 1
    made = cohens_kappa(table, wt=weights)
    z = 1.959963984540054
    low, high = made.kappa - z * made.std_kappa, made.kappa + z * made.std_kappa
    return made.kappa, max(low, -1), min(high, 1)


def cac(case, weights, coefficient):
    categories, rated = case
    frame = pd.DataFrame(np.where(rated < 0, np.nan, rated))
    made = CAC(frame, weights=weights, categories=[float(c) for c in range(categories)], digits=12)
    made = getattr(made, coefficient)()["est"]
    return (made["coefficient_value"], *made["confidence_interval"])


def alpha(case, level):
    categories, rated = case
    data = np.where(rated < 0, np.nan, rated).T
    return (krippendorff.alpha(reliability_data=data, level_of_measurement=level,
                               value_domain=list(range(categories))),)


functions = {}
for name, statsmodels_name in [("identity", None), ("linear", "linear"), ("quadratic", "quadratic")]:
    functions[f"cohen_{name}"] = [(given(c), cohen(c, statsmodels_name)) for c in PAIRS]
    functions[f"gwet_{name}"] = [(given(c), cac(c, name, "gwet")) for c in MANY]
    functions[f"fleiss_{name}"] = [(given(c), cac(c, name, "fleiss")) for c in MANY]
for level in ["nominal", "ordinal", "interval"]:
    functions[f"alpha_{level}"] = [(given(c), alpha(c, level)) for c in MANY]
write(__file__, ["statsmodels", "irrCAC", "krippendorff", "numpy", "pandas"], functions)
