"""featuretools: deep feature synthesis of its own features over the whole history, one level deep.

It is given the observations. Rows are seen from their first clock on: it knows no recording time of a row.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pandas as pd

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import featuretools as ft

PACKAGES = ("featuretools", "woodwork", "pandas")
_WAYS = ("mean", "max", "min", "sum")
_WORDS = {"interactions": ("channel", "topic", "initiator"), "surveys": ("instrument",)}
_NUMBERS = {"interactions": ("wait_seconds", "handle_seconds", "sentiment", "transfers"), "surveys": ("score",)}
_KEYS = {"interactions": ("interaction_id", "started_at"), "surveys": ("response_id", "sent_at")}


def prepare(task: dict[str, Any]) -> None:
    """It has no specs of ours."""


def run(task: dict[str, Any], _: None) -> pd.DataFrame:
    """Read, lay out the entities, synthesise at every observation's cutoff."""
    warnings.simplefilter("ignore")
    folder = Path(task["data"])
    book = ft.EntitySet("book")
    customers = pd.read_parquet(folder / "customers.parquet", columns=["customer_id"])
    book.add_dataframe(dataframe_name="customers", dataframe=customers, index="customer_id")
    values = {}
    for name, (key, clock) in _KEYS.items():
        rows = pd.read_parquet(folder / f"{name}.parquet",
                               columns=[key, "customer_id", clock, *_WORDS[name], *_NUMBERS[name]])  # fmt: skip
        kinds = dict.fromkeys(_WORDS[name], "Categorical") | dict.fromkeys(_NUMBERS[name], "Double")
        book.add_dataframe(dataframe_name=name, dataframe=rows, index=key, time_index=clock, logical_types=kinds)
        book.add_relationship("customers", "customer_id", name, "customer_id")
        values |= {(name, column): sorted(rows[column].dropna().unique()) for column in _WORDS[name]}
    for (name, column), words in values.items():
        book.add_interesting_values(dataframe_name=name, values={column: words})
    moments = pd.read_parquet(task["observations"], columns=["customer_id", "cutoff"])
    moments = moments.rename(columns={"cutoff": "time"}).astype({"time": "datetime64[ns]"})
    found, _ = ft.dfs(
        entityset=book, target_dataframe_name="customers", cutoff_time=moments, cutoff_time_in_index=True,
        include_cutoff_time=False, agg_primitives=["count", *_WAYS], where_primitives=["count"], trans_primitives=[],
        max_depth=1, n_jobs=1,
    )  # fmt: skip
    return found


def shape(found: pd.DataFrame) -> tuple[int, int]:
    """Observations and features."""
    return found.shape


def save(found: pd.DataFrame, path: Path) -> None:
    """Write what was found under our names, where it has one."""
    names = {"COUNT(interactions)": "contacts_all", "COUNT(surveys)": "invitations_all"}
    for column in _WORDS["interactions"]:
        start = f"COUNT(interactions WHERE {column} = "
        own = [name for name in found.columns if name.startswith(start)]
        names |= {name: f"contacts_{name.removeprefix(start)[:-1]}_all" for name in own}
    for column in _NUMBERS["interactions"]:
        names |= {f"{way.upper()}(interactions.{column})": f"{column}_{way}_all" for way in _WAYS}
    keys = found.index.to_frame(index=False).set_axis(["customer_id", "cutoff"], axis=1)
    shown = found[list(names)].rename(columns=names).astype("float64").reset_index(drop=True)
    pd.concat([keys.astype({"customer_id": "str"}), shown], axis=1).to_parquet(path)
