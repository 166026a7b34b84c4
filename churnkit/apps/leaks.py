"""The leak finder: which features know the outcome, or only the day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from churnkit.apps.checking import checked
from churnkit.apps.console import Steps, show
from churnkit.apps.output import check_output, write_table
from churnkit.book.finding import Finding
from churnkit.book.open import Book, open_book
from churnkit.errors import ContractError, UsageError
from churnkit.models.evaluation.adversarial import tell_apart
from churnkit.panel.build import build_panel
from churnkit.panel.feature import Feature
from churnkit.panel.leaks.drift import separations
from churnkit.panel.leaks.leakage import FORESEES, SEPARATES, SURELY, foreseeing, foresights, separating
from churnkit.panel.leaks.strength import EARLIER_DAYS, LEAST_ROWS, MOST_ROWS, sampled, strengths
from churnkit.panel.panel import Panel

Target = Literal["renewal", "churn"]
LEADS = (15, 45, 75, 105)  # each is compared with the next: what happens in the last three months is between two
QUARTERS = 8
YEARS_BACK = (1, 2)

FADES = 0.1  # least lower end of a drop; of clean worlds 0.04, where an offer became known
APART = 0.6  # least lower end of an area of today against earlier years; of clean worlds 0.52
APART_MOVING = 0.85  # the same of what grows with the record, or has one value for many customers; of clean worlds 0.78
DRIFTS = 0.53  # worth a word

ALONE, FADING, WRITTEN, TIME, DRIFT = VERDICTS = (
    "separates the outcome", "fades 30 days earlier", "written when they leave", "separates time", "drifts",
)  # fmt: skip
LEAKS = VERDICTS[:-1]


@dataclass(frozen=True)
class Leaks:
    """What a leak finder found, in a table and in words.

    Attributes
    ----------
    table : DataFrame, a row per feature, the suspicious ones first
        feature, group, lead_days, rows, auc, auc_30d_earlier, drop, drop_low, drop_high (see
        :func:`churnkit.panel.leaks.strength.strengths`), left_later and left_later_low
        (:func:`churnkit.panel.leaks.leakage.foresights`), separates_time, separates_time_low
        (:func:`churnkit.panel.leaks.drift.separations`), importance (share of the gain of trees that tell rows to be
        scored from earlier ones), verdict: one of ``separates the outcome``,
        ``fades 30 days earlier``, ``written when they leave``, ``separates time``; ``drifts`` is no leak; or nothing.
    findings : tuple of Finding
        LEAK29, one for each leak.
    text : str, plain sentences
    """

    table: pd.DataFrame
    findings: tuple[Finding, ...]
    text: str = field(default="")

    def __str__(self) -> str:
        """Return the sentences."""
        return self.text


def find_leaks(book: Book, target: Target, *, features: Sequence[Feature] | None = None) -> Leaks:
    """Look for features that know what they could not have known, or that only know what day it is.

    Four questions to every feature, none of which a model's accuracy answers. Does it alone separate the outcome
    (area under the curve over 0.95)? Does it tell much less when known 30 days earlier, of the same terms with the same
    outcomes (the whole interval of the drop over 0.1)? Does a column as of the extract tell, of those who stayed, who
    was gone later (over 0.7)? Does it tell rows to be scored from rows of the same day one and two years before (the
    whole interval over 0.6; over 0.85 where a feature looks back over the whole record, which grows)?

    The limits lie above what clean simulated books show: in 118 of 500 to 6,000 customers, worlds A to I, both targets,
    no feature's area was above 0.68, no interval of a drop began above 0.042 (a renewal offer that becomes known in
    those 30 days), no column of the extract told who was gone later better than 0.63, and no interval of today against
    earlier years began above 0.52 (0.78 for the whole record, where something began within it). An interval holds for
    all features together, so small books give wide ones and no findings of noise. Honest features may cross a limit
    where a real insurer is unlike these: a finding is a question, not a proof.

    Parameters
    ----------
    book : Book
    target : {"renewal", "churn"}
        Renewal compares leads of 15, 45, 75 and 105 days, churn the last eight quarters with a ripe outcome.
    features : sequence of Feature, optional
        What a panel holds if None.

    Returns
    -------
    Leaks

    Raises
    ------
    ContractError
        CLS28, if no outcome is ripe, or all are the same.
    """
    panel, pairs = _outcomes(book, target, features)
    specs = {feature.name: feature for feature in panel.features}
    table = pd.DataFrame({"feature": list(specs), "group": [feature.group for feature in specs.values()]})
    later = foresights(book, panel).rename(columns={"auc": "left_later", "low": "left_later_low"})
    for part in (strengths(pairs), later):
        table = table.merge(part, on="feature", how="left")
    del panel, pairs
    table, told = _in_time(book, target, features, table)
    table["verdict"] = [_verdict(specs[str(row.feature)], row) for row in table.itertuples()]
    rank = table["verdict"].map({verdict: i for i, verdict in enumerate(VERDICTS)}).fillna(len(VERDICTS))
    table = table.iloc[np.lexsort((-table["drop_low"].fillna(-1), rank))].reset_index(drop=True)
    leaking = table[table["verdict"].isin(LEAKS)]
    findings = tuple(_finding(specs[str(row.feature)], row) for row in leaking.itertuples())
    return Leaks(table, findings, _text(target, table, findings, told))


def _outcomes(
    book: Book, target: Target, features: Sequence[Feature] | None
) -> tuple[Panel, Iterator[tuple[Panel, Panel]]]:
    """Rows with outcomes, and pairs of them 30 days apart."""
    if target == "churn":
        churn = book.settings.churn
        ripe = book.settings.data_cutoff - pd.Timedelta(days=churn.horizon_days + churn.gap_days + churn.slack_days)
        quarters = pd.date_range(end=ripe, periods=QUARTERS, freq="QS").normalize()
        panel = build_panel(book, target, features=features,
                            snapshots=[*quarters, *(quarters - pd.Timedelta(days=EARLIER_DAYS))])  # fmt: skip
        return panel, iter([(panel.take(panel.cutoff.isin(quarters)), panel)])
    panel = build_panel(book, target, features=features, leads=LEADS)
    lead = panel.keys["lead_days"]
    return panel, ((panel.take(lead == k), panel.take(lead == k + EARLIER_DAYS)) for k in LEADS[:-1])


def _in_time(
    book: Book, target: Target, features: Sequence[Feature] | None, table: pd.DataFrame
) -> tuple[pd.DataFrame, float]:
    """The table with what tells today's rows from earlier ones, and how well all features together do."""
    rows = [_in_force(book, target, features, years) for years in (0, *YEARS_BACK)]
    present, past = rows[0], [panel for panel in rows[1:] if panel is not None]
    if present is None or not past:
        return table.assign(separates_time=np.nan, separates_time_low=np.nan, importance=np.nan), np.nan
    table = table.merge(separations(past, present), on="feature", how="left")
    before = pd.concat([panel.X for panel in past], ignore_index=True)
    people = pd.concat([*(panel.groups for panel in past), present.groups], ignore_index=True)
    try:
        apart = tell_apart(before, present.X, groups=people)
    except UsageError:  # a handful of customers, all in one half
        return table.assign(importance=np.nan), np.nan
    return table.assign(importance=table["feature"].map(apart.importance)), apart.auc


