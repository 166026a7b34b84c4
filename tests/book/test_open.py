"""Opening a book: every kind of source gives the same rows, typed, with the moments they became visible."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd
import pyarrow as pa
import pytest

from churnkit.book.open import open_book
from churnkit.book.schema import TABLES
from churnkit.book.settings import Settings
from churnkit.errors import ContractError, UsageError

CUTOFF = "2026-01-01"


def _rows(book, query, **params):
    return book.sql(query, **params).to_pylist()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_and_frames_give_the_same_book(tables, open_tables, write, kind):
    from_files = open_book(write(tables, kind))
    from_frames = open_tables(tables)
    assert from_files.tables == from_frames.tables == frozenset(TABLES)
    assert from_files.fingerprint == from_frames.fingerprint
    for table in TABLES:
        assert from_files.sql(f"SELECT * FROM {table}").equals(from_frames.sql(f"SELECT * FROM {table}"))


def test_a_table_may_be_a_folder_of_parquet_files(tables, open_tables, write):
    folder = write(tables, "parquet")
    (folder / "terms.parquet").unlink()
    (folder / "terms").mkdir()
    tables["terms"].iloc[:4].to_parquet(folder / "terms" / "a.parquet", index=False)
    tables["terms"].iloc[4:].to_parquet(folder / "terms" / "b.parquet", index=False)
    assert open_book(folder).fingerprint == open_tables(tables).fingerprint


def test_every_view_has_every_column_of_the_contract(tables, open_tables):
    tables["claims"] = tables["claims"][["claim_id", "policy_id", "customer_id", "reported_at"]]
    book = open_tables(tables)
    for table, spec in TABLES.items():
        names = book.sql(f"SELECT * FROM {table}").column_names
        seen = [f"{clock}_seen" for clock in spec.clocks]
        assert names == [*spec.column_names, *seen, "superseded_at"]
    claims = book.sql("SELECT * FROM claims")
    assert claims.schema.field("amount_paid").type == pa.float64()
    assert claims.schema.field("paid_at").type == pa.timestamp("us")
    assert claims.schema.field("bodily_injury").type == pa.bool_()
    assert claims["amount_paid"].null_count == 2
    assert book.has("claims")
    assert book.has_column("claims", "reported_at")
    assert not book.has_column("claims", "amount_paid")


def test_defaults_fill_absent_columns(tables, open_tables):
    tables["policies"] = tables["policies"].drop(columns="renewable")
    tables["surveys"] = tables["surveys"].drop(columns=["scale_min", "scale_max", "direction"])
    book = open_tables(tables)
    assert _rows(book, "SELECT DISTINCT renewable FROM policies") == [{"renewable": True}]
    assert _rows(book, "SELECT scale_min, scale_max, direction FROM surveys WHERE instrument = 'nps'") == [
        {"scale_min": 0.0, "scale_max": 10.0, "direction": "high_good"}
    ]


@pytest.mark.parametrize(
    ("yes", "no"),
    [("是", "否"), ("Y", "N"), ("y", "n"), (1, 0), ("1", "0"), ("TRUE", "False"), (1.0, 0.0), (True, False)],
)
def test_bools_in_many_spellings(tables, open_tables, yes, no):
    tables["customers"]["staff"] = [yes, no, None]
    got = _rows(open_tables(tables), "SELECT staff FROM customers ORDER BY customer_id")
    assert [row["staff"] for row in got] == [True, False, None]


def test_moments_with_a_zone_become_the_books_naive_time(tables, open_tables):
    frame = tables["interactions"]
    want = datetime(2024, 4, 1, 18, 0)
    stamps = pd.Series(pd.to_datetime(["2024-04-01 10:00", "2024-05-02 11:00"])).dt.tz_localize("UTC")
    for value in (stamps, stamps.astype("datetime64[ns, UTC]"), stamps.dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
                  stamps.dt.strftime("%Y-%m-%d %H:%M:%S +00:00"), stamps.astype(object)):  # fmt: skip
        tables["interactions"] = frame.assign(started_at=value)
        got = _rows(open_tables(tables), "SELECT started_at FROM interactions WHERE interaction_id = 'i1'")
        assert got == [{"started_at": want}]
    tables["interactions"] = frame
    book = open_tables(tables, timezone="Europe/Berlin", data_cutoff=pd.Timestamp("2026-01-01", tz="UTC"))
    assert book.settings.data_cutoff == pd.Timestamp("2026-01-01 01:00")


def test_a_moment_that_a_clock_change_skipped_is_read_as_written(tables, open_tables):
    tables["interactions"] = tables["interactions"].astype({"started_at": str}).assign(started_at="1986-05-04 02:30:00")
    got = _rows(open_tables(tables), "SELECT DISTINCT started_at FROM interactions")
    assert got == [{"started_at": datetime(1986, 5, 4, 2, 30)}]


def test_frames_of_every_pandas_type(tables, open_tables):
    expected = open_tables(tables).fingerprint
    types = {"birth_year": "float64", "do_not_call": "boolean", "region": "category"}
    tables["customers"] = tables["customers"].astype(types)
    tables["terms"] = tables["terms"].assign(
        start_date=[stamp.date() for stamp in tables["terms"]["start_date"]],
        end_date=tables["terms"]["end_date"].dt.tz_localize("Asia/Shanghai"),
        ended_date=[None if pd.isna(stamp) else stamp.date() for stamp in tables["terms"]["ended_date"]],
        end_reason=tables["terms"]["end_reason"].astype("category"),
        premium=tables["terms"]["premium"].astype("Float64"),
    )
    tables["surveys"]["score"] = tables["surveys"]["score"].astype("Int64")
    tables["policies"].index = [7, 7, 8, 9]
    assert open_tables(tables).fingerprint == expected
    assert isinstance(tables["terms"]["start_date"].iloc[0], date)


def test_numeric_ids_are_read_as_text(tables, open_tables):
    tables["customers"]["household_id"] = [1001.0, None, 1002.0]  # what pandas makes of whole numbers with a gap
    got = _rows(open_tables(tables), "SELECT household_id FROM customers ORDER BY customer_id")
    assert [row["household_id"] for row in got] == ["1001", None, "1002"]


def test_columns_and_values_are_mapped(tables, open_tables):
    tables["policies"] = tables["policies"].rename(columns={"line": "险种"}).replace({"险种": {"motor": "车险"}})
    settings = Settings(data_cutoff=CUTOFF, columns={"policies": {"line": "险种"}},
                        values={"policies": {"line": {"车险": "motor"}}})  # fmt: skip
    book = open_book(tables, settings=settings)
    got = _rows(book, "SELECT line FROM policies ORDER BY policy_id")
    assert [row["line"] for row in got] == ["motor", "home", "motor", "property"]
    assert book.undeclared == {}


def test_names_match_but_for_case_and_blanks_and_the_rest_is_undeclared(tables, open_tables):
    tables["terms"] = tables["terms"].rename(columns={"premium": " Premium"})
    tables["terms"] = tables["terms"].assign(vehicle_power=70, superseded_at="x")
    book = open_tables(tables)
    assert book.undeclared == {"terms": ["vehicle_power", "superseded_at"]}
    assert book.has_column("terms", "premium")
    assert _rows(book, "SELECT sum(premium) AS s, sum(vehicle_power) AS p FROM raw_terms") == [{"s": 13070.0, "p": 420}]


def test_last_covered_day_becomes_an_exclusive_end(tables, open_tables):
    got = _rows(open_tables(tables, end_date_is="last_covered_day"), "SELECT end_date FROM terms WHERE term_id = 't1'")
    assert got == [{"end_date": datetime(2024, 3, 2)}]


def test_seen_is_the_later_of_clock_and_recording(tables, open_tables):
    tables["claims"]["paid_at_recorded_at"] = [pd.Timestamp("2024-04-20"), None]
    book = open_tables(tables)
    got = _rows(book, "SELECT reported_at_seen, decided_at_seen, paid_at_seen FROM claims WHERE claim_id = 'l1'")
    assert got == [{"reported_at_seen": datetime(2024, 4, 2, 9, 5), "decided_at_seen": datetime(2024, 4, 5, 9),
                    "paid_at_seen": datetime(2024, 4, 20)}]  # fmt: skip
    open_claim = _rows(book, "SELECT decided_at_seen, paid_at_seen FROM claims WHERE claim_id = 'l2'")
    assert open_claim == [{"decided_at_seen": None, "paid_at_seen": None}]


def test_without_a_recording_time_the_delay_is_assumed(tables):
    for name in ("claims", "terms"):
        tables[name] = tables[name].drop(columns=[c for c in tables[name] if c.endswith("recorded_at")])
    book = open_book(tables, settings=Settings(data_cutoff=CUTOFF, delay_days={"claims": 3}))
    got = _rows(book, "SELECT reported_at_seen, paid_at_seen FROM claims WHERE claim_id = 'l1'")
    assert got == [{"reported_at_seen": datetime(2024, 4, 5, 9), "paid_at_seen": datetime(2024, 4, 11, 9)}]
    got = _rows(book, "SELECT issued_at_seen, ended_date_seen FROM terms WHERE term_id = 't3'")
    assert got == [{"issued_at_seen": datetime(2024, 5, 21), "ended_date_seen": datetime(2025, 2, 11)}]


def test_a_term_without_issued_at_was_bound_when_recorded_else_at_its_start(tables, open_tables):
    tables["terms"] = tables["terms"].drop(columns="issued_at")
    tables["terms"].loc[1, "recorded_at"] = pd.NaT
    got = _rows(open_tables(tables), "SELECT issued_at, issued_at_seen FROM terms ORDER BY term_id LIMIT 2")
    assert got == [{"issued_at": datetime(2023, 2, 20, 10), "issued_at_seen": datetime(2023, 2, 20, 10)},
                   {"issued_at": datetime(2024, 3, 1), "issued_at_seen": datetime(2024, 3, 2)}]  # fmt: skip


def test_rows_at_the_data_cutoff_are_dropped_and_terms_bound_before_it_stay(tables, open_tables):
    tables["interactions"].loc[1, "started_at"] = pd.Timestamp(CUTOFF)
    tables["terms"].loc[5, ["start_date", "end_date"]] = [pd.Timestamp("2026-02-01"), pd.Timestamp("2027-02-01")]
    book = open_tables(tables)
    assert _rows(book, "SELECT interaction_id FROM interactions") == [{"interaction_id": "i1"}]
    assert _rows(book, "SELECT count(*) AS n FROM terms") == [{"n": 6}]
    assert _rows(book, "SELECT count(*) AS n FROM raw_interactions") == [{"n": 2}]


def test_exact_duplicates_are_dropped(tables, open_tables):
    tables["claims"] = pd.concat([tables["claims"], tables["claims"]])
    got = _rows(open_tables(tables), "SELECT claim_id FROM claims ORDER BY 1")
    assert got == [{"claim_id": "l1"}, {"claim_id": "l2"}]


def test_versions_say_from_when_the_next_is_visible(tables, open_tables):
    first = tables["claims"].iloc[[0]]
    third = first.assign(recorded_at=pd.Timestamp("2024-06-01"), amount_claimed=700.0)
    second = first.assign(recorded_at=pd.Timestamp("2024-05-01"), amount_claimed=600.0)
    tables["claims"] = pd.concat([third, first, tables["claims"].iloc[[1]], second, second])
    got = _rows(open_tables(tables), "SELECT amount_claimed AS a, superseded_at AS s FROM claims ORDER BY 1")
    assert got == [{"a": 500.0, "s": datetime(2024, 5, 1)}, {"a": 600.0, "s": datetime(2024, 6, 1)},
                   {"a": 700.0, "s": None}, {"a": 900.0, "s": None}]  # fmt: skip


def test_a_version_is_superseded_by_whichever_later_one_is_visible_first(tables, open_tables):
    first = tables["claims"].iloc[[0]]
    second = first.assign(recorded_at=pd.Timestamp("2024-05-01"), reported_at=pd.Timestamp("2024-09-01"))
    third = first.assign(recorded_at=pd.Timestamp("2024-06-01"), amount_claimed=1.0)
    tables["claims"] = pd.concat([first, second, third])
    got = _rows(open_tables(tables), "SELECT superseded_at AS s FROM claims ORDER BY recorded_at")
    assert [row["s"] for row in got] == [datetime(2024, 6, 1), datetime(2024, 6, 1), None]


def test_the_fingerprint_ignores_row_order_and_sees_one_value(tables, open_tables):
    before = open_tables(tables).fingerprint
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in tables.items()}
    assert open_tables(shuffled).fingerprint == before
    tables["terms"].loc[0, "premium"] += 0.01
    assert open_tables(tables).fingerprint != before


def test_parameters_and_their_types(tables, open_tables):
    query = "SELECT count(*) AS n FROM interactions WHERE started_at < $cutoff AND channel = $channel"
    assert _rows(open_tables(tables), query, cutoff=pd.Timestamp("2024-04-02"), channel="phone") == [{"n": 1}]


def test_a_query_over_an_absent_table_says_so(tables, open_tables):
    del tables["surveys"]
    with pytest.raises(ContractError, match=r"no table surveys.*book.has"):
        open_tables(tables).sql("SELECT * FROM surveys")
    with pytest.raises(ContractError, match="scor"):
        open_tables(tables).sql("SELECT scor FROM terms")


def test_opening_reads_no_parquet_rows(tables, write, monkeypatch):
    from churnkit.book.engine import Engine

    folder = write(tables, "parquet")
    asked = []
    plain, searching = Engine.sql, Engine.repeated
    searched = []

    def listening(self, query, params=None):
        asked.append(query)
        return plain(self, query, params)

    def looking(self, query, column, *, rows):
        searched.append(query)
        return searching(self, query, column, rows=rows)

    monkeypatch.setattr(Engine, "sql", listening)
    monkeypatch.setattr(Engine, "repeated", looking)
    book = open_book(folder)
    assert all(query.startswith(("CREATE VIEW", "DESCRIBE")) for query in asked)
    assert not searched
    book.sql("SELECT * FROM terms")
    book.sql("SELECT * FROM terms")
    assert len(searched) == 1  # repeats are looked for once


@pytest.mark.parametrize("source", [3, None, [1]])
def test_a_source_that_is_neither_folder_nor_frames(source):
    with pytest.raises(UsageError, match="folder or a dict"):
        open_book(source, data_cutoff=CUTOFF)


def test_folders_that_are_no_book(tmp_path):
    with pytest.raises(UsageError, match="no folder"):
        open_book(tmp_path / "nowhere", data_cutoff=CUTOFF)
    (tmp_path / "policy.csv").write_text("policy_id\n1\n")
    with pytest.raises(UsageError, match=r"no table in .*policy\.csv.*customers"):
        open_book(tmp_path, data_cutoff=CUTOFF)
    with pytest.raises(UsageError, match="a file"):
        open_book(tmp_path / "policy.csv", data_cutoff=CUTOFF)


def test_frames_that_are_no_book():
    with pytest.raises(UsageError, match="only clients"):
        open_book({"clients": pd.DataFrame()}, data_cutoff=CUTOFF)
    with pytest.raises(UsageError, match="list for 'customers'"):
        open_book({"customers": []}, data_cutoff=CUTOFF)
