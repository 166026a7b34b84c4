"""Scores of a book in parts, here or on Spark: the same rows, reasons and findings, by the same model file."""

from __future__ import annotations

from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest

from churnkit.apps.drift import _of_the_offer, drifted
from churnkit.apps.scoring import score
from churnkit.book.open import open_book
from churnkit.errors import ContractError
from churnkit.models import ranges
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.reasons.explain import reasons
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import standard_features
from churnkit.simulate.messy import damage
from churnkit.value.lifetime import LifetimeValue
from tests.simulated import simulated

AS_OF = "2026-09-01"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A book that says "livestream" where training, on the clean one, saw other channels."""
    clean = simulated(tmp_path_factory, customers=500, years=4, seed=9)
    twin = tmp_path_factory.mktemp("scored") / "twin"
    damage(clean, twin, "DRF30")
    return clean, twin


@pytest.fixture(scope="module")
def models(folder, tmp_path_factory):
    """A value with its renewal model, and a churn model: from files, as elsewhere."""
    book, place = open_book(folder[0]), tmp_path_factory.mktemp("models")
    renewal, churn = (build_panel(book, target, features=standard_features(target)[::4] + own(target))
                      for target in ("renewal", "churn"))  # fmt: skip
    model = RenewalModel(n_estimators=40).fit(renewal.X, renewal.y, features=renewal.features)
    joblib.dump(LifetimeValue(economics=book).fit(renewal, model), place / "value.joblib")
    joblib.dump(ChurnModel(n_estimators=40).fit(churn.X, churn.y, features=churn.features), place / "churn.joblib")
    return {path.stem: joblib.load(path) for path in place.iterdir()}


def own(target):
    """Features by which rows differ by text, as premium and channel do."""
    rest = standard_features(target)
    return tuple(f for f in rest if f.name in ("premium", "channel") and f not in rest[::4])


def scored(book, models, target, **more):
    told, value = [], models["value"] if target == "renewal" else None
    model = models["churn"] if value is None else value.model_
    rows = score(book, model, as_of=AS_OF, value=value, tell=told.append, language="zh", **more)
    return rows, told


def same(left, right):
    pd.testing.assert_frame_equal(left[0], right[0], check_exact=True)
    assert left[1] == right[1]


@pytest.mark.parametrize(("target", "parts"), [("renewal", 7), pytest.param("churn", 20, marks=pytest.mark.recovery)])
def test_rows_are_the_same_in_any_number_of_parts(target, parts, folder, models):
    book = open_book(folder[1])
    whole = scored(book, models, target)
    assert whole[0]["reason_2"].notna().any()
    if target == "renewal":
        assert [finding.code for finding in whole[1]] == ["DRF30"]
        assert whole[0]["value"].notna().all()
    same(scored(book, models, target, partitions=parts), whole)


def test_a_day_without_cover_is_told_as_by_a_panel(folder, models):
    with pytest.raises(ContractError, match=r"at least one observation.*Check as_of"):
        score(open_book(folder[0]), models["churn"], as_of="1999-01-01", partitions=2)


def test_a_row_holds_what_the_model_says_of_it(folder, models):
    book, model = open_book(folder[0]), models["value"].model_
    panel = build_panel(book, "renewal", as_of=AS_OF, features=model.features_)
    rows, _ = scored(book, models, "renewal", version="churnkit-renewal 7")
    rows = rows.set_index("policy_id").loc[panel.keys["policy_id"]]
    np.testing.assert_array_equal(rows["renewal"], model.predict_proba(panel.X)[:, 1])
    np.testing.assert_array_equal(rows[["low", "high"]], model.predict_interval(panel.X))
    np.testing.assert_array_equal(rows["unsure"], model.unsure(panel.X))
    told = reasons(model, panel.X, language="zh", toward="leave").query("rank == 1")
    assert rows["reason_1"].tolist() == told["text"].tolist()
    assert set(rows["model_version"]) == {"churnkit-renewal 7"}
    assert set(rows["not_for_money"]) == {model.mark_.text}
    assert model.mark_.text.startswith("Not for money")


def test_reasons_to_talk_about_are_changeable(folder, models):
    book, model = open_book(folder[0]), models["value"].model_
    rows, _ = scored(book, models, "renewal", kind="changeable", top=1)
    panel = build_panel(book, "renewal", as_of=AS_OF, features=model.features_)
    told = reasons(model, panel.X, language="zh", toward="leave", kind="changeable", top=1)
    assert sorted(rows["reason_1"]) == sorted(told["text"])
    assert set(told["kind"]) == {"changeable", ""}


def test_a_column_in_another_unit_is_found_and_its_rows_are_unsure(folder, models, monkeypatch):
    book, model = open_book(folder[0]), models["value"].model_
    panel = build_panel(book, "renewal", as_of=AS_OF, features=model.features_)
    monkeypatch.setattr(ranges, "_FEW", 100)
    assert drifted(model, panel) == []
    wrong = replace(panel, X=panel.X.assign(premium=panel.X["premium"] * 100))
    (finding,) = drifted(model, wrong)
    assert (finding.code, finding.severity, finding.table) == ("DRF30", "warning", "terms")
    assert finding.found.startswith("premium lies elsewhere than in training (population stability index ")
    assert model.unsure(wrong.X).mean() > 0.5


def test_only_what_the_renewal_offer_says_may_be_missing_more_often_than_in_training():
    assert {f.name for f in standard_features("renewal") if _of_the_offer(f)} == {
        "offer_to_line", "offer_change", "offer_premium", "days_since_offer",
    }  # fmt: skip


@pytest.mark.spark
def test_rows_scored_by_executors_are_the_same(folder, models, spark):
    here, there = open_book(folder[1]), open_book(folder[1], spark=spark)
    for target in ("renewal", "churn"):
        same(scored(there, models, target), scored(here, models, target))
    there.close()
