"""Writes wilson.json: rows [hits, total, low, high] from statsmodels.

Run by hand after a change: pip install statsmodels && python3 wilson.py
"""

import json
import pathlib

from statsmodels.stats.proportion import proportion_confint

CASES = [(0, 1), (1, 1), (0, 10), (10, 10), (1, 2), (3, 7), (5, 10), (1, 50), (49, 50),
         (25, 50), (40, 466), (310, 466), (466, 466), (0, 466), (99, 450), (1, 100_000)]
rows = [[k, n, *map(float, proportion_confint(k, n, 0.05, "wilson"))] for k, n in CASES]
pathlib.Path(__file__).with_name("wilson.json").write_text(json.dumps(rows, indent=0) + "\n")
