"""Real motor quotes as a book: what would a lower premium at renewal do, and how far is that to be believed?"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import churnkit as ck

SOURCE = Path("eudirectlapse") / "eudirectlapse.parquet"
CUTOFF = pd.Timestamp("2025-01-01")  # made up: the source has no dates
SETTINGS = """\
# Made by run.py from the public data set eudirectlapse. All dates are made up.
data_cutoff = "2025-01-01"
timezone = "UTC"
currency = "EUR"
"""
PAID = {"1 per year": "annual", "2 per year": "semiannual", "4 per year": "quarterly", "12 per year": "monthly"}
CHEAPER = ck.Scenario("Renewal offers 2 pp lower").change("premium_change", -0.02)


def quotes_scenario(data: Path) -> dict[str, float]:
    """Figures of the scenario on the quotes; nothing where the data are not there."""
    if not (data / SOURCE).is_file():
        return {}
    with tempfile.TemporaryDirectory() as folder:
        book = ck.open_book(write_book(pd.read_parquet(data / SOURCE), Path(folder)))
        effect = ck.SatisfactionEffect().fit(book)
        panel = ck.build_panel(book, "renewal", keep_unlabelled=True)
        known = panel.take(panel.y.notna().to_numpy())
        model = ck.RenewalModel().fit(known.X, known.y, cutoff=known.cutoff, groups=known.groups,
                                      features=known.features)  # fmt: skip
        value = ck.LifetimeValue(economics=book).fit(panel, model, replicates=60)
        policies = ck.build_panel(book, "renewal", as_of=book.settings.data_cutoff)
        result = ck.what_if(CHEAPER, effect, value, policies)
    row = result.table.iloc[0]
    print(result.text)
    words = "association only" in result.text and "moves the premium" in result.text
    return {"quotes_policies": int(row["policies"]), "quotes_change_pp": float(row["change_pp"]),
            "quotes_change_pp_low": float(row["change_pp_low"]), "quotes_change_pp_high": float(row["change_pp_high"]),
            "quotes_association_only": int(row["verdict"] == "association only" and words)}  # fmt: skip


def write_book(quotes: pd.DataFrame, folder: Path) -> Path:
    """Write customers, policies and terms: a term that came to its end in the last year, and the next where renewed."""
    rng, n = np.random.default_rng(0), len(quotes)
    end = CUTOFF - pd.to_timedelta(rng.integers(20, 365, n), unit="D")
    who = pd.Series([f"C{k:05d}" for k in range(n)])
    customers = pd.DataFrame({"customer_id": who, "customer_type": "person", "region": texts(quotes, "vehicl_region"),
                              "birth_year": (end.year - quotes["polholder_age"]).to_numpy()})  # fmt: skip
    policies = pd.DataFrame({
        "policy_id": "P" + who, "customer_id": who, "line": "motor", "product": texts(quotes, "policy_caruse"),
        "payment_mode": texts(quotes, "prem_freqperyear").map(PAID),
        "inception_date": end - pd.to_timedelta(365 * (quotes["policy_age"].to_numpy() + 1), unit="D"),
    })  # fmt: skip
    first = {"term_id": "T" + who, "policy_id": "P" + who, "start_date": end - pd.Timedelta(days=365), "end_date": end,
             "premium": quotes["prem_last"].to_numpy(), "offer_date": end - pd.Timedelta(days=30),
             "offer_premium": quotes["prem_final"].to_numpy(), "ended_date": end,
             "end_reason": np.where(quotes["lapse"] == 1, "expired", "renewed")}  # fmt: skip
    terms = pd.DataFrame(first)
    stayed = quotes["lapse"].to_numpy() == 0
    after = pd.DataFrame(
        {
            "term_id": "U" + who,
            "policy_id": "P" + who,
            "start_date": end,
            "end_date": end + pd.Timedelta(days=365),
            "premium": quotes["prem_final"].to_numpy(),
        }
    )
    for name, frame in {"customers": customers, "policies": policies,
                        "terms": pd.concat([terms, after[stayed]], ignore_index=True)}.items():  # fmt: skip
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "churnkit.toml").write_text(SETTINGS, encoding="utf-8")
    return folder


def texts(quotes: pd.DataFrame, name: str) -> Any:
    """A column as texts."""
    return quotes[name].astype("str").reset_index(drop=True)
