"""Whole panels: partitions, switched-off features, attributes, and what the observation says of itself."""

import numpy as np
import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.errors import ContractError, UsageError
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import standard_features
from churnkit.panel.feature import OBSERVATION, Feature
from churnkit.panel.panel import Panel

from .tiny import term, tiny, years


def says(book, column, *, as_of, table="observation", target="renewal"):
    """An attribute by term (renewal) or customer (churn)."""
    panel = build_panel(book, target, features=[Feature("f", table, "attribute", column=column)], as_of=as_of)
    return dict(zip(panel.keys["entity"], panel.X["f"], strict=True))


@pytest.fixture(scope="module")
def simulated(book_folder):
    return open_book(book_folder)


@pytest.fixture(scope="module")
def panels(simulated):
    return {target: build_panel(simulated, target, keep_unlabelled=True) for target in ("renewal", "churn")}


@pytest.mark.parametrize(("target", "partitions"), [("renewal", 2), ("churn", 7)])
def test_any_number_of_partitions_gives_the_identical_panel(simulated, panels, target, partitions):
    done = []
    again = build_panel(
        simulated, target, keep_unlabelled=True, partitions=partitions, progress=lambda *p: done.append(p)
    )
    for part in ("X", "keys"):
        pd.testing.assert_frame_equal(getattr(panels[target], part), getattr(again, part), check_exact=True)
    pd.testing.assert_series_equal(panels[target].y, again.y)
    assert done == [(i + 1, partitions) for i in range(partitions)]


@pytest.mark.parametrize("target", ["renewal", "churn"])
def test_a_panel_of_the_standard_features_is_plain_and_sorted(panels, target):
    panel = panels[target]
    assert list(panel.X.columns) == [f.name for f in panel.features]
    kinds = {f.name: f.unit == "text" for f in panel.features}
    for name, column in panel.X.items():
        assert column.dtype == ("str" if kinds[name] else np.float64)
        assert column.notna().any() or name == "days_since_company_contact", name  # simulated contacts: by customers
        varies = kinds[name] or column.min() < column.max()
        assert varies or ("_cover_" not in name and "_billing_" not in name), name
    in_order = panel.keys.sort_values(["customer_id", "cutoff", "entity"], kind="stable").index
    assert in_order.equals(panel.keys.index)
    assert not panel.keys.duplicated(["entity", "cutoff"]).any()


def test_unlabelled_rows_are_left_out_unless_asked_for(simulated, panels):
    usual = build_panel(simulated, "renewal")
    assert usual.y.notna().all()
    assert len(usual) == panels["renewal"].y.notna().sum()
    null = panels["renewal"].keys["cause"].value_counts().drop("")
    assert {cause: usual.info["excluded"][cause] for cause in null.index} == null.to_dict()


def test_a_simulated_panel_survives_parquet(panels, tmp_path):
    for target, panel in panels.items():
        back = Panel.read_parquet(panel.to_parquet(tmp_path / f"{target}.parquet"))
        pd.testing.assert_frame_equal(back.X, panel.X)
        pd.testing.assert_frame_equal(back.keys, panel.keys)
        assert back.info == panel.info


def test_info_says_what_was_done(panels, simulated):
    info = panels["renewal"].info
    assert info["fingerprint"] == simulated.fingerprint
    assert info["leads"] == [4, 14, 30, 45, 90, 180, 330]
    assert "[end - 60 days, end + grace)" in info["label"]
    assert len(panels["churn"].info["snapshots"]) > 10


def test_an_absent_table_or_column_switches_features_off_and_makes_no_zeros():
    book = tiny(years("p1", 2020, 2022), claims=[{"policy_id": "p1", "reported_at": "2020-05-01"}])
    panel = build_panel(book, "renewal", as_of="2020-06-01")
    off = panel.info["switched_off"]
    assert off["complaints_365d"] == "table complaints is absent"
    assert off["paid_sum_365d"] == "claims.amount_paid is absent"
    assert off["age"] == "customers.birth_year is absent"
    assert not set(off) & set(panel.X)
    assert panel.X["claims_365d"].tolist() == [1.0]
    assert {f.name for f in standard_features("renewal")} == set(off) | set(panel.X)


def test_attributes_of_the_offer_are_null_before_it_is_made():
    book = tiny([term("t", "2020-01-01", "2021-01-01", offer_date="2020-11-01", offer_premium=110.0)])
    for as_of, expected in (("2020-11-01", None), ("2020-11-05", 110.0)):
        found = says(book, "offer_premium", table="terms", as_of=as_of)["t"]
        assert found == expected if expected else np.isnan(found)
    assert np.isnan(says(book, "offer_change", as_of="2020-11-01")["t"])
    assert says(book, "offer_change", as_of="2020-11-05")["t"] == pytest.approx(0.1)


