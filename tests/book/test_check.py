"""The findings: each damage is found with the right count and rows, and a clean book is clean."""

from __future__ import annotations

import pandas as pd
import pytest

from churnkit.book.check import check_book
from churnkit.book.open import open_book
from churnkit.book.rules import RULES
from churnkit.book.schema import TABLES
from churnkit.book.settings import Settings
from churnkit.errors import ContractError
from churnkit.panel.build import build_panel
from churnkit.simulate.messy import DAMAGES
from tests.books import needed, tiny_book_tables


def _of(findings, code):
    return [item for item in findings.items if item.code == code]


def _beyond_coverage(findings):
    """All findings but the one that every book with surveys has."""
    return [item for item in findings.items if item.code != "COV22"]


def _one(findings, code):
    items = _of(findings, code)
    assert len(items) == 1, findings.text
    assert [item.code for item in findings.errors] in ([], [code]), findings.text
    return items[0]


def _many_claims(tables, n=200):
    claim = tables["claims"].iloc[[1]]
    tables["claims"] = pd.concat([claim.assign(claim_id=f"k{i}") for i in range(n)], ignore_index=True)
    return tables["claims"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_clean_book_has_no_findings(tables, check, write, kind):
    for findings in (check(tables), check_book(open_book(write(tables, kind)))):
        assert _beyond_coverage(findings) == []
        assert findings.text.splitlines()[0].endswith("1 note")
    del tables["surveys"]
    assert [item.code for item in check(tables).items] == ["ABS26"]


def test_the_rules_are_there_in_the_contracts_order():
    elsewhere = {"ENC03": "reading", "CLS28": "training", "LEAK29": "training", "DRF30": "scoring"}
    codes = [code for code in RULES if code not in elsewhere]
    assert sorted(codes + list(elsewhere), key=lambda code: int(code[-2:])) == list(DAMAGES)
    assert sorted(code[-2:] for code in DAMAGES) == [f"{number:02}" for number in range(1, 31)]


def test_col01_names_a_near_miss(tables, check):
    tables["terms"] = tables["terms"].rename(columns={"premium": "premiums"})
    item = _one(check(needed(tables)), "COL01")
    assert (item.severity, item.table) == ("error", "terms")
    assert 'premium = "premiums" under [terms.columns]' in item.fix


def test_col01_missing_table_and_its_likely_file(tables, check):
    tables["policy"] = tables.pop("policies")
    item = _one(check(needed(tables, "policy")), "COL01")
    assert "required table is missing" in item.found
    assert "policy" in item.fix


def test_col01_a_required_table_without_rows(tables, check):
    tables["terms"] = tables["terms"].iloc[:0]
    assert "no rows" in _one(check(needed(tables)), "COL01").found


def test_col01_a_mapping_that_leads_nowhere(tables):
    settings = Settings(data_cutoff="2026-01-01", columns={"claims": {"paid_at": "zahldatum"}})
    item = _one(check_book(open_book(tables, settings=settings)), "COL01")
    assert "paid_at is missing; it is mapped to zahldatum" in item.found


def test_col01_an_absent_opt_out_is_a_warning(tables, check):
    tables["customers"] = tables["customers"].drop(columns="do_not_call")
    item = _one(check(needed(tables)), "COL01")
    assert (item.severity, item.effect) == ("warning", "every row is taken as false")


def test_typ02_shows_the_first_five_values_with_their_lines(tables, write):
    tables["terms"] = tables["terms"].astype({"premium": object})
    tables["terms"]["premium"] = ["1;000", 5, "a", "b", "c", "d"]
    tables["terms"] = pd.concat([tables["terms"], tables["terms"].iloc[[5]].assign(term_id="t7", premium="e")])
    item = _one(check_book(open_book(write(tables))), "TYP02")
    assert (item.severity, item.count, item.share) == ("error", 6, 6 / 7)
    assert item.examples == ("line 2 '1;000'", "line 4 'a'", "line 5 'b'", "line 6 'c'", "line 7 'd'")


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("terms", "start_date", "31.12.2024"), ("interactions", "started_at", "2024-02-30 10:00"),
     ("customers", "birth_year", "198O"), ("customers", "birth_year", 1980.5), ("customers", "do_not_call", "maybe"),
     ("terms", "premium", "inf"), ("customers", "do_not_call", 2)],
)  # fmt: skip
def test_typ02_every_type(tables, check, table, column, value):
    frame = tables[table].astype({column: object})
    frame.loc[1, column] = value
    tables[table] = frame
    item = _one(check(needed(tables, table)), "TYP02")
    assert (item.table, item.count, item.examples) == (table, 1, (f"row 2 {str(value)!r}",))
    assert column in item.found


