"""Which term renews which: one to one, by the same policy first, then by previous_policy_id."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from churnkit.panel.arrays import DAY, Bools, Ints
from churnkit.panel.streams import chunks, expand, keys, seconds
from churnkit.panel.terms import Terms

EARLY_DAYS = 60


def successors(terms: Terms) -> Ints:
    """Return, per term code, the code of the term that renews it in the end, or -1.

    A successor is another sold term with a later start in ``[E - 60 days, E + grace)``. Terms are served in the order
    of (start, term_id) and take the earliest free candidate, of the same policy first; those left without one are
    served again from the policies that name theirs as previous_policy_id.
    """
    heir = np.full(len(terms.final_row), -1, dtype=np.int64)
    rows = terms.sold
    found = _match(_Pool.of(terms, rows))
    heir[terms.term[rows[found >= 0]]] = terms.term[rows[found[found >= 0]]]
    return heir


def renewed_as_visible(terms: Terms, row: Ints, cutoff: Ints) -> Bools:
    """Whether a term version was already renewed at its cutoff, matched among the terms as the books then had them.

    Most have no visible candidate and are done with; each of the others gets a private copy of the terms of its
    policies, as visible to it, and goes through the same matching: what is entered or cancelled later cannot matter.
    """
    renewed = np.zeros(len(row), dtype=bool)
    some = np.flatnonzero(_has_candidate(terms, row, cutoff))
    family = _families(terms)[terms.policy]
    order = np.argsort(family, kind="stable")
    low = np.searchsorted(family[order], family[row[some]])
    high = np.searchsorted(family[order], family[row[some]], side="right")
    for part in chunks(high - low):
        which, at = expand(low[part], high[part])
        other, moment = order[at], cutoff[some[part]][which]
        counts = _counts(terms, other, moment)
        which, other = which[counts], other[counts]
        found = _match(_Pool.of(terms, other, world=which))
        own = other == row[some[part]][which]
        renewed[some[part][which[own]]] = found[own] >= 0
    return renewed


def _counts(terms: Terms, row: Ints, cutoff: Ints) -> Bools:
    """Whether versions are visible at the cutoff, and not known to have never been sold."""
    visible = (terms.known_from[row] < cutoff) & (cutoff <= terms.superseded[row])
    counts: Bools = visible & ~(terms.never_sold[row] & (terms.ended_seen[row] < cutoff))
    return counts


def _has_candidate(terms: Terms, row: Ints, cutoff: Ints) -> Bools:
    found = np.zeros(len(row), dtype=bool)
    previous = terms.ints("previous_policy")
    every = np.arange(len(terms.term))
    for owner, others in ((terms.policy, every), (previous, np.flatnonzero(previous >= 0))):
        others = others[np.lexsort((terms.start[others], owner[others]))]
        low, high = _window(terms, row, owner[others], terms.start[others])
        for part in chunks(high - low):
            which, at = expand(low[part], high[part])
            hit = _counts(terms, others[at], cutoff[part][which])
            found[part.start + which[hit]] = True
    return found


def _window(terms: Terms, row: Ints, owner: Ints, start: Ints) -> tuple[Ints, Ints]:
    """Positions, among terms sorted by (owner, start), of the candidates of each row's policy."""
    key, end = keys(owner, seconds(start)), terms.end[row]
    begin = np.maximum(end - EARLY_DAYS * DAY, terms.start[row] + 1_000_000)
    low = np.searchsorted(key, keys(terms.policy[row], seconds(begin)))
    return low, np.searchsorted(key, keys(terms.policy[row], seconds(end + terms.grace[row])))


def _families(terms: Terms) -> Ints:
    """A code per policy, shared by policies that previous_policy_id ties together."""
    size, previous = len(terms.policy_ids), terms.ints("previous_policy")
    tied = previous >= 0
    edges = coo_array((np.ones(tied.sum()), (terms.policy[tied], previous[tied])), shape=(size, size))
    return np.asarray(connected_components(edges, directed=False)[1], dtype=np.int64)


@dataclass(frozen=True)
class _Pool:
    """Terms to be matched among themselves: policy codes (-1: none), times, and the order in which they are served."""

    policy: Ints
    previous: Ints
    start: Ints
    end: Ints
    grace: Ints
    rank: Ints

    @classmethod
    def of(cls, terms: Terms, rows: Ints, world: Ints | None = None) -> _Pool:
        """Terms of some rows; those of different worlds never meet."""
        policy, previous = terms.policy[rows], terms.ints("previous_policy")[rows]
        if world is not None:
            size = len(terms.policy_ids)
            named, own = world * size + previous, world * size + policy
            codes, policy = np.unique(own, return_inverse=True)
            at = np.minimum(np.searchsorted(codes, named), max(len(codes) - 1, 0))
            previous = np.where((previous >= 0) & (codes[at] == named), at, -1) if len(codes) else previous
        return cls(policy, previous, terms.start[rows], terms.end[rows], terms.grace[rows], terms.id_rank[rows])


def _match(pool: _Pool) -> Ints:
    """Position of the term that renews each one, or -1."""
    every = np.arange(len(pool.start))
    heir = _serve(pool, every, owner=pool.policy, others=every)
    taken = np.zeros(len(every), dtype=bool)
    taken[heir[heir >= 0]] = True
    rest = np.flatnonzero(heir < 0)
    free = np.flatnonzero((pool.previous >= 0) & (pool.previous != pool.policy) & ~taken)
    heir[rest] = _serve(pool, rest, owner=pool.previous, others=free)
    return heir


def _serve(pool: _Pool, served: Ints, *, owner: Ints, others: Ints) -> Ints:
    """Match each served term to one of the others whose `owner` is its policy, or to -1."""
    others = others[np.lexsort((pool.rank[others], pool.start[others], owner[others]))]
    key, wanted, end = keys(owner[others], seconds(pool.start[others])), pool.policy[served], pool.end[served]
    begin = np.maximum(end - EARLY_DAYS * DAY, pool.start[served] + 1_000_000)
    low = np.searchsorted(key, keys(wanted, seconds(begin)))
    high = np.searchsorted(key, keys(wanted, seconds(end + pool.grace[served])))
    priority = np.empty(len(served), dtype=np.int64)
    priority[np.lexsort((pool.rank[served], pool.start[served]))] = np.arange(len(served))
    which, at = expand(low, high)
    chosen = _serial_choice(which, at, priority, len(others))
    return np.where(chosen >= 0, others[chosen], -1) if len(others) else chosen


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
