"""Shocks and what they do to renewal: residuals of the shocks, and the reduced form on all renewals.

A shock is of use as far as it is no consequence of the customer. Each call's waiting of the others and each claim's
handler load is therefore taken as its residual: what line, region, sales channel, age, premium, tenure, quarter, month,
weekday, hour, place of the queue, channel of the contact, severity and the number of such events in the term say of it,
learnt on other customers, is taken off. A term's shock is the mean over its events; only who was exposed carries one.

The reduced form is a logistic regression of renewal on the residual shocks, with the log-odds of renewal by what was
known before the term and by its exposures as offset, learnt on other customers. With residuals on one side and an
offset on the other, errors of either enter by their product only [1]_.

References
----------
.. [1] Chernozhukov et al. (2018), Double/debiased machine learning, Econometrics Journal 21(1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from churnkit.effect.terms import EffectTerms
from churnkit.models.nuisance import Bools, Codes, Matrix, Vector, cross_fitted, folds

_OF_TERM = ("line", "region", "channel", "age", "premium", "policy_years", "household")
_OF_EVENT = ("place", "channel", "severity", "hour", "weekday", "month")
_COUNT = {"queue_wait": "calls", "handler_load": "claims"}
LEAST = 50
"""Exposed renewals below which a line has no slope of its own."""


@dataclass(frozen=True)
class Fitted:
    """Parameters and how each customer moves them: reweighted by w they are ``value + mean((w - 1) influence)``.

    Attributes
    ----------
    value : array of shape (k,)
    influence : array of shape (n_customers, k)
    """

    value: Vector
    influence: Matrix

    @property
    def covariance(self) -> Matrix:
        """Covariance of the parameters, robust to what a customer's rows share, shape (k, k)."""
        found: Matrix = self.influence.T @ self.influence / len(self.influence) ** 2
        return found

    @property
    def errors(self) -> Vector:
        """Standard errors, shape (k,)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def take(self, places: Codes | slice | list[int]) -> Fitted:
        """Some of the parameters."""
        return Fitted(self.value[places], self.influence[:, places])


@dataclass(frozen=True)
class ResidualShocks:
    """Shocks without what covariates say of them, by term.

    Attributes
    ----------
    names : tuple of str
    Z : array of shape (n_terms, m), mean residual of the term's events, 0 for the unexposed
    exposed : bool array of shape (n_terms, m)
    cells : int array of shape (n_terms, m), -1 for unexposed or unknown
    left : array of shape (m,), share of a shock's variance that covariates leave
    events : tuple of DataFrame, by shock: row (of the term), at, and ``part``, the event's share of the term's Z
    """

    names: tuple[str, ...]
    Z: Matrix
    exposed: Bools
    cells: Codes
    left: Vector
    events: tuple[pd.DataFrame, ...]

    def take(self, names: tuple[str, ...]) -> ResidualShocks:
        """Some of the shocks."""
        at = [self.names.index(name) for name in names]
        return ResidualShocks(names, self.Z[:, at], self.exposed[:, at], self.cells[:, at], self.left[at],
                              tuple(self.events[k] for k in at))  # fmt: skip


@dataclass(frozen=True)
class ReducedForm:
    """What a unit of each shock does to the log-odds of renewal.

    Attributes
    ----------
    slopes : Fitted, of shape (m,), over all lines
    by_line : tuple of Fitted or None, of shape (m,), None for a line with too few exposed renewals
    renewals, customers, exposed : int, counts; ``exposed`` by shock
    """

    slopes: Fitted
    by_line: tuple[Fitted | None, ...]
    renewals: int
    customers: int
    exposed: tuple[int, ...]


def fold_of(terms: EffectTerms, *, seed: int) -> Codes:
    """Fold of each term, by customer."""
    return folds(terms.customer, seed=seed)


def residual_shocks(terms: EffectTerms, names: tuple[str, ...], *, fold: Codes, seed: int = 0,
                    n_jobs: int | None = 1) -> ResidualShocks:  # fmt: skip
    """Take off each shock what covariates say of it.

    Parameters
    ----------
    terms : EffectTerms
    names : tuple of str, shocks that `terms` has
    fold : int array of shape (n_terms,)

    Returns
    -------
    ResidualShocks
    """
    parts, left = [], []
    for name in names:
        events = terms.events[(terms.events["shock"] == name).to_numpy() & ~terms.short[terms.events["row"].to_numpy()]]
        row, z = events["row"].to_numpy(), events["z"].to_numpy(dtype=np.float64)
        expected = cross_fitted(_said_of_event(terms, events, name), z, fold[row], kind="regression", seed=seed,
                                n_jobs=n_jobs)  # fmt: skip
        left.append(float(np.var(z - expected) / max(np.var(z), 1e-12)))
        part = (z - expected) / np.bincount(row, minlength=len(terms))[row]
        parts.append(pd.DataFrame({"row": row, "at": events["at"].to_numpy(), "part": part}))
    Z = np.column_stack([np.bincount(each["row"], each["part"], len(terms)) for each in parts]).astype(np.float64)
    own = [terms.shocks[name] for name in names]
    exposed = np.column_stack([each.exposed & ~terms.short for each in own])
    return ResidualShocks(names, Z, exposed, np.column_stack([s.cell for s in own]), np.array(left), tuple(parts))


def _said_of_event(terms: EffectTerms, events: pd.DataFrame, name: str) -> pd.DataFrame:
    """What covariates say of one event."""
    row, at = events["row"].to_numpy(), events["at"].dt
    frame = terms.before[list(_OF_TERM)].iloc[row].reset_index(drop=True)
    said = events[list(_OF_EVENT)].reset_index(drop=True).add_prefix("event_")
    said["event_quarter"] = (4 * at.year + at.quarter).to_numpy()
    if name in _COUNT:
        said["count"] = terms.exposed[_COUNT[name]].to_numpy()[row]
    if name == "handler_load":  # a handler's own level is part of what falls on a claim
        said = said.drop(columns="event_place")
    return pd.concat([frame, said], axis=1)


def by_whole_terms(terms: EffectTerms, shocks: ResidualShocks) -> dict[str, Vector]:
    """The shocks as columns for the latent model: first of whole terms, then of those under way or cut short.

    What a term under way has seen so far is not what the whole of it will be, so it has effects of its own; the first
    stage is of whole terms, as the reduced form is.
    """
    whole = ~terms.in_force & (terms.keys["end"] == terms.keys["E"]).to_numpy()
    columns = dict(zip(shocks.names, (shocks.Z * whole[:, None]).T, strict=True))
    rest = {f"{name} so far": column for name, column in zip(shocks.names, (shocks.Z * ~whole[:, None]).T, strict=True)}
    return columns | {name: column for name, column in rest.items() if np.count_nonzero(column) >= LEAST}


def renewal_offset(terms: EffectTerms, *, fold: Codes, seed: int = 0, n_jobs: int | None = 1) -> Vector:
    """Log-odds of renewal by what was known before a term and by its exposures, shape (n_terms,); 0 for short terms."""
    rows = np.flatnonzero(~terms.short)
    found = np.zeros(len(terms))
    found[rows] = cross_fitted(covariates(terms, rows), np.nan_to_num(terms.y[rows]), fold[rows], kind="binary",
                               learn=terms.decided[rows], seed=seed, n_jobs=n_jobs)  # fmt: skip
    return found


def covariates(terms: EffectTerms, rows: Codes) -> pd.DataFrame:
    """What was known before a term, and its exposures."""
    return pd.concat([terms.before.iloc[rows], terms.exposed.iloc[rows]], axis=1).reset_index(drop=True)


def reduced_form(terms: EffectTerms, shocks: ResidualShocks, offset: Vector) -> ReducedForm:
    """Regress renewal on the residual shocks, over all lines and line by line.

    Parameters
    ----------
    terms : EffectTerms
    shocks : ResidualShocks
    offset : array of shape (n_terms,), log-odds of renewal without the shocks

    Returns
    -------
    ReducedForm
    """
    rows = np.flatnonzero(terms.decided)
    W = np.column_stack([np.ones(len(terms)), shocks.exposed, shocks.Z])
    slopes = _slopes(terms, W, offset, rows)
    slopes = Fitted(slopes.value, slopes.influence * _by_cells(terms, shocks, W, offset, rows, slopes.errors))
    by_line: list[Fitted | None] = []
    for k in range(len(terms.lines)):
        mine = rows[terms.line[rows] == k]
        enough = len(mine) and (shocks.exposed[mine].sum(axis=0) >= LEAST).all() and 0 < terms.y[mine].mean() < 1
        by_line.append(_slopes(terms, W, offset, mine) if enough else None)
    return ReducedForm(slopes, tuple(by_line), len(rows), len(np.unique(terms.customer[rows])),
                       tuple(int(n) for n in shocks.exposed[rows].sum(axis=0)))  # fmt: skip


def _slopes(terms: EffectTerms, W: Matrix, offset: Vector, rows: Codes) -> Fitted:
    """Slopes of the last columns of W, as many as shocks."""
    found = logistic(W[rows], terms.y[rows], offset[rows], terms.customer[rows], terms.customers)
    return found.take(slice((W.shape[1] + 1) // 2, None))


def logistic(W: Matrix, y: Vector, offset: Vector, owner: Codes, customers: int) -> Fitted:
    """Logistic regression with an offset, by Newton's steps, with each customer's influence.

    Parameters
    ----------
    W : array of shape (n_rows, k)
    y, offset : arrays of shape (n_rows,)
    owner : int array of shape (n_rows,), customer codes
    customers : int, number of customer codes
    """
    value = np.zeros(W.shape[1])
    for _ in range(50):
        p = expit(offset + W @ value)
        bread = np.linalg.pinv((W.T * (p * (1 - p))) @ W, hermitian=True)
        step = bread @ (W.T @ (y - p))
        value = value + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    scores = W * (y - expit(offset + W @ value))[:, None]
    by = np.column_stack([np.bincount(owner, column, customers) for column in scores.T])
    return Fitted(value, by @ bread * customers)


def _by_cells(terms: EffectTerms, shocks: ResidualShocks, W: Matrix, offset: Vector, rows: Codes,
              errors: Vector) -> Vector:  # fmt: skip
    """By how much standard errors grow if those whom a shock hit in one cell share more than it, at least 1."""
    m, grown = len(shocks.names), np.ones(len(shocks.names))
    for k in range(m):
        cell = shocks.cells[rows, k]
        alone = cell.max(initial=-1) + 1 + terms.customer[rows]
        code = np.unique(np.where(cell >= 0, cell, alone), return_inverse=True)[1]
        found = logistic(W[rows], terms.y[rows], offset[rows], code, int(code.max()) + 1)
        grown[k] = max(1.0, float(found.errors[1 + m + k] / errors[k]))
    return grown
