"""What the book's tests share: a tiny clean book, as frames and as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from churnkit.book.check import Findings, check_book
from churnkit.book.open import Book, open_book
from tests.book.postgres import running
from tests.books import DATA_CUTOFF, tiny_book_tables

Tables = dict[str, pd.DataFrame]


@pytest.fixture
def tables() -> Tables:
    return tiny_book_tables()


@pytest.fixture
def open_tables() -> Callable[..., Book]:
    def opened(tables: Tables, **arguments: object) -> Book:
        return open_book(tables, **{"data_cutoff": DATA_CUTOFF, **arguments})

    return opened


@pytest.fixture
def check(open_tables: Callable[..., Book]) -> Callable[..., Findings]:
    def checked(tables: Tables, **arguments: object) -> Findings:
        return check_book(open_tables(tables, **arguments))

    return checked


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write tables as files of one kind and return the folder."""

    def written(tables: Tables, kind: str = "csv") -> Path:
        folder = tmp_path / kind
        folder.mkdir()
        for name, frame in tables.items():
            if kind == "csv":
                frame.to_csv(folder / f"{name}.csv", index=False)
            else:
                frame.to_parquet(folder / f"{name}.parquet", index=False)
        (folder / "churnkit.toml").write_text(f'data_cutoff = "{DATA_CUTOFF}"\n', encoding="utf-8")
        return folder

    return written


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL database of one's own, with the password in it."""
    pytest.importorskip("adbc_driver_postgresql", reason="the extra is not installed: pip install '.[sql]'")
    with running() as url:
        yield url