def test_attributes_come_from_the_version_known_at_the_cutoff():
    terms = years("p1", 2020, 2021)
    people = pd.DataFrame({
        "customer_id": ["c1", "c1"], "region": ["north", "south"],
        "recorded_at": pd.to_datetime(["2019-01-01", "2020-05-01"]),
    })  # fmt: skip
    policies = pd.DataFrame({"policy_id": ["p1"], "customer_id": ["c1"], "line": ["motor"]})
    book = open_book(
        {"customers": people, "policies": policies, "terms": pd.DataFrame(terms)}, data_cutoff="2022-01-01"
    )
    assert says(book, "region", table="customers", as_of="2020-05-01") == {"p1-2020": "north"}
    assert says(book, "region", table="customers", as_of="2020-05-02") == {"p1-2020": "south"}


def test_tenure_counts_from_inception_where_it_is_known():
    book = tiny(years("p1", 2020, 2022), policies={"p1": {"inception_date": pd.Timestamp("2015-01-01")}})
    assert says(book, "tenure_days", as_of="2021-01-11") == {"p1-2021": 2202}
    assert says(tiny(years("p1", 2020, 2022)), "tenure_days", as_of="2021-01-11") == {"p1-2021": 376}


def test_what_the_customer_holds_is_counted_as_visible():
    sold = {"ended_date": "2020-03-01", "end_reason": "object_sold", "ended_recorded_at": "2020-06-15"}
    terms = [*years("p1", 2020, 2022), *years("p2", 2020, 2022), term("x", "2020-01-01", "2021-01-01", "p3", **sold)]
    book = tiny(terms, policies={"p2": {"line": "home"}})
    for as_of, policies, lines, premium in (("2020-06-01", 3, 2, 300), ("2020-07-01", 2, 2, 200)):
        for column, expected in (("policies_held", policies), ("lines_held", lines), ("premium_held", premium)):
            assert says(book, column, as_of=as_of)["p1-2020"] == expected
            assert says(book, column, as_of=as_of, target="churn") == {"c1": expected}


def test_the_sum_insured_held_passes_over_what_is_not_stated():
    def held(*sums):
        terms = [term(f"t{i}", "2020-01-01", "2021-01-01", f"p{i}", sum_insured=s) for i, s in enumerate(sums)]
        return says(tiny(terms), "sum_insured_held", as_of="2020-06-01", target="churn")["c1"]

    assert held(1000.0, 2500.5) == 3500.5
    assert held(1000.0, float("nan")) == 1000.0
    assert np.isnan(held(float("nan"), float("nan")))


def test_premium_change_is_against_the_previous_term_of_the_policy():
    terms = [term("a", "2020-01-01", "2021-01-01", premium=100.0), term("b", "2021-01-01", "2022-01-01", premium=120.0)]
    assert says(tiny(terms), "premium_change", as_of="2021-06-01")["b"] == pytest.approx(0.2)
    assert np.isnan(says(tiny(terms), "premium_change", as_of="2020-06-01")["a"])
    assert says(tiny(terms), "term_number", as_of="2021-06-01") == {"b": 2}


def test_what_the_observation_says_of_time():
    book = tiny(years("p1", 2020, 2022), customers={"c1": {"birth_year": 1980}})
    expected = {"lead_days": 214, "cutoff_month": 6, "term_days": 366, "days_to_next_end": 214, "age": 40,
                "customer_tenure_days": 152}  # fmt: skip
    assert set(expected) < set(OBSERVATION)
    for column, value in expected.items():
        assert says(book, column, as_of="2020-06-01") == {"p1-2020": value}, column


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"target": "profit"}, "renewal, churn or cancellation"),
        ({"target": "renewal", "partitions": 0}, "at least one partition"),
        ({"target": "renewal", "snapshots": ["2020-01-01"]}, "snapshots to churn"),
        ({"target": "renewal", "as_of": "2020-02-01", "leads": (14,)}, "own lead"),
        ({"target": "renewal", "features": []}, "a name of its own"),
        ({"target": "churn", "features": standard_features("renewal")}, "no policy of its own"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(call, message):
    with pytest.raises(UsageError, match=message):
        build_panel(tiny(years("p1", 2020, 2022)), **call)


def test_a_book_without_terms_has_nothing_to_observe():
    frames = {"customers": pd.DataFrame({"customer_id": ["c1"]}), "policies": pd.DataFrame({
        "policy_id": ["p1"], "customer_id": ["c1"], "line": ["motor"]}),
        "terms": pd.DataFrame(columns=["term_id", "policy_id", "start_date", "end_date", "premium"])}  # fmt: skip
    for target in ("renewal", "churn"):
        with pytest.raises(ContractError, match="at least one observation"):
            build_panel(open_book(frames, data_cutoff="2022-01-01"), target)
        with pytest.raises(ContractError, match="at least one observation"):
            build_panel(open_book(frames, data_cutoff="2022-01-01"), target, as_of="2021-01-01")
