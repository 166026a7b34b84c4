"""Which term renews which: one to one, by the same policy first, then by previous_policy_id."""

from __future__ import annotations

import numpy as np

from churnkit.panel.arrays import DAY, Ints
from churnkit.panel.streams import expand, keys, seconds
from churnkit.panel.terms import Terms

EARLY_DAYS = 60


def successors(terms: Terms) -> Ints:
    """Return, per term code, the code of the term that renews it, or -1.

    A successor is another sold term with a later start in ``[E - 60 days, E + grace)``. Terms are served in the order
    of (start, term_id) and take the earliest free candidate, of the same policy first; those left without one are
    served again from the policies that name theirs as previous_policy_id.
    """
    sold = terms.sold
    heir = np.full(len(terms.final_row), -1, dtype=np.int64)
    order = np.argsort(terms.policy[sold], kind="stable")
    same = sold[order]
    free = _serve(terms, same, owner=terms.policy[same], wanted=terms.policy[same], rows=same)
    heir[terms.term[same[free >= 0]]] = terms.term[same[free[free >= 0]]]
    previous = terms.ints("previous_policy")
    taken = np.zeros(len(heir), dtype=bool)
    taken[heir[heir >= 0]] = True
    rest = sold[heir[terms.term[sold]] < 0]
    open_to = sold[(previous[sold] >= 0) & (previous[sold] != terms.policy[sold]) & ~taken[terms.term[sold]]]
    open_to = open_to[np.argsort(previous[open_to], kind="stable")]
    found = _serve(terms, rest, owner=previous[open_to], wanted=terms.policy[rest], rows=open_to)
    heir[terms.term[rest[found >= 0]]] = terms.term[open_to[found[found >= 0]]]
    return heir


def _serve(terms: Terms, served: Ints, *, owner: Ints, wanted: Ints, rows: Ints) -> Ints:
    """Match each served row to a position in `rows` (sorted by owner, start), or -1."""
    key = keys(owner, seconds(terms.start[rows]))
    end, grace = terms.end[served], terms.grace[served]
    begin = np.maximum(end - EARLY_DAYS * DAY, terms.start[served] + 1_000_000)
    low = np.searchsorted(key, keys(wanted, seconds(begin)))
    high = np.searchsorted(key, keys(wanted, seconds(end + grace)))
    priority = np.empty(len(served), dtype=np.int64)  # rows of Terms are in (customer, start, term) order
    priority[np.lexsort((served, terms.start[served]))] = np.arange(len(served))
    which, at = expand(low, high)
    other = terms.term[rows[at]] != terms.term[served[which]]
    return _serial_choice(which[other], at[other], priority, len(rows))


def _serial_choice(which: Ints, at: Ints, priority: Ints, size: int) -> Ints:
    """Each asks for its candidates in turn, each candidate keeps the asker served first: who is served first chooses.

    Deferred acceptance; as all candidates agree on the order of askers, this is the serial choice, in few rounds.
    """
    count = np.bincount(which, minlength=len(priority))
    begin = np.cumsum(count) - count
    ask = np.zeros(len(priority), dtype=np.int64)
    held = np.full(size, len(priority), dtype=np.int64)  # priority of the asker that a candidate keeps
    by_priority = np.argsort(priority)
    while True:
        chosen = np.full(len(priority), -1, dtype=np.int64)
        chosen[by_priority[held[held < len(priority)]]] = np.flatnonzero(held < len(priority))
        asking = np.flatnonzero((chosen < 0) & (ask < count))
        if not len(asking):
            return chosen
        np.minimum.at(held, at[begin[asking] + ask[asking]], priority[asking])
        ask[asking] += 1
