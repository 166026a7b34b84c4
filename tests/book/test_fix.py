"""The cleaned copy: what is certain is mended and logged, the results stay the same, the source is untouched."""

import hashlib

import pandas as pd
import pytest

from churnkit.book.check import check_book
from churnkit.book.fix import fix_book, log_of
from churnkit.book.open import open_book
from churnkit.errors import UsageError
from churnkit.panel.build import build_panel
from churnkit.simulate import messy_book, ugly_export
from tests.books import DATA_CUTOFF, tiny_book_tables
from tests.simulated import simulated

MENDED = {"DUP04", "FUT07", "SEN08", "ENC03"}


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return simulated(tmp_path_factory, customers=300, years=3, seed=2)


@pytest.fixture(scope="module")
def messy(clean):
    """The messy book, its damages, its cleaned copy and the log."""
    folder = clean.parent / "messy"
    damages = messy_book(clean, folder)
    before = _contents(folder)
    log = fix_book(open_book(folder), clean.parent / "fixed")
    assert _contents(folder) == before, "the source was touched"
    return damages, open_book(folder), open_book(clean.parent / "fixed"), log


def _contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def test_what_was_mended_is_not_found_again_and_the_rest_is(messy):
    _, book, fixed, _ = messy
    before, after = ({(i.code, i.table) for i in check_book(b).items} for b in (book, fixed))
    assert {pair for pair in before if pair[0] in MENDED}
    assert not {pair for pair in after if pair[0] in MENDED}
    assert after == {pair for pair in before if pair[0] not in MENDED}


def test_every_change_is_logged_once(messy):
    damages, book, _, log = messy
    counts = log.groupby(["code", "table"]).size().to_dict()
    for each in damages:
        if each.code in MENDED - {"ENC03"}:
            assert counts[each.code, each.table] == each.count
    trimmed = log[log["code"] == "FK06"]
    assert (trimmed["was"].str.strip() == trimmed["now"]).all() and len(trimmed)
    written = pd.read_csv(log_of(book.source).with_name("fixed-changes.csv"), dtype=str)
    assert len(written) == len(log)


def test_the_copy_gives_the_same_panel(messy):
    _, book, fixed, _ = messy
    one, other = (build_panel(each, "renewal", keep_unlabelled=True) for each in (book, fixed))
    pd.testing.assert_frame_equal(one.keys, other.keys)
    # Keys with blanks after them lead to their policies again, which is more than the panel of the damaged book knew.
    # The copy holds no row twice, so nothing in it can say that a claim was opened again.
    assert set(one.X) - set(other.X) <= {"claims_reopened_all"}
    same = [name for name in other.X if not _reads(one, name, "interactions")]
    pd.testing.assert_frame_equal(one.X[same], other.X[same])


def _reads(panel, name, table):
    return next(f.table for f in panel.features if f.name == name) == table


def test_what_an_import_brought_after_the_cutoff_stays(tmp_path):
    """The copy of a book at an unchanged cutoff keeps who was called; other rows after it are left out as ever."""
    day = pd.Timestamp(DATA_CUTOFF)
    ids = [f"L{day:%Y%m%d}-ab12cd-0123456789", "spring-1"]
    outreach = pd.DataFrame({"action_id": ids, "customer_id": "c1", "campaign": "spring", "arm": "treat",
                             "assigned_at": day, "contacted_at": day + pd.Timedelta("2D"), "action": "call",
                             "recorded_at": day + pd.Timedelta("10D")})  # fmt: skip
    book = open_book({**tiny_book_tables(), "outreach": outreach}, data_cutoff=DATA_CUTOFF)
    log = fix_book(book, tmp_path / "copy")
    again = open_book(tmp_path / "copy")
    assert again.sql("SELECT action_id FROM raw_outreach").column(0).to_pylist() == ids[:1]
    assert log.query("table == 'outreach' and code == 'FUT07'")["where"].to_list() == ["row 2"]
    found = [(item.code, item.severity) for item in check_book(again).items if item.table == "outreach"]
    assert found == [("FUT07", "note")]


def test_a_copy_of_a_clean_book_is_that_book(clean):
    book = open_book(clean)
    log = fix_book(book, clean.parent / "again")
    assert log.empty
    again = open_book(clean.parent / "again")
    assert again.fingerprint == book.fingerprint


@pytest.mark.recovery  # an ugly export from end to end
def test_an_export_becomes_a_book_of_ours(clean, tmp_path):
    from churnkit.book.mapping.guess import guess_mapping

    ugly_export(clean, tmp_path / "ugly")
    toml = guess_mapping(tmp_path / "ugly").toml.replace("# data_cutoff", "data_cutoff")
    (tmp_path / "ugly" / "churnkit.toml").write_text(toml, encoding="utf-8")
    book = open_book(tmp_path / "ugly")
    fix_book(book, tmp_path / "ours")
    ours = open_book(tmp_path / "ours")
    assert not [i for i in check_book(ours).items if i.severity != "note" or i.code in ("TYP02", "ENC03")]
    one, other = (build_panel(each, "renewal") for each in (book, ours))
    pd.testing.assert_frame_equal(one.X, other.X)
    pd.testing.assert_frame_equal(one.keys, other.keys)


def test_unreadable_values_are_emptied_and_named(tmp_path):
    from tests.books import tiny_book_tables

    for name, frame in tiny_book_tables().items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    terms = pd.read_csv(tmp_path / "terms.csv", dtype=str)
    terms.loc[0, "sum_insured"] = "about a million"
    terms.to_csv(tmp_path / "terms.csv", index=False)
    log = fix_book(open_book(tmp_path, data_cutoff="2026-01-01"), tmp_path.parent / "emptied")
    assert log[log["code"] == "TYP02"].to_dict("records") == [
        {"table": "terms", "code": "TYP02", "where": "line 2", "column": "sum_insured", "was": "about a million",
         "now": "(empty)"}
    ]  # fmt: skip
    assert not check_book(open_book(tmp_path.parent / "emptied")).errors


def test_nothing_is_written_over(clean, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match="folder of its own"):
        fix_book(open_book(clean), tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
