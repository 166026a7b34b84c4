"""A copy of a simulated book under way: read table by table, changed in memory, put in its place whole."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnkit.errors import UsageError
from churnkit.simulate.book import MARK

SETTINGS, DONE = "churnkit.toml", "damages.json"


@dataclass
class Draft:
    """The tables of a clean book; those that were put are written anew, the others copied byte for byte.

    Parameters
    ----------
    folder : path of a book as `simulate_book` writes it, in Parquet
    encodings : {table: encoding of the CSV file it is written as}; tables not named are written as Parquet
    settings : lines to add to the copy's ``churnkit.toml``
    """

    folder: Path
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    encodings: dict[str, str] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    settings: list[str] = field(default_factory=list)

    def table(self, name: str) -> pd.DataFrame:
        """Rows of a table as they stand, with a fresh index."""
        if name not in self.frames:
            return pd.read_parquet(self.folder / f"{name}.parquet")
        return self.frames[name].reset_index(drop=True)

    def put(self, name: str, frame: pd.DataFrame, *, csv: str = "") -> None:
        """Replace a table; `csv` names the encoding of the CSV file that it is to be written as."""
        self.frames[name] = frame.reset_index(drop=True)
        if csv:
            self.encodings[name] = csv

    def remove(self, name: str) -> None:
        """Leave a table out."""
        self.frames.pop(name, None)
        self.absent.add(name)

    @property
    def tables(self) -> list[str]:
        """Names of the tables that are there."""
        return [path.stem for path in sorted(self.folder.glob("*.parquet")) if path.stem not in self.absent]

    @property
    def cutoff(self) -> pd.Timestamp:
        """The book's data cutoff."""
        return pd.Timestamp(tomllib.loads((self.folder / SETTINGS).read_text(encoding="utf-8"))["data_cutoff"])

    def write(self, folder: Path) -> None:
        """Write the copy into a folder that exists."""
        for name in self.tables:
            file = self.folder / f"{name}.parquet"
            if name not in self.frames and name not in self.encodings:
                shutil.copyfile(file, folder / file.name)
            elif name in self.encodings:
                self.table(name).to_csv(folder / f"{name}.csv", index=False, encoding=self.encodings[name],
                                        lineterminator="\n")  # fmt: skip
            else:
                pq.write_table(_arrow(self.table(name), pq.read_schema(file)), folder / file.name, compression="zstd")
        text = (self.folder / SETTINGS).read_text(encoding="utf-8")
        (folder / SETTINGS).write_text(text + "".join(f"{line}\n" for line in self.settings), encoding="utf-8")


def _arrow(frame: pd.DataFrame, clean: pa.Schema) -> pa.Table:
    """The frame with the clean file's types, and what no longer fits them as text."""
    arrays = {}
    for name in map(str, frame.columns):
        kind = clean.field(name).type if name in clean.names else None
        try:
            array = pa.array(frame[name], type=kind, from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError):
            array = pa.array([None if pd.isna(v) else str(v) for v in frame[name]], type=pa.string())
        arrays[name] = array.cast(pa.string()) if pa.types.is_null(array.type) else array
    return pa.table(arrays)


def open_draft(folder: str | Path) -> Draft:
    """Open a clean simulated book for copying.

    Raises
    ------
    UsageError
        If the folder is no book that `simulate_book` wrote in Parquet.
    """
    path = Path(folder)
    if not is_simulated(path) or (path / DONE).exists() or not (path / "terms.parquet").is_file():
        raise UsageError("Only a clean simulated book in Parquet is damaged or exported.", where=str(path),
                         found="another folder", fix="Make one with simulate_book(folder).")  # fmt: skip
    return Draft(path)


def is_simulated(folder: Path) -> bool:
    """Whether the folder's settings say that churnkit simulated it."""
    settings = folder / SETTINGS
    return settings.is_file() and settings.read_text(encoding="utf-8").startswith(MARK)


def publish(out: str | Path, fill: Callable[[Path], None], *, ours: Callable[[Path], bool], clean: Path) -> Path:
    """Fill a folder beside `out` and move it into place; only a folder that is `ours` is replaced.

    Raises
    ------
    UsageError
        If `out` holds anything else, lies in the clean book or holds it.
    """
    path = Path(out)
    here, there = path.resolve(), clean.resolve()
    if here == there or there in here.parents or here in there.parents:
        raise UsageError("A twin lies apart from its clean book.", found="one in the other", where=str(path),
                         fix="Choose another folder.")  # fmt: skip
    if path.exists() and not (path.is_dir() and (ours(path) or not any(path.iterdir()))):
        raise UsageError("A twin replaces only a twin.", found="something else", where=str(path),
                         fix="Choose another folder.")  # fmt: skip
    partial = path.parent / f".{path.name}-partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    fill(partial)
    shutil.rmtree(path, ignore_errors=True)
    partial.rename(path)
    return path


def draws(seed: int, *words: str) -> np.random.Generator:
    """A generator of random numbers of its own for every seed and purpose."""
    return np.random.default_rng([seed, *(ord(letter) for letter in "-".join(words))])
