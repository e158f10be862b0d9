"""Writes planning.json with statsmodels and SciPy.

Run by hand: pip install statsmodels && python3 planning.py
"""

import numpy as np
from golden import write
from scipy import stats
from statsmodels.stats.power import normal_sample_size_one_tail
from statsmodels.stats.proportion import (power_proportions_2indep, proportion_confint,
                                          samplesize_proportions_2indep_onetail)

ERRORS = [(0.05, 0.8), (0.05, 0.9), (0.01, 0.8)]
RATES = [(0.2, 0.1), (0.1, 0.2), (0.05, 0.02), (0.5, 0.4), (0.9, 0.8), (0.31, 0.3), (0.99, 0.5),
         (0.02, 0.01), (0.6, 0.1), (0.45, 0.55), (0.001, 0.01)]
PAIRS = [(0.1, 0.2), (0.05, 0.1), (0.05, 0.3), (0.02, 0.02), (0.2, 0.5), (0.01, 0.1), (0.1, 0.9),
         (0.3, 0.35), (0.15, 0.25), (0.03, 0.08), (0.5, 0.6)]
LIMITS = [(0.01, 0.05), (0.02, 0.05), (0.1, 0.2), (0.3, 0.2), (0.0, 0.01), (0.95, 0.9), (0.45, 0.5),
          (0.05, 0.1), (0.6, 0.5), (0.001, 0.02), (0.99, 0.95)]
WIDTHS = [(0.5, 0.1), (0.5, 0.05), (0.2, 0.05), (0.05, 0.02), (0.01, 0.01), (0.0, 0.05), (1.0, 0.01),
          (0.3, 0.03), (0.9, 0.1), (0.1, 0.005), (0.02, 0.3)]


def cases(pairs):
    return [(*pair, *ERRORS[index % 3]) for index, pair in enumerate(pairs)]


def two_rates(first, second, alpha, power):
    n = samplesize_proportions_2indep_onetail(first - second, second, power, ratio=1, alpha=alpha,
                                              alternative="two-sided")
    made = power_proportions_2indep(first - second, second, 100, alpha=alpha, return_results=False)
    return n, made


def paired(difference, discordance, alpha, power):
    return (normal_sample_size_one_tail(difference, power, alpha / 2, std_null=np.sqrt(discordance),
                                        std_alternative=np.sqrt(discordance - difference**2)),)


def limit_power(rate, limit, n, alpha):
    if rate > limit:
        rate, limit = 1 - rate, 1 - limit
    hits = np.arange(n + 1)
    rejected = hits[stats.binom.cdf(hits, n, limit) <= alpha]
    return stats.binom.cdf(rejected[-1], n, rate) if len(rejected) else 0.0


def limit(rate, bound, alpha, power):
    n = 1
    while limit_power(rate, bound, n, alpha) < power:
        n += 1
    return n, limit_power(rate, bound, 200, alpha)


def half_width(rate, wanted, alpha):
    n = 1
    while True:
        low, high = proportion_confint(rate * n, n, alpha, "wilson")
        # statsmodels cuts the bounds off at 0 and 1; the half width is that of the formula.
        z2 = stats.norm.isf(alpha / 2) ** 2
        half = high - (rate + z2 / (2 * n)) / (1 + z2 / n) if rate < 1 else (
            (rate + z2 / (2 * n)) / (1 + z2 / n) - low)
        if half <= wanted:
            return (n,)
        n += 1


write(__file__, ["statsmodels", "scipy", "numpy"], {
    "two_rates": [(case, two_rates(*case)) for case in cases(RATES)],
    "paired_rates": [(case, paired(*case)) for case in cases(PAIRS)],
    "limit": [(case, limit(*case)) for case in cases(LIMITS)],
    "half_width": [((*pair, ERRORS[i % 3][0]), half_width(*pair, ERRORS[i % 3][0]))
                   for i, pair in enumerate(WIDTHS)],
})