def _in_force(book: Book, target: Target, features: Sequence[Feature] | None, years: int) -> Panel | None:
    """Rows in force on the day of data_cutoff, so many years before; of too many, some customers'."""
    try:
        panel = build_panel(book, target, features=features,
                            as_of=book.settings.data_cutoff - pd.DateOffset(years=years))  # fmt: skip
    except ContractError:  # nothing was in force then
        return None
    return panel.take(sampled(panel.groups, MOST_ROWS))


def _verdict(feature: Feature, row: Any) -> str:
    """The gravest answer to the four questions."""
    if row.auc > SEPARATES:
        return ALONE
    if row.drop_low > FADES:
        return FADING
    if row.left_later > FORESEES and row.left_later_low > SURELY:
        return WRITTEN
    ours = feature.table == "observation"  # computed from terms and the calendar: lengths of time, never a number given
    if row.separates_time_low > (APART_MOVING if _moving(feature) else APART) and not ours:
        return TIME
    return DRIFT if row.separates_time_low > DRIFTS else ""


def _moving(feature: Feature) -> bool:
    """Whether it moves with the years by itself: with the record, or with a whole agent or line at a time."""
    return _whole_record(feature) or any(each.scope in ("agent", "line") for each in (feature, *feature.parts))


def _whole_record(feature: Feature) -> bool:
    """Whether it looks back to the beginning of the record, which on later days is further away."""
    if feature.parts:
        return any(_whole_record(part) for part in feature.parts)
    return feature.days is None and feature.aggregate not in ("attribute", "open")


