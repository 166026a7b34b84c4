"""What a book is worth, as a run keeps it: sums that add up, nothing of a customer, pictures that are drawn."""

import mlflow
import pytest

from churnkit.apps.tracking import track
from churnkit.apps.tracking_value import log_value
from churnkit.apps.valuing import value_book
from churnkit.book.open import open_book
from churnkit.models.classifier import RenewalModel
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import standard_features
from churnkit.value.lifetime import LifetimeValue
from tests.simulated import simulated


@pytest.fixture(scope="module")
def valued(tmp_path_factory):
    book = open_book(simulated(tmp_path_factory, customers=500, years=4, seed=9))
    own = tuple(f for f in standard_features("renewal") if f.name in ("premium", "channel", "tenure_days"))
    features = own + tuple(f for f in standard_features("renewal")[::5] if f not in own)
    panel = build_panel(book, "renewal", features=features)
    model = RenewalModel(n_estimators=30).fit(panel.X, panel.y, features=panel.features)
    value = LifetimeValue(economics=book).fit(panel, model, replicates=10)
    return value_book(book, value), book, value


def test_its_parts_add_up_to_one_sum(valued):
    found, book, value = valued
    whole = found.totals.loc["all"]
    assert found.totals["value"].drop("all").sum() == pytest.approx(whole["value"])
    assert found.explained.value == pytest.approx(whole["value"])
    assert found.explained.table["money"].sum() == pytest.approx(found.explained.value - found.explained.base)
    assert found.sensitivity.base == pytest.approx(whole["value"])
    in_force = build_panel(book, "renewal", as_of=book.settings.data_cutoff, features=value.model_.features_)
    assert whole["policies"] == len(in_force)
    assert whole["low"] < whole["value"] < whole["high"]


def test_a_run_keeps_figures_tables_and_pictures_and_no_id(valued, tmp_path):
    found, book, _ = valued
    with track("renewal", workspace=tmp_path) as run:
        log_value(found)
    kept = list((tmp_path / "mlartifacts").rglob("value/*"))
    assert {path.suffix for path in kept} == {".csv", ".png"} and len(kept) == 8
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    metrics = client.get_run(run.info.run_id).data.metrics
    assert metrics["value"] == pytest.approx(found.totals.loc["all", "value"])
    assert "value_with_satisfaction" in metrics and "value_low" in metrics
    ids = set(book.sql("SELECT DISTINCT customer_id AS id FROM customers")["id"].to_pylist())
    said = "".join(path.read_text(encoding="utf-8") for path in kept if path.suffix == ".csv") + found.text
    assert not [one for one in ids if one in said]
    assert "association" in found.text
