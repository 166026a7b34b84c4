"""A book on Spark: the same rows and the same findings as on the local engine; the user's session stays as it was."""

from __future__ import annotations

import shutil
import sys
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from churnkit.book import check
from churnkit.book.check import check_book
from churnkit.book.open import open_book
from churnkit.book.rules import RULES
from churnkit.errors import ContractError, UsageError
from churnkit.simulate import simulate_book
from churnkit.simulate.messy import DAMAGES, damage
from tests.books import DATA_CUTOFF, tiny_book_tables

on_spark = pytest.mark.spark


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    root = tmp_path_factory.mktemp("spark")
    simulate_book(root, customers=400, years=5, seed=5)
    return root / "book"


@pytest.fixture(scope="module")
def as_csv(clean, tmp_path_factory):
    folder = tmp_path_factory.mktemp("csv")
    for each in clean.iterdir():
        if each.suffix == ".parquet":
            pd.read_parquet(each).to_csv(folder / f"{each.stem}.csv", index=False)
        elif each.is_dir():
            pd.read_parquet(each).to_csv(folder / f"{each.name}.csv", index=False)
        else:
            shutil.copy(each, folder)
    return folder


@pytest.fixture
def rules(monkeypatch):
    """Let a check ask only some of the rules: on Spark every question costs some tenths of a second."""
    return lambda *codes: monkeypatch.setattr(check, "RULES", {code: RULES[code] for code in codes if code in RULES})


def same_findings(source, spark, **arguments):
    here, there = open_book(source, **arguments), open_book(source, spark=spark, **arguments)
    found = check_book(here)
    assert check_book(there).items == found.items
    there.close()
    return found.items


@on_spark
@pytest.mark.parametrize("kind", ["clean", "as_csv"])
def test_nothing_more_is_found_in_a_clean_book(kind, spark, request):
    found = same_findings(request.getfixturevalue(kind), spark)
    assert {item.severity for item in found} <= {"note"}


@on_spark
@pytest.mark.parametrize("code", DAMAGES)
def test_a_damage_is_found_on_spark_as_it_is_here(code, clean, tmp_path, spark, rules):
    damage(clean, tmp_path / code, code)
    rules(code)
    found = same_findings(tmp_path / code, spark)
    assert code not in RULES or code in [item.code for item in found]


@on_spark
def test_texts_read_the_same(spark, rules):
    rules("TYP02", "SEN08")
    dates = ["2024-01-05", "2024/1/5", "2024年1月5日", "20240105", "45296", "45296.5", "2024-01-05 08:05:09",
             "2024-01-05T10:00:00+08:00", "2024-01-05 10:00:00 +0000", "2024-01-05 10:00:00Z", "9999-12-31", "2024",
             "now", "２０２４-01-05", "2024-02-30", "0000-00-00", " 2024-01-05 ", "01/02/2024", "1900-01-01", "",
             "NULL", "无", "2024-13-01"]  # fmt: skip
    amounts = ["1,234.50", "１２３", "12%", "3.5万", "(12)", "¥12", "1.5d", "1e3", "-7", "+7", "abc", "inf", "nan",
               "1.234,5", "  8 ", "1e400", ".5", "5.", "0x1F", "是", "-", "12 345", "1.5亿"]  # fmt: skip
    frame = pd.DataFrame({"complaint_id": [f"k{i}" for i in range(23)], "customer_id": "c1", "received_at": dates,
                          "source": "company", "compensation": amounts})  # fmt: skip
    columns = "complaint_id, received_at, compensation"
    query = f"SELECT _row, {columns} FROM raw_complaints ORDER BY _row"
    tables = {**tiny_book_tables(), "complaints": frame}
    here, there = (open_book(tables, data_cutoff=DATA_CUTOFF, spark=each) for each in (None, spark))
    assert there.sql(query).to_pylist() == here.sql(query).to_pylist()
    assert check_book(there).items == check_book(here).items


@on_spark
def test_rows_of_several_files_have_the_numbers_of_the_local_engine(tmp_path, spark):
    tables = tiny_book_tables()
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
    (tmp_path / "terms.parquet").unlink()
    folder = tmp_path / "terms"
    folder.mkdir()
    for i, part in enumerate(np.array_split(np.arange(6), 3)):
        tables["terms"].iloc[part].to_parquet(folder / f"第 {i} 份 %20.parquet", index=False)
    here, there = (open_book(tmp_path, data_cutoff=DATA_CUTOFF, spark=each) for each in (None, spark))
    query = "SELECT _row, term_id FROM raw_terms ORDER BY _row"
    assert there.sql(query) == here.sql(query)
    assert here.sql(query)["_row"].to_pylist()[-1] == (2 << 40) + 2


@on_spark
def test_spark_frames_are_a_book_too(spark, rules):
    rules("DUP04", "KEY05", "DAT09")
    tables = tiny_book_tables()
    tables["terms"].loc[[0, 2], "end_date"] = tables["terms"].loc[[0, 2], "start_date"]
    tables["claims"] = pd.concat([tables["claims"], tables["claims"]], ignore_index=True)
    given = open_book(tables, data_cutoff=DATA_CUTOFF, spark=spark)
    frames = {name: given._engine._session.table(f"source_{name}").drop("_row").coalesce(1) for name in tables}
    there = open_book(frames, data_cutoff=DATA_CUTOFF)
    here = open_book(tables, data_cutoff=DATA_CUTOFF)
    assert check_book(there).items == check_book(here).items
    assert {"DAT09", "DUP04"} <= {item.code for item in check_book(here).items}
    for name in tables:
        assert sorted(map(str, there.sql(f"SELECT * FROM {name}").to_pylist())) == sorted(
            map(str, here.sql(f"SELECT * FROM {name}").to_pylist())
        )