def test_typ02_a_required_value_that_is_not_there(tables, check):
    tables["terms"].loc[[1, 3], "premium"] = None
    item = _one(check(needed(tables)), "TYP02")
    assert (item.count, item.examples) == (2, ("row 2", "row 4"))


def test_dup04_counts_the_copies(tables, check):
    tables["claims"] = pd.concat([tables["claims"], tables["claims"].iloc[[0, 0]]])
    item = _one(check(needed(tables, "claims")), "DUP04")
    assert (item.severity, item.count, item.examples) == ("warning", 2, ("row 3", "row 4"))


def test_key05_needs_recorded_at_to_order_versions(tables, check):
    other = tables["claims"].iloc[[0]].assign(amount_claimed=1.0)
    tables["claims"] = pd.concat([tables["claims"], other])
    item = _one(check(needed(tables, "claims")), "KEY05")  # recorded at the same moment: still no order
    assert (item.severity, item.count, item.examples) == ("error", 2, ("row 1 'l1'", "row 3 'l1'"))
    tables["claims"] = tables["claims"].drop(columns="recorded_at")
    assert _one(check(needed(tables, "claims")), "KEY05").count == 2
    ordered = other.assign(recorded_at=pd.Timestamp("2024-05-01"))
    tables["claims"] = pd.concat([tables["claims"].iloc[[1]].assign(recorded_at=pd.Timestamp("2025-12-29")),
                                  other, ordered])  # fmt: skip
    assert _of(check(needed(tables, "claims")), "KEY05") == []


def test_economics_may_differ_by_product(tables, check):
    more = tables["economics"].iloc[[0]].assign(product="taxi", loss_ratio=0.9)
    tables["economics"] = pd.concat([tables["economics"], more])
    assert _beyond_coverage(check(tables)) == []
    tables["economics"] = pd.concat([tables["economics"], more.assign(loss_ratio=0.8)])
    assert _one(check(needed(tables, "economics")), "KEY05").count == 2


def test_fk06_counts_orphans_and_what_trimming_would_match(tables, check):
    tables["claims"]["policy_id"] = ["p1 ", "p77"]
    item = _one(check(needed(tables, "claims")), "FK06")
    assert (item.severity, item.count, item.examples) == ("error", 2, ("row 1 'p1 '", "row 2 'p77'"))
    assert "1 of them would match after trimming" in item.found


def test_fk06_up_to_one_percent_is_a_warning(tables, check):
    _many_claims(tables).loc[[0, 1], "policy_id"] = "p9"
    assert _one(check(needed(tables, "claims")), "FK06").severity == "warning"
    tables["claims"].loc[2, "policy_id"] = "p9"
    item = _one(check(needed(tables, "claims")), "FK06")
    assert (item.severity, item.count) == ("error", 3)


def test_fut07_warns_to_one_percent_and_stops_beyond(tables, check):
    claims = _many_claims(tables)
    claims.loc[[0, 1], "reported_at"] = pd.Timestamp("2026-01-05")
    item = _one(check(needed(tables, "claims")), "FUT07")
    assert (item.severity, item.count) == ("warning", 2)
    assert "time zone" not in item.found
    claims.loc[2, "reported_at"] = pd.Timestamp("2026-01-01")
    assert _one(check(needed(tables, "claims")), "FUT07").severity == "error"


