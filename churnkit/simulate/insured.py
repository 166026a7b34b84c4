"""Customers drawn block by block until the book is full; the same ones whether for the book or for its truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnkit.simulate import tables
from churnkit.simulate.customers import LINES, Bools
from churnkit.simulate.insurer import AS_IT_WAS, Block, Do, draw_block
from churnkit.simulate.service import Service
from churnkit.simulate.tables import Ids
from churnkit.simulate.window import Window
from churnkit.simulate.worlds import World

BLOCK = 8_000


@dataclass(frozen=True)
class Insured:
    """One block with its ids, its terms in working form, and what of it is in the book."""

    number: int
    block: Block
    ids: Ids
    made: pd.DataFrame
    customers: Bools
    policies: Bools


def draw_insured(world: World, *, seed: int, customers: int, window: Window, do: Do = AS_IT_WAS) -> Iterator[Insured]:
    """Draw blocks until the book holds exactly ``customers`` customers; the same ones under any ``do``."""
    service = Service.draw(seed, first_day=window.burn_in_day, days=window.days, lines=len(LINES))
    found, number = 0, 0
    while found < customers:
        block = draw_block(world, service, seed=seed, block=number, size=BLOCK, first_day=window.burn_in_day,
                           last_day=window.last_day, do=do)  # fmt: skip
        ids = Ids.of(block, number * BLOCK)
        made = tables.terms(block, ids, np.random.default_rng([seed, 5, number]))
        made = made[tables.in_book(made, window)]
        owner = block.policies.owner[made["position"].to_numpy()]
        present = np.unique(owner)[: customers - found]
        made = made[np.isin(owner, present)].reset_index(drop=True)
        with_terms = np.isin(np.arange(len(block.policies)), made["position"])
        yield Insured(number, block, ids, made, np.isin(np.arange(len(block.customers)), present), with_terms)
        found, number = found + len(present), number + 1
