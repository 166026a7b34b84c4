"""Declared columns and tables become features, speak in reasons, and never see the future."""

import numpy as np
import pandas as pd
import pytest

from churnkit.apps.console import Steps
from churnkit.apps.scoring import score
from churnkit.apps.training import fit_target
from churnkit.book.check import check_book
from churnkit.errors import LeakageError, UsageError
from churnkit.models.classifier import RenewalModel
from churnkit.models.reasons.explain import reasons
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import describe
from churnkit.panel.extra import as_of_extract, declared_features
from churnkit.panel.feature import Feature
from churnkit.panel.panel import Panel

from .declared_book import CUTOFF, DAY, declared_frames, opened

OF_TERMS = {"vehicle_power", "bonus", "area", "telematics", "offer_channel", "yearly_claims_policy_last",
            "yearly_claims_policy_mean_all", "yearly_claims_policy_sum_all"}  # fmt: skip
OF_CUSTOMERS = {"segment", "yearly_claims_last", "yearly_claims_mean_all", "yearly_claims_sum_all"}
OF_VISITS = {
    "web_visits_30d", "web_visits_90d", "web_visits_365d", "web_visits_all", "days_since_web_visits",
    *(f"web_visits_seconds_mean_{w}" for w in ("90d", "365d", "all")), "web_visits_seconds_last",
    *(f"web_visits_mobile_share_{w}" for w in ("90d", "365d", "all")), "web_visits_mobile_last",
    "web_visits_page_last",
}  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    return declared_frames()


@pytest.fixture(scope="module")
def book(tables):
    return opened(tables)


@pytest.fixture(scope="module")
def panels(book):
    return {target: build_panel(book, target, keep_unlabelled=True) for target in ("renewal", "churn")}


@pytest.fixture(scope="module")
def trained(book):
    return fit_target(book, "renewal", Steps(quiet=True), test_from="2023-01-01")


def small(frames, *, first=60):
    """The same insurer with its first customers only."""
    ids = {f"c{i}" for i in range(first)}
    policies = frames["policies"][frames["policies"]["customer_id"].isin(ids)]
    return {
        "customers": frames["customers"][frames["customers"]["customer_id"].isin(ids)],
        "policies": policies,
        "terms": frames["terms"][frames["terms"]["policy_id"].isin(policies["policy_id"])],
        "web_visits": frames["web_visits"][frames["web_visits"]["cust"].isin(ids)],
    }


def test_what_is_declared_becomes_a_feature(book, panels):
    names = {target: {f.name for f in declared_features(book, target)} for target in panels}
    assert names["renewal"] == OF_TERMS | OF_CUSTOMERS | OF_VISITS
    assert names["churn"] == OF_CUSTOMERS | OF_VISITS
    for target, panel in panels.items():
        assert names[target] <= set(panel.X.columns)
        assert panel.X[sorted(names[target])].notna().any().all()


def test_a_book_that_declares_what_it_has_is_clean(book):
    findings = check_book(book)
    assert findings.errors == ()
    assert findings.unused == ()
    assert {f.found for f in findings.items if f.table in ("terms", "web_visits")} == set()
    assert any("segment" in f.found + f.effect for f in findings.items if f.code == "REC17")


def test_names_are_ascii_and_never_a_standard_one(book):
    for feature in declared_features(book, "renewal"):
        assert feature.name.isascii()
        assert feature.name.isidentifier()
        assert describe(feature.name) is None
        assert feature.en.count("{value}") == feature.zh.count("{value}") == 1
        assert feature.group


def test_a_name_that_is_taken_gives_way():
    extra = {"customers": {"premium": "money"}, "policies": {"age": "number"}, "terms": {"age": "number"}}
    found = {f.name: f.table for f in declared_features(opened(declared_frames(3), extra=extra), "renewal")}
    assert {"customers_premium": "customers", "policies_age": "policies", "terms_age": "terms"}.items() <= found.items()


def test_attributes_are_those_of_the_own_term_and_of_the_offer_once_made(panels, tables):
    panel = panels["renewal"]
    terms = tables["terms"].set_index("term_id").loc[panel.keys["term_id"]].reset_index(drop=True)
    for name in ("vehicle_power", "bonus", "area"):
        assert panel.X[name].tolist() == terms[name].tolist()
    assert (panel.X["telematics"] == terms["telematics"]).all()
    offered = terms["offer_date"] < panel.keys["cutoff"]
    assert 0 < offered.sum() < len(offered)
    assert panel.X["offer_channel"][offered].tolist() == terms["offer_channel"][offered].tolist()
    assert panel.X["offer_channel"][~offered].isna().all()


