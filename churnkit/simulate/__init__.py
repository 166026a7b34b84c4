"""An insurer whose truth is known: the ground on which every estimate is proved."""

from churnkit.simulate.book import simulate_book
from churnkit.simulate.damaged import Damaged
from churnkit.simulate.messy import DAMAGES, damage, messy_book
from churnkit.simulate.ugly import ugly_export
from churnkit.simulate.worlds import WORLDS, World

__all__ = ["DAMAGES", "WORLDS", "Damaged", "World", "damage", "messy_book", "simulate_book", "ugly_export"]
