"""Rows handed over bucket by bucket: each once, whole, with the query's schema; nothing is left behind."""

from __future__ import annotations

import pyarrow as pa
import pytest

from churnkit.book.engine import Engine, EngineError
from churnkit.book.open import open_book
from churnkit.errors import ContractError
from tests.books import DATA_CUTOFF, tiny_book_tables

MANY = "SELECT i % 3 AS bucket, i, '第' || i AS name, (i % 2)::VARCHAR::ENUM('0', '1') AS kind FROM range({}) AS t(i)"
FEW = "SELECT 1 AS bucket, NULL::TIMESTAMP AS moment, 2.5::DOUBLE AS value UNION ALL SELECT NULL, NULL, 1.0"


def said(bucket, tables):
    return {"bucket": bucket, **{name: str(sorted(rows.to_pylist(), key=str)) for name, rows in tables.items()},
            **{f"{name}_schema": str(rows.schema) for name, rows in tables.items()}}  # fmt: skip


def asked(queries, buckets, work=said, engine=None):
    return list((engine or Engine()).by_bucket(queries, work, buckets=buckets))


def test_each_bucket_gets_its_rows_of_every_query():
    found = asked({"many": MANY.format(7), "few": FEW}, [2, 1])
    assert [each["bucket"] for each in found] == [2, 1]
    assert found[0]["many"] == str([{"i": i, "name": f"第{i}", "kind": str(i % 2)} for i in (2, 5)])
    assert found[0]["few"] == "[]"
    assert found[1]["few"] == "[{'moment': None, 'value': 2.5}]"


def test_a_bucket_asked_for_alone_gets_the_same():
    queries = {"many": MANY.format(7), "few": FEW}
    assert [each for bucket in (0, 1, 5) for each in asked(queries, [bucket])] == asked(queries, [0, 1, 5])


def test_types_are_the_query_s_own_in_an_empty_bucket_too():
    schema = asked({"many": MANY.format(7)}, [8, 9])[0]["many_schema"]
    assert schema == "i: int64\nname: string\nkind: string"


def test_no_row_is_lost_or_doubled_over_many_batches():
    rows = 250_001
    found = asked({"many": MANY.format(rows)}, [0, 1, 2], lambda b, t: {"sum": sum(t["many"]["i"].to_pylist())})
    assert sum(each["sum"] for each in found) == rows * (rows - 1) // 2


def test_no_bucket_is_no_work():
    assert asked({"many": "SELECT * FROM nothing"}, []) == []


def test_files_go_with_the_generator():
    engine = Engine()
    going = engine.by_bucket({"many": MANY.format(7), "few": FEW}, said, buckets=[0, 1])
    assert list(engine.folder.iterdir()) == []
    next(going)
    assert len(list(engine.folder.iterdir())) == 2
    assert engine.sql("SELECT 1 AS one").to_pylist() == [{"one": 1}]
    going.close()
    assert list(engine.folder.iterdir()) == []


def test_what_work_raises_goes_through():
    engine, error = Engine(), ContractError("A rule.", found="something")

    def work(bucket, tables):
        raise error

    for buckets in ([0], [0, 1]):
        with pytest.raises(ContractError) as caught:
            asked({"many": MANY.format(7)}, buckets, work, engine)
        assert caught.value is error
    assert list(engine.folder.iterdir()) == []


@pytest.mark.parametrize("buckets", [[0], [0, 1]])
def test_what_the_engine_cannot_do_is_its_error(buckets):
    engine = Engine()
    broken = "SELECT 0 AS bucket, CASE WHEN i > 180000 THEN error('too far') ELSE i END AS i FROM range(200000) AS t(i)"
    with pytest.raises(EngineError, match=r"^too far$"):
        asked({"few": FEW, "broken": broken}, buckets, engine=engine)
    assert list(engine.folder.iterdir()) == []
    with pytest.raises(EngineError) as caught:
        asked({"absent": "SELECT 0 AS bucket FROM nothing"}, buckets, engine=engine)
    assert caught.value.missing_table


def test_memory_is_limited_for_a_time():
    engine = Engine()
    asking = "SELECT current_setting('memory_limit') AS m"
    before = engine.sql(asking)
    with engine.memory("300MB"):
        assert engine.sql(asking).to_pylist() == [{"m": "286.1 MiB"}]
        engine.give_back()
        assert engine.sql(asking).to_pylist() == [{"m": "286.1 MiB"}]
    assert engine.sql(asking) == before
    with pytest.raises(EngineError), engine.memory("plenty"):
        pass
    assert engine.sql(asking) == before


def test_a_book_hands_over_its_own_tables():
    tables = tiny_book_tables()
    del tables["claims"]
    book = open_book(tables, data_cutoff=DATA_CUTOFF)
    book.lay("codes", pa.table({"customer_id": ["c1", "c2"], "bucket": [0, 1]}))
    queries = {
        "policies": "SELECT bucket, policy_id FROM policies JOIN codes USING (customer_id)",
        "raw": "SELECT bucket, _row FROM raw_customers JOIN codes USING (customer_id)",
    }
    found = list(book.by_bucket(queries, lambda b, t: {n: len(r) for n, r in t.items()}, buckets=[0, 1]))
    assert [each["policies"] for each in found] == [2, 1]
    assert [each["raw"] for each in found] == [1, 1]
    with pytest.raises(ContractError, match="no table claims"):
        list(book.by_bucket({"claims": "SELECT 0 AS bucket FROM claims"}, said, buckets=[0, 1]))