def _home(feature: Feature) -> str:
    """The table that a feature is made of, or the first of two."""
    homes = [each.table for each in feature.parts if each.table != "observation"]
    return homes[0] if homes else feature.table


def _finding(feature: Feature, row: Any) -> Finding:
    if row.verdict == ALONE:
        return separating(feature.name, _home(feature), row.auc)
    if row.verdict == WRITTEN:
        return foreseeing(feature, row.left_later)
    if row.verdict == FADING:
        return Finding(
            "LEAK29", "warning", _home(feature), f"{feature.name} tells the outcome with AUC {row.auc:.3f}, and"
            f" {row.auc_30d_earlier:.3f} when known {EARLIER_DAYS} days earlier (drop {row.drop_low:.3f} to"
            f" {row.drop_high:.3f})", count=1,
            effect="it seems to be written when the end is known, or because an old model foretold it",
            fix="read it through the clock at which it really became known, leave out what follows from the decision to"
            " leave or from a model's flag, or train on longer leads only",
        )  # fmt: skip
    what, fix = _of_time(feature)
    return Finding(
        "LEAK29", "warning", _home(feature), f"{feature.name} alone tells rows to be scored from those of the same day"
        f" of earlier years (AUC {row.separates_time:.3f}, at least {row.separates_time_low:.3f})", count=1,
        effect=f"{what}: a model meets values that training never saw", fix=fix,
    )  # fmt: skip


def _of_time(feature: Feature) -> tuple[str, str]:
    """What it may be that separates time, and what to do about it."""
    if _whole_record(feature):
        return "it looks back over the whole record, which is longer now", "use a window (days=365), or leave it out"
    if feature.aggregate == "attribute":
        return (
            "it is a number in time order, says what is so today, is in another unit now, or drifts as prices do",
            "leave out numbers in time order, give earlier versions with recorded_at, put prices as changes",
        )
    return (
        "its record began lately, is kept otherwise or in another unit now, or its values are written on for years",
        "give values as they were known then (recorded_at, known_at), train on the years that are recorded alike,"
        " or leave it out",
    )


def _text(target: Target, table: pd.DataFrame, findings: tuple[Finding, ...], told: float) -> str:
    known = table["rows"].max()
    rows = f"up to {known:,.0f} rows a lead" if known == known else f"fewer than {LEAST_ROWS} rows of either outcome"
    found = f"{len(findings)} of them may leak" if findings else "no leak found"
    lines = [f"{len(table)} features of {target}, {rows}: {found}."]
    lines += [f"- {finding}" for finding in findings]
    if told != told:
        return "\n".join([*lines, "Too little was in force a year or two before to say what separates time."])
    most = ", ".join(table.sort_values("importance", ascending=False, kind="stable")["feature"].head(3))
    lines.append(f"All features together tell rows to be scored from those of the same day one and two years before"
                 f" with AUC {told:.2f} (0.5: not at all), most by {most}.")  # fmt: skip
    drifting = table.loc[table["verdict"] == DRIFT, "feature"].tolist()
    if drifting:
        lines.append(f"Honest drift: {', '.join(drifting)}. Lengths of time and what looks back over the whole record"
                     " grow with it; prices, products and operations change.")  # fmt: skip
    return "\n".join(lines)


def look_for_leaks(
    data: str, target: str, *, csv: Path | None, data_cutoff: Any, settings: Path | None, tell: bool
) -> dict[str, Any]:
    """Check a book, find its leaks, print them, and return the answer for JSON."""
    if csv is not None and csv.suffix.lower() != ".csv":
        raise UsageError("--csv names a .csv file.", found=str(csv))
    if csv is not None:
        check_output(csv)
    which: Target = "churn" if target == "churn" else "renewal"
    steps = Steps()
    book = open_book(data, data_cutoff=data_cutoff, settings=settings)
    checked(book, steps)
    with steps.step("leaks", f"Looking for leaks in the {target} panel"):
        leaks = find_leaks(book, which)
    if csv is not None:
        write_table(leaks.table, csv)
    shown = leaks.table[leaks.table["verdict"].isin(LEAKS)]
    if tell:
        if len(shown):
            show(shown[["feature", "verdict", "auc", "drop_low", "left_later", "separates_time"]],
                 title="Features that may leak", digits=3)  # fmt: skip
        print(leaks.text)
    return {"target": target, "features": len(leaks.table), "leaks": shown.to_dict("records"),
            "findings": [str(finding) for finding in leaks.findings], "text": leaks.text,
            "csv": None if csv is None else str(csv)}  # fmt: skip
