"""Data drawn from the latent model itself, with its parameters."""

import numpy as np

from churnkit.effect.latent_design import Instrument, LatentDesign

CSAT = Instrument("csat", (0.0, 25.0, 50.0, 75.0, 100.0), 3)
NPS = Instrument("nps", tuple(10.0 * k for k in range(11)), 8)
CES = Instrument("ces", tuple(100 / 6 * k for k in range(7)), 4)
TRUTH = {
    "one": 0.6, "x1": 0.5, "x2": -0.4, "z1": -0.5, "z2": -0.8, "log s": np.log(1.2),
    "response": -1.6, "response S": -0.35, "response S^2": 0.10, "response v1": 0.3,
    "nps loading": 0.9 / 1.2, "ces loading": 0.7 / 0.8, "w2": 0.5,
    "nps log precision": -np.log(1.2), "ces log precision": -np.log(0.8),
}  # fmt: skip
CUTS = {
    "csat": np.array([-1.8, -1.0, 0.0, 1.3]),
    "nps": np.linspace(-2.2, 2.0, 10) / 1.2,
    "ces": np.array([-2.0, -1.3, -0.7, -0.2, 0.3, 1.1]) / 0.8,
}
TRUTH |= {f"{name} cut {k + 1}": cut for name, cuts in CUTS.items() for k, cut in enumerate(cuts)}
del TRUTH["csat cut 3"]


def draw(customers, seed, *, rounds=1.6, instruments=(CSAT, NPS, CES), answer=None, truth=TRUTH, terms=4):
    """A design of terms of customers, and satisfaction as drawn."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(customers), 1 + rng.poisson(terms - 1, customers))
    n = len(owner)
    X = np.column_stack([np.ones(n), rng.standard_normal(n), (rng.random(n) < 0.4).astype(float)])
    Z = rng.standard_normal((n, 2)) * [0.6, 0.5]
    S = X @ [truth["one"], truth["x1"], truth["x2"]] + Z @ [truth["z1"], truth["z2"]]
    S = S + np.exp(truth["log s"]) * rng.standard_normal(n)
    term = np.repeat(np.arange(n), rng.poisson(rounds, n))
    s = S[term]
    V = np.column_stack([X[term, 1] + 0.5 * rng.standard_normal(len(term))])
    odds = truth["response"] + truth["response S"] * s + truth["response S^2"] * s**2 + truth["response v1"] * V[:, 0]
    answered = rng.random(len(term)) < (1 / (1 + np.exp(-odds)) if answer is None else answer)
    u = np.sqrt(truth["w2"]) * rng.standard_normal(len(term))
    answers = np.full((len(term), len(instruments)), -1)
    for m, each in enumerate(instruments):
        ratio = np.exp(truth.get(f"{each.name} log precision", 0.0))
        y = truth.get(f"{each.name} loading", 1.0) * s + ratio * u + rng.standard_normal(len(term))
        put = answered & ((rng.random(len(term)) < 0.7) | (m == 0))
        answers[put, m] = np.searchsorted(CUTS[each.name], y)[put]
    design = LatentDesign(X, Z, owner, term, V, answers, tuple(instruments), ("one", "x1", "x2"), ("z1", "z2"),
                          ("v1",), customers)  # fmt: skip
    return design, S
