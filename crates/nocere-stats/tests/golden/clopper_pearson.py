"""Writes clopper_pearson.json: (hits, total) to (low, high), with statsmodels.

Run by hand: pip install statsmodels && python3 clopper_pearson.py
"""

from golden import write
from statsmodels.stats.proportion import proportion_confint

CASES = [(0, 1), (1, 1), (0, 10), (10, 10), (1, 2), (3, 7), (5, 10), (1, 50), (49, 50),
         (25, 50), (40, 466), (310, 466), (466, 466), (0, 466), (99, 450), (1, 100_000)]
write(__file__, ["statsmodels", "scipy"], {
    "clopper_pearson": [(case, proportion_confint(*case, 0.05, "beta")) for case in CASES],
})
