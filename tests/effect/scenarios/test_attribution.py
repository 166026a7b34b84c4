"""Parts add up to the whole, alike settings have alike parts, and who adds nothing has none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnkit.effect.scenarios.attribution import attributed
from churnkit.effect.scenarios.scenario import Setting

MANY = tuple(Setting("satisfaction", None, float(k)) for k in range(1, 5))


@given(st.lists(st.floats(-2, 2), min_size=4, max_size=4), st.floats(-1, 1))
@settings(max_examples=30, deadline=None)
def test_parts_add_up_to_the_whole(own, together):
    def gain(some):
        alone = sum(own[int(each.by) - 1] for each in some)
        return np.tanh(alone) + together * (len(some) == 4) if some else 0.0

    parts = attributed(MANY, gain)
    assert sum(part for _, part in parts) == pytest.approx(gain(MANY), abs=1e-12)


def test_alike_settings_have_alike_parts_and_who_adds_nothing_has_none():
    parts = attributed(MANY, lambda some: float(len({each.by for each in some} - {4.0})) ** 2)
    assert [part for _, part in parts] == pytest.approx([3.0, 3.0, 3.0, 0.0])
