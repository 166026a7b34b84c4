"""A panel: observations with features, labels and keys; splits by time; Parquet."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnkit.errors import ContractError, UsageError
from churnkit.moments import to_moment
from churnkit.panel.feature import Feature

_META = b"churnkit.panel"
SHEET = "panel.json"
PART = "part-{:05d}.parquet"
_PARTED = ("X", "y", "keys")


@dataclass(frozen=True)
class Panel:
    """One row per decision: what was known (X), what became of it (y), and whose and when (keys).

    Attributes
    ----------
    X : DataFrame of shape (n, n_features)
        float64, and text for categories.
    y : Series of shape (n,)
        1, 0 or NaN: renewed (target "renewal"), churned ("churn") or cancelled ("cancellation").
    keys : DataFrame of shape (n, 10)
        entity, customer_id, policy_id, term_id, line, cutoff, lead_days, end_date, ripe_at, cause.
    target : str
    features : tuple of Feature
        The specs behind the columns of X, in their order.
    info : dict
        excluded (counts by cause), switched_off (why by feature), as_of_extract (declared columns without history),
        data_cutoff, fingerprint, label, leads or snapshots.

    A panel that was built with ``memory`` or ``to`` lies in a folder: X, y and keys are read when they are asked for,
    :meth:`parts` gives it piece by piece, and :meth:`take` and :meth:`split` hold no more than what they return.
    """

    X: pd.DataFrame
    y: pd.Series[float]
    keys: pd.DataFrame
    target: str
    features: tuple[Feature, ...] = ()
    info: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not len(self.X) == len(self.y) == len(self.keys):
            raise UsageError("X, y and keys have the same rows.",
                             found=f"{len(self.X)}, {len(self.y)} and {len(self.keys)} rows")  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        """X, y and keys of a panel in a folder."""
        if name not in _PARTED or self.folder is None:
            raise AttributeError(name)
        found = pd.concat([_read(file, name) for _, file in part_files(self.folder)], ignore_index=True)
        object.__setattr__(self, name, found)
        return found

    @property
    def folder(self) -> Path | None:
        """Where the panel lies, None for one in memory."""
        found: Path | None = self.__dict__.get("_folder")
        return found

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        rate = self.y.mean()
        known = f"{rate:.1%} {self.y.name}" if rate == rate else "no labels"
        columns = len(self.features) if self.folder else self.X.shape[1]
        return f"Panel({self.target}: {len(self):,} rows x {columns} features, {known})"

    def parts(self) -> Iterator[Panel]:
        """The panel piece by piece, in order; one in memory is one piece."""
        if self.folder is None:
            yield self
            return
        for _, file in part_files(self.folder):
            X, y, keys = (_read(file, name) for name in _PARTED)
            yield Panel(X=X, y=y, keys=keys, target=self.target, features=self.features, info=self.info)

    @property
    def cutoff(self) -> pd.Series[Any]:
        """Moment of knowledge of each row."""
        return self.keys["cutoff"]

    @property
    def groups(self) -> pd.Series[Any]:
        """Customer of each row."""
        return self.keys["customer_id"]

    def take(self, rows: Any) -> Panel:
        """Return the rows of a mask (boolean array or Series) or of positions, with a fresh index."""
        at = np.asarray(rows)
        if at.dtype == bool:
            if len(at) != len(self):
                raise UsageError("A mask has one value per row.", found=f"{len(at)} values for {len(self)} rows")
            at = np.flatnonzero(at)
        if self.folder is not None and "X" not in self.__dict__:
            return self._taken(at)
        return Panel(
            X=self.X.iloc[at].reset_index(drop=True),
            y=self.y.iloc[at].reset_index(drop=True),
            keys=self.keys.iloc[at].reset_index(drop=True),
            target=self.target, features=self.features, info=self.info,
        )  # fmt: skip

    def _taken(self, at: Any) -> Panel:
        """Rows of a panel in a folder, a part in memory at a time."""
        order, found, begin = np.argsort(at, kind="stable"), [], 0
        for part in self.parts():
            low, high = np.searchsorted(at[order], (begin, begin + len(part)))
            found.append(part.take(at[order[low:high]] - begin))
            begin += len(part)
        back = np.argsort(order, kind="stable")
        X, y, keys = (pd.concat([getattr(part, name) for part in found], ignore_index=True) for name in _PARTED)
        whole = Panel(X=X, y=y, keys=keys, target=self.target, features=self.features, info=self.info)
        return whole if np.array_equal(back, np.arange(len(back))) else whole.take(back)

    def split(self, *, test_from: Any, test_to: Any = None) -> tuple[Panel, Panel]:
        """Split by time: train on labels that were ripe when the test began.

        Parameters
        ----------
        test_from, test_to : timestamp
            Test: ``test_from <= cutoff < test_to``. Train: ``cutoff < test_from`` and ``ripe_at <= test_from`` (purge).

        Returns
        -------
        (train, test) : tuple of Panel
            Rows without a label are in neither.

        Raises
        ------
        ContractError
            If one side is left without rows, naming what there is.
        """
        begin, labelled = to_moment(test_from, name="test_from"), self.y.notna()
        end = to_moment(test_to, name="test_to") if test_to is not None else pd.Timestamp.max.as_unit("us")
        test = labelled & (self.cutoff >= begin) & (self.cutoff < end)
        train = labelled & (self.cutoff < begin) & (self.keys["ripe_at"] <= begin)
        if not train.any() or not test.any():
            self._refuse_split(begin, labelled, side="test" if train.any() else "train")
        return self.take(train), self.take(test)

    def _refuse_split(self, begin: pd.Timestamp, labelled: pd.Series[bool], *, side: str) -> None:
        if not labelled.any():
            raise ContractError("CLS28: a split needs ripe labels.", found="none",
                                fix="Build the panel without as_of, or wait until labels ripen.")  # fmt: skip
        known = self.keys[labelled]
        raise ContractError(
            "CLS28: both sides of a split need labelled rows.",
            found=f"no {side} rows with test_from={begin:%Y-%m-%d}",
            fix=f"Cutoffs run from {known['cutoff'].min():%Y-%m-%d} to {known['cutoff'].max():%Y-%m-%d}, the first"
            f" label is ripe on {known['ripe_at'].min():%Y-%m-%d}: choose test_from in between.",
        )

    def to_parquet(self, path: str | os.PathLike[str]) -> Path:
        """Write the panel to one Parquet file, whole or not at all.

        Returns
        -------
        Path
            Where it was written.
        """
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        self.write(target)
        return target

    def write(self, target: Path, **more: Any) -> None:
        """Write the panel under a temporary name and move it into place, with `more` beside its description."""
        columns = {f"X.{name}": _arrow(self.X[name]) for name in self.X}
        columns |= {f"keys.{name}": _arrow(self.keys[name]) for name in self.keys} | {"y.y": _arrow(self.y)}
        meta = {"target": self.target, "info": self.info, "features": [asdict(f) for f in self.features],
                "name": self.y.name} | more  # fmt: skip
        table = pa.table(columns).replace_schema_metadata({_META: json.dumps(meta).encode()})
        unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
        # Whole numbers and texts repeat and are told by dictionary; trying it on other columns costs and gives nothing.
        other = {f"X.{f.name}" for f in self.features if f.aggregate not in _REPEATING and f.numeric}
        try:
            pq.write_table(table, unfinished, compression="lz4", write_statistics=False,
                           use_dictionary=[name for name in columns if name not in other])  # fmt: skip
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)

    @classmethod
    def stored(
        cls, folder: Path, *, target: str, features: tuple[Feature, ...], info: dict[str, Any] | None = None
    ) -> Panel:
        """Return the panel of a folder, its rows unread."""
        found = object.__new__(cls)
        parts = {"target": target, "features": features, "info": {} if info is None else info, "_folder": folder}
        for name, value in parts.items():
            object.__setattr__(found, name, value)
        return found

    @classmethod
    def read_parquet(cls, path: str | os.PathLike[str]) -> Panel:
        """Read a panel that :meth:`to_parquet` wrote, or the folder of one that was built with ``to``.

        Raises
        ------
        UsageError
            If there is no such file, or it is not a panel.
        """
        if Path(path).is_dir():
            return cls._of_folder(Path(path))
        try:
            schema = pq.read_schema(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise UsageError("A panel is read from a Parquet file.", found=str(error).splitlines()[0], where=str(path),
                             fix="Write one with panel.to_parquet(path).") from error  # fmt: skip
        if _META not in (schema.metadata or {}):
            raise UsageError("This Parquet file is not a panel.", where=str(path),
                             fix="Write one with panel.to_parquet(path).")  # fmt: skip
        meta = json.loads(schema.metadata[_META])
        X, y, keys = (_read(Path(path), name) for name in _PARTED)
        features = tuple(Feature.restored(f) for f in meta["features"])
        return cls(X=X, y=y, keys=keys, target=meta["target"], features=features, info=meta["info"])

    @classmethod
    def _of_folder(cls, folder: Path) -> Panel:
        sheet = json.loads((folder / SHEET).read_text()) if (folder / SHEET).is_file() else {}
        if not sheet.get("complete"):
            raise UsageError("A folder that is read as a panel holds a finished one.", where=str(folder),
                             found="one that was stopped" if sheet else f"no {SHEET}",
                             fix="Build it with build_panel(book, target, to=folder).")  # fmt: skip
        meta = _meta(part_files(folder)[0][1])
        features = tuple(Feature.restored(f) for f in meta["features"])
        return cls.stored(folder, target=meta["target"], features=features, info=sheet["info"])


_REPEATING = ("count", "open", "distinct")


def part_files(folder: Path) -> list[tuple[int, Path]]:
    """The finished parts of a panel's folder, by number."""
    return sorted((int(file.stem.removeprefix("part-")), file) for file in folder.glob("part-*.parquet"))


def read_counts(file: Path) -> dict[str, Any]:
    """What was counted when a part was written, and of which panel it is."""
    meta = _meta(file)
    return {**meta["counts"], "digest": meta["digest"]}


def _meta(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(pq.read_schema(file).metadata[_META])
    return found


def _arrow(column: pd.Series[Any]) -> pa.Array:
    """A column as Arrow, NaN staying NaN in numbers."""
    if pd.api.types.is_float_dtype(column):
        return pa.array(column.to_numpy(), from_pandas=False)
    return pa.Array.from_pandas(column)


def _read(file: Path, name: str) -> Any:
    """X, y or keys of one file."""
    schema = pq.read_schema(file)
    wanted = [column for column in schema.names if column.startswith(f"{name}.")]
    table = pq.read_table(file, columns=wanted).rename_columns([each.removeprefix(f"{name}.") for each in wanted])
    frame = table.replace_schema_metadata(None).to_pandas(split_blocks=True)
    frame = frame.astype({each.name: "str" for each in table.schema if pa.types.is_string(each.type)})
    return frame if name != "y" else frame["y"].rename(json.loads(schema.metadata[_META])["name"])
