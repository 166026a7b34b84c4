"""The model card: what a model is for, what it was made of, how good it is, where it is weak, how long it is valid.

Its sections are data; the same ones are written as Markdown and as a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from churnkit.apps.tracking_model import versions
from churnkit.book.finding import Finding
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.evaluation.backtest import Backtest
from churnkit.models.evaluation.fairness import ByGroup
from churnkit.models.evaluation.metrics import Evaluation
from churnkit.models.evaluation.verdict import RATIO, meets
from churnkit.panel.catalog import GROUPS
from churnkit.panel.panel import Panel

VALID_MONTHS = 12
_WHAT = {
    "renewal": "the chance that a policy's term is renewed, for every policy in force on a day",
    "churn": "the chance that a customer in cover leaves: has no cover at all for the gap that the label names",
    "cancellation": "the chance that a policy of monthly terms is cancelled within its next month",
}
_NOT_FOR = (
    "Not for underwriting, pricing, claims or any decision to refuse a service: it was not built or judged for them.",
    "Not for a decision about a person without a person: it ranks whom to talk to first.",
    "Not for saying what would keep a customer: reasons are associations, nothing here is an effect.",
    "Not for lines, channels or countries that are not in its training.",
)


@dataclass(frozen=True)
class Section:
    """A title, sentences, and at most one table of texts."""

    title: str
    lines: Sequence[str] = ()
    table: pd.DataFrame | None = None
    warns: bool = False


@dataclass(frozen=True)
class Card:
    """A model card.

    Attributes
    ----------
    title : str
    sections : tuple of Section
    markdown, html : str, the same card
    """

    title: str
    sections: tuple[Section, ...]

    @property
    def markdown(self) -> str:
        """The card as Markdown."""
        return _rendered("card.md", self)

    @property
    def html(self) -> str:
        """The card as one page, without anything from elsewhere."""
        return _rendered("card.html", self)

    def __str__(self) -> str:
        """Return the Markdown."""
        return self.markdown


def model_card(
    model: RenewalModel | ChurnModel, train: Panel, test: Panel, evaluation: Evaluation, *,
    backtest: Backtest | None = None, fairness: ByGroup | None = None, findings: Sequence[Finding] = (),
    importance: pd.Series[float] | None = None,
) -> Card:  # fmt: skip
    """Write the card of a fitted, judged model.

    Parameters
    ----------
    model : RenewalModel or ChurnModel, fitted
    train, test : Panel
    evaluation : Evaluation of the model on the test rows
    backtest : Backtest of the same settings, where there is one
    fairness : ByGroup, audit columns measured on the test rows; the card says so where it is not given
    findings : sequence of Finding, what was found at training and scoring (LEAK29, DRF30)
    importance : Series, mean absolute contribution by reason group, log-odds

    Returns
    -------
    Card
    """
    return Card(
        f"Model card: {model.target}",
        (
            _purpose(model, train), _mark(model, train), _data(train, test), _label(train),
            _features(model, importance), _good(evaluation), *_backtest(backtest), *_by(evaluation), _weak(evaluation),
            _fairness(fairness), _drift(evaluation, findings), _made(model),
        ),
    )  # fmt: skip


def _purpose(model: RenewalModel | ChurnModel, train: Panel) -> Section:
    lines = [f"Predicts {_WHAT.get(model.target, model.target)}. Made to rank whom to contact, to explain each "
             "score in words, and, while its calibration holds, to put a value on customers."]  # fmt: skip
    seen = sorted(map(str, train.keys["line"].dropna().unique())) if "line" in train.keys else []
    if seen:
        lines.append(f"Lines in training: {', '.join(seen)}.")
    return Section("What it is for, and what not", [*lines, *_NOT_FOR])


def expiry(data_cutoff: Any) -> str:
    """Return the day until which a model may be used: a year after the end of its data; empty if that is unknown.

    Examples
    --------
    >>> expiry("2026-10-01 00:00:00")
    '2027-10-01'
    """
    return f"{pd.Timestamp(data_cutoff) + pd.DateOffset(months=VALID_MONTHS):%Y-%m-%d}" if data_cutoff else ""


def _mark(model: RenewalModel | ChurnModel, train: Panel) -> Section:
    mark, until = model.mark_, expiry(train.info.get("data_cutoff"))
    ends = (f"Valid until {until}, {VALID_MONTHS} months after the end of its data" if until else
            f"Valid for {VALID_MONTHS} months after the end of its data, which is not stated")  # fmt: skip
    return Section("Fit for money, and until when", [
        mark.text,
        f"{ends}, or until an evaluation on later rows breaks its calibration, whichever is first. Then train again.",
    ], warns=not mark.for_money)  # fmt: skip


def _data(train: Panel, test: Panel) -> Section:
    rows = {}
    for name, part in (("training", train), ("test", test)):
        rows[name] = {"cutoffs from": f"{part.cutoff.min():%Y-%m-%d}", "to": f"{part.cutoff.max():%Y-%m-%d}",
                      "rows": f"{len(part):,}", "customers": f"{part.groups.nunique():,}",
                      "share of class 1": f"{part.y.mean():.1%}"}  # fmt: skip
    info = train.info
    lines = [f"Data up to {info.get('data_cutoff') or 'a moment that is not stated'}, fingerprint "
             f"{info.get('fingerprint') or 'not known'}. Training labels were ripe when the test began."]  # fmt: skip
    return Section("Data", lines, pd.DataFrame(rows).T.rename_axis("rows of"))


def _label(train: Panel) -> Section:
    excluded = {str(cause): f"{count:,}" for cause, count in dict(train.info.get("excluded", {})).items()}
    table = pd.DataFrame({"rows": excluded}).rename_axis("left out because") if excluded else None
    label = str(train.info.get("label") or "Labels as they were given; no definition came with the panel.")
    return Section("Label, and what is left out", [label], table)


def _features(model: RenewalModel | ChurnModel, importance: pd.Series[float] | None) -> Section:
    names = model.columns_.names
    groups = pd.Series([(spec.group if (spec := model.describe(name)) else "") or name for name in names])
    counts = groups.value_counts(sort=False)
    order = list(counts.index) if importance is None else list(importance.index.intersection(counts.index))
    table = pd.DataFrame({"what": [GROUPS.get(name, (name,))[0] for name in order],
                          "features": [f"{counts[name]:,}" for name in order]},
                         index=pd.Index(order, name="group"))  # fmt: skip
    lines = [f"{len(names):,} features in {len(counts):,} reason groups. Audit columns are never among them."]
    if importance is not None:
        table["mean absolute contribution"] = [f"{importance[name]:.3f}" for name in order]
        lines.append("Contributions are in log-odds, the mean over a sample of test rows: associations, not effects.")
    return Section("Features", lines, table)


def _good(evaluation: Evaluation) -> Section:
    return Section("How good it is", evaluation.text.splitlines(), _figures(evaluation.table))


def _figures(table: pd.DataFrame, *, digits: int = 4) -> pd.DataFrame:
    """Every figure as text, counts without digits; estimate and interval as they stand."""
    texts: pd.DataFrame = table.map(lambda each: _text(each, digits))
    return texts.rename_axis(str(table.index.name or "metric"))


def _text(value: Any, digits: int) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, str | bool):
        return str(value)
    if pd.isna(value):
        return ""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) > 1 else f"{value:.{digits}f}"


def _spans(table: pd.DataFrame, names: Sequence[str], extra: Sequence[str] = ("n",)) -> pd.DataFrame:
    """Estimate and interval in one cell, for the metrics that a table has."""
    out = pd.DataFrame({name: _figures(table[[name]])[name] for name in extra if name in table})
    for name in names:
        if name in table:
            plain = f"{name}_low" not in table
            low, high = (table[side if plain else f"{name}_{side}"] for side in ("low", "high"))
            out[name] = [f"{each:.3f} ({a:.3f} … {b:.3f})" for each, a, b in zip(table[name], low, high, strict=True)]
    return out.set_axis(pd.Index([_name(each) for each in out.index], name=table.index.name))


def _name(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


_MEASURED = ("log_loss", "auc", "calibration_slope", "observed_expected")


def _backtest(backtest: Backtest | None) -> list[Section]:
    if backtest is None:
        return []
    folds = _spans(backtest.by_fold, _MEASURED, ("train_to", "test_from", "test_to", "n"))
    return [Section("Backtest", backtest.text.splitlines(), folds)]


def _by(evaluation: Evaluation) -> list[Section]:
    found = [("By lead", evaluation.by_lead), ("By line", evaluation.by_line)]
    return [Section(title, (), _spans(table, _MEASURED)) for title, table in found if len(table)]


def _weak(evaluation: Evaluation) -> Section:
    """Name the leads and lines whose interval of observed/expected, or of the AUC, is worse than it should be."""
    lines, overall = [], evaluation.metrics["auc"]["estimate"]
    low, high = RATIO
    for what, table in (("line", evaluation.by_line), ("lead", evaluation.by_lead)):
        for name, row in table.iterrows():
            said = f"{what} {_name(name)}" + (" days" if what == "lead" else "")
            sides = {side: row[f"observed_expected_{side}" if f"observed_expected_{side}" in row else side]
                     for side in ("low", "high")}  # fmt: skip
            if not meets(sides, RATIO):
                lines.append(f"{said} (n {row['n']:,.0f}): observed/expected {row['observed_expected']:.2f} "
                             f"({sides['low']:.2f} … {sides['high']:.2f}), wholly outside {low}…{high}.")  # fmt: skip
            if "auc_high" in row and row["auc_high"] < overall:
                lines.append(f"{said} (n {row['n']:,.0f}): AUC {row['auc']:.3f} ({row['auc_low']:.3f} … "
                             f"{row['auc_high']:.3f}), below the overall {overall:.3f}.")  # fmt: skip
    return Section("Where it is weak", lines or ["No line or lead has an interval that is worse than it should be."],
                   warns=bool(lines))  # fmt: skip


def _fairness(fairness: ByGroup | None) -> Section:
    if fairness is None:
        return Section("Fairness", ["Not measured for this model."], warns=True)
    table = fairness.table.reset_index()
    spans = _spans(table, ("selected", "miss_rate", "observed_expected"), ("column", "group", "n", "customers", "note"))
    few = fairness.table["observed_expected"].isna().to_numpy()
    spans.loc[few, ["selected", "miss_rate", "observed_expected"]] = ""
    return Section("Fairness", fairness.text.splitlines(), spans.set_index("column"))


def _drift(evaluation: Evaluation, findings: Sequence[Finding]) -> Section:
    lines = [evaluation.drift.text] if evaluation.drift is not None else ["The base rate's drift was not measured."]
    moved = evaluation.drift is not None and evaluation.drift.moved
    return Section(
        "Drift and findings", [*lines, *(str(finding) for finding in findings)], warns=moved or bool(findings)
    )


def _made(model: RenewalModel | ChurnModel) -> Section:
    settings = {f"setting {name}": str(value) for name, value in model.get_params().items()}
    settings |= {"trees": f"{model.n_estimators_:,}", "calibrated on": model.calibrated_on_}
    table = pd.DataFrame({"value": settings | versions()}).rename_axis("what")
    return Section("How it was made", [f"{type(model).__name__}: LightGBM, calibrated."], table)


def _rendered(name: str, card: Card) -> str:
    pages = FileSystemLoader(Path(__file__).parent)
    made = Environment(loader=pages, autoescape=name.endswith(".html"), undefined=StrictUndefined, trim_blocks=True,
                       lstrip_blocks=True)  # fmt: skip
    made.filters["cell"] = lambda value: str(value).replace("|", "\\|").replace("\n", " ")
    return made.get_template(name).render(card=card)
