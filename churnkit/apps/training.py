"""From a checked book to an evaluated, tracked model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from churnkit.apps.console import Steps
from churnkit.apps.tracking import log_model, track
from churnkit.apps.tracking_value import log_value
from churnkit.apps.valuing import Valued, value_book
from churnkit.apps.workspace import Workspace
from churnkit.book.finding import Finding
from churnkit.book.open import Book
from churnkit.errors import ContractError
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.ceiling import Ceiling
from churnkit.models.evaluation.fairness import ByGroup, by_group
from churnkit.models.evaluation.metrics import Evaluation, evaluate
from churnkit.panel.audit import audit_columns
from churnkit.panel.build import build_panel
from churnkit.panel.leaks.leakage import foreseeing_columns, leaking_features
from churnkit.panel.panel import Panel
from churnkit.panel.ripening import require_classes
from churnkit.value.lifetime import LifetimeValue

Target = Literal["renewal", "churn"]
TEST_DAYS = 365


@dataclass(frozen=True)
class Trained:
    """A model with the rows it was made of and measured on, and what was found in them (LEAK29)."""

    target: Target
    panel: Panel
    train: Panel
    test: Panel
    model: RenewalModel | ChurnModel
    findings: tuple[Finding, ...] = ()


def last_ripe_year(panel: Panel) -> pd.Timestamp:
    """Begin of the last 365 days in which labels are ripe: the default test period."""
    return pd.Timestamp(panel.cutoff[panel.y.notna()].max()) - pd.Timedelta(days=TEST_DAYS)


def observed(book: Book, target: Target, steps: Steps, *, leads: Iterable[int] | None = None) -> Panel:
    """Build the panel with its unlabelled rows, and say what is switched off and what is as of the extract."""
    with steps.step(f"{target} panel", f"Building the {target} panel") as progress:
        panel = build_panel(book, target, leads=leads, keep_unlabelled=True, progress=progress)
    for feature, why in panel.info.get("switched_off", {}).items():
        steps.say(f"  off: {feature}: {why}")
    for column in panel.info.get("as_of_extract", ()):
        steps.say(f"  as of the extract: {column}: no history, so its value may be younger than the cutoff")
    return panel


def untrained(
    target: Target, *, random_state: int = 0, n_jobs: int = 1, params: Mapping[str, Any] | None = None
) -> RenewalModel | ChurnModel:
    """Return the target's model with the settings as they come, but for `params`."""
    maker = RenewalModel if target == "renewal" else ChurnModel
    return maker(random_state=random_state, n_jobs=n_jobs, **(params or {}))


def fit_target(
    book: Book, target: Target, steps: Steps, *, test_from: Any = None, random_state: int = 0, n_jobs: int = 1,
    params: Mapping[str, Any] | None = None,
) -> Trained:  # fmt: skip
    """Build the panel, split it by time, fit the model, whose settings are as they come but for `params`.

    Raises
    ------
    ContractError
        CLS28, if labels are too few or of one class.
    """
    panel = observed(book, target, steps)
    begin = last_ripe_year(panel) if test_from is None else test_from
    train, test = panel.split(test_from=begin)
    model = untrained(target, random_state=random_state, n_jobs=n_jobs, params=params)
    require_classes(panel, train, least=model.min_events)
    findings = (*leaking_features(train.X, train.y, features=train.features, groups=train.groups),
                *foreseeing_columns(book, train))  # fmt: skip
    for finding in findings:
        steps.say(f"{finding.severity:<7}  {finding}")
    with steps.step(f"{target} model", f"Training the {target} model on {len(train):,} rows"):
        model.fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups, features=train.features)
    return Trained(target, panel, train, test, model, findings)


def measure(trained: Trained, steps: Steps, *, ceiling: Ceiling | None = None) -> Evaluation:
    """Evaluate on the test rows; the model takes over whether it is fit for money."""
    with steps.step(f"{trained.target} evaluation", f"Evaluating on {len(trained.test):,} later rows"):
        done = evaluate(trained.model, trained.test, ceiling=ceiling)
    trained.model.judged(done)
    return done


def priced(book: Book, trained: Trained, steps: Steps) -> tuple[LifetimeValue, Valued]:
    """Fit the lifetime value to a renewal model, with the book's own economics if it has any, and value the book."""
    if not isinstance(trained.model, RenewalModel):
        raise ContractError("Lifetime value needs a renewal model.", found=trained.target)
    with steps.step("value", "Fitting the lifetime value"):
        value = LifetimeValue(economics=book).fit(trained.panel, trained.model)
    with steps.step("valuing", f"Valuing the policies in force on {book.settings.data_cutoff:%Y-%m-%d}"):
        return value, value_book(book, value)


def audited(book: Book, trained: Trained, steps: Steps) -> ByGroup | None:
    """Compare groups by the book's audit columns on the test rows; None where the book has no such column."""
    columns = book.schema["customers"].columns
    if not any(column.audit_only and book.has_column("customers", column.name) for column in columns):
        return None
    with steps.step(f"{trained.target} audit", "Comparing groups by audit columns"):
        return by_group(trained.model, trained.test, audit_columns(book, trained.test))


def record(
    trained: Trained, done: Evaluation, steps: Steps, *, workspace: Workspace,
    value: tuple[LifetimeValue, Valued] | None = None, fairness: ByGroup | None = None,
) -> str:  # fmt: skip
    """Track the run in the workspace and return the registered model's URI."""
    saying = f"Recording the {trained.target} run in MLflow"
    with steps.step(f"{trained.target} tracking", saying), track(trained.target, workspace=workspace):
        if value is not None:
            log_value(value[1])
        return log_model(trained.model, trained.train, trained.test, evaluation=done,
                         value=None if value is None else value[0], findings=trained.findings,
                         fairness=fairness)  # fmt: skip


def summary(trained: Trained, done: Evaluation) -> dict[str, Any]:
    """Return one target's part of the JSON answer."""
    return {
        "train_rows": len(trained.train),
        "test_rows": len(trained.test),
        "test_from": str(trained.test.cutoff.min()),
        "test_to": str(trained.test.cutoff.max()),
        "excluded": trained.panel.info.get("excluded", {}),
        "metrics": done.metrics,
        "baselines": done.baselines,
        "findings": [str(finding) for finding in trained.findings],
        "mark": {"for_money": done.mark.for_money, "text": done.mark.text},
        "text": done.text,
    }
