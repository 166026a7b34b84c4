"""What a customer's own renewals say of his frailty: the posterior on the nodes of the quadrature."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.value.frailty import log_bernoulli, standard_nodes
from churnkit.value.offsets import Hashes, hashed

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
_DAY_BITS = 20


@dataclass(frozen=True)
class Mine:
    """What is known of the customer of each row: the rows of his renewals, row by row, and where his record begins.

    Attributes
    ----------
    Z, y : arrays of shape (n_known, k) and (n_known,), a customer's renewals once for each row of his
    count : array of shape (n_rows,), how many renewals are known of each
    entry : array of shape (n_rows,), tenure at entry in years, NaN where there is no record
    """

    Z: Matrix
    y: Vector
    count: Codes
    entry: Vector

    def take(self, rows: slice) -> Mine:
        """Some of the rows."""
        ends = np.cumsum(self.count)
        count = self.count[rows]
        stop = int(ends[rows][-1]) if len(count) else 0
        part = slice(stop - int(count.sum()), stop)
        return Mine(self.Z[part], self.y[part], count, self.entry[rows])


@dataclass(frozen=True)
class History:
    """Renewal rows by customer and the day on which each outcome was known.

    A row is weighed with the outcomes that were known at its cutoff, so a row of the past is valued with what was known
    then. Of ids only hashes are kept. They can be found out by trying ids; before a history leaves it is sealed: hashed
    again with a secret, which is not pickled.

    Attributes
    ----------
    people : array of shape (n_customers,), hashes in order
    entry : array of shape (n_customers,), tenure in years where the record of a customer begins
    since : array of shape (n_customers,), day on which it begins
    key : array of shape (n_rows,), customer and day
    Z, y : arrays of shape (n_rows, k) and (n_rows,), y = 1 for lapse
    seal : str, by which the secret of a sealed history is known, else empty
    salt : bytes, that secret; None if it is not there, and then nobody is recognised
    """

    people: Hashes
    entry: Vector
    since: Codes
    key: Codes
    Z: Matrix
    y: Vector
    seal: str = ""
    salt: bytes | None = None

    @classmethod
    def of(cls, people: Hashes, known: Codes, Z: Matrix, y: Vector, begin: pd.DataFrame) -> History:
        """Sort rows; `begin` has each customer's hash (index, in order), ``entry`` and ``since``."""
        everybody = begin.index.to_numpy(dtype=np.uint64)
        key = (np.searchsorted(everybody, people) << _DAY_BITS) | known
        order = np.argsort(key, kind="stable")
        return cls(everybody, begin["entry"].to_numpy(), begin["since"].to_numpy(), key[order], Z[order], y[order])

    def sealed(self, salt: bytes) -> History:
        """The same history under hashes that nobody can make without the salt."""
        people = _sealed(self.people, salt)
        order = np.argsort(people)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        key = (place[self.owner] << _DAY_BITS) | (self.key & ((1 << _DAY_BITS) - 1))
        rows = np.argsort(key, kind="stable")
        return History(people[order], self.entry[order], self.since[order], key[rows], self.Z[rows], self.y[rows],
                       _seal(salt), salt)  # fmt: skip

    def opened(self, salt: bytes) -> History:
        """With the salt at hand, if it is the one that it was sealed with."""
        return replace(self, salt=salt) if self.seal == _seal(salt) else self

    def __getstate__(self) -> dict[str, Any]:
        """Leave the salt behind."""
        return self.__dict__ | {"salt": None}

    @property
    def owner(self) -> Codes:
        """Customer of each row, by position in `people`."""
        return self.key >> _DAY_BITS

    def find(self, people: Hashes | None, day: Codes) -> Mine:
        """Find what was known of each row's customer on a day."""
        if people is not None and self.seal:
            people = None if self.salt is None else _sealed(people, self.salt)
        if people is None or not len(self.people):
            none = np.zeros(len(day), dtype=np.int64)
            return Mine(self.Z[:0], self.y[:0], none, np.full(len(day), np.nan))
        code = np.minimum(np.searchsorted(self.people, people), len(self.people) - 1)
        known = (self.people[code] == people) & (self.since[code] <= day)
        start = np.searchsorted(self.key, code << _DAY_BITS)
        stop = np.searchsorted(self.key, (code << _DAY_BITS) | day, side="right")
        count = np.where(known, stop - start, 0)
        rows = np.repeat(start - (np.cumsum(count) - count), count) + np.arange(count.sum())
        return Mine(self.Z[rows], self.y[rows], count, np.where(known, self.entry[code], np.nan))


def _sealed(people: Hashes, salt: bytes) -> Hashes:
    digests = (hashlib.blake2b(one.tobytes(), key=salt, digest_size=8).digest() for one in people)
    return np.frombuffer(b"".join(digests), dtype=np.uint64)


def _seal(salt: bytes) -> str:
    return hashlib.blake2b(b"seal", key=salt, digest_size=8).hexdigest()


def posterior(mine: Mine, theta: Vector, nodes: int) -> Matrix:
    """Weights on the nodes of the quadrature given each row's history.

    Bayes' rule on the nodes: prior weight times the likelihood of what is known of the customer.

    Parameters
    ----------
    theta : array of shape (k + 1,), beta and sigma

    Returns
    -------
    array of shape (n_rows, n_nodes), each row summing to 1
    """
    z, w = standard_nodes(nodes)
    eta = (mine.Z * theta[:-1]).sum(axis=1)[:, None] + theta[-1] * z
    joint = np.tile(np.log(w), (len(mine.count), 1))
    some = np.flatnonzero(mine.count)
    if len(some):
        starts = (np.cumsum(mine.count) - mine.count)[some]
        joint[some] += np.add.reduceat(log_bernoulli(eta, mine.y), starts, axis=0)
    weight = np.exp(joint - joint.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def days(moments: pd.Series[Any]) -> Codes:
    """Whole days since 1970; 0 where there is no date."""
    found = (moments - pd.Timestamp("1970-01-01")) // pd.Timedelta(days=1)
    return np.asarray(found.fillna(0).clip(lower=0), dtype=np.int64)


def people_of(keys: pd.DataFrame) -> Hashes | None:
    """Hashes of the customers of some rows; None where they do not say."""
    return hashed(keys["customer_id"]) if "customer_id" in keys else None