@on_spark
def test_the_users_session_stays_as_it_was(spark):
    spark.catalog.listTables()  # on first use Spark writes the warehouse's address in its own way
    settings = sorted(spark.sparkContext.getConf().getAll())
    before = {key: spark.conf.get(key) for key in ("spark.sql.session.timeZone", "spark.sql.ansi.enabled",
                                                   "spark.sql.timestampType")}  # fmt: skip
    book = open_book(tiny_book_tables(), data_cutoff=DATA_CUTOFF, spark=spark)
    book.sql("SELECT * FROM terms")
    assert {key: spark.conf.get(key) for key in before} == before
    assert spark.getActiveSession() is spark
    assert spark.catalog.listTables() == []
    assert sorted(spark.sparkContext.getConf().getAll()) == settings
    book.close()
    assert spark.catalog.listTables("global_temp") == []
    assert spark.sql("SELECT 1 AS one").collect()[0]["one"] == 1


@on_spark
def test_parameters_are_values_never_text(spark):
    book = open_book(tiny_book_tables(), data_cutoff=DATA_CUTOFF, spark=spark)
    query = "SELECT count(*) AS n FROM terms WHERE start_date >= $since AND policy_id <> $other"
    assert book.sql(query, since=datetime(2024, 1, 15), other="x' OR 'a' = 'a").to_pylist() == [{"n": 5}]
    with pytest.raises(ContractError, match=r"no value is given for the parameter \$since"):
        book.sql(query, other="x")


@on_spark
def test_errors_are_told_as_errors_of_the_query(spark):
    book = open_book({"customers": tiny_book_tables()["customers"]}, data_cutoff=DATA_CUTOFF, spark=spark)
    with pytest.raises(ContractError, match="no table terms"):
        book.sql("SELECT * FROM terms")
    with pytest.raises(ContractError, match="scor"):
        book.sql("SELECT scor FROM customers")
    with pytest.raises(ContractError, match="cannot be said for Spark"):
        book.sql("SELEC customer_id FROM customers")


@on_spark
def test_what_spark_does_not_read_is_read_here(tmp_path, spark, rules):
    rules("COL01", "TYP02")
    for name, frame in tiny_book_tables().items():
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
    nanoseconds = tiny_book_tables()["claims"].assign(recorded_at=pd.Timestamp("2024-05-01").as_unit("ns"))
    nanoseconds.to_parquet(tmp_path / "claims.parquet", index=False)
    (tmp_path / "surveys.parquet").write_bytes(b"PAR1 nothing else")
    found = same_findings(tmp_path, spark, data_cutoff=DATA_CUTOFF)
    assert [item.table for item in found if item.code == "TYP02"] == ["surveys"]


def test_without_the_extra_its_name_is_told(monkeypatch):
    class Session:
        def newSession(self):  # noqa: N802
            raise AssertionError

    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    monkeypatch.delitem(sys.modules, "churnkit.book.engine_spark", raising=False)
    with pytest.raises(UsageError, match=r"pyspark.*pip install 'insurance-churnkit\[spark\]'"):
        open_book(tiny_book_tables(), data_cutoff=DATA_CUTOFF, spark=Session())


def test_something_that_is_no_session_is_refused():
    with pytest.raises(UsageError, match="spark is a SparkSession"):
        open_book(tiny_book_tables(), data_cutoff=DATA_CUTOFF, spark="local")


SAID = {
    "SELECT a * 86400.0 AS b FROM t": "86400.0D",
    "SELECT TRY_CAST(a AS DOUBLE) AS b FROM t": "CASE WHEN a RLIKE",
    "SELECT epoch_us(a) AS b FROM t": "UNIX_MICROS(CAST(a AS TIMESTAMP_LTZ))",
    "SELECT * FROM t QUALIFY row_number() OVER (ORDER BY a) = 1": "SELECT * EXCEPT (_qualified) FROM (SELECT *, ",
    r"SELECT regexp_replace(a, '^(x)\d', '\1$') AS b FROM t": r"REGEXP_REPLACE(a, '^(x)\\d', '$1\\$')",
    "SELECT a / b AS c FROM t": "TRY_DIVIDE(a, b)",
    "SELECT sum(hash(a)) AS b FROM t": "SUM(CAST(XXHASH64(a) AS DECIMAL(20, 0)))",
}


@pytest.mark.parametrize("query", SAID)
def test_what_differs_in_meaning_is_said_otherwise(query):
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: pip install '.[spark]'")
    from churnkit.book.engine_dialect import to_spark

    assert SAID[query] in to_spark(query)[2]


@pytest.mark.parametrize("query", ["SELECT regexp_replace(a, 'x', 'y') FROM t", "DROP TABLE t", "SELECT $a"])
def test_what_cannot_be_said_is_refused(query):
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: pip install '.[spark]'")
    from churnkit.book.engine import EngineError
    from churnkit.book.engine_dialect import to_spark

    with pytest.raises(EngineError):
        to_spark(query)
