"""Writes the book that everybody reads: the contract's tables as Parquet, from NumPy and a fixed seed.

Customers are unequally busy, rows lie in the order of time, as a log does, and are made a stretch of time at a time, so
that twenty million interactions need no more memory than one million. Two rows in a hundred enter the books days late.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Ints = npt.NDArray[np.int64]
SIZES = {"small": 400, "tenth": 20_000, "reference": 200_000, "million": 1_000_000}
"""Customers of each size; policies, interactions and survey rows follow from them."""
PER_CUSTOMER = {"policies": 2, "interactions": 20, "surveys": 5}
SEED = 20_260_103
FIRST, LAST = np.datetime64("2020-01-01", "s"), np.datetime64("2025-01-01", "s")
CHANNELS = ("phone", "app", "wechat", "branch", "email", "web")
TOPICS = ("claim", "billing", "renewal", "change", "complaint", "information")
INITIATORS = ("customer", "company", "system")
INSTRUMENTS = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}
LINES = ("motor", "home", "accident", "health", "life", "travel")
LATE = 0.02
SETTINGS = 'data_cutoff = "2025-01-01"\ntimezone = "Asia/Shanghai"\ncurrency = "CNY"\n'
_DAY = 86_400
_STRETCH = 500_000


def write_book(folder: Path, customers: int) -> Path:
    """Write the tables and churnkit.toml for that many customers."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([SEED, customers])
    weight = np.cumsum(rng.gamma(1.5, size=customers))
    owner = np.concatenate([np.arange(customers), rng.integers(0, customers, customers)])  # two policies on average
    owner.sort()
    _write(folder / "customers.parquet", [_customers(rng, customers)])
    inception = _inceptions(rng, len(owner))
    _write(folder / "policies.parquet", [_policies(rng, owner, inception)])
    _write(folder / "terms.parquet", _terms(rng, inception))
    first = np.searchsorted(owner, np.arange(customers))
    for name, make in (("interactions", _interactions), ("surveys", _surveys)):
        rows = PER_CUSTOMER[name] * customers
        _write(folder / f"{name}.parquet", _stretches(rng, make, rows, weight / weight[-1], first))
    (folder / "churnkit.toml").write_text(SETTINGS, encoding="utf-8")
    return folder


def _write(path: Path, parts: list[pa.Table] | Iterator[pa.Table]) -> None:
    writer = None
    for part in parts:
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part)
    assert writer is not None
    writer.close()


def _ids(letter: str, numbers: Ints) -> pa.Array:
    """Ids of one letter and nine digits."""
    digits = (numbers[:, None] // 10 ** np.arange(8, -1, -1) % 10 + ord("0")).astype(np.uint8)
    text = np.column_stack([np.full(len(numbers), ord(letter), dtype=np.uint8), digits])
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * 10
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(text.tobytes()))


def _words(rng: np.random.Generator, words: tuple[str, ...], size: int, *, none: float = 0.0) -> pa.Array:
    shares = np.arange(len(words), 0, -1) / (len(words) * (len(words) + 1) / 2)
    codes = rng.choice(len(words), size, p=shares).astype(np.int8)
    missing = rng.random(size) < none if none else None
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=missing), pa.array(words)).cast(pa.string())