def test_fut07_recognises_a_shift_of_eight_hours(tables, check):
    _many_claims(tables).loc[[0, 1], "reported_at"] = pd.to_datetime(["2026-01-01 07:59", "2026-01-01 00:10"])
    item = _one(check(needed(tables, "claims")), "FUT07")
    assert "time zone fault" in item.found
    assert "zone" in item.fix


def test_fut07_recognises_dates_written_as_utc(tables, check):
    for column in ("start_date", "end_date"):
        tables["terms"][column] -= pd.Timedelta(hours=8)
    items = _of(check(needed(tables)), "FUT07")
    assert [(item.severity, item.count) for item in items] == [("error", 6), ("error", 6)]
    assert all("16:00" in item.found for item in items)


def test_fut07_a_term_bound_before_the_cutoff_may_start_after_it(tables, check):
    tables["terms"].loc[5, ["start_date", "end_date"]] = [pd.Timestamp("2026-02-01"), pd.Timestamp("2027-02-01")]
    assert _beyond_coverage(check(tables)) == []


def test_dat09_terms(tables, check):
    tables["terms"].loc[[0, 2], "end_date"] = tables["terms"].loc[[0, 2], "start_date"]
    item = _one(check(needed(tables)), "DAT09")
    assert (item.count, item.examples) == (2, ("row 1 2023-03-01", "row 3 2024-06-01"))
    assert _beyond_coverage(check(tables, end_date_is="last_covered_day")) == []


def test_dat09_ten_years_are_the_longest(tables, check):
    tables["terms"].loc[0, "end_date"] = pd.Timestamp("2033-03-01")
    assert _beyond_coverage(check(tables)) == []
    tables["terms"].loc[0, "end_date"] = pd.Timestamp("2033-03-02")
    assert "longer than 10 years" in _one(check(needed(tables)), "DAT09").found


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("claims", "paid_at", "2024-04-05 08:59"), ("claims", "closed_at", "2024-04-01"),
     ("complaints", "decided_at", "2024-04-19"), ("surveys", "answered_at", "2024-04-09 23:59"),
     ("interactions", "resolved_at", "2024-04-01 09:59"), ("outreach", "contacted_at", "2025-01-19")],
)  # fmt: skip
def test_dat09_clocks_out_of_order(tables, check, table, column, value):
    tables[table].loc[0, column] = pd.Timestamp(value)
    item = _one(check(needed(tables, table)), "DAT09")
    assert (item.table, item.count) == (table, 1)
    assert f"{column} lies before" in item.found


def test_dat09_a_date_on_the_same_day_is_in_order(tables, check):
    tables["claims"].loc[0, ["decided_at", "closed_at"]] = pd.Timestamp("2024-04-02")
    assert _beyond_coverage(check(tables)) == []


def test_scl19_scores_and_sentiment(tables, check):
    tables["surveys"].loc[[0, 1], "score"] = [0.5, 100.0]
    item = _one(check(needed(tables, "surveys")), "SCL19")
    assert (item.severity, item.count) == ("error", 2)
    assert "from 0.5 to 100" in item.found
    tables["surveys"].loc[[0, 1], "score"] = [1.0, 10.0]
    tables["interactions"]["sentiment"] = [-1.0, 1.5]
    assert _one(check(needed(tables, "interactions")), "SCL19").table == "interactions"


def test_rec17_names_the_delay(tables):
    tables["claims"] = tables["claims"].drop(columns="recorded_at")
    settings = Settings(data_cutoff="2026-01-01", delay_days={"claims": 3})
    item = _one(check_book(open_book(tables, settings=settings)), "REC17")
    assert (item.severity, item.table, item.count) == ("warning", "claims", 2)
    assert "3 days" in item.effect


