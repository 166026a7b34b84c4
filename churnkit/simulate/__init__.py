"""An insurer whose truth is known: the ground on which every estimate is proved."""

from churnkit.simulate.book import simulate_book
from churnkit.simulate.worlds import WORLDS, World

__all__ = ["WORLDS", "World", "simulate_book"]
