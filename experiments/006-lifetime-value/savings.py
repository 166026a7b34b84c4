"""Real savings policies: survival as foreseen at the end of 2004, beside what came."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

import churnkit as ck

VALUED, YEARS = pd.Timestamp("2005-01-01"), 3


def savings_curve(data: Path) -> dict[str, float]:
    """Learn from what was known at the end of 2004, and follow the policies in force then for three years."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "book"
        converter().write_book(data, made)
        book = ck.open_book(made)
        panel = ck.build_panel(book, "renewal", keep_unlabelled=True)
        standing = ck.build_panel(book, "renewal", as_of=VALUED)
        past = panel.take((panel.keys["ripe_at"] <= VALUED).to_numpy())
        train = past.take(past.y.notna().to_numpy())
        model = ck.RenewalModel(random_state=0).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups,
                                                    features=train.features)  # fmt: skip
        value = ck.LifetimeValue(years=YEARS).fit(past, model, replicates=0)
        values = value.predict(standing)
        observed = ck.observed_renewals(values, panel)
    checked, scores = ck.check_survival(values, observed), ck.survival_scores(values, observed)
    print(checked, file=sys.stderr, flush=True)
    figures: dict[str, float] = {"savings_policies": len(values), "savings_training_terms": len(train)}
    for renewal, row in checked.table.loc["all"].iterrows():
        figures |= {f"savings_observed_after_{renewal}": float(row["observed"]),
                    f"savings_observed_after_{renewal}_low": float(row["low"]),
                    f"savings_observed_after_{renewal}_high": float(row["high"]),
                    f"savings_predicted_after_{renewal}": float(row["predicted"]),
                    f"savings_gap_after_{renewal}": float(row["gap"])}  # fmt: skip
    return figures | {f"savings_{name}": score for name, score in scores.items()}


def converter() -> Any:
    """The module of the experiment on surrender that turns the data into a book."""
    path = Path(__file__).resolve().parents[1] / "001-eusaving-surrender" / "book.py"
    spec = importlib.util.spec_from_file_location("savings_book", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