def test_what_is_known_at_the_end_of_a_term_speaks_through_the_terms_that_are_over(panels, tables):
    panel, terms = panels["renewal"], tables["terms"].sort_values("end_date")
    by_policy = dict(iter(terms.groupby("policy_id")))
    for at in range(0, len(panel), 97):
        mine = by_policy[panel.keys["policy_id"][at]]
        over = mine[mine["end_date"] < panel.keys["cutoff"][at]]["yearly_claims"]
        row = panel.X.iloc[at]
        assert row["yearly_claims_policy_sum_all"] == over.sum()
        for name, want in (("last", over.iloc[-1] if len(over) else np.nan), ("mean_all", over.mean())):
            np.testing.assert_allclose(row[f"yearly_claims_policy_{name}"], want)
            np.testing.assert_allclose(row[f"yearly_claims_{name}"], want)


def test_visits_count_from_when_they_were_logged(panels, tables):
    for panel in panels.values():
        for at in range(0, len(panel), 101):
            cutoff, customer = panel.keys["cutoff"][at], panel.keys["customer_id"][at]
            mine = tables["web_visits"][tables["web_visits"]["cust"] == customer]
            seen = mine[(mine["visited_at"] < cutoff) & (mine["logged_at"] < cutoff)]
            near = seen[seen["visited_at"] >= cutoff - 90 * DAY]
            row = panel.X.iloc[at]
            assert (row["web_visits_all"], row["web_visits_90d"]) == (len(seen), len(near))
            np.testing.assert_allclose(row["web_visits_seconds_mean_90d"], near["seconds"].mean())
            np.testing.assert_allclose(row["web_visits_mobile_share_all"], seen["mobile"].mean())
            last = seen.sort_values("visited_at")["seconds"].tail(1).mean()
            np.testing.assert_allclose(row["web_visits_seconds_last"], last)


@pytest.mark.parametrize("target", ["renewal", "churn"])
@pytest.mark.parametrize("cutoff", ["2019-05-01", "2021-01-01", "2022-11-11 11:11:11"])
def test_what_is_recorded_or_known_after_the_cutoff_changes_no_feature(tables, target, cutoff):
    before, at = small(tables), pd.Timestamp(cutoff)
    after = {name: frame.copy() for name, frame in before.items()}
    rng = np.random.default_rng(1)
    terms, visits = after["terms"], after["web_visits"]
    terms.loc[terms["end_date"] >= at, "yearly_claims"] = 99  # known at the end of the term
    terms.loc[~(terms["offer_date"] < at), "offer_channel"] = "changed"
    terms.loc[terms["issued_at"] >= at, ["vehicle_power", "bonus"]] = 999.0
    visits.loc[visits["logged_at"] >= at, ["page", "seconds"]] = ["changed", 1e6]
    late = visits.sample(60, random_state=2).assign(visit_id=lambda v: "late" + v["visit_id"], seconds=1e5)
    late["visited_at"] = at - pd.to_timedelta(rng.integers(1, 300 * 86400, len(late)), unit="s")
    late["logged_at"] = at + pd.to_timedelta(rng.integers(0, 5, len(late)), unit="D")
    after["web_visits"] = pd.concat([visits, late], ignore_index=True)
    left, right = (build_panel(opened(t), target, as_of=at) for t in (before, after))
    pd.testing.assert_frame_equal(left.X, right.X, check_exact=True)
    later = build_panel(opened(after), target, as_of=at + 400 * DAY).X
    assert (later["web_visits_seconds_mean_all"] > 1e4).any()  # what was changed is felt as soon as it is known
    assert (later["yearly_claims_last"] == 99).any()


def test_a_panel_with_declared_features_comes_back_from_parquet(panels, tmp_path):
    panel = panels["renewal"]
    back = Panel.read_parquet(panel.to_parquet(tmp_path / "panel.parquet"))
    assert back.features == panel.features
    assert back.info == panel.info
    pd.testing.assert_frame_equal(back.X, panel.X)


def test_declared_features_are_trained_on_and_speak_in_both_languages(trained, book):
    model, X = trained.model, trained.test.X
    groups = reasons(model, X.head(300))["group"]
    assert {"vehicle", "claims", "web_visits"} <= set(groups)
    assert {"vehicle_power", "area"}.isdisjoint(groups)  # a group, not the column's name
    for language, words in (("en", ("Engine power", "Claims in a term", "Visits to the web site")),
                            ("zh", ("发动机功率", "保期内出险", "网站访问"))):  # fmt: skip
        told = reasons(model, X.head(300), language=language)["text"]
        for word in words:
            assert told.str.contains(word).any(), word
        assert not told.str.contains("vehicle_power|yearly_claims|web_visits").any()
    listed = score(book, model, as_of="2024-12-01", language="zh")
    assert listed["reason_1"].str.contains("发动机功率").any()


