"""The time a simulated book covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BURN_IN_YEARS = 8


@dataclass(frozen=True)
class Window:
    """Observed years before the data cutoff, and the burn-in before them; days count from 1970-01-01."""

    years: int = 6
    data_cutoff: str = "2026-10-01"

    @property
    def last_day(self) -> int:
        """Day of the data cutoff."""
        return int(np.datetime64(self.data_cutoff, "D").astype(np.int64))

    @property
    def first_day(self) -> int:
        """First observed day."""
        year, rest = self.data_cutoff.split("-", 1)
        return int(np.datetime64(f"{int(year) - self.years}-{rest}", "D").astype(np.int64))

    @property
    def burn_in_day(self) -> int:
        """First simulated day: nothing before `first_day` reaches the book."""
        return self.first_day - BURN_IN_YEARS * 365

    @property
    def days(self) -> int:
        """Simulated days for which the service must be known, terms that reach past the cutoff included."""
        return self.last_day - self.burn_in_day + 3 * 365 + 2 * 366 + 60
