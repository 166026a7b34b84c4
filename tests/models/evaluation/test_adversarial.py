"""Trees that tell today's rows from earlier ones, tried on customers that they have not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import UsageError
from churnkit.models.evaluation.adversarial import tell_apart


def test_who_the_customers_are_does_not_tell_the_day():
    """Twenty traits place every customer that was seen before; tried on customers held out they place none."""
    rng = np.random.default_rng(0)
    traits = rng.standard_normal((400, 20))
    people = np.repeat(np.arange(400), 8)  # the first half on one day, the others on the next
    rows = pd.DataFrame(traits[people]).add_prefix("trait")
    past, present = rows[people < 200], rows[people >= 200]
    order = rng.permutation(400)  # which customers are in which half is no order of theirs
    assert tell_apart(past, present, groups=order[people]).auc == pytest.approx(0.5, abs=0.08)
    assert tell_apart(past, present, groups=np.arange(len(people))).auc > 0.9  # as if every row were a customer


def test_what_moved_has_the_gain():
    rng = np.random.default_rng(1)
    X = [pd.DataFrame({"moved": rng.normal(shift, 1, 800), "noise": rng.random(800),
                       "line": rng.choice(["a", "b"], 800)}) for shift in (0.0, 1.0)]  # fmt: skip
    found = tell_apart(*X, groups=np.tile(np.arange(800), 2))
    assert found.auc == pytest.approx(0.76, abs=0.04)  # of two normals one standard deviation apart
    assert found.importance["moved"] > 0.8
    assert found.importance.sum() == pytest.approx(1)


def test_customers_of_one_day_only_in_a_half_are_refused():
    X = pd.DataFrame({"x": np.arange(4.0)})
    with pytest.raises(UsageError, match="customers of both in either half"):
        tell_apart(X, X, groups=["a"] * 4 + ["b"] * 4)
