"""What is declared wrongly is refused with the key and what it may be; what would see the future is refused too."""

import pandas as pd
import pytest

from churnkit.apps.checking import checked
from churnkit.apps.console import Steps
from churnkit.errors import LeakageError, UsageError
from churnkit.panel.build import build_panel
from churnkit.panel.extra import declared_features
from churnkit.panel.feature import Feature, Where

from .declared_book import EXTRA, declared_frames, opened


@pytest.fixture(scope="module")
def tables():
    return declared_frames(150)


@pytest.fixture(scope="module")
def book(tables):
    return opened(tables)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"aggregate": "mean", "column": "yearly_claims"}, "only from end_date"),
        ({"aggregate": "last", "column": "yearly_claims", "clock": "offer_date"}, "only from end_date"),
        ({"aggregate": "count", "where": (Where("offer_channel", "==", "app"),)}, "only from offer_date"),
    ],
)
def test_a_declared_column_is_not_read_through_an_earlier_clock(book, parts, message):
    with pytest.raises(LeakageError, match=message):
        Feature("f", "terms", schema=book.schema, **parts)


def test_a_feature_made_for_other_declarations_is_checked_again(tables):
    early = opened(tables, extra={"terms": {"yearly_claims": "integer"}})
    mine = Feature("f", "terms", "mean", column="yearly_claims", schema=early.schema)
    assert build_panel(early, "renewal", features=[mine], as_of="2022-01-01").X["f"].notna().all()
    with pytest.raises(LeakageError, match="only from end_date"):
        build_panel(opened(tables), "renewal", features=[mine], as_of="2022-01-01")


def test_features_in_words_go_beyond_the_automatic_ones(tables):
    mine = {
        "cancel_pages_180d": {"table": "web_visits", "aggregate": "count", "days": 180, "sign": -1,
                              "where": [{"column": "page", "op": "==", "value": "cancel"}],
                              "en": "looked {value} times at the cancellation page", "zh": "查看退保页面{value}次"},
        "vehicle_power": {"table": "terms", "aggregate": "attribute", "column": "vehicle_power", "group": "machine"},
        "own_claims": {"table": "terms", "aggregate": "max", "clock": "end_date", "column": "yearly_claims",
                       "scope": "policy"},
    }  # fmt: skip
    book = opened(tables, features=mine)
    found = {f.name: f for f in declared_features(book, "renewal")}
    assert found["cancel_pages_180d"].group == "web_visits"
    assert found["vehicle_power"].group == "machine"
    assert found["own_claims"].en == "own claims: {value}"
    assert "own_claims" not in {f.name for f in declared_features(book, "churn")}
    X = build_panel(book, "renewal", as_of="2022-01-01").X
    assert X["cancel_pages_180d"].max() > 0


WRONG = {
    "[features.f] must say its table": {"aggregate": "count"},
    "[features.f] must say its aggregate": {"table": "terms"},
    "'web_visits'": {"table": "web_visit", "aggregate": "count"},
    "Did you mean 'count'": {"table": "terms", "aggregate": "counts"},
    "Did you mean 'seconds'": {"table": "web_visits", "aggregate": "mean", "column": "second"},
    "Did you mean 'visited_at'": {"table": "web_visits", "aggregate": "count", "clock": "visit_at"},
    "no key 'colum'": {"table": "terms", "aggregate": "mean", "colum": "premium"},
    "days must be a whole number": {"table": "terms", "aggregate": "count", "days": "90"},
    "sign must be -1": {"table": "terms", "aggregate": "count", "sign": 2},
    "a text with {value}": {"table": "terms", "aggregate": "count", "en": "terms"},
    "column must be a text": {"table": "terms", "aggregate": "mean", "column": 3},
    "a list of conditions": {"table": "terms", "aggregate": "count", "where": "page"},
    "must be a condition": {"table": "terms", "aggregate": "count", "where": [{"column": "premium"}]},
    "no key 'ops'": {"table": "terms", "aggregate": "count", "where": [{"column": "premium", "ops": "<", "value": 1}]},
    "values of its own kind": {"table": "terms", "aggregate": "count", "where": [{"column": "area", "value": 3}]},
    "The comparisons are": {"table": "terms", "aggregate": "count",
                            "where": [{"column": "area", "op": "like", "value": "c"}]},
    "reads numbers": {"table": "web_visits", "aggregate": "mean", "column": "page"},
    "the policy's or the household's": {"table": "terms", "aggregate": "count", "scope": "polcy"},
    "no window": {"table": "terms", "aggregate": "attribute", "column": "area", "days": 3},
}  # fmt: skip


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_spec_in_words_is_refused_before_any_work(tables, message):
    with pytest.raises(UsageError) as caught:
        checked(opened(tables, features={"f": WRONG[message]}), Steps(quiet=True))
    assert message in str(caught.value)
    assert "[features.f]" in str(caught.value)


@pytest.mark.parametrize(
    ("extra", "own", "message"),
    [
        ({"terms": {"power": "kilowatts"}}, {}, 'must be "number"'),
        ({"term": {"power": "number"}}, {}, "'terms'"),
        ({"terms": {"Premium": "number"}}, {}, "a name of its own"),
        ({"terms": {"group": "number"}}, {}, "no word of SQL"),
        ({"terms": {"customer": "number"}}, {}, "no word of SQL"),
        ({"terms": {"power": {"type": "number", "knwon_at": "end_date"}}}, {}, "'known_at'"),
        ({"terms": {"power": {"type": "number", "known_at": "end_dat"}}}, {}, "'end_date'"),
        ({"terms": {"power": {"type": "number", "known_at": "premium"}}}, {}, "names a date or timestamp"),
        ({"terms": {"power": {"type": "number", "en": "power"}}}, {}, "with {value}"),
        ({"terms": {"end_date_seen": "date", "x": {"type": "number", "known_at": "end_date"}}}, {}, "makes itself"),
        ({}, {"web": {"key": "id_"}}, "at least one clock"),
        ({}, {"Terms": {"key": "k", "clocks": ["at"]}}, "a name of its own"),
        ({}, {"raw_terms": {"key": "k", "clocks": ["at"]}}, "no word of SQL"),
        ({}, {"web": {"key": "k", "clocks": ["at"], "zh": 3}}, "a text"),
    ],
)
def test_a_wrong_declaration_is_refused(tables, extra, own, message):
    with pytest.raises(UsageError) as caught:
        opened(tables, extra=extra, tables=own)
    assert message in str(caught.value)


def test_a_row_is_never_seen_before_itself_through_a_declared_clock(tables):
    """known_at an earlier date than the first clock: the row is not in the books yet."""
    term = tables["terms"][tables["terms"]["start_date"] < "2018-03-01"].iloc[-1]
    claims = pd.DataFrame({
        "claim_id": ["l1"], "policy_id": [term["policy_id"]], "customer_id": ["c" + term["policy_id"][1:]],
        "occurred_at": [pd.Timestamp("2018-03-01")], "reported_at": [pd.Timestamp("2018-06-01")], "weather": ["rain"],
    })  # fmt: skip
    extra = EXTRA | {"claims": {"weather": {"type": "category", "known_at": "occurred_at"}}}
    book = opened(tables | {"claims": claims}, extra=extra)
    feature = Feature("f", "claims", "last", clock="occurred_at", column="weather", schema=book.schema)
    for day, seen in (("2018-05-01", False), ("2018-06-10", True)):
        X = build_panel(book, "renewal", features=[feature], as_of=day).X
        assert X["f"].notna().any() == seen
