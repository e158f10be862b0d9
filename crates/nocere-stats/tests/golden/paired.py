"""Writes paired.json with statsmodels and SciPy.

Newcombe's method 10 has no Python package: it is written here from the paper on statsmodels'
Wilson bounds, and the Rust test adds the paper's own example.
Run by hand: pip install statsmodels && python3 paired.py
"""

import numpy as np
from golden import write
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

random = np.random.default_rng(5)
TABLES = [(36, 12, 2, 0), (10, 1, 0, 5), (0, 9, 1, 0), (100, 30, 10, 300), (200, 0, 6, 200),
          (1, 2, 3, 4), (50, 25, 24, 1), (4000, 300, 200, 500), (0, 1, 0, 449), (7, 15, 3, 425),
          (20, 40, 10, 5), (3, 5, 8, 2)]


def tests(table):
    a, b, c, d = table
    square = [[a, b], [c, d]]
    exact = mcnemar(square, exact=True).pvalue
    # Fagerland, Lydersen and Laake (2013), eq. for the mid-p value, where b differs from c.
    return exact, mcnemar(square, exact=False).pvalue, exact - stats.binom.pmf(min(b, c), b + c, 0.5)


def newcombe(table):
    a, b, c, d = table
    n = a + b + c + d
    p, q = (a + b) / n, (a + c) / n
    l1, u1 = proportion_confint(a + b, n, 0.05, "wilson")
    l2, u2 = proportion_confint(a + c, n, 0.05, "wilson")
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    product = a * d - b * c
    if product > n / 2:
        product -= n / 2
    elif product >= 0:
        product = 0
    phi = product / np.sqrt(margins) if margins else 0
    low = p - q - np.sqrt((p - l1) ** 2 - 2 * phi * (p - l1) * (u2 - q) + (u2 - q) ** 2)
    high = p - q + np.sqrt((q - l2) ** 2 - 2 * phi * (q - l2) * (u1 - p) + (u1 - p) ** 2)
    return (b - c) / n, low, high


def sign_flip(values):
    made = stats.permutation_test((values,), np.sum, permutation_type="samples", vectorized=False,
                                  n_resamples=np.inf)
    return values, (made.pvalue,)


FLIPS = [np.array(v, dtype=float) for v in
         [[1, 2, 3], [-1, 2, 0, 4], [5, -5], [1, 1], [0.5, 0.25, -0.1, 2], [0.1, 0.2, 0.3, -0.6]]]
FLIPS += [np.round(random.normal(0.3, 1, 12), 3), np.round(random.normal(0.8, 1, 10), 2),
          random.integers(-5, 6, 13), random.integers(-2, 5, 11), random.normal(1, 1, 8)]
P_VALUES = [[0.04], [0.01, 0.04], [0.03, 0.02, 0.01], [0.5, 0.5, 0.5], [1, 0, 0.2], [0.049, 0.051, 0.001, 1],
            *(np.round(random.random(n) ** 2, 4) for n in (5, 8, 13, 20, 40))]
write(__file__, ["statsmodels", "scipy", "numpy"], {
    "mcnemar": [(table, tests(table)) for table in TABLES],
    "paired_difference": [(table, newcombe(table)) for table in TABLES],
    "sign_flip": [sign_flip(values) for values in FLIPS],
    "holm": [(p, multipletests(p, method="holm")[1]) for p in P_VALUES],
    "benjamini_hochberg": [(p, multipletests(p, method="fdr_bh")[1]) for p in P_VALUES],
})
