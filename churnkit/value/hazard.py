"""The hazard of lapse with frailty: what columns say, how long a customer has been there, and what he is like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import ContractError
from churnkit.models.classifier import RenewalModel
from churnkit.models.columns import Columns, Floats
from churnkit.panel.panel import Panel
from churnkit.value.ageing import Ageing, later_terms
from churnkit.value.exits import OtherExits
from churnkit.value.frailty import NODES, Frailty, Sample, fit_frailty, log_likelihood
from churnkit.value.history import History, days, people_of, posterior
from churnkit.value.jackknife import Jackknife
from churnkit.value.offsets import Hashes, Offsets, Progress, hashed
from churnkit.value.recalibration import Observed, Recalibration
from churnkit.value.replicates import Replicates, replicate
from churnkit.value.survival import OFFSET, Ahead, moved, survive

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
NAMES = ("level", "offset", "tenure", "entry")  # and a level for each line
# Before any data: what the columns say counts once, give or take a half; tenure, entry and sigma are 0 give or take 1;
# lines differ by 0 give or take 0.3 from what the columns say of them.
_SPREAD = {"level": np.inf, "offset": 0.5, "tenure": 1.0, "entry": 1.0, "line": 0.3, "sigma": 1.0}
_HORIZON = 5  # years over which ageing is measured
_PAIRS = 10_000  # of terms, about, for each
_CHUNK = 20_000  # rows at a time: what fits the processor's memory


@dataclass(frozen=True)
class Hazard:
    """Discrete-time hazard of lapse at a renewal [1]_ with a Gaussian intercept per customer.

    ``logit h = a + a_line + c * offset + g * log(1 + tenure) + m * log(1 + entry) + sigma * z``, ``z ~ Normal(0, 1)``
    for each customer, shared by his policies. The offset is what the columns say, by learners that did not see the
    customer. Tenure is the policy's in years: the columns know that who has stayed long goes on staying, and so does
    the frailty; g takes out what is told twice. Entry is the customer's tenure where his record begins: the book begins
    in the middle of lives, whoever is there then is what earlier renewals left, so the mean of his intercept is
    ``m * log(1 + entry)``.

    Learnt on renewal rows, each ripe term once, at its longest lead, so that mid-term cancellation is in the hazard.

    Attributes
    ----------
    offsets : Offsets
    ageing : Ageing, what becomes of an offset in the years ahead
    jackknife : Jackknife, by how much it would be another with other customers' trees
    frailty : Frailty, the parameters
    history : History
    middle : array of shape (k,), means of the design's columns, taken off
    lines : tuple of str, that have a level of their own
    recalibration : Recalibration, the next renewal at the level of what fell due last, and of the line
    lead : float, days before the end at which later renewals are looked at: the usual longest lead

    References
    ----------
    .. [1] Singer, Willett (1993), It's about time: discrete-time survival analysis, J. Educational Statistics 18(2);
       Vaupel, Manton, Stallard (1979), The impact of heterogeneity in individual frailty, Demography 16(3).
    """

    offsets: Offsets
    ageing: Ageing
    jackknife: Jackknife
    frailty: Frailty
    history: History
    middle: Vector
    lines: tuple[str, ...]
    recalibration: Recalibration
    lead: float

    @classmethod
    def learn(cls, rows: Panel, model: RenewalModel, *, observed: Observed, kind: str, progress: Progress) -> Hazard:
        """Learn offsets, then the likelihood.

        Parameters
        ----------
        rows : Panel of renewal observations with labels, each term once (:func:`once`)
        model : RenewalModel, fitted
        observed : Observed, the record beside what the model says of it
        kind : {"trees", "logistic"}, of the offset
        """
        keys, people = rows.keys, hashed(rows.keys["customer_id"])
        matrix = model.columns_.matrix(rows.X)
        stayed = np.asarray(rows.y, dtype=np.float64)
        offsets = Offsets.learn(matrix, stayed, people, model=model, kind=kind, progress=progress)
        tenure = tenures(matrix, model.columns_)
        begin = _beginnings(people, days(keys["cutoff"]), tenure[1])
        codes = np.searchsorted(begin.index.to_numpy(), people)
        line = keys["line"].astype(str)
        lines = tuple(sorted(line.unique()))
        fresh = offsets.lapse(matrix, people)
        Z = _design(fresh, tenure[0], begin["entry"].to_numpy()[codes], line, lines)
        middle = np.append(0.0, Z[:, 1:].mean(axis=0))
        pairs = list(_pairs(keys, matrix, offsets.columns))
        ageing, jackknife = _in_years(pairs, matrix, people, fresh, offsets, _codes(line, lines), len(lines))
        progress("hazard: frailty")
        names = (*NAMES, *lines)
        spread = np.array([_SPREAD.get(name, _SPREAD["line"]) for name in (*NAMES, *("line" for _ in lines), "sigma")])
        centre = np.array([float(name == "offset") for name in (*names, "sigma")])
        frailty = fit_frailty(Z - middle, 1 - stayed, codes, names=names, centre=centre, spread=spread)
        history = History.of(people, known(keys), Z - middle, 1 - stayed, begin)
        return cls(offsets, ageing, jackknife, frailty, history, middle, lines, observed.recalibrated(), _usual(keys))

    def ahead(self, matrix: Floats, keys: pd.DataFrame, first: Vector, *, years: int, growth: Vector,
              exits: OtherExits, line: pd.Series[Any], trees: bool = False) -> Ahead:  # fmt: skip
        """Gather what the curves of some policies depend on.

        Parameters
        ----------
        matrix : array of shape (n_rows, n_columns), as ``model.columns_`` makes it
        keys : DataFrame with customer_id and cutoff where known; without them nothing is known of a customer
        first : array of shape (n_rows,), the calibrated model
        growth : array of shape (n_rows,), of premiums per year
        trees : bool, also what the trees do not know
        """
        columns, people = self.offsets.columns, people_of(keys)
        day = days(keys["cutoff"]) if "cutoff" in keys else np.zeros(len(matrix), dtype=np.int64)
        mine = self.history.find(people if "cutoff" in keys else None, day)
        place = columns.position("lead_days")
        lead = np.full(len(matrix), self.lead) if place is None else matrix[:, place].astype(np.float64)
        lead = np.nan_to_num(lead, nan=self.lead)
        tenure = tenures(matrix, columns)
        entry = np.where(np.isnan(mine.entry), tenure[1], mine.entry)
        designs, stays, noise, wander, codes = [], [], [], [], _codes(line, self.lines)
        for t in range(years):
            step = lead + 365 * t - self.lead if t else np.zeros(len(lead))
            at = moved(matrix, columns, step, terms=t, lead=self.lead, growth=growth**t) if t else matrix
            offset, unsure = self.ageing.apply(self.offsets.lapse(at, people), step / 365.0, codes)
            Z = _design(offset, tenure[0] + step / 365.25, entry, line, self.lines)
            designs.append(Z - self.middle)
            noise.append(unsure)
            if trees:
                wander.append(self.jackknife.apply(self.offsets.every(at), step / 365.0, codes))
            stays.append(exits.stays(line, np.full(len(lead), self.lead) if t else lead, anew=t > 0))
        who = np.arange(len(matrix), dtype=np.uint64) if people is None else people
        first = self._recalibrated(first, designs[0])
        return Ahead(first, designs, np.column_stack(noise), np.column_stack(stays), mine, who, wander=wander or None)

    def _recalibrated(self, first: Vector, design: Matrix) -> Vector:
        """The calibrated probability at the level of what fell due last, and of its line."""
        return self.recalibration.apply(first, design[:, len(NAMES) :])

    def at(self, ahead: Ahead, first: Vector, more: Vector, lead: Vector | None) -> Ahead:
        """The same policies at other log-odds: `more` on the offset, of which later years keep what the record does.

        Parameters
        ----------
        first : array of shape (n_rows,), what the calibrated model says then
        more : array of shape (n_rows,), log-odds of lapse
        lead : array of shape (n_rows,), days to the next renewal, None where they are not known
        """
        days_left = np.full(len(more), self.lead) if lead is None else np.nan_to_num(lead, nan=self.lead)
        designs = []
        for t, design in enumerate(ahead.designs):
            years = (days_left + 365 * t - self.lead) / 365.0 if t else np.zeros(len(more))
            design = design.copy()
            design[:, OFFSET] += more * np.interp(years, self.ageing.years, self.ageing.keep)
            designs.append(design)
        return replace(ahead, first=self._recalibrated(first, designs[0]), designs=designs)

    def curves(self, ahead: Ahead, theta: Vector | None = None, draw: int | None = None, *,
               begin: tuple[Matrix, Vector] | None = None) -> Matrix:  # fmt: skip
        """Survival of shape (n_rows, H), at the estimate or at other parameters, averaged over frailty or drawn.

        ``begin``: the posterior on the nodes and the log-odds of lapse at the first renewal, where they are known.
        """
        at, found = self.frailty.theta if theta is None else theta, []
        for start in range(0, len(ahead.first), _CHUNK):
            some = slice(start, start + _CHUNK)
            part = ahead.take(some)
            weight = posterior(part.mine, at, NODES) if begin is None else begin[0][some]
            found.append(survive(part, at, weight, draw, eta=None if begin is None else begin[1][some]))
        return np.vstack(found)

    def replicates(self, observed: Observed, *, replicates: int, random_state: int, progress: Progress) -> Replicates:
        """Draw what other customers might have taught: hazard, frailty and calibration with the same weights.

        Parameters
        ----------
        observed : Observed, the record beside what the model says of it
        """
        sample = Sample.of(self.history.Z, self.history.y, self.history.owner)
        scores = log_likelihood(self.frailty.theta, sample)[1]
        return replicate(self.frailty.theta, self.frailty.covariance, scores, self.history.people, observed,
                         self.recalibration, replicates=replicates, random_state=random_state,
                         progress=progress)  # fmt: skip

    def replicated(self, ahead: Ahead, replicates: Replicates, k: int) -> Matrix:
        """Survival of shape (n_rows, H) in the k-th replicate, each customer as the replicate draws him."""
        return self.curves(replicates.at(k, ahead), replicates.theta[k], draw=replicates.draw(k))


def once(keys: pd.DataFrame, y: pd.Series[Any]) -> Any:
    """Positions of the rows with a label, each term once, at its longest lead."""
    lead = keys["lead_days"].to_numpy(dtype=np.float64)
    rows = pd.DataFrame({"entity": keys["entity"].to_numpy(), "lead": lead, "at": np.arange(len(keys))})
    rows = rows[y.notna().to_numpy()]
    if rows.empty:
        raise ContractError("CLS28: the renewal hazard needs ripe labels.", found="none in the panel")
    return np.sort(rows.sort_values("lead", ascending=False, kind="stable").drop_duplicates("entity")["at"].to_numpy())


def known(keys: pd.DataFrame) -> Any:
    """Day on which each outcome was known."""
    if "ripe_at" in keys:
        return days(keys["ripe_at"])
    return days(keys["cutoff"]) + keys["lead_days"].fillna(0).to_numpy(dtype=np.int64)


def tenures(matrix: Floats, columns: Columns) -> tuple[Vector, Vector]:
    """Years of the policy and of its customer, each standing in for the other where it is missing; else 0."""
    found = []
    for name in ("tenure_days", "customer_tenure_days"):
        place = columns.position(name)
        found.append(np.full(len(matrix), np.nan) if place is None else matrix[:, place].astype(np.float64) / 365.25)
    own, whole = found
    own, whole = np.where(np.isnan(own), whole, own), np.where(np.isnan(whole), own, whole)
    return np.nan_to_num(own), np.nan_to_num(whole)


def _design(offset: Vector, tenure: Vector, entry: Vector, line: pd.Series[Any], lines: tuple[str, ...]) -> Matrix:
    late = [np.log1p(np.maximum(years, 0.0)) for years in (tenure, entry)]
    return np.column_stack([np.ones(len(offset)), offset, *late, *((line == name).to_numpy() for name in lines)])


def _beginnings(people: Hashes, day: Any, tenure: Vector) -> pd.DataFrame:
    """By customer: tenure where the record begins, and the day."""
    rows = pd.DataFrame({"people": people, "since": day, "entry": tenure})
    return rows.sort_values("since", kind="stable").drop_duplicates("people").set_index("people").sort_index()


def _pairs(keys: pd.DataFrame, matrix: Floats, columns: Columns) -> Iterator[tuple[Codes, Codes, Floats]]:
    """Rows of terms, of those 1, 2, ... years later, and the former as they were to stand by then."""
    due = days(keys["cutoff"]) + keys["lead_days"].fillna(0).to_numpy(dtype=np.float64)
    usual = keys["lead_days"].to_numpy() == _usual(keys)
    for years in range(1, _HORIZON):
        earlier, later = later_terms(keys, due, years)
        both = np.flatnonzero(usual[earlier] & usual[later])[:: max(1, len(earlier) // _PAIRS)]
        earlier, later = earlier[both], later[both]
        if not len(both):
            break
        at = moved(matrix[earlier], columns, np.full(len(both), 365.0 * years), terms=years,
                   lead=_usual(keys), growth=np.ones(len(both)))  # fmt: skip
        yield earlier, later, at


def _in_years(
    pairs: list[tuple[Codes, Codes, Floats]], matrix: Floats, people: Hashes, fresh: Vector, offsets: Offsets,
    line: Codes, lines: int,
) -> tuple[Ageing, Jackknife]:  # fmt: skip
    """Learn what becomes of offsets moved forward, beside those found when the years had passed."""
    own = [(offsets.lapse(at, people[earlier]), fresh[later], line[earlier]) for earlier, later, at in pairs]
    every = [(offsets.every(at), offsets.every(matrix[later]), line[earlier]) for earlier, later, at in pairs]
    some = np.arange(0, len(matrix), max(1, len(matrix) // _PAIRS))
    return (Ageing.learn(own, lines), Jackknife.learn(every, offsets.every(matrix[some]), line[some], lines))


def _codes(line: pd.Series[Any], lines: tuple[str, ...]) -> Codes:
    """Position of each row's line, -1 for one that is not known."""
    return np.asarray(pd.Index(lines).get_indexer(pd.Index(line)), dtype=np.intp)


def _usual(keys: pd.DataFrame) -> float:
    return float(keys["lead_days"].mode().iloc[0])
