"""Books in DuckDB and SQLite files, behind SQLAlchemy, and URLs that keep their secrets."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import traceback

import duckdb
import pytest

from churnkit.book.connections import extra
from churnkit.book.open import open_book
from churnkit.book.settings import Settings
from churnkit.book.urls import DatabaseUrl, shown
from churnkit.errors import ContractError, UsageError

CUTOFF = "2026-01-01"


@pytest.fixture
def duck(tables, tmp_path):
    path = tmp_path / "book.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, frame in tables.items():
            connection.register("frame", frame)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
    return path


@pytest.fixture
def lite(tables, tmp_path):
    path = tmp_path / "book.sqlite"
    with sqlite3.connect(path) as connection:
        for name, frame in tables.items():
            texts = frame.astype({c: str for c in frame if frame[c].dtype.kind == "M"}).replace("NaT", None)
            texts.to_sql(name, connection, index=False)
    connection.close()
    return path


def test_a_duckdb_file_gives_the_same_book(tables, open_tables, duck):
    book = open_book(duck, data_cutoff=CUTOFF)
    assert book.fingerprint == open_tables(tables).fingerprint
    assert book.sources["terms"].places([2]) == ["row 2"]
    with pytest.raises(ContractError, match="read-only"):
        book.sql("INSERT INTO attached.terms SELECT * FROM attached.terms")


def test_settings_lie_beside_a_database_file_or_are_given_by_path(duck, tmp_path):
    (tmp_path / "churnkit.toml").write_text('data_cutoff = "2025-05-05"\n')
    (tmp_path / "other.toml").write_text('data_cutoff = "2025-06-06"\n')
    assert str(open_book(duck).settings.data_cutoff.date()) == "2025-05-05"
    assert str(open_book(duck, settings=tmp_path / "other.toml").settings.data_cutoff.date()) == "2025-06-06"
    with pytest.raises(UsageError, match="no file"):
        open_book(duck, settings=tmp_path / "none.toml")


def test_conditions_and_names_apply_to_a_duckdb_file(duck):
    with duckdb.connect(str(duck)) as connection:
        connection.execute("ALTER TABLE customers RENAME TO kunden")
        connection.execute("CREATE VIEW outreach_view AS SELECT * FROM outreach")
    settings = Settings(data_cutoff=CUTOFF, file={"customers": "KUNDEN", "outreach": "outreach_view"},
                        where={"customers": "customer_id = 'c1'"})  # fmt: skip
    book = open_book(duck, settings=settings)
    assert book.rows("customers") == 1
    assert book.rows("outreach") == 2
    assert "outreach" in book.unknown
    assert book.sources["outreach"].places([2]) == ["row 2"]


def test_a_view_in_a_duckdb_file_reads_nothing_outside_it(duck, tmp_path):
    (tmp_path / "secret.csv").write_text("customer_id\nhush\n")
    with duckdb.connect(str(duck)) as connection:
        connection.execute("DROP TABLE customers")
        connection.execute(f"CREATE VIEW customers AS SELECT * FROM read_csv('{tmp_path}/secret.csv')")
    book = open_book(duck, data_cutoff=CUTOFF)
    assert not book.has("customers")
    assert [item.table for item in book.problems] == ["customers"]


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "a.duckdb").write_text("no")
    with pytest.raises(UsageError, match="database file must open"):
        open_book(tmp_path / "a.duckdb", data_cutoff=CUTOFF)
    with pytest.raises(UsageError, match="no file"):
        open_book("duckdb:///nowhere.duckdb", data_cutoff=CUTOFF)


def test_sqlite_gives_the_same_book_by_path_by_url_and_by_sqlalchemy(tables, open_tables, lite):
    pytest.importorskip("adbc_driver_sqlite")
    expected = open_tables(tables).fingerprint
    assert open_book(lite, data_cutoff=CUTOFF).fingerprint == expected
    book = open_book(f"sqlite:///{lite}", data_cutoff=CUTOFF)
    assert book.fingerprint == expected
    assert book.source == f"sqlite:///{lite}"
    assert open_book(f"sqlite+pysqlite:///{lite}", data_cutoff=CUTOFF).fingerprint == expected


def test_sqlite_columns_may_hold_anything(tmp_path):
    pytest.importorskip("adbc_driver_sqlite")
    path = tmp_path / "book.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE terms (term_id, late, premium REAL, mixed INTEGER, empty, part)")
        rows = [(i, None, i / 7, i, None, i) for i in range(3000)]
        rows += [("x", "late text", 5, 0.1, None, b"blob"), (7, None, None, "?", None, None)]
        connection.executemany("INSERT INTO terms VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    book = open_book(path, settings=Settings(data_cutoff=CUTOFF, where={"terms": "term_id <> 5"}))
    assert book.problems == ()
    columns = book.sources["terms"].columns
    assert columns == {"term_id": "VARCHAR", "late": "VARCHAR", "premium": "DOUBLE", "mixed": "VARCHAR",
                       "empty": "VARCHAR", "part": "VARCHAR"}  # fmt: skip
    got = book._engine.sql("SELECT * FROM source_terms").to_pylist()
    assert len(got) == 3001
    assert got[0] == {"term_id": "0", "late": None, "premium": 0.0, "mixed": "0", "empty": None, "part": "0"}
    assert (got[-2]["late"], float(got[-2]["mixed"]), got[-2]["part"]) == ("late text", 0.1, "blob")
    assert got[6]["premium"] == 7 / 7


def test_a_sqlite_book_is_never_made_or_written(tmp_path):
    pytest.importorskip("adbc_driver_sqlite")
    with pytest.raises(UsageError, match="no file"):
        open_book(f"sqlite:///{tmp_path}/none.db", data_cutoff=CUTOFF)
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    "url",
    ["postgresql://ann:s3cr%40et@db/x", "postgresql://ann@db/x?password=s3cr%40et", "mysql+pymysql://ann:s3cr%40et@db/x",
     "mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BPWD%3Ds3cr%40et", "postgresql://ann:s3cr@et@db/x",
     "postgresql://ann:s3cr/et@db/x", "postgresql://ann:s3cr#et@db/x", "postgresql://ann:s3cr?et@db/x",
     "postgresql://ann:s3cr@et:99999999@db/x", "postgresql://ann:[s3cr@db/x"],
)  # fmt: skip
def test_no_part_of_a_password_is_shown(url):
    assert "s3cr" not in shown(url)
    with pytest.raises(UsageError) as caught:
        open_book(url, data_cutoff=CUTOFF)
    assert "s3cr" not in "".join(traceback.format_exception(caught.value))


def test_a_drivers_message_is_scrubbed_of_every_form_of_the_password(monkeypatch):
    url = DatabaseUrl("postgresql://ann:s3cr%40et@db/x?sslpassword=other")
    assert url.scrubbed(f"in {url.full}: s3cr@et, s3cr%40et, other") == "in postgresql://ann@db/x: ***, ***, ***"
    assert "s3cr" not in repr(url) + str(url)
    assert DatabaseUrl("postgresql://ann:xy@db/x").scrubbed("an xylophone").startswith("a message that may")
    monkeypatch.setenv("CHURNKIT_DATABASE_PASSWORD", "fr0m env")
    url = DatabaseUrl("postgresql://ann@db/x")
    assert "fr0m%20env" in url.full
    assert url.scrubbed("fr0m env") == "***"


def test_without_the_extra_its_name_is_told(lite):
    code = f"""
