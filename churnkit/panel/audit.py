"""Audit columns of a panel's customers: beside the panel, never in it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from churnkit.book.engine import quote
from churnkit.book.open import Book
from churnkit.book.schema import Column
from churnkit.errors import ContractError
from churnkit.panel.arrays import FIRST
from churnkit.panel.attributes import StateTable
from churnkit.panel.load import moment
from churnkit.panel.panel import Panel


def audit_columns(book: Book, panel: Panel) -> pd.DataFrame:
    """Return what the book says of a panel's customers for audits only: gender, vulnerable, declared ones too.

    Each row has the version of its customer that was known at its cutoff; the first version stands for the time before
    it. Without versions it is the value as of the extract. These columns are for ``ck.by_group`` and ``ck.proxy``; no
    feature may read them and no model is trained on them.

    Parameters
    ----------
    book : Book, the one that the panel was built from
    panel : Panel

    Returns
    -------
    DataFrame of shape (n_rows, n_audit_columns), indexed like ``panel.X``
        Texts, of truth values ``yes`` and ``no``; missing where the book says nothing of the customer.

    Raises
    ------
    ContractError
        If the book has no audit column.

    Examples
    --------
    >>> from churnkit.book.open import open_book
    >>> people = pd.DataFrame({"customer_id": ["a", "b"], "gender": ["female", "male"]})
    >>> keys = pd.DataFrame({"customer_id": ["b", "a", "b"], "cutoff": pd.to_datetime(["2025-01-01"] * 3)})
    >>> panel = Panel(X=pd.DataFrame({"x": [1.0, 2.0, 3.0]}), y=pd.Series([1.0, 0.0, 1.0]), keys=keys, target="renewal")
    >>> audit_columns(open_book({"customers": people}, data_cutoff="2026-01-01"), panel)["gender"].tolist()
    ['male', 'female', 'male']
    """
    audited = [c for c in book.schema["customers"].columns if c.audit_only and book.has_column("customers", c.name)]
    if not audited:
        raise ContractError("An audit by gender or vulnerability reads these columns of customers.", found="none",
                            where=book.source, fix="Add gender or vulnerable to customers.")  # fmt: skip
    listed = ", ".join(_as_text(column) for column in audited)
    versions = book.sql(f"SELECT customer_id, {moment('recorded_at', FIRST)} AS known_from,"
                        f" {moment('superseded_at')} AS superseded, {listed} FROM customers"
                        " ORDER BY customer_id, known_from, superseded")  # fmt: skip
    owner, people = pd.factorize(versions["customer_id"].to_pandas())
    known = np.asarray(versions["known_from"], dtype=np.int64).copy()
    known[np.r_[True, owner[1:] != owner[:-1]]] = FIRST
    table = StateTable(versions.set_column(1, "known_from", pa.array(known)), owner.astype(np.int64))
    wanted = pd.Index(people).get_indexer(pd.Index(panel.groups)).astype(np.int64)
    cutoff = panel.cutoff.to_numpy().astype("datetime64[us]").astype(np.int64)
    rows = table.rows(wanted, cutoff)
    columns = {column.name: table.column(column.name, rows, cutoff).to_pandas() for column in audited}
    return pd.DataFrame(columns).set_axis(panel.X.index)


def _as_text(column: Column) -> str:
    name = quote(column.name)
    text = f"CASE WHEN {name} THEN 'yes' WHEN NOT {name} THEN 'no' END" if column.type == "bool" else f"{name}::VARCHAR"
    return f"{text} AS {name}"
