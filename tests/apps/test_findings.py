"""CLS28, LEAK29, DRF30: the damages that show in training and scoring are found there with their count."""

from __future__ import annotations

import pytest

from churnkit.apps.console import Steps
from churnkit.apps.drift import drifted
from churnkit.apps.scoring import score
from churnkit.apps.training import fit_target, summary
from churnkit.book.open import open_book
from churnkit.errors import ContractError
from churnkit.models.evaluation.metrics import evaluate
from churnkit.panel.build import build_panel
from churnkit.simulate import damage
from tests.simulated import simulated

AS_OF = "2026-10-01"


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return simulated(tmp_path_factory, customers=700, years=5, seed=4)


@pytest.fixture(scope="module")
def trained(clean):
    return fit_target(open_book(clean), "renewal", Steps(quiet=True))


def test_a_clean_book_trains_and_scores_without_findings(clean, trained):
    assert trained.findings == ()
    told = []
    rows = score(open_book(clean), trained.model, as_of=AS_OF, tell=told.append)
    assert (told, int(rows["unsure"].sum())) == ([], 0)


def test_cls28(clean, tmp_path):
    done = damage(clean, tmp_path / "twin", "CLS28")
    with pytest.raises(ContractError, match=r"CLS28.*renewed = 1 in all .* more labels ripen, the first on 2026-1"):
        fit_target(open_book(tmp_path / "twin"), "renewal", Steps(quiet=True))
    assert done.count == 0


def test_leak29(clean, tmp_path):
    done = damage(clean, tmp_path / "twin", "LEAK29")
    trained = fit_target(open_book(tmp_path / "twin"), "renewal", Steps(quiet=True))
    (finding,) = trained.findings
    assert (finding.code, finding.table, finding.count) == ("LEAK29", done.table, done.count)
    assert finding.found.startswith("winback_calls alone separates the label")
    assert summary(trained, evaluate(trained.model, trained.test))["findings"] == [str(finding)]


def test_drf30(clean, trained, tmp_path):
    done = damage(clean, tmp_path / "twin", "DRF30")
    book, told = open_book(tmp_path / "twin"), []
    rows = score(book, trained.model, as_of=AS_OF, tell=told.append)
    by_column = {finding.found.split(" ")[0]: finding for finding in told}
    finding = by_column["channel"]
    assert (finding.code, finding.severity, finding.table) == ("DRF30", "warning", done.table)
    assert (finding.count, finding.share) == (done.count, done.count / len(rows))
    assert "(livestream)" in finding.found
    assert int(rows["unsure"].sum()) == done.count
    panel = build_panel(book, "renewal", as_of=AS_OF)
    assert drifted(trained.model, panel) == told
