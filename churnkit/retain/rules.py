"""What a retention team asks of its list, checked before any work is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from math import inf, nextafter
from numbers import Integral, Real
from sys import float_info
from typing import Any

from churnkit.errors import UsageError
from churnkit.retain.suppression import GAP_DAYS, YEARLY, Language

GROUPS = ("channel", "branch", "agent_id")
Limit = int | Mapping[str, int]
_CENTURY = 36_525
_BELOW_ONE = nextafter(1.0, 0.0)  # a hold-out or a draw of everybody leaves no list
_WHOLE = {"capacity": (1, inf), "due_within_days": (0, _CENTURY), "per_household": (1, inf),
          "contact_gap_days": (0, _CENTURY), "contacts_per_year": (1, inf), "valid_days": (1, _CENTURY),
          "random_state": (0, inf)}  # fmt: skip
_REAL = {"holdout": (0, _BELOW_ONE), "explore": (0, _BELOW_ONE), "save_rate": (0, 1), "budget": (0, float_info.max)}


@dataclass(frozen=True)
class Rules:
    """Capacity, caps and shares of one list; `plan_retention` says what each is."""

    capacity: int = 100
    due_within_days: int = 90
    save_rate: float = 0.1
    holdout: float = 0.1
    explore: float = 0.02
    caps: Mapping[str, Limit] = field(default_factory=dict)
    budget: float | None = None
    per_household: int = 1
    contact_gap_days: int = GAP_DAYS
    contacts_per_year: int = YEARLY
    valid_days: int = 14
    language: Language = "en"
    random_state: int = 0

    def checked(self) -> Rules:
        """Return the same rules in plain numbers if every one is in range.

        Raises
        ------
        UsageError
            With all that is wrong at once.
        """
        given: dict[str, Any] = {name: getattr(self, name) for name in (*_WHOLE, *_REAL)}
        if self.budget is None:
            del given["budget"]
        wrong = [f"{name}={value!r}" for name, value in given.items() if not _in_range(name, value)]
        if wrong:
            raise UsageError("capacity is at least 1, shares lie in 0 … 1, a budget is finite and not negative, counts "
                             "and days are whole, and days no more than a century.",
                             found=", ".join(wrong))  # fmt: skip
        if self.language not in ("en", "zh"):
            raise UsageError("A list speaks en or zh.", found=repr(self.language), fix="language='en'")
        self._check_caps()
        # As Python's own numbers: NumPy's cannot be written into the record.
        plain: dict[str, Any] = {name: (int if name in _WHOLE else float)(value) for name, value in given.items()}
        return replace(self, **plain)

    def _check_caps(self) -> None:
        unknown = [name for name in self.caps if name not in GROUPS]
        if unknown:
            raise UsageError(f"Caps are by {', '.join(GROUPS)}.", found=", ".join(map(repr, unknown)),
                             fix='caps={"branch": 40} or caps={"channel": {"phone": 300}}.')  # fmt: skip
        limits = [one for cap in self.caps.values() for one in (cap.values() if isinstance(cap, Mapping) else [cap])]
        if any(not isinstance(one, int) or isinstance(one, bool) or one < 0 for one in limits):
            raise UsageError("A cap is a number of contacts, 0 or more.", found=repr(dict(self.caps)))

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values, for the record."""
        return asdict(self) | {"caps": {name: dict(cap) if isinstance(cap, Mapping) else cap
                                        for name, cap in self.caps.items()}}  # fmt: skip


def _in_range(name: str, value: Any) -> bool:
    least, most = (_WHOLE | _REAL)[name]
    number = isinstance(value, Integral if name in _WHOLE else Real) and not isinstance(value, bool)
    return number and bool(least <= value <= most)
