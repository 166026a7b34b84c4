"""Which term renews which: one to one, by the same policy, then by previous_policy_id, then as the settings say.

The ways come in this order, and ``renewal.match`` chooses among the last three: the same policy, a policy that names
it as its previous one, a policy of the same customer, line and object, of the same customer and line, of the same line
in the same household. Who finds a successor in one way is not served in the next, and is found by none.

Under another number a renewal is that number's first term: a later one renews the term before it or, after a lapse,
none, and no other policy may have it. A spell of cancelled and reinstated terms (see ``spells``) is renewed as its last
term and renews as its first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnkit.panel.arrays import DAY, NEVER, Bools, Ints
from churnkit.panel.kernel.streams import chunks, expand, keys, seconds
from churnkit.panel.terms.spells import taken_up
from churnkit.panel.terms.terms import Terms

EARLY_DAYS = 60


def successors(terms: Terms) -> Ints:
    """Return, per term code, the code of the term that renews it in the end, or -1.

    A successor is another sold term with a later start in ``[E - 60 days, E + grace)``. Terms are served in the order
    of (start, term_id) and take the earliest free candidate of the same policy; those left without one are served again
    from the policies tied to theirs, way by way. A term that was reinstated has the successor of the term that took it
    up.
    """
    heir = np.full(len(terms.final_row), -1, dtype=np.int64)
    rows = terms.sold
    found = _match(_Pool.of(terms, rows, cancelled=terms.cancelled[rows]))
    heir[terms.term[rows[found >= 0]]] = terms.term[rows[found[found >= 0]]]
    return heir[terms.stands_in]


def renewed_as_visible(terms: Terms, row: Ints, cutoff: Ints) -> Bools:
    """Whether a term version was already renewed at its cutoff, matched among the terms as the books then had them.

    Most have no visible candidate and are done with; each of the others gets a private copy of the terms of its
    policies, as visible to it, and goes through the same matching: what is entered or cancelled later cannot matter.
    """
    renewed = np.zeros(len(row), dtype=bool)
    some = np.flatnonzero(_has_candidate(terms, row, cutoff))
    cluster = terms.ties.cluster[terms.policy]
    order = np.argsort(cluster, kind="stable")
    low = np.searchsorted(cluster[order], cluster[row[some]])
    high = np.searchsorted(cluster[order], cluster[row[some]], side="right")
    for part in chunks(high - low):
        which, at = expand(low[part], high[part])
        other, moment = order[at], cutoff[some[part]][which]
        counts = _counts(terms, other, moment)
        which, other, moment = which[counts], other[counts], moment[counts]
        cancelled = np.where(terms.ended_seen[other] < moment, terms.cancelled[other], NEVER)
        found = _match(_Pool.of(terms, other, cancelled=cancelled, world=which))
        own = other == row[some[part]][which]
        renewed[some[part][which[own]]] = found[own] >= 0
    return renewed


def _counts(terms: Terms, row: Ints, cutoff: Ints) -> Bools:
    """Whether versions are visible at the cutoff, and not known to have never been sold."""
    visible = (terms.known_from[row] < cutoff) & (cutoff <= terms.superseded[row])
    counts: Bools = visible & ~terms.known_unsold(row, cutoff)
    return counts


def _has_candidate(terms: Terms, row: Ints, cutoff: Ints) -> Bools:
    found = np.zeros(len(row), dtype=bool)
    for asked, answers in terms.ties.ways:
        owner = answers[terms.policy]
        others = np.flatnonzero(owner >= 0)
        others = others[np.lexsort((terms.start[others], owner[others]))]
        low, high = _window(terms, row, asked[terms.policy[row]], keys(owner[others], seconds(terms.start[others])))
        for part in chunks(high - low):
            which, at = expand(low[part], high[part])
            hit = _counts(terms, others[at], cutoff[part][which])
            found[part.start + which[hit]] = True
    return found


def _window(terms: Terms, row: Ints, asked: Ints, key: Ints) -> tuple[Ints, Ints]:
    """Positions, among terms sorted by the key of (owner, start), of the candidates that answer to what is asked."""
    end = terms.end[row]
    begin = np.maximum(end - EARLY_DAYS * DAY, terms.start[row] + 1_000_000)
    low = np.searchsorted(key, keys(asked, seconds(begin)))
    return low, np.searchsorted(key, keys(asked, seconds(end + terms.grace[row])))


@dataclass(frozen=True)
class _Pool:
    """Terms to be matched among themselves: codes (-1: none), times, and the order in which they are served.

    ``ways``: what each term asks for and answers to, way by way; ``cancelled``: as far as it is known.
    """

    policy: Ints
    family: Ints
    ways: list[tuple[Ints, Ints]]
    start: Ints
    end: Ints
    grace: Ints
    cancelled: Ints
    rank: Ints

    @classmethod
    def of(cls, terms: Terms, rows: Ints, *, cancelled: Ints, world: Ints | None = None) -> _Pool:
        """Terms of some rows; those of different worlds never meet."""
        number = terms.policy[rows]
        ways = [_coded(world, asked[number], answers[number]) for asked, answers in terms.ties.ways]
        policy = ways[0][0]
        family = policy if terms.ties.alone else _coded(world, *[terms.family[rows]] * 2)[0]
        return cls(policy, family, ways, terms.start[rows], terms.end[rows], terms.grace[rows], cancelled,
                   terms.id_rank[rows])  # fmt: skip

    def first(self) -> Bools:
        """Whether each is the first term of its policy."""
        order = np.lexsort((self.rank, self.start, self.policy))
        found = np.zeros(len(order), dtype=bool)
        found[order[np.unique(self.policy[order], return_index=True)[1]]] = True
        return found


def _coded(world: Ints | None, asked: Ints, answers: Ints) -> tuple[Ints, Ints]:
    """Codes that differ where worlds differ; -1 stays what it is."""
    if world is None:
        return asked, answers
    same = np.array_equal(asked, answers)
    many = int(max(asked.max(initial=0), answers.max(initial=0))) + 1
    wide = [np.where(code >= 0, world * many + code, -1) for code in ((asked,) if same else (asked, answers))]
    dense = np.unique(np.concatenate([[-1], *wide]), return_inverse=True)[1][1:] - 1
    return (dense, dense) if same else (dense[: len(asked)], dense[len(asked) :])


def _match(pool: _Pool) -> Ints:
    """Position of the term that renews each one, or -1."""
    again = taken_up(pool.family, pool.start, pool.end, cancelled=pool.cancelled, grace=pool.grace, rank=pool.rank)
    served, free = again < 0, np.ones(len(again), dtype=bool)
    free[again[~served]] = False  # it goes on with a spell and renews nothing
    heir = np.full(len(again), -1, dtype=np.int64)
    for place, (asked, answers) in enumerate(pool.ways):
        others = free & (answers >= 0)
        if place and others.any():
            others &= pool.first()
        some, rest = np.flatnonzero(others), np.flatnonzero(served & (heir < 0))
        heir[rest] = _serve(pool, rest, wanted=asked[rest], owner=answers, others=some)
        free[heir[rest][heir[rest] >= 0]] = False
    return heir


def _serve(pool: _Pool, served: Ints, *, wanted: Ints, owner: Ints, others: Ints) -> Ints:
    """Match each served term to one of the others whose `owner` is what it wants, or to -1."""
    others = others[np.lexsort((pool.rank[others], pool.start[others], owner[others]))]
    key, end = keys(owner[others], seconds(pool.start[others])), pool.end[served]
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
