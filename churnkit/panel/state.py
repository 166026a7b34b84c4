"""What the observation itself says: lead, season, tenure, and the cover held as visible (``feature.OBSERVATION``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from churnkit.panel.arrays import DAY, NEVER, Bools, Floats, Ints, numbers
from churnkit.panel.attributes import StateTable
from churnkit.panel.kernel.aggregates import segments
from churnkit.panel.kernel.selections import prefix
from churnkit.panel.kernel.streams import chunks, expand, keys, positions, seconds
from churnkit.panel.observations import RiskSet
from churnkit.panel.terms.spells import taken_up
from churnkit.panel.terms.terms import Terms

_CENTS = 1e4


def observation_state(terms: Terms, risk: RiskSet, policies: StateTable | None = None) -> dict[str, Floats]:
    """Compute every attribute of ``OBSERVATION`` but age; `policies` where policies have several versions.

    Every pair (observation, version of a term of its customer that has begun) is looked at once, in chunks; customers
    have few terms, and visibility is judged pair by pair, so late rows need no path of their own.
    """
    size = len(risk.cutoff)
    low = np.searchsorted(terms.customer, risk.customer)
    high = positions(keys(terms.customer, seconds(terms.start)), keys(risk.customer, seconds(risk.cutoff) + 1))
    names = (*_HELD, *_POLICY)
    found: dict[str, Floats] = {name: np.full(size, np.nan) for name in names}
    for part in chunks(high - low):
        which, row = expand(low[part], high[part])
        for name, values in _of_pairs(terms, risk.take(np.arange(size)[part]), which, row, policies).items():
            found[name][part] = values
    found["lead_days"] = np.where(risk.row >= 0, risk.lead, np.nan).astype(np.float64)
    month = risk.cutoff.view("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    found["cutoff_month"] = month.astype(np.float64)
    own = np.maximum(risk.row, 0)
    found["term_days"], found["offer_change"] = np.full(size, np.nan), np.full(size, np.nan)
    if len(terms.start):
        length = (terms.end[own] - terms.start[own]) / DAY
        offer_known = np.maximum(terms.ints("offer_date")[own], terms.ints("offer_seen")[own]) < risk.cutoff
        offer = np.where(offer_known, numbers(terms.table["offer_premium"])[own], np.nan)
        found["term_days"] = np.where(risk.row >= 0, length, np.nan)
        found["offer_change"] = np.where(risk.row >= 0, _change(offer, terms.premium[own]), np.nan)
    return found


_HELD = ("customer_tenure_days", "policies_held", "lines_held", "premium_held", "sum_insured_held", "days_to_next_end")
_POLICY = ("tenure_days", "term_number", "premium_change")


def _of_pairs(terms: Terms, risk: RiskSet, which: Ints, row: Ints, policies: StateTable | None) -> dict[str, Floats]:
    cutoff = risk.cutoff[which]
    counts = (terms.known_from[row] < cutoff) & (cutoff <= terms.superseded[row])
    counts &= ~terms.known_unsold(row, cutoff)
    which, row, cutoff = which[counts], row[counts], cutoff[counts]
    until = np.where(terms.ended_seen[row] < cutoff, np.minimum(terms.end[row], terms.ended[row]), terms.end[row])
    inside = cutoff < until
    inception, line = _of_the_policy(terms, row, cutoff, policies)
    found = _held(terms, which[inside], row[inside], risk.cutoff, line[inside])
    since = np.where(inception < NEVER, inception, terms.start[row])
    found["customer_tenure_days"] = _days_from(_lowest(which, since, len(risk.cutoff)), risk.cutoff)
    own_row = risk.row[which]
    mine = (own_row >= 0) & (terms.family[row] == terms.family[np.maximum(own_row, 0)])
    return found | _of_policy(terms, risk, which[mine], row[mine], since[mine])


def _of_the_policy(terms: Terms, row: Ints, cutoff: Ints, policies: StateTable | None) -> tuple[Ints, Ints]:
    """Inception and line code of the pairs' policies, by the version visible at the cutoff where there are several."""
    if policies is None:
        return terms.ints("inception")[row], terms.line[row]
    version = policies.rows(terms.policy[row], cutoff)
    inception = np.asarray(policies.versions["inception"], dtype=np.int64)[version]
    return np.where(version >= 0, inception, NEVER), np.where(
        version >= 0, _codes(policies.versions["line"])[version], -1
    )


