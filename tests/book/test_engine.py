"""The engine: nothing fetched, nothing borrowed from the caller, errors in one short sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churnkit.book.engine import Engine, EngineError
from churnkit.book.open import open_book
from churnkit.book.settings import EngineSettings, Settings
from churnkit.errors import UsageError


def test_threads_and_memory_are_set_in_one_place():
    engine = Engine(EngineSettings(threads=1, memory_limit="300MB"))
    query = "SELECT current_setting('threads') AS t, current_setting('memory_limit') AS m"
    assert engine.sql(query).to_pylist() == [{"t": 1, "m": "286.1 MiB"}]


def test_nothing_is_installed_or_loaded_from_outside():
    names = ("autoinstall_known_extensions", "autoload_known_extensions", "allow_community_extensions")
    for name in names:
        assert Engine().sql(f"SELECT current_setting('{name}') AS v").to_pylist() == [{"v": False}]


def test_a_variable_of_the_caller_is_never_a_table():
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(EngineError) as caught:
        Engine().sql("SELECT * FROM frame")
    assert caught.value.missing_table
    assert len(frame) == 1


def test_the_spill_folder_goes_with_the_engine():
    engine = Engine()
    folder = Path(engine.sql("SELECT current_setting('temp_directory') AS d").to_pylist()[0]["d"])
    assert folder.exists()
    engine.close()
    assert not folder.exists()


def test_arrow_tables_are_copied_in():
    engine = Engine()
    engine.read_arrow("t", pa.table({"a": [1, 2]}))
    assert engine.columns("t") == {"a": "BIGINT"}


def test_an_impossible_memory_limit_is_a_usage_error(tables):
    settings = Settings(data_cutoff="2026-01-01", engine=EngineSettings(memory_limit="plenty"))
    with pytest.raises(UsageError, match=r"\[engine\]"):
        open_book(tables, settings=settings)


def test_values_that_repeat_are_found_in_one_pass_and_in_several(monkeypatch):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2**63, 5000, dtype=np.uint64)
    values[100:130] = values[:30]
    engine = Engine()
    engine.read_arrow("t", pa.table({"h": rng.permutation(values)}))
    for most in (8_000_000, 900):
        monkeypatch.setattr("churnkit.book.engine._SORTED", most)
        found = engine.repeated("SELECT h FROM t", "h", rows=len(values))
        assert sorted(found["h"].to_pylist()) == sorted(values[:30].tolist())
        assert engine.repeated("SELECT DISTINCT h FROM t", "h", rows=len(values)).num_rows == 0


def test_records_are_the_rows_of_sql_and_are_refused_alike():
    engine = Engine()
    query = "SELECT 1 AS a, 'x' AS b, TIMESTAMP '2026-01-01 08:00:00' AS c, DATE '2026-01-01' AS d, NULL::DOUBLE AS e"
    both = f"{query} UNION ALL SELECT 2, NULL, NULL, NULL, 0.5 ORDER BY a"
    assert engine.records(both) == engine.sql(both).to_pylist()
    for ask in (engine.records, engine.sql):
        with pytest.raises(EngineError, match="nowhere"):
            ask("SELECT * FROM nowhere")