def test_declared_signs_hold(trained):
    one = pd.concat([trained.test.X.head(1)] * 100, ignore_index=True)
    one["vehicle_power"] = np.linspace(30, 200, 100)
    chances = trained.model.predict_proba(one)[:, 1]
    assert (np.diff(chances) <= 0).all()
    assert chances[0] > chances[-1]


def test_a_model_fitted_without_specs_knows_the_standard_ones(trained):
    train = trained.train
    model = RenewalModel(n_estimators=20).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups)
    assert model.features_ is None
    assert model.describe("vehicle_power") is None
    assert model.describe("premium") is describe("premium")
    with pytest.raises(UsageError, match=r"features=panel\.features"):
        model.fit(train.X, train.y, features=["premium"])


def test_what_is_known_only_from_the_extract_is_reported(book, panels, capsys):
    assert as_of_extract(book) == ("customers.segment",)
    for panel in panels.values():
        assert panel.info["as_of_extract"] == ["customers.segment"]
    fit_target(book, "renewal", Steps(), test_from="2023-01-01")
    assert "as of the extract: customers.segment" in capsys.readouterr().err


def test_a_column_with_versions_has_a_history(tables):
    people = tables["customers"].assign(recorded_at=pd.Timestamp("2016-01-01"))
    later = people.head(5).assign(segment="other", recorded_at=pd.Timestamp("2020-01-01"))
    book = opened(tables | {"customers": pd.concat([people, later])})
    assert as_of_extract(book) == ()
    assert as_of_extract(opened(tables | {"customers": people})) == ("customers.segment",)


def test_a_recording_time_that_is_the_extracts_is_warned_of(tables):
    stamped = tables["customers"].assign(recorded_at=CUTOFF - DAY)
    found = [f for f in check_book(opened(tables | {"customers": stamped})).warnings if f.code == "REC17"]
    assert any(f.table == "customers" and "last days before data_cutoff" in f.found for f in found)
    usual = [f for f in check_book(opened(tables)).items if "last days before" in f.found]
    assert usual == []


def test_undeclared_columns_are_listed_with_the_line_to_add(tables):
    told = "\n".join(check_book(opened(tables, extra={}, tables={})).unused)
    for line in ('[terms.extra] vehicle_power = "', '[terms.extra] area = "category"',
                 '[terms.extra] telematics = "bool"', '[customers.extra] segment = "category"'):  # fmt: skip
        assert line in told, told
    assert "web_visits" in told
    panel = build_panel(opened(tables, extra={}, tables={}), "renewal", as_of="2022-01-01")
    assert not {"vehicle_power", "segment"} & set(panel.X)


def test_columns_for_audits_and_texts_are_no_feature(tables):
    frame = tables["terms"].assign(ethnicity="x", remark="a remark of some length")
    extra = {"terms": {"ethnicity": "category", "remark": "text"}}
    book = opened(tables | {"terms": frame}, extra=extra, tables={})
    assert declared_features(book, "renewal") == ()
    told = "\n".join(check_book(book).unused)
    assert "terms.ethnicity — for audits only" in told
    assert "terms.remark — declared as text" in told
    with pytest.raises(LeakageError, match="audits only"):
        Feature("f", "terms", "attribute", column="ethnicity", schema=book.schema)


def test_a_date_is_read_as_days_to_the_cutoff(tables):
    frame = tables["terms"].assign(registered=pd.Timestamp("2015-03-01"))
    book = opened(tables | {"terms": frame}, extra={"terms": {"registered": "date"}}, tables={})
    panel = build_panel(book, "renewal", as_of="2020-03-01")
    assert set(panel.X["days_since_registered"]) == {1827.0}


def test_known_at_of_a_customers_column_hides_it_until_then_and_drops_nobody(tables):
    frame = tables["customers"].assign(scored_at=pd.Timestamp("2020-06-01"), score=7)
    extra = {"customers": {"scored_at": "date", "score": {"type": "number", "known_at": "scored_at"}}}
    book = opened(tables | {"customers": frame}, extra=extra, tables={})
    early, late = (build_panel(book, "renewal", as_of=day).X["score"] for day in ("2020-06-01", "2020-06-03"))
    assert early.isna().all()
    assert set(late) == {7.0}
    assert as_of_extract(book) == ()
