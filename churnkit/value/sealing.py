"""A lifetime value that is to be saved: its customers under hashes that nobody can make without a secret."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace

from churnkit.value.history import History
from churnkit.value.lifetime import LifetimeValue


def sealed(value: LifetimeValue, salt: bytes) -> LifetimeValue:
    """A copy to be saved.

    What the hazard knows of customers' renewals lies under hashes of their ids, which whoever can guess ids could
    make. In the copy they are hashed again with the salt, and the salt is not pickled.

    Parameters
    ----------
    value : LifetimeValue, fitted
    salt : bytes, at most 64, secret
    """
    return _with(value, lambda history: history.sealed(salt))


def opened(value: LifetimeValue, salt: bytes) -> LifetimeValue:
    """A copy that recognises customers again; without the same salt it takes everybody for new, and its text says so.

    Parameters
    ----------
    value : LifetimeValue, as it was loaded
    salt : bytes
    """
    return _with(value, lambda history: history.opened(salt))


def _with(value: LifetimeValue, change: Callable[[History], History]) -> LifetimeValue:
    other = copy(value)
    if value.hazard_ is not None:
        other.hazard_ = replace(value.hazard_, history=change(value.hazard_.history))
    return other
