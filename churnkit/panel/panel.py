"""A panel: observations with features, labels and keys; splits by time; Parquet."""

from __future__ import annotations

import json
import os
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


@dataclass(frozen=True)
class Panel:
    """One row per decision: what was known (X), what became of it (y), and whose and when (keys).

    Attributes
    ----------
    X : DataFrame of shape (n, n_features)
        float64, and text for categories.
    y : Series of shape (n,)
        1, 0 or NaN: renewed (target "renewal") or churned (target "churn").
    keys : DataFrame of shape (n, 10)
        entity, customer_id, policy_id, term_id, line, cutoff, lead_days, end_date, ripe_at, cause.
    target : str
    features : tuple of Feature
        The specs behind the columns of X, in their order.
    info : dict
        excluded (counts by cause), switched_off (why by feature), as_of_extract (declared columns without history),
        data_cutoff, fingerprint, label, leads or snapshots.
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

    def __len__(self) -> int:
        return len(self.keys)

    def __repr__(self) -> str:
        rate = self.y.mean()
        known = f"{rate:.1%} {self.y.name}" if rate == rate else "no labels"
        return f"Panel({self.target}: {len(self):,} rows x {self.X.shape[1]} features, {known})"

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
        return Panel(
            X=self.X.iloc[at].reset_index(drop=True),
            y=self.y.iloc[at].reset_index(drop=True),
            keys=self.keys.iloc[at].reset_index(drop=True),
            target=self.target, features=self.features, info=self.info,
        )  # fmt: skip

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
        frame = pd.concat([self.X.add_prefix("X."), self.keys.add_prefix("keys."), self.y.rename("y.y")], axis=1)
        meta = {
            "target": self.target, "info": self.info, "features": [asdict(f) for f in self.features],
            "text": [name for name in self.X if not pd.api.types.is_numeric_dtype(self.X[name])], "name": self.y.name,
        }  # fmt: skip
        table = pa.Table.from_pandas(frame, preserve_index=False)
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), _META: json.dumps(meta).encode()})
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            pq.write_table(table, unfinished)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
        return target

    @classmethod
    def read_parquet(cls, path: str | os.PathLike[str]) -> Panel:
        """Read a panel that :meth:`to_parquet` wrote.

        Raises
        ------
        UsageError
            If there is no such file, or it is not a panel.
        """
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise UsageError("A panel is read from a Parquet file.", found=str(error).splitlines()[0], where=str(path),
                             fix="Write one with panel.to_parquet(path).") from error  # fmt: skip
        if _META not in (table.schema.metadata or {}):
            raise UsageError("This Parquet file is not a panel.", where=str(path),
                             fix="Write one with panel.to_parquet(path).")  # fmt: skip
        meta = json.loads(table.schema.metadata[_META])
        frame = table.to_pandas()
        X, keys = (_part(frame, name) for name in ("X", "keys"))
        X = X.astype(dict.fromkeys(meta["text"], "str"))
        features = tuple(Feature.restored(f) for f in meta["features"])
        y = frame["y.y"].rename(meta["name"])
        return cls(X=X, y=y, keys=keys, target=meta["target"], features=features, info=meta["info"])


def _part(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    own = frame[[c for c in frame.columns if c.startswith(f"{name}.")]]
    return own.rename(columns=lambda c: c.removeprefix(f"{name}."))
