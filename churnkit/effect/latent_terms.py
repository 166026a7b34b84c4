"""From the table of terms to the design of latent satisfaction.

The mean of a term's satisfaction is a line in what was known when it began, whether the customer contacted, called and
claimed in it, and the shocks; who was exposed also differs more from that line. No answer and no complaint of the term
is in it, nor what became of a contact or a claim: waiting and handling work through satisfaction, and the shocks'
effect must stay whole.

A term's satisfaction is that of the **whole** term. Of a term under way, or cut short, only some exposures have
happened; for the rest of it their chance is filled in: ``1 - (1 - q)^(1 - e)``, where e is the share of the term that
is over and q the share of whole terms of its line that were exposed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnkit.effect.latent_design import Floats, Instrument, Ints, LatentDesign
from churnkit.effect.terms import EffectTerms
from churnkit.errors import ContractError

_ORDER = ("csat", "nps", "ces")  # the first that was asked fixes the scale
_SATISFIED = 75.0  # rating at which an answer counts as satisfied: CSAT 4 of 5
_NEAR = 0.01  # ratings that are one, but for rounding
_LEAST_ANSWERS = 20  # of a level; rarer ones join their neighbour
_MOST_LEVELS = 12
_SHARE = 0.01  # of the terms that a level of a category must have for a column of its own
_PLAIN = ("age", "policies", "household", "last_claims", "last_claims_denied", "last_complaints",
          "last_first_contact_resolution")  # fmt: skip
_LOGGED = ("policy_years", "customer_years", "term", "last_contacts", "last_wait_mean", "last_claim_cycle_days")
_WITHIN_LINE = ("premium", "sum_insured")
_KINDS = ("line", "region", "city_tier", "first_channel", "channel", "payment_mode")
_ANSWERING = ("line", "short", "region", "city_tier", "first_channel", "channel", "year", "age", "policy_years",
              "customer_years")  # fmt: skip


@dataclass(frozen=True)
class SurveyRounds:
    """Invitation rounds by term, and what was answered.

    Attributes
    ----------
    frame : DataFrame, one row per (row of the term, round): row, round, touchpoint, after_contact, sent_at
    answers : array of int of shape (n_rounds, n_instruments), level, -1 for none
    instruments : tuple of Instrument
    """

    frame: pd.DataFrame
    answers: Ints
    instruments: tuple[Instrument, ...]


def latent_design(
    terms: EffectTerms, shocks: Mapping[str, Floats] | None = None, *, rounds: SurveyRounds | None = None
) -> LatentDesign:
    """Arrange terms, their invitations and shocks for `fit_latent`.

    Parameters
    ----------
    terms : EffectTerms
    shocks : mapping of name to array of shape (n_terms,), 0 where nobody was exposed; without it, the shocks of
        `terms` about their mean
    rounds : SurveyRounds, as `survey_rounds` makes them of the invitations, if that has been done

    Returns
    -------
    LatentDesign

    Raises
    ------
    ContractError
        If nobody answered a survey.
    """
    if shocks is None:
        shocks = {name: _about_mean(shock.value, shock.exposed) for name, shock in terms.shocks.items()}
    rounds = survey_rounds(terms.invitations) if rounds is None else rounds
    exposed = _exposures(terms)
    columns = _different(before_columns(terms) | exposed)
    X = np.column_stack([np.ones(len(terms)), *columns.values()])
    row = rounds.frame["row"].to_numpy()
    told = {name: column[row] for name, column in columns.items() if name.split(" ")[0] in _ANSWERING}
    for name in ("touchpoint", "after_contact"):
        told |= _dummies(name, rounds.frame[name])
    V = _different(told)
    return LatentDesign(
        X=X, Z=_matrix(shocks, len(terms)), owner=terms.customer, round_term=row, V=_matrix(V, len(row)),
        answers=rounds.answers, instruments=rounds.instruments, x_names=("constant", *columns), z_names=tuple(shocks),
        v_names=tuple(V), customers=terms.customers, W=_matrix(exposed, len(terms)), w_names=tuple(exposed),
    )  # fmt: skip


def before_columns(terms: EffectTerms) -> dict[str, Floats]:
    """What was known when each term began, as columns of a line: numbers standardised, categories as indicators."""
    before, line = terms.before, terms.line
    found: dict[str, Floats] = {}
    for name in _PLAIN:
        found |= _number(name, before[name].to_numpy(dtype=np.float64))
    for name in _LOGGED:
        found |= _number(name, np.log1p(np.maximum(before[name].to_numpy(dtype=np.float64), 0.0)))
    for name in _WITHIN_LINE:
        value = np.log1p(np.maximum(before[name].to_numpy(dtype=np.float64), 0.0))
        known = ~np.isnan(value)
        mean = np.bincount(line[known], value[known], len(terms.lines)) / np.maximum(
            np.bincount(line[known], minlength=len(terms.lines)), 1
        )
        found |= _number(name, value - mean[line])
    if "age" in found:
        found["age squared"] = found["age"] ** 2 - 1.0
    for name in _KINDS:
        found |= _dummies(name, before[name])
    found |= _dummies("year", before["year"]) | _dummies("short", pd.Series(terms.short))
    return found | _dummies("first_term", pd.Series(before["term"].isna().to_numpy()))


def last_moment(terms: EffectTerms) -> pd.Timestamp:
    """The last moment that the table tells of: the start of a term in force, or an invitation."""
    known = [terms.keys["start"][terms.in_force].max(), terms.invitations["sent_at"].max()]
    return max(pd.Timestamp(each) for each in known if not pd.isna(each))


def _exposures(terms: EffectTerms) -> dict[str, Floats]:
    """Whether each term saw a contact, a call, a claim; for the rest of a term that is not whole, the chance of it."""
    start, end, due = (terms.keys[name].to_numpy("datetime64[us]") for name in ("start", "end", "E"))
    now = last_moment(terms).to_datetime64()
    over = np.clip((np.minimum(end, now) - start) / np.maximum(due - start, np.timedelta64(1, "s")), 0.0, 1.0)
    kind = terms.line * 2 + terms.short
    whole = over >= 1.0
    found = {}
    for name, column in {"contacted": "contacts", "called": "calls", "claimed": "claims"}.items():
        seen = terms.exposed[column].to_numpy() > 0
        share = np.bincount(kind[whole], seen[whole], kind.max() + 1) / np.maximum(
            np.bincount(kind[whole], minlength=kind.max() + 1), 1
        )
        chance = np.where(seen, 1.0, 1.0 - (1.0 - np.minimum(share[kind], 0.999)) ** (1.0 - over))
        if chance.std() > 0:
            found[name] = chance
    return found


def survey_rounds(invitations: pd.DataFrame) -> SurveyRounds:
    """One row per round and term with its answers.

    Of several questions of one instrument in a round, the one about the whole (no dimension) counts. Left out: rounds
    whose only answers came too late to be used, and the last ones sent, of which more answers may still come.
    """
    asked = _questions(invitations)
    by_round = asked.groupby(["row", "round"], sort=True)
    frame = by_round.agg(touchpoint=("touchpoint", "first"), after_contact=("after_contact", "first"),
                         sent_at=("sent_at", "first"), unusable=("unusable", "any"),
                         answered=("answered", "any")).reset_index()  # fmt: skip
    place, rating = by_round.ngroup().to_numpy(), asked["rating"].to_numpy()
    levels, instruments = [], []
    for name in _ORDER:
        rows = ((asked["instrument"] == name) & asked["answered"]).to_numpy() & ~np.isnan(rating)
        instrument = _levels(name, rating[rows]) if rows.sum() >= 2 * _LEAST_ANSWERS else Instrument(name, (), 0)
        if 0 < instrument.satisfied < instrument.levels:
            column = np.full(len(frame), -1)
            column[place[rows]] = np.searchsorted(instrument.ratings, rating[rows] + _NEAR, side="right") - 1
            levels.append(column)
            instruments.append(instrument)
    if not instruments:
        raise ContractError("Satisfaction is learnt from answers that differ.", found="too few, or all alike",
                            where="surveys", fix="Give more answers.")  # fmt: skip
    answers = np.column_stack(levels)
    keep = (answers >= 0).any(axis=1) | ~(frame.pop("answered") | frame.pop("unusable")).to_numpy()
    return SurveyRounds(frame[keep].reset_index(drop=True), answers[keep], tuple(instruments))


def _questions(invitations: pd.DataFrame) -> pd.DataFrame:
    """One row per term, round and instrument, of rounds whose answers have had their time."""
    asked = invitations[invitations["instrument"].isin(_ORDER)]
    if not asked["answered"].any():
        raise ContractError("Satisfaction is learnt from answers to surveys.", found="no answered CSAT, NPS or CES",
                            where="surveys", fix="Give surveys with scores and answered_at.")  # fmt: skip
    delay = (asked["answered_at"] - asked["sent_at"]).quantile(0.99)
    asked = asked[asked["sent_at"] <= max(asked["sent_at"].max() - delay, asked["sent_at"].min())]
    asked = asked.assign(special=asked["dimension"].notna(), instrument=asked["instrument"].astype("str"))
    asked = asked.sort_values(["row", "round", "special", "response_id"], kind="stable")
    first: pd.DataFrame = asked.drop_duplicates(["row", "round", "instrument"])
    return first


def _levels(name: str, ratings: Floats) -> Instrument:
    """Levels of an instrument, each with enough answers, one of them beginning at "satisfied"."""
    values, counts = np.unique(np.round(ratings, 3), return_counts=True)
    least = max(_LEAST_ANSWERS, len(ratings) // (8 * _MOST_LEVELS) if len(values) > _MOST_LEVELS else 0)
    begins: list[float] = []
    held = 0
    satisfied = values[values >= _SATISFIED - _NEAR].min(initial=np.inf)
    for value, count in zip(values, counts, strict=True):
        if not begins or held >= least or value == satisfied:
            begins.append(float(value))
            held = 0
        held += int(count)
    return Instrument(name, tuple(begins), int(np.searchsorted(begins, satisfied)))


def _number(name: str, value: Floats) -> dict[str, Floats]:
    """A standardised number, 0 where unknown; nothing if it does not vary."""
    known = ~np.isnan(value)
    spread = value[known].std() if known.any() else 0.0
    if not spread > 1e-9:
        return {}
    return {name: np.clip(np.where(known, (value - value[known].mean()) / spread, 0.0), -4.0, 4.0)}


def _dummies(name: str, column: pd.Series) -> dict[str, Floats]:
    """An indicator of each level but the most frequent; rare ones join it."""
    codes, levels = pd.factorize(column, sort=True)
    counts = np.bincount(codes + 1, minlength=len(levels) + 1)
    kept = np.flatnonzero((counts >= _SHARE * len(codes)) & (counts < counts.max()))[: 3 * _MOST_LEVELS]
    return {f"{name} {_word(levels[k - 1]) if k else 'unknown'}": (codes == k - 1).astype(np.float64) for k in kept}


def _word(level: object) -> str:
    return f"{level:.0f}" if isinstance(level, float) else str(level)


def _about_mean(value: Floats, exposed: np.ndarray) -> Floats:
    return np.where(exposed, value - (value[exposed].mean() if exposed.any() else 0.0), 0.0)


def _different(columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """Each column once: a channel may be the first channel, a monthly term one that is paid by the month."""
    first: dict[bytes, str] = {}
    for name, column in columns.items():
        first.setdefault(min(column.tobytes(), (1.0 - column).tobytes()), name)
    return {name: columns[name] for name in first.values()}


def _matrix(columns: Mapping[str, Floats], rows: int) -> Floats:
    return np.column_stack(list(columns.values())) if columns else np.zeros((rows, 0))
