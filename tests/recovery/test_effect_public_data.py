"""The verdict on public data that cannot tell the effect: one has no shocks, of the other the scores came too late."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.effect.effect import SatisfactionEffect

pytestmark = pytest.mark.recovery
EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def converter(experiment):
    spec = importlib.util.spec_from_file_location(f"book_of_{experiment[:3]}", EXPERIMENTS / experiment / "book.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_subscriptions_without_shocks_give_an_association_only(data_folder, tmp_path):
    maker = converter("002-ravenstack")
    maker.write_book(maker.read_tables(data_folder), tmp_path / "book", clean=True)
    found = SatisfactionEffect().fit(open_book(tmp_path / "book"))
    assert found.verdict.kind == "association only"
    assert pd.isna(found.per_pp.estimate)
    assert "association" in found.text


def test_a_score_whose_time_is_unknown_is_refused(data_folder, tmp_path):
    """The telco data's satisfaction was asked after the outcome: the source gives no time of it."""
    maker = converter("005-telco")
    frame = maker.read_customers(data_folder)
    maker.write_book(frame, tmp_path / "book")
    who = frame["customer_id"]
    pd.DataFrame({
        "response_id": "R" + who, "customer_id": who, "policy_id": who, "instrument": "csat",
        "score": frame["satisfaction_score"].astype(float), "scale_min": 1.0, "scale_max": 5.0,
        "sent_at": maker.EXTRACT - pd.Timedelta(days=3), "answered_at": pd.NaT,
    }).to_parquet(tmp_path / "book" / "surveys.parquet", index=False)  # fmt: skip
    found = SatisfactionEffect().fit(open_book(tmp_path / "book"))
    assert found.verdict.kind == "refused"
    assert "unknown time" in found.verdict.reason
