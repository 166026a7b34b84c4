"""`churnkit check` with its report and its cleaned copy."""

import json
import xml.etree.ElementTree as ET

import pytest
from typer.testing import CliRunner

from churnkit.apps.cli import app
from churnkit.book.check import check_book
from churnkit.book.open import open_book
from churnkit.errors import UsageError
from tests.books import tiny_book_tables


@pytest.fixture
def folder(tmp_path):
    """A book with an unreadable value that would be markup, and a copy of a row."""
    place = tmp_path / "book"
    place.mkdir()
    tables = tiny_book_tables()
    tables["claims"] = tables["claims"].astype({"amount_claimed": object})
    tables["claims"].loc[tables["claims"].index[0], "amount_claimed"] = "<b>much</b>"
    tables["complaints"] = tables["complaints"].iloc[[*range(len(tables["complaints"])), 0]]
    for name, frame in tables.items():
        frame.to_csv(place / f"{name}.csv", index=False)
    (place / "churnkit.toml").write_text('data_cutoff = "2026-01-01"\n', encoding="utf-8")
    return place


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_report_is_one_page_with_every_finding_and_no_markup_of_the_data(folder, tmp_path):
    done = run("check", folder, "--report", tmp_path / "check.html")
    assert done.exit_code == 1
    page = (tmp_path / "check.html").read_text(encoding="utf-8")
    assert "<b>much</b>" not in page and "&lt;b&gt;much&lt;/b&gt;" in page
    assert "<script" not in page and "http" not in page
    rows = page.split("<tbody>")[1].split("</tbody>")[0]
    findings = check_book(open_book(folder))
    assert len(ET.fromstring(f"<t>{rows.replace('<br>', '<br/>')}</t>")) == len(findings.items)
    for item in findings.items:
        assert item.code in rows


def test_the_copy_is_checked_again_and_decides_the_exit_code(folder, tmp_path):
    done = run("check", folder, "--fix", tmp_path / "clean")
    assert done.exit_code == 0, done.output
    assert "What the copy still has:" in done.stdout
    assert "1 DUP04, 1 TYP02" in done.stdout
    assert not check_book(open_book(tmp_path / "clean")).errors


def test_json_names_what_was_written_and_what_is_left(folder, tmp_path):
    words = ("--json", "--fix", tmp_path / "clean", "--report", tmp_path / "check.html")
    answer = json.loads(run("check", folder, *words).stdout)
    assert answer["errors"] == 1
    assert answer["changes"] == 2
    assert not [item for item in answer["left"] if item["severity"] == "error"]
    assert (tmp_path / "clean-changes.csv").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [(("--report", "check.pdf"), "an .html file"), (("--report", "no/such/place.html"), "folder that exists"),
     (("--fix", "."), "folder of its own")],
)  # fmt: skip
def test_places_that_cannot_be_written_are_refused_before_the_work(folder, words, message):
    done = run("check", folder, *words)
    assert isinstance(done.exception, UsageError)
    assert message in str(done.exception)
    assert "Checking" not in done.output