def test_rec17_rows_without_a_recording_time(tables, check):
    tables["claims"].loc[1, "recorded_at"] = pd.NaT
    tables["customers"] = tables["customers"].drop(columns="recorded_at")
    tables["terms"].loc[2, "ended_recorded_at"] = pd.NaT
    got = {(item.table, item.severity, item.count) for item in _of(check(tables), "REC17")}
    assert got == {("claims", "warning", 1), ("customers", "note", 1), ("terms", "warning", 1)}


def test_abs26_names_what_is_switched_off(tables, check):
    optional = [name for name, spec in TABLES.items() if not spec.required]
    for name in optional:
        del tables[name]
    findings = check(tables)
    assert [item.table for item in findings.items] == optional
    assert {item.severity for item in findings.items} == {"note"}
    assert all("switched off: " in item.effect for item in findings.items)


def test_all_errors_are_raised_at_once(tables, check):
    tables["terms"].loc[0, "end_date"] = tables["terms"].loc[0, "start_date"]
    tables["surveys"].loc[0, "score"] = 9.0
    tables["claims"] = tables["claims"].drop(columns="recorded_at")
    findings = check(tables)
    with pytest.raises(ContractError, match=r"(?s)2 findings stop this book \(1 more is a warning.*terms DAT09.*SCL19"):
        findings.raise_if_errors()
    assert list(findings.table["severity"]) == ["error", "error", "warning", "note"]
    assert findings.text.splitlines()[0].endswith("2 errors, 1 warning, 1 note")


def test_undeclared_columns_and_unknown_files_are_listed(tables, write):
    tables["terms"]["vehicle_power"] = 70
    folder = write(tables)
    (folder / "web_visits.csv").write_text("id\n1\n", encoding="utf-8")
    findings = check_book(open_book(folder))
    assert _beyond_coverage(findings) == []
    assert "vehicle_power" in findings.unused[0]
    assert "web_visits.csv" in findings.unused[1]
    findings.raise_if_errors()


def test_dup04_is_a_note_where_one_file_holds_policies_and_terms(tmp_path):
    tables = tiny_book_tables()
    tables["terms"].merge(tables["policies"], on="policy_id").to_csv(tmp_path / "cover.csv", index=False)
    tables["customers"].to_csv(tmp_path / "customers.csv", index=False)
    toml = 'data_cutoff = "2026-01-01"\n[policies]\nfile = "cover.csv"\n[terms]\nfile = "cover.csv"\n'
    (tmp_path / "churnkit.toml").write_text(toml, encoding="utf-8")
    found = [i for i in check_book(open_book(tmp_path)).items if i.code == "DUP04"]
    twice = len(tables["terms"]) - tables["terms"]["policy_id"].nunique()
    assert [(i.table, i.severity, i.count) for i in found] == [("policies", "note", twice)]


def test_a_constant_stands_for_a_column_that_is_not_there(tmp_path):
    tables = tiny_book_tables()
    tables["policies"] = tables["policies"].drop(columns=["line", "renewable", "inception_date"], errors="ignore")
    for name in ("customers", "policies", "terms"):
        tables[name].to_csv(tmp_path / f"{name}.csv", index=False)
    toml = 'data_cutoff = "2026-01-01"\n'
    (tmp_path / "churnkit.toml").write_text(toml, encoding="utf-8")
    missing = [i for i in check_book(open_book(tmp_path)).errors if i.code == "COL01"]
    assert [i.table for i in missing] == ["policies"] and "[policies.constant]" in missing[0].fix
    toml += '[policies.constant]\nline = "Motor"\nrenewable = true\ninception_date = "2020-01-01"\n'
    (tmp_path / "churnkit.toml").write_text(toml, encoding="utf-8")
    book = open_book(tmp_path)
    assert not check_book(book).errors
    assert book.sql("SELECT DISTINCT line, renewable, inception_date FROM policies").to_pylist() == [
        {"line": "motor", "renewable": True, "inception_date": pd.Timestamp("2020-01-01")}
    ]
    assert len(build_panel(book, "renewal", keep_unlabelled=True))