import sys
for name in ("adbc_driver_sqlite", "adbc_driver_postgresql", "sqlalchemy"):
    sys.modules[name] = None
import churnkit as ck
for url in ("sqlite:///{lite}", "postgresql://db/x", "oracle+oracledb://db/x"):
    try:
        ck.open_book(url, data_cutoff="2026-01-01")
    except ck.UsageError as error:
        print(error)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.count("pip install 'insurance-churnkit[sql]'") == 3, ran.stdout + ran.stderr
    with pytest.raises(UsageError, match="no_such_module is not installed"):
        extra("no_such_module")


def test_a_driver_that_sqlalchemy_lacks_is_named():
    pytest.importorskip("sqlalchemy")
    with pytest.raises(UsageError, match=r"pip install|must be reachable"):
        open_book("oracle+cx_oracle://ann:s3cret@db/x", data_cutoff=CUTOFF)


@pytest.mark.spark
def test_a_duckdb_file_may_be_laid_on_spark(spark, duck):
    here, there = open_book(duck, data_cutoff=CUTOFF), open_book(duck, data_cutoff=CUTOFF, spark=spark)
    assert there.problems == ()
    query = "SELECT _row, term_id, policy_id, start_date, premium, end_reason FROM raw_terms ORDER BY _row"
    assert there.sql(query).to_pylist() == here.sql(query).to_pylist()
