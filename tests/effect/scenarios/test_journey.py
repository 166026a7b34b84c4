"""Targets of a journey: another place, or what the book states; else there is none, and that is said."""

import numpy as np
import pytest

import churnkit as ck
from churnkit.errors import UsageError


def test_a_place_alone_is_held_against_the_stated_level_or_nothing(prepared):
    """By line each line's claims are a place alone: its target is the service level that the book states."""
    found = ck.journey(prepared, by=("line",))
    cycle, wait = (found.table[found.table["lever"] == name] for name in ("claim_cycle_days", "wait_minutes"))
    places = prepared.effect_.terms_.places
    stated = places["sla_hours"][places["journey_stage"] == "claim"].max() / 8
    assert (cycle["target"] == stated).all()
    short = cycle["level"] > stated
    assert (cycle.loc[short, "value"] != 0).all() and short.any()
    assert wait["target"].isna().all() and (wait["value"] == 0).all() and not wait["breaks"].any()
    assert f"{int(found.table['target'].isna().sum())} of them have no other place" in found.text
    several = ck.journey(prepared).table
    assert np.isfinite(several.loc[several["lever"] == "wait_minutes", "target"]).any()


def test_a_place_is_made_of_something(prepared):
    with pytest.raises(UsageError, match="at least one column"):
        ck.journey(prepared, by=())
