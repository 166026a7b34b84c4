"""A real PostgreSQL server: the same panel as from Parquet, and nothing of the password anywhere."""

from __future__ import annotations

import hashlib
import traceback

import pandas as pd
import pyarrow.parquet as pq
import pytest

import churnkit as ck
from churnkit.book.open import open_book
from churnkit.book.settings import Settings
from churnkit.errors import UsageError
from tests.book.postgres import PASSWORD

pytestmark = pytest.mark.postgres
CUTOFF = "2026-01-01"


@pytest.fixture(scope="module")
def server(postgres_url):
    import adbc_driver_postgresql.dbapi as driver

    with driver.connect(postgres_url, autocommit=True) as connection:
        yield connection, postgres_url


def _ask(connection, *statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _digest(panel):
    parts = [panel.X, panel.y.to_frame(), panel.keys]
    hashed = [pd.util.hash_pandas_object(part, index=True).to_numpy().tobytes() for part in parts]
    return hashlib.sha256(b"".join(hashed)).hexdigest()


def test_the_panel_is_the_one_from_parquet(server, book_folder):
    connection, url = server
    with connection.cursor() as cursor:
        for path in sorted(book_folder.glob("*.parquet")):
            cursor.adbc_ingest(path.stem, pq.read_table(path), mode="create")
    from_files = ck.open_book(book_folder)
    from_server = ck.open_book(url, settings=book_folder / "churnkit.toml")
    assert from_server.tables == from_files.tables
    assert from_server.problems == ()
    assert from_server.fingerprint == from_files.fingerprint
    for target in ("renewal", "churn"):
        ours, theirs = ck.build_panel(from_server, target=target), ck.build_panel(from_files, target=target)
        pd.testing.assert_frame_equal(ours.X, theirs.X)
        assert _digest(ours) == _digest(theirs)


def test_every_type_of_column_is_read(server):
    connection, url = server
    _ask(connection, "CREATE SCHEMA kinds", """
CREATE TYPE kinds.reason AS ENUM ('renewed', 'expired')""", """
CREATE TABLE kinds."Terms" (term_id uuid, policy_id char(5), start_date date, end_date timestamptz,
  premium numeric(12,2), sum_insured money, end_reason kinds.reason, ended_date timestamp,
  recorded_at time, "offer price" float4, tags text[])""", """
INSERT INTO kinds."Terms" VALUES
 ('00000000-0000-0000-0000-000000000001', 'p1', '2025-01-01', '2026-01-01 08:00+00', 1234.56, 1000, 'renewed',
  'infinity', '10:00', 1.5, '{a,b}'),
 (NULL, NULL, NULL, 'infinity', 'NaN', NULL, NULL, NULL, NULL, NULL, NULL)""", """
CREATE VIEW kinds.customers AS SELECT 'c1' AS customer_id UNION ALL SELECT 'c2'""")  # fmt: skip
    settings = Settings(data_cutoff=CUTOFF, where={"customers": "customer_id <> 'c2'"})
    book = open_book(f"{url}?schema=kinds", settings=settings)
    assert book.problems == ()
    assert book.rows("customers") == 1
    row = book._engine.sql("SELECT * FROM source_terms").to_pylist()[0]
    assert row["term_id"] == "00000000-0000-0000-0000-000000000001"
    assert (row["policy_id"], row["premium"], row["sum_insured"], row["end_reason"]) == (
        "p1",
        1234.56,
        1000.0,
        "renewed",
    )
    assert row["ended_date"].year == 9999
    got = book.sql("SELECT end_date FROM raw_terms WHERE term_id IS NOT NULL").to_pylist()[0]
    assert str(got["end_date"]) == "2026-01-01 00:00:00"


def test_a_table_may_have_another_name_and_what_is_not_readable_is_told(server):
    connection, url = server
    _ask(connection, "CREATE SCHEMA named", "CREATE TABLE named.kunden (customer_id text)",
         "INSERT INTO named.kunden VALUES ('c1'), ('c2')", "CREATE TABLE named.terms (term_id text)")  # fmt: skip
    settings = Settings(data_cutoff=CUTOFF, file={"customers": "kunden"}, where={"terms": "no_such_column > 1"})
    book = open_book(f"{url}?schema=named", settings=settings)
    assert book.rows("customers") == 2
    (item,) = book.problems
    assert (item.code, item.table) == ("TYP02", "terms")
    assert "no_such_column" in item.found
    wrong = Settings(data_cutoff=CUTOFF, file={"customers": "kunde"})
    with pytest.raises(UsageError, match=r"no 'kunde'.*Did you mean 'kunden'"):
        open_book(f"{url}?schema=named", settings=wrong)
    with pytest.raises(UsageError, match="holds tables of the contract"):
        open_book(f"{url}?schema=nowhere", data_cutoff=CUTOFF)


def test_nothing_can_be_written_through_a_condition(server):
    connection, url = server
    _ask(connection, "CREATE SCHEMA safe", "CREATE TABLE safe.customers (customer_id text)",
         "CREATE FUNCTION safe.harm() RETURNS bool LANGUAGE sql AS"
         " $$ INSERT INTO safe.customers VALUES ('x') RETURNING true $$")  # fmt: skip
    _ask(connection, "INSERT INTO safe.customers VALUES ('c1')")
    book = open_book(f"{url}?schema=safe", settings=Settings(data_cutoff=CUTOFF, where={"customers": "safe.harm()"}))
    assert "read-only transaction" in book.problems[0].found
    with pytest.raises(UsageError, match="one SQL condition"):
        open_book(url, settings=Settings(data_cutoff=CUTOFF, where={"customers": "true; DROP TABLE x"}))


def test_the_password_is_shown_nowhere(server, monkeypatch, capsys):
    _, url = server
    quoted = PASSWORD.replace("/", "%2F")
    book = open_book(f"{url}?schema=kinds", data_cutoff=CUTOFF)
    for text in (book.source, repr(book), str(book.settings), str(vars(book))):
        assert PASSWORD not in text and quoted not in text
    assert book.source.startswith("postgresql://book@127.0.0.1:")
    wrong = url.replace(quoted, "wr0ng%2Fword")
    with pytest.raises(UsageError) as caught:
        open_book(wrong, data_cutoff=CUTOFF)
    text = "".join(traceback.format_exception(caught.value))
    assert "wr0ng" not in text
    assert "password authentication failed" in str(caught.value)


def test_the_password_may_come_from_the_environment(server, monkeypatch):
    _, url = server
    bare = url.replace(f":{PASSWORD.replace('/', '%2F')}@", "@") + "?schema=kinds"
    for name in ("PGPASSWORD", "CHURNKIT_DATABASE_PASSWORD"):
        monkeypatch.setenv(name, PASSWORD)
        assert open_book(bare, data_cutoff=CUTOFF).has("customers")
        monkeypatch.delenv(name)
    with pytest.raises(UsageError, match="must be reachable"):
        open_book(bare, data_cutoff=CUTOFF)