def _moments(seconds: Ints, known: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    at = (FIRST.astype(np.int64) + seconds).astype("datetime64[s]").astype("datetime64[us]")
    return pa.array(at, mask=None if known is None else ~known)


def _dates(days: Ints, known: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(FIRST.astype("datetime64[D]") + days, mask=None if known is None else ~known)


def _recorded(rng: np.random.Generator, at: Ints) -> Ints:
    """Some minutes after the event, days for the late ones."""
    late = rng.random(len(at)) < LATE
    return at + rng.exponential(300.0, len(at)).astype(np.int64) + late * rng.integers(_DAY, 60 * _DAY, len(at))


def _customers(rng: np.random.Generator, size: int) -> pa.Table:
    return pa.table({
        "customer_id": _ids("C", np.arange(size)),
        "customer_type": _words(rng, ("person", "company"), size),
        "birth_year": pa.array(rng.integers(1940, 2002, size), mask=rng.random(size) < 0.03),
        "region": _words(rng, ("east", "south", "north", "west", "centre"), size),
        "city_tier": _words(rng, ("1", "2", "3", "4"), size, none=0.05),
        "first_channel": _words(rng, ("agent", "branch", "web"), size),
    })  # fmt: skip


def _inceptions(rng: np.random.Generator, size: int) -> Ints:
    """First days of cover: three in four before the log begins."""
    before = rng.random(size) < 0.75
    return np.where(before, -rng.integers(1, 5 * 365, size), rng.integers(0, 4 * 365, size))


def _policies(rng: np.random.Generator, owner: Ints, inception: Ints) -> pa.Table:
    size = len(owner)
    return pa.table({
        "policy_id": _ids("P", np.arange(size)),
        "customer_id": _ids("C", owner),
        "line": _words(rng, LINES, size),
        "payment_mode": _words(rng, ("annual", "monthly", "single"), size),
        "channel": _words(rng, ("agent", "branch", "web"), size),
        "inception_date": _dates(inception),
    })  # fmt: skip


def _terms(rng: np.random.Generator, inception: Ints) -> Iterator[pa.Table]:
    """Years of cover from the first anniversary in the log on, each renewed by 93 in 100, three in 100 cancelled."""
    alive = np.ones(len(inception), dtype=bool)
    start = inception + np.maximum(-(inception // 365), 0) * 365
    premium = np.round(rng.gamma(4.0, 700.0, len(inception)) + 80, 2)
    length = int((LAST - FIRST).astype(np.int64) // _DAY)
    number = 0
    for _ in range(6):
        rows = np.flatnonzero(alive & (start < length))
        if not len(rows):
            return
        size = len(rows)
        ended = start[rows] + rng.integers(60, 330, size)
        cancelled = rng.random(size) < 0.03
        issued = (start[rows] - rng.integers(5, 25, size)) * _DAY + rng.integers(9, 18, size) * 3600
        yield pa.table({
            "term_id": _ids("T", number + np.arange(size)),
            "policy_id": _ids("P", rows),
            "issued_at": _moments(issued),
            "start_date": _dates(start[rows]),
            "end_date": _dates(start[rows] + 365),
            "premium": pa.array(premium[rows]),
            "sum_insured": pa.array(np.round(premium[rows] * 100, -3), mask=rng.random(size) < 0.1),
            "ended_date": _dates(ended, cancelled),
            "end_reason": _reasons(cancelled),
            "ended_recorded_at": _moments(ended * _DAY + rng.integers(0, 5 * _DAY, size), cancelled),
            "recorded_at": _moments(_recorded(rng, issued)),
        })  # fmt: skip
        number += size
        alive[rows[cancelled | (rng.random(size) > 0.93)]] = False
        start += 365
        premium = np.round(premium * rng.uniform(0.95, 1.12, len(premium)), 2)


def _reasons(cancelled: npt.NDArray[np.bool_]) -> pa.Array:
    codes = pa.array(np.zeros(len(cancelled), dtype=np.int8), mask=~cancelled)
    return pa.DictionaryArray.from_arrays(codes, pa.array(["customer_cancelled"])).cast(pa.string())


def _stretches(rng: np.random.Generator, make: Any, rows: int, weight: Any, first: Ints) -> Iterator[pa.Table]:
    """Rows by stretches of time, each in the order of time; customers are drawn by how busy they are."""
    parts = max(rows // _STRETCH, 1)
    length = int((LAST - FIRST).astype(np.int64))
    for part in range(parts):
        begin, end = rows * part // parts, rows * (part + 1) // parts
        size = end - begin
        at = np.sort(rng.integers(length * part // parts, length * (part + 1) // parts, size))
        customer = np.searchsorted(weight, rng.random(size)).astype(np.int64)
        yield make(rng, begin + np.arange(size), at, customer, first)


def _policy_of(rng: np.random.Generator, customer: Ints, first: Ints) -> pa.Array:
    """The customer's first policy for three rows in five, else none."""
    return pa.array(_ids("P", first[customer]).to_numpy(zero_copy_only=False), mask=rng.random(len(customer)) < 0.4)


def _interactions(rng: np.random.Generator, number: Ints, at: Ints, customer: Ints, first: Ints) -> pa.Table:
    size = len(number)
    resolved = rng.random(size) < 0.8
    return pa.table({
        "interaction_id": _ids("I", number),
        "customer_id": _ids("C", customer),
        "policy_id": _policy_of(rng, customer, first),
        "started_at": _moments(at),
        "channel": _words(rng, CHANNELS, size),
        "queue": _words(rng, ("north", "south", "night"), size),
        "touchpoint": _words(rng, ("service", "claim", "renewal"), size),
        "topic": _words(rng, TOPICS, size, none=0.05),
        "initiator": _words(rng, INITIATORS, size),
        "wait_seconds": pa.array(np.rint(rng.exponential(120.0, size)), mask=rng.random(size) < 0.3),
        "queue_wait_mean": pa.array(np.rint(rng.gamma(8.0, 15.0, size))),
        "handle_seconds": pa.array(np.rint(rng.gamma(2.0, 180.0, size)), mask=rng.random(size) < 0.1),
        "transfers": pa.array(rng.poisson(0.3, size)),
        "resolved": pa.array(np.ones(size, dtype=bool), mask=~resolved),
        "resolved_at": _moments(at + rng.exponential(2.0 * _DAY, size).astype(np.int64), resolved),
        "sentiment": pa.array(np.round(rng.uniform(-1, 1, size), 3), mask=rng.random(size) < 0.4),
        "recorded_at": _moments(_recorded(rng, at)),
    })  # fmt: skip


def _surveys(rng: np.random.Generator, number: Ints, at: Ints, customer: Ints, first: Ints) -> pa.Table:
    size = len(number)
    kinds = rng.integers(0, 3, size)
    low, high = np.array(list(INSTRUMENTS.values())).T
    answered = rng.random(size) < 0.4
    score = rng.integers(low[kinds], high[kinds] + 1).astype(np.float64)
    names = pa.DictionaryArray.from_arrays(pa.array(kinds.astype(np.int8)), pa.array(list(INSTRUMENTS)))
    return pa.table({
        "response_id": _ids("S", number),
        "customer_id": _ids("C", customer),
        "policy_id": _policy_of(rng, customer, first),
        "instrument": names.cast(pa.string()),
        "touchpoint": _words(rng, ("service", "claim", "renewal"), size),
        "sent_at": _moments(at),
        "answered_at": _moments(at + rng.exponential(1.5 * _DAY, size).astype(np.int64) + 60, answered),
        "scale_min": pa.array(low[kinds].astype(np.float64)),
        "scale_max": pa.array(high[kinds].astype(np.float64)),
        "direction": pa.array(np.full(size, "high_good")),
        "score": pa.array(score, mask=~answered),
        "recorded_at": _moments(_recorded(rng, at)),
    })  # fmt: skip
