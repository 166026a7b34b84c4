"""What a retention team asks of its list, checked before any work is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from churnkit.errors import UsageError
from churnkit.retain.suppression import GAP_DAYS, YEARLY, Language

GROUPS = ("channel", "branch", "agent_id")
Limit = int | Mapping[str, int]


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
        """Return itself if every number is in range.

        Raises
        ------
        UsageError
            With all that is wrong at once.
        """
        least = {"capacity": 1, "due_within_days": 0, "per_household": 1, "contact_gap_days": 0,
                 "contacts_per_year": 1, "valid_days": 1, "random_state": 0}  # fmt: skip
        wrong = [f"{name}={getattr(self, name)!r}" for name, low in least.items() if getattr(self, name) < low]
        wrong += [f"{name}={getattr(self, name)!r}" for name in ("holdout", "explore") if not self._share(name)]
        wrong += [f"save_rate={self.save_rate!r}"] if not 0 <= self.save_rate <= 1 else []
        wrong += [f"budget={self.budget!r}"] if self.budget is not None and self.budget < 0 else []
        if wrong:
            raise UsageError("capacity is at least 1, shares lie in 0 … 1 and costs are not negative.",
                             found=", ".join(wrong))  # fmt: skip
        if self.language not in ("en", "zh"):
            raise UsageError("A list speaks en or zh.", found=repr(self.language), fix="language='en'")
        self._check_caps()
        return self

    def _share(self, name: str) -> bool:
        return bool(0 <= getattr(self, name) < 1)

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