def _held(terms: Terms, which: Ints, row: Ints, cutoff: Ints, lines: Ints) -> dict[str, Floats]:
    """Cover in force, by observation."""
    size = len(cutoff)
    money = (terms.premium[row], terms.sum_insured[row])
    premium, insured = (np.rint(np.nan_to_num(amount) * _CENTS).astype(np.int64) for amount in money)
    stated = np.bincount(which[~np.isnan(money[1])], minlength=size) > 0
    return {
        "policies_held": _distinct(which, terms.family[row], size),
        "lines_held": _distinct(which[lines >= 0], lines[lines >= 0], size),
        "premium_held": _sum(which, premium, size) / _CENTS,
        "sum_insured_held": np.where(stated, _sum(which, insured, size) / _CENTS, np.nan),
        "days_to_next_end": -_days_from(_lowest(which, terms.end[row], size), cutoff),
    }


def _of_policy(terms: Terms, risk: RiskSet, which: Ints, row: Ints, since: Ints) -> dict[str, Floats]:
    """The own policy's terms, by observation; a churn observation has none. A reinstated term is one with its heir."""
    size = len(risk.cutoff)
    tenure = _days_from(_lowest(which, since, size), risk.cutoff)
    which, row = _spells(terms, which, row, risk.cutoff)
    number = _distinct(which, terms.term[row], size)
    number[risk.row < 0] = np.nan
    own = np.maximum(risk.row, 0)
    before = terms.start[row] < terms.start[own[which]] if len(row) else np.zeros(0, dtype=bool)
    previous, at = np.full(size, np.nan), row[before]
    order = np.lexsort((at, terms.start[at], which[before]))
    previous[which[before][order]] = terms.premium[at[order]]  # the last one written has the latest start
    change = _change(terms.premium[own], previous) if len(terms.premium) else previous
    return {
        "tenure_days": tenure,
        "term_number": number,
        "premium_change": np.where(risk.row >= 0, change, np.nan),
    }


def _spells(terms: Terms, which: Ints, row: Ints, cutoff: Ints) -> tuple[Ints, Ints]:
    """The pairs without terms that are taken up again, as visible."""
    cancelled = np.where(terms.ended_seen[row] < cutoff[which], terms.cancelled[row], NEVER)
    again = taken_up(which, terms.start[row], terms.end[row], cancelled=cancelled, grace=terms.grace[row],
                     rank=terms.id_rank[row])  # fmt: skip
    return which[again < 0], row[again < 0]


def _codes(lines: Any) -> Ints:
    indices = pc.dictionary_encode(lines).combine_chunks().indices
    return np.asarray(pc.fill_null(indices, -1), dtype=np.int64)


def _sum(which: Ints, whole: Ints, size: int) -> npt.NDArray[np.int64]:
    total, edges = prefix(whole), _edges(which, size)
    found: npt.NDArray[np.int64] = total[edges[1:]] - total[edges[:-1]]
    return found


def _distinct(which: Ints, code: Ints, size: int) -> Floats:
    """Distinct codes of each observation."""
    bits = int(code.max(initial=0)).bit_length()
    both = (which << bits) | code
    both.sort()
    fresh: Bools = np.ones(len(both), dtype=bool)
    np.not_equal(both[1:], both[:-1], out=fresh[1:])
    return np.bincount(both[fresh] >> bits, minlength=size).astype(np.float64)


def _edges(which: Ints, size: int) -> Ints:
    """Where the pairs of each observation begin, and the last ones end; `which` is ascending."""
    return prefix(np.bincount(which, minlength=size))


def _lowest(which: Ints, values: Ints, size: int) -> Floats:
    """Least value of each observation, from microseconds to days; NaN without any."""
    edges = _edges(which, size)
    return segments(np.minimum, values / DAY, edges[:-1], edges[1:])


def _days_from(days: Floats, cutoff: Ints) -> Floats:
    found: Floats = cutoff / DAY - days
    return found


def _change(new: Floats, old: Floats) -> Floats:
    change: Floats = np.divide(new, old, out=np.full(len(new), np.nan), where=old > 0) - 1.0
    return change
