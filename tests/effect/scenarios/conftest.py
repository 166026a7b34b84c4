"""One small insurer, made ready for scenarios once; nobody changes it."""

import pandas as pd
import pytest

import churnkit as ck
from tests.simulated import made_once

FEW = ("line", "channel", "tenure_days", "premium", "offer_change", "rating_last", "claims_365d", "lead_days")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    return made_once(tmp_path_factory, "prepared", lambda: _prepared(tmp_path_factory.mktemp("insurer")))


@pytest.fixture(scope="session")
def insurer(prepared):
    """Effect, value and policies in force."""
    return prepared.effect_, prepared.value_, prepared.policies_


def _prepared(folder):
    """4,000 customers of world B: shocks are strong enough at that size."""
    book = ck.open_book(ck.simulate_book(folder, customers=4_000, seed=3, world="B", truth=False))
    effect = ck.SatisfactionEffect().fit(book)
    features = [each for each in ck.standard_features("renewal") if each.name in FEW]
    panel = ck.build_panel(book, "renewal", features=features, keep_unlabelled=True)
    train, _ = panel.split(test_from=pd.Timestamp(panel.cutoff[panel.y.notna()].max()) - pd.Timedelta(days=365))
    model = ck.RenewalModel(n_estimators=40).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups,
                                                 features=train.features)  # fmt: skip
    value = ck.LifetimeValue(years=3, economics=book).fit(panel, model, replicates=12)
    policies = ck.build_panel(book, "renewal", features=features, as_of=book.settings.data_cutoff)
    return ck.WhatIf(replicates=12, currency="CNY").fit(effect, value, policies)
