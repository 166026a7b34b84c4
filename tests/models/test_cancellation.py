"""Monthly cancellation: the life table by hand, a hazard that is known, and what becomes of it month by month."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnkit.errors import UsageError
from churnkit.models.cancellation import CancellationModel, life_table, months_in_force, survival
from churnkit.models.evaluation.metrics import evaluate
from churnkit.models.reasons.explain import reasons
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import standard_features
from churnkit.panel.panel import Panel
from tests.panel.tiny import term, tiny

FEATURES = standard_features("cancellation", groups="relationship")


def as_panel(rows):
    """Dress rows (policy, line, month in force, label or cause) as a panel; all policies begin on one day."""
    rows = pd.DataFrame(rows, columns=["policy_id", "line", "month", "outcome"])
    begun = pd.Timestamp("2022-01-01")
    cutoff = pd.Series([begun + pd.DateOffset(months=int(month)) for month in rows["month"]])
    known = rows["outcome"].map(lambda said: not isinstance(said, str))
    X = pd.DataFrame({"tenure_days": (cutoff - begun) / pd.Timedelta(days=1), "term_number": rows["month"] + 1.0,
                      "line": rows["line"].astype("str")})  # fmt: skip
    keys = rows[["policy_id", "line"]].assign(customer_id=rows["policy_id"], entity=rows["policy_id"], cutoff=cutoff,
                                              lead_days=np.nan, cause=rows["outcome"].where(~known, ""))  # fmt: skip
    y = pd.Series(rows["outcome"].where(known, np.nan).astype(float), name="cancelled")
    return Panel(X=X, y=y, keys=keys, target="cancellation")


def lives(line, *ends):
    """A policy per end: (months stayed, 1 for cancelled, a cause for another exit, None for still there)."""
    for number, (stayed, how) in enumerate(ends):
        yield from ((f"{line}{number}", line, month, 0) for month in range(stayed))
        if how is not None:
            yield f"{line}{number}", line, stayed, how


def test_the_life_table_is_the_one_by_hand():
    # month 0: 6 policies, 1 cancels; month 1: 5, 1 dies (of 4 with a label 1 cancels); month 2: 3, none; month 3: 2, 1
    ends = ((0, 1), (1, 1), (1, "death"), (3, None), (3, 1), (4, None))
    table = life_table(as_panel(lives("motor", *ends))).table.loc["motor"]
    assert table["at_risk"].tolist() == [6, 4, 3, 2]
    assert table["cancelled"].tolist() == [1, 1, 0, 1]
    assert table["other_exits"].tolist() == [0, 1, 0, 0]
    assert table["survival"].tolist() == pytest.approx([5 / 6, 5 / 8, 5 / 8, 5 / 16])
    # Greenwood, after month 1: 1 / (6 * 5) + 1 / (4 * 3) = 0.11667; log-minus-log: 0.625 ** exp(+-1.96 * .3416 / .47)
    assert table["low"].iloc[1] == pytest.approx(0.625 ** np.exp(1.959964 * np.sqrt(7 / 60) / -np.log(0.625)))
    assert table["high"].iloc[1] == pytest.approx(0.625 ** np.exp(-1.959964 * np.sqrt(7 / 60) / -np.log(0.625)))


def test_survival_of_freireich_leukaemia_patients():
    """6-MP against placebo, the 6-MP arm in weeks (Freireich et al. 1963; Kaplan-Meier in any textbook)."""
    weeks = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    # relapsing in week w: there for w - 1 weeks, then gone; censored after week w: seen to stay through it
    table = life_table(as_panel(lives("arm", *((w - 1, 1) for w in weeks), *((w, None) for w in censored)))).table
    at = table.loc["arm"]["survival"]
    assert at[[5, 6, 9, 12, 15, 21, 22]].round(3).tolist() == [0.857, 0.807, 0.753, 0.69, 0.627, 0.538, 0.448]


def test_lines_are_counted_apart_and_together():
    found = life_table(as_panel([*lives("home", (2, 1), (1, "unripe")), *lives("motor", (0, 1), (2, None))]))
    assert found.table.index.get_level_values("line").unique().tolist() == ["all", "home", "motor"]
    assert found.table.loc["all"]["at_risk"].tolist() == [4, 2, 1]
    assert found.table.loc["home"]["no_label"].tolist() == [0, 1, 0]
    assert found.rates == {"all": 2 / 7, "home": 1 / 4, "motor": 1 / 3}
    assert found.text.splitlines()[1].startswith("home: 2 policies, 4 policy-months, of which 25.00% (95 %: ")
    assert "other exits, in no rate: 0." in found.text


def test_what_the_life_table_foretells():
    panel = as_panel(lives("motor", (0, 1), (1, 1), (2, None), (2, None)))  # hazards 1/4, 1/3, then 2/7 of all
    ahead = life_table(panel).predict(panel, months=3)
    assert ahead.iloc[0].tolist() == pytest.approx([3 / 4, 1 / 2, 1 / 2 * 5 / 7])
    assert ahead.iloc[-1].tolist() == pytest.approx([2 / 3, 2 / 3 * 5 / 7, 2 / 3 * (5 / 7) ** 2])


def test_months_in_force_are_those_of_the_calendar():
    panel = as_panel(lives("motor", (14, 1)))
    assert months_in_force(panel).tolist() == list(range(15))
    late = Panel(X=panel.X.assign(tenure_days=panel.X["tenure_days"] + 1), y=panel.y, keys=panel.keys,
                 target="cancellation")  # fmt: skip
    assert months_in_force(late).tolist() == list(range(15))  # begun on 31 December


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
    with pytest.raises(UsageError, match="tenure_days"):
        life_table(other)
