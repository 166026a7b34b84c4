"""Buckets worked on by Spark's executors: what `work` is handed, returns and raises is as on the local engine."""

from __future__ import annotations

import hashlib
import os

import pandas as pd
import pyarrow as pa
import pytest

from churnkit.book.open import open_book
from churnkit.errors import ContractError
from churnkit.simulate import simulate_book

pytestmark = pytest.mark.spark

CODED = {
    "customers": "SELECT c.bucket, c.customer, e.*, 1.5 AS half, 3 AS three, NULL AS nothing FROM customers AS e"
                 " JOIN codes AS c ON e.customer_id = c.customer_id",
    "terms": "SELECT c.bucket, coalesce(CASE WHEN p.customer_id = c.customer_id THEN c.customer END, -1) AS customer,"
             " coalesce(epoch_us(e.ended_recorded_at), 9223372036854775807) AS known, e.* FROM terms AS e"
             " LEFT JOIN policies AS p ON e.policy_id = p.policy_id JOIN codes AS c ON p.customer_id = c.customer_id",
    "raw": "SELECT c.bucket, e._row, e.started_at, e.queue FROM raw_interactions AS e"
           " JOIN codes AS c ON e.customer_id = c.customer_id WHERE e.started_at >= TIMESTAMP '2024-02-03'",
}  # fmt: skip


def digest(bucket, tables):
    rows = {name: sorted(map(str, each.to_pylist())) for name, each in tables.items()}
    return {
        "bucket": bucket,
        **{f"{name}_rows": len(each) for name, each in rows.items()},
        **{f"{name}_digest": hashlib.md5("".join(each).encode()).hexdigest() for name, each in rows.items()},
        **{f"{name}_types": str(each.schema) for name, each in tables.items()},
        "share": len(rows["raw"]) / 7 if rows["raw"] else None,
    }


@pytest.fixture(scope="module")
def coded(spark, tmp_path_factory):
    """The same book here and on Spark, with a code and a bucket for each customer; 中文 in the place of an id."""
    root = tmp_path_factory.mktemp("buckets")
    simulate_book(root, customers=400, years=5, seed=6)
    frames = {name: pd.read_parquet(root / "book" / f"{name}.parquet")
              for name in ("customers", "policies", "terms", "interactions")}  # fmt: skip
    ids = frames["customers"]["customer_id"]
    for frame in frames.values():
        if "customer_id" in frame:
            frame["customer_id"] = frame["customer_id"].where(frame["customer_id"] != ids[0], "客户一")
    ids = frames["customers"]["customer_id"]
    codes = pa.table({"customer_id": ids.to_list(), "customer": range(len(ids)),
                      "bucket": [None if i % 50 == 49 else i % 4 for i in range(len(ids))]})  # fmt: skip
    books = [open_book(frames, data_cutoff="2026-10-01", spark=each) for each in (None, spark)]
    for book in books:
        book.lay("codes", codes)
    yield books
    for book in books:
        book.close()


@pytest.mark.parametrize("buckets", [[7, 2, 0, 1], [3]])
def test_buckets_worked_on_by_executors_are_the_same(coded, buckets):
    here, there = (list(book.by_bucket(CODED, digest, buckets=buckets)) for book in coded)
    assert there == here
    assert [each["bucket"] for each in here] == buckets
    assert [each["raw_rows"] > 0 for each in here] == [bucket < 4 for bucket in buckets]


def test_no_bucket_asks_nothing_of_spark(coded):
    assert list(coded[1].by_bucket({"absent": "SELECT bucket FROM nothing"}, digest, buckets=[])) == []


def test_what_work_raises_on_an_executor_is_itself(coded):
    def work(bucket, tables):
        if bucket:
            raise ContractError("规则。", found=f"{tables['one'].num_rows} in {bucket}", fix="Mend it.")
        return {"bucket": bucket}

    queries = {"one": "SELECT bucket, customer FROM codes WHERE customer < 6"}
    for book in coded:
        going = book.by_bucket(queries, work, buckets=[0, 1])
        assert next(going) == {"bucket": 0}
        with pytest.raises(ContractError) as caught:
            next(going)
        assert (caught.value.rule, caught.value.found, caught.value.fix) == ("规则。", "2 in 1", "Mend it.")
    assert "on an executor" in caught.value.__notes__[0]


def test_an_error_that_cannot_travel_is_told(coded):
    def work(bucket, tables):
        raise ValueError("held", lambda: None)

    with pytest.raises((RuntimeError, ValueError), match="held"):
        list(coded[1].by_bucket({"one": "SELECT bucket, customer FROM codes"}, work, buckets=[1]))


def test_a_query_that_fails_on_an_executor_is_an_error_of_the_query(coded):
    broken = {"one": "SELECT bucket, CAST(customer_id AS BIGINT) AS n FROM codes"}
    for book in coded:
        with pytest.raises(ContractError, match="The engine must be able to answer"):
            list(book.by_bucket(broken, digest, buckets=[0, 1]))


def test_a_worker_that_dies_is_told(coded):
    def work(bucket, tables):
        os._exit(3)

    with pytest.raises(ContractError, match=r"worker of Spark died.*more partitions"):
        list(coded[1].by_bucket({"one": "SELECT bucket, customer FROM codes"}, work, buckets=[0, 1]))
