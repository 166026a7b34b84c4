import hashlib

import pandas as pd
import pytest

from churnkit.book.schema import SCALES, TABLES
from churnkit.errors import UsageError
from churnkit.simulate import simulate_book
from tests.simulated import simulated


def read(folder, table):
    return pd.read_parquet(folder / f"{table}.parquet")


def digest(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_files_and_another_seed_others(tmp_path, tmp_path_factory):
    one = simulated(tmp_path_factory, customers=300, years=3, seed=2)
    two = simulate_book(tmp_path / "b", customers=300, years=3, seed=2, truth=False)
    other = simulate_book(tmp_path / "c", customers=300, years=3, seed=5, truth=False)
    assert digest(one) == digest(two)
    assert digest(one)["terms.parquet"] != digest(other)["terms.parquet"]


def test_the_book_holds_exactly_the_customers_asked_for(book_folder):
    assert read(book_folder, "customers")["customer_id"].nunique() == 3000


def test_every_table_of_the_contract_is_there_with_its_required_columns(book_folder):
    for name, spec in TABLES.items():
        have = set(read(book_folder, name).columns)
        assert {c.name for c in spec.columns if c.required} <= have, name


def test_keys_are_unique_and_references_resolve(book_folder):
    for name, spec in TABLES.items():
        frame = read(book_folder, name)
        assert not frame[spec.key].duplicated().any(), name
        for column, target in spec.references.items():
            known = set(read(book_folder, target)[TABLES[target].key])
            assert set(frame[column].dropna()) <= known, (name, column)


def test_nothing_in_the_book_happened_after_the_data_cutoff(book_folder):
    cutoff = pd.Timestamp("2026-10-01")
    clocks = {"claims": "paid_at", "interactions": "started_at", "surveys": "answered_at", "terms": "issued_at"}
    for name, clock in (clocks | {"complaints": "decided_at", "outreach": "contacted_at"}).items():
        assert read(book_folder, name)[clock].dropna().max() < cutoff, name


def test_who_left_has_no_later_rows(book_folder):
    terms = read(book_folder, "terms")
    last = terms.groupby("policy_id")["ended_date"].max()
    gone = terms.groupby("policy_id")["ended_date"].apply(lambda s: s.notna().all())
    calls = read(book_folder, "interactions").set_index("policy_id")["started_at"]
    joined = calls[calls.index.isin(gone[gone].index)]
    assert (joined <= last.reindex(joined.index) + pd.Timedelta(days=1)).all()


def test_scores_lie_on_their_scales_and_some_are_unanswered(book_folder):
    surveys = read(book_folder, "surveys")
    for instrument, (low, high) in SCALES.items():
        score = surveys.loc[surveys["instrument"] == instrument, "score"]
        assert score.min() >= low and score.max() <= high
    assert 0.15 < surveys["score"].notna().mean() < 0.30  # world F: 23 % answer


def test_some_rows_enter_the_books_days_late(book_folder):
    calls = read(book_folder, "interactions")
    late = (calls["recorded_at"] - calls["started_at"]).dt.days >= 1
    assert 0.02 < late.mean() < 0.06  # 4 % by construction


def test_there_are_early_renewals_and_late_ones_within_grace(book_folder):
    terms = read(book_folder, "terms").merge(read(book_folder, "policies")[["policy_id", "payment_mode"]])
    terms = terms[terms["payment_mode"] == "annual"].sort_values(["policy_id", "start_date"])
    same = terms["policy_id"].eq(terms["policy_id"].shift())
    gap = (terms["start_date"] - terms["end_date"].shift())[same].dt.days
    early = (terms["end_date"].shift() - terms["issued_at"])[same].dt.days
    assert gap.between(0, 20).all()
    assert 0.07 < (gap > 0).mean() < 0.13  # 10 % late
    assert 0.09 < (early >= 30).mean() < 0.15  # 12 % early


def test_csv_says_the_same_as_parquet(tmp_path):
    parquet = simulate_book(tmp_path / "p", customers=120, years=2, truth=False)
    csv = simulate_book(tmp_path / "c", customers=120, years=2, truth=False, kind="csv")
    left, right = read(parquet, "terms"), pd.read_csv(csv / "terms.csv", dtype={"term_id": str})
    pd.testing.assert_series_equal(left["premium"], right["premium"])
    assert list(left["term_id"]) == list(right["term_id"])


def test_out_of_range_numbers_are_refused(tmp_path):
    with pytest.raises(UsageError, match="at least 1 customer"):
        simulate_book(tmp_path, customers=0)
    with pytest.raises(UsageError, match="parquet or csv"):
        simulate_book(tmp_path, customers=10, kind="xml")
    assert not list(tmp_path.iterdir())
