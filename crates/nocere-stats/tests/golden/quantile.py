"""Writes quantile.json with SciPy. Run by hand: pip install scipy && python3 quantile.py"""

from golden import write
from scipy import stats

PROBABILITIES = [1e-12, 1e-6, 0.001, 0.025, 0.1, 0.3, 0.5, 0.6, 0.9, 0.975, 0.9999]
POINTS = [-9, -5, -2, -1, -0.3, 0, 0.1, 0.7, 1.5, 1.96, 3, 7]
FREEDOM = [1, 2, 3, 4, 5, 7.5, 9, 10, 20, 49, 50.5, 449, 4999, 1e6]
BETA = [(1, 1, 0.025), (1, 10, 0.975), (0.5, 0.5, 0.3), (3, 7, 0.025), (4, 6, 0.975),
        (1, 100_000, 0.025), (2, 99_999, 0.975), (99_999, 2, 0.025), (449, 2, 0.025),
        (40, 427, 0.025), (5e5, 5e5, 0.975), (1, 1e6, 0.5)]
BINOMIAL = [(0, 10, 0.1), (3, 10, 0.5), (10, 10, 0.5), (0, 1, 0.5), (5, 450, 0.02),
            (9, 450, 0.02), (50, 1000, 0.05), (2, 5000, 0.001), (2499, 5000, 0.5),
            (20, 40, 0.9), (99_990, 100_000, 0.9999)]
write(__file__, ["scipy"], {
    "normal_quantile": [((p,), (stats.norm.ppf(p),)) for p in PROBABILITIES],
    "normal_cdf": [((z,), (stats.norm.cdf(z),)) for z in POINTS],
    "student_quantile": [((f,), (stats.t.ppf(0.975, f),)) for f in FREEDOM],
    "beta_quantile": [((a, b, p), (stats.beta.ppf(p, a, b),)) for a, b, p in BETA],
    "binomial_cdf": [((k, n, p), (stats.binom.cdf(k, n, p),)) for k, n, p in BINOMIAL],
})
