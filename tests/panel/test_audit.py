"""Audit columns come from the book, as known at the cutoff, and on no path into the features."""

import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.book.schema import SENSITIVE
from churnkit.book.settings import Settings
from churnkit.errors import ContractError, LeakageError
from churnkit.models.classifier import RenewalModel
from churnkit.panel.audit import audit_columns
from churnkit.panel.build import build_panel
from churnkit.panel.extra import default_features
from churnkit.panel.feature import Feature
from churnkit.panel.panel import Panel

from ..books import DATA_CUTOFF, tiny_book_tables


def at(*rows):
    """A panel of nothing but customers and cutoffs."""
    keys = pd.DataFrame(rows, columns=["customer_id", "cutoff"]).astype({"cutoff": "datetime64[us]"})
    y = pd.Series(1.0, index=keys.index)
    return Panel(X=pd.DataFrame({"x": y}), y=y, keys=keys, target="renewal")


@pytest.fixture(scope="module")
def book():
    tables = tiny_book_tables()
    people = tables["customers"].assign(gender=["female", "male", None], vulnerable=[False, True, None])
    again = people.head(1).assign(vulnerable=True, recorded_at=pd.Timestamp("2025-03-01"))
    versions = pd.concat([people, again], ignore_index=True)
    return open_book(tables | {"customers": versions}, data_cutoff=DATA_CUTOFF)


def test_each_row_has_what_was_known_at_its_cutoff(book):
    day = "2025-01-01"
    rows = at(("c1", "2025-03-01"), ("c1", "2025-03-02"), ("c2", "2020-01-01"), ("c3", day), ("c9", day))
    found = audit_columns(book, rows)
    assert found["gender"].fillna("").tolist() == ["female", "female", "male", "", ""]
    # the second version counts after its recording; the first stands for the time before
    assert found["vulnerable"].fillna("").tolist() == ["no", "yes", "yes", "", ""]
    assert found.index.equals(rows.X.index)


def test_declared_audit_columns_come_too():
    tables = tiny_book_tables()
    people = tables["customers"].assign(nationality=["fr", "cn", "fr"])
    settings = Settings(data_cutoff=DATA_CUTOFF, extra={"customers": {"nationality": "category"}})
    book = open_book(tables | {"customers": people}, settings=settings)
    assert audit_columns(book, at(("c2", "2025-01-01"))).to_dict("list") == {"nationality": ["cn"]}
    assert not {f.column for f in default_features(book, "renewal")} & SENSITIVE


def test_a_book_without_audit_columns_says_so():
    with pytest.raises(ContractError, match="Add gender or vulnerable"):
        audit_columns(open_book(tiny_book_tables(), data_cutoff=DATA_CUTOFF), at(("c1", "2025-01-01")))


@pytest.mark.parametrize("column", ["gender", "vulnerable"])
def test_no_spec_reads_an_audit_column(column):
    with pytest.raises(LeakageError, match=f"customers.{column} is for audits only"):
        Feature("who", "customers", "attribute", column=column)


@pytest.mark.parametrize("target", ["renewal", "churn"])
def test_no_panel_holds_an_audit_column_though_the_book_does(book, target):
    panel = build_panel(book, target, as_of="2025-12-20")
    assert not {name.lower() for name in panel.X} & SENSITIVE
    assert not {column for feature in panel.features for column in feature.columns} & SENSITIVE


@pytest.mark.parametrize("name", ["gender", "Gender", "vulnerable"])
def test_no_model_is_trained_on_an_audit_column(name):
    X = pd.DataFrame({"a": range(200), name: 1.0})
    with pytest.raises(LeakageError, match=rf"audits only.*{name}"):
        RenewalModel().fit(X, [0.0, 1.0] * 100)


def test_a_name_that_speaks_of_one_is_warned_of():
    X = pd.DataFrame({"a": [float(i) for i in range(200)], "gender_male": 1.0})
    with pytest.warns(UserWarning, match="gender_male"):
        RenewalModel(n_estimators=2).fit(X, [0.0, 1.0] * 100)
