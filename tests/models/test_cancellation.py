"""Monthly cancellation: a hazard that is known, and what becomes of it month by month."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import UsageError
from churnkit.models.cancellation import CancellationModel, survival
from churnkit.models.evaluation.metrics import evaluate
from churnkit.models.life_tables import life_table
from churnkit.models.reasons.explain import reasons
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import standard_features
from churnkit.panel.panel import Panel
from tests.models.lives import as_panel
from tests.panel.tiny import term, tiny

FEATURES = standard_features("cancellation", groups="relationship")


def hazard(month, line):
    """Known truth: high at first and falling, more so at home."""
    return np.where(line == "home", 0.03, 0.05) + 0.15 * np.exp(-month / 4)


@pytest.fixture(scope="module")
def simulated():
    """2,000 policies of at most 30 months, every one its own customer."""
    rng = np.random.default_rng(3)
    line, rows = rng.choice(["home", "motor"], 2000), []
    inside = np.ones(2000, dtype=bool)
    for month in range(30):
        gone = inside & (rng.random(2000) < hazard(month, line))
        rows += [(f"p{i}", line[i], month, int(gone[i])) for i in np.flatnonzero(inside)]
        inside &= ~gone
    return as_panel(rows)


@pytest.fixture(scope="module")
def fitted(simulated):
    model = CancellationModel(n_estimators=80, min_child_samples=200)
    return model.fit(simulated.X, simulated.y, groups=simulated.groups)


@pytest.mark.parametrize("line", ["home", "motor"])
def test_survival_recovers_a_falling_hazard(simulated, fitted, line):
    truth = np.cumprod(1 - hazard(np.arange(24), np.array(line)))
    first = simulated.take((simulated.keys["line"] == line) & (simulated.X["term_number"] == 1)).take([0])
    mine = survival(fitted, first.X, months=24).iloc[0].to_numpy()
    counted = life_table(simulated).predict(first, months=24).iloc[0].to_numpy()
    assert np.abs(mine - truth).max() < 0.03 and np.abs(counted - truth).max() < 0.03
    frozen = (1 - fitted.predict_proba(first.X)[0, 1]) ** 24  # as if the first month came again and again
    assert truth[-1] - frozen > 0.1


def test_survival_is_the_product_of_what_the_model_says_of_each_month(simulated, fitted):
    rows = simulated.X.iloc[[0, 500, 6000]].assign(cutoff_month=[11.0, 12.0, 1.0])
    later = rows.assign(tenure_days=rows["tenure_days"] + 365.25 / 12, term_number=rows["term_number"] + 1)
    want = (1 - fitted.predict_proba(rows)[:, 1]) * (1 - fitted.predict_proba(later)[:, 1])
    found = survival(fitted, rows, months=2)
    assert found.index.equals(rows.index) and found.columns.tolist() == [1, 2]
    assert found[2].to_numpy() == pytest.approx(want)


def test_the_model_speaks_of_cancellations(simulated, fitted):
    text = evaluate(fitted, simulated, n_boot=20).text
    assert "of the cancellations" in text and "churned" not in text and "lapses" not in text
    told = reasons(fitted, simulated.X.head(3), top=1)
    assert told["text"].str.endswith(("cancelled more often", "cancelled less often")).any()
    chinese = reasons(fitted, simulated.X.head(3), top=1, language="zh")
    assert chinese["text"].str.contains("退保").any()


def test_the_highest_risk_is_the_highest_probability(simulated, fitted):
    assert evaluate(fitted, simulated, n_boot=2).metrics["lift"]["estimate"] > 1.3


def test_from_terms_to_a_life_table():
    """120 monthly policies of a book whose hazard is 0.2: the table is what the terms say."""
    rng = np.random.default_rng(5)
    lasting, terms = np.minimum(rng.geometric(0.2, 120), 9), []
    for number, count in enumerate(lasting):
        edges = [pd.Timestamp("2024-01-10") + pd.DateOffset(months=k) for k in range(count + 1)]
        terms += [term(f"{number}-{k}", edges[k], edges[k + 1], f"p{number}") for k in range(count)]
    people = {f"p{number}": {"customer_id": f"c{number}"} for number in range(120)}
    book = tiny(terms, policies=people, cutoff="2025-01-01")
    table = life_table(build_panel(book, "cancellation", features=FEATURES, keep_unlabelled=True)).table.loc["motor"]
    # observed on the 1st: 22 days after inception, in month 0, the term that begins in it ends in month 1
    assert table["at_risk"].tolist() == [int((lasting > month).sum()) for month in range(len(table))]
    assert table["cancelled"].tolist() == [int((lasting == month + 1).sum()) for month in range(len(table))]


def test_what_is_asked_wrongly_is_refused(simulated, fitted):
    with pytest.raises(UsageError, match="at least 1"):
        survival(fitted, simulated.X, months=0)
    with pytest.raises(UsageError, match="CancellationModel"):
        survival(object(), simulated.X)
    other = Panel(X=simulated.X, y=simulated.y, keys=simulated.keys, target="churn")
    with pytest.raises(UsageError, match="cancellation or a renewal panel"):
        life_table(other)
