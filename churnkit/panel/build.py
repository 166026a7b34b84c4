"""From a book to a panel, customers partition by partition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from churnkit.book.open import Book
from churnkit.errors import ContractError, UsageError
from churnkit.panel import observations as obs
from churnkit.panel.extra import as_of_extract, default_features
from churnkit.panel.feature import Feature
from churnkit.panel.labels import Labels, churn_labels, renewal_labels
from churnkit.panel.load import switched_off
from churnkit.panel.panel import Panel
from churnkit.panel.partition import partition_features
from churnkit.panel.ripening import ripening
from churnkit.panel.terms import Terms, load_terms

Target = Literal["renewal", "churn"]
_NAME = {"renewal": "renewed", "churn": "churned"}
_WAYS = {
    "object": ", or of one of the same customer, line and object",
    "line": ", or of one of the same customer and line",
    "household": ", or of one of the same household and line",
}


def build_panel(
    book: Book,
    target: Target,
    *,
    features: Sequence[Feature] | None = None,
    as_of: Any = None,
    leads: Iterable[int] | None = None,
    snapshots: Iterable[Any] | None = None,
    partitions: int = 1,
    keep_unlabelled: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Panel:
    """Build a panel: one row per decision, with what was known then and what became of it.

    Parameters
    ----------
    book : Book
    target : {"renewal", "churn"}
        Terms up for renewal at stacked leads (``y = 1``: renewed), or customers at snapshots (``y = 1``: churned).
    features : sequence of Feature, optional
        ``standard_features(target)`` and those of the book's declared columns and tables if None. Those that the book
        has no table or column for are left out and named in ``info["switched_off"]``.
    as_of : timestamp, optional
        Build rows to score instead: every policy (customer) in force on that day, without labels.
    leads, snapshots : iterables, optional
        Renewal leads in days; churn snapshots. The book's settings if None.
    partitions : int
        Customers are worked through in this many parts, which bounds the memory; the panel is the same for any number.
    keep_unlabelled : bool
        Keep observations whose label is unripe or null by cause, with NaN in y.
    progress : callable, optional
        Called as ``progress(done, partitions)``.

    Raises
    ------
    ContractError
        If there is nothing to observe, no label is ripe, or all labels are of one class.
    """
    _check_call(target, leads, snapshots, partitions, as_of)
    features = _checked_features(tuple(default_features(book, target) if features is None else features), target)
    off = switched_off(book, features)
    features = tuple(f for f in features if f.name not in off)
    for feature in features:
        feature.check(book.schema)
    terms = load_terms(book)
    risk, shown = _risk_set(book, terms, target, as_of=as_of, leads=leads, snapshots=snapshots)
    labels, excluded = _no_labels(len(risk.cutoff)), dict(risk.excluded)
    if as_of is None:
        labels = _labels(book, terms, risk, target)
        excluded |= dict(sorted(Counter(labels.cause[labels.cause != ""].tolist()).items()))
        _check_labels(labels, target)
        kept = np.arange(len(labels.y)) if keep_unlabelled else np.flatnonzero(~np.isnan(labels.y))
        risk, labels = risk.take(kept), Labels(labels.y[kept], labels.cause[kept], labels.ripe_at[kept])
    keys = obs.observation_frame(terms, risk)
    X = _columns(book, terms, risk, keys, features, partitions=partitions, progress=progress)
    keys["ripe_at"] = pd.Series(labels.ripe_at.view("datetime64[us]"))
    keys["cause"] = pd.Series(labels.cause, dtype="str")
    info = {
        "excluded": excluded, "switched_off": off, "data_cutoff": str(book.settings.data_cutoff),
        "fingerprint": book.fingerprint, "label": definition(book, target), "as_of_extract": _undated(book, features),
        **shown,
    }  # fmt: skip
    y = pd.Series(labels.y, name=_NAME[target], dtype="float64")
    return Panel(X=X, y=y, keys=keys, target=target, features=features, info=info)


def _undated(book: Book, features: Sequence[Feature]) -> list[str]:
    """The declared columns among the features that have no history."""
    read = {f"{f.table}.{column}" for f in features for column in f.columns}
    return [name for name in as_of_extract(book) if name in read]


def definition(book: Book, target: Target) -> str:
    """Say in one sentence what the label means for this book."""
    if target == "renewal":
        slack = book.settings.renewal.slack_days
        ways = "".join(_WAYS[way] for way in book.settings.renewal.match)
        return (
            f"renewed = 1: another term of the policy, or the first of one that names it as its previous policy{ways},"
            " starts in [end - 60 days, end + grace); null: ended by insurer, death, total loss, sale, maturity or"
            " replacement; 0: else. A term cancelled and reinstated within grace is one with the term that took it up."
            f" Ripe {slack} days after the grace period."
        )
    churn = book.settings.churn
    return (
        f"churned = 1: a run of at least {churn.gap_days} days without cover begins within {churn.horizon_days} days"
        " of the snapshot; null: it began by death or by the insurer; 0: else. Ripe"
        f" {churn.horizon_days + churn.gap_days + churn.slack_days} days after the snapshot."
    )


def _risk_set(
    book: Book, terms: Terms, target: Target, *, as_of: Any, leads: Any, snapshots: Any
) -> tuple[obs.RiskSet, dict[str, Any]]:
    shown: dict[str, Any] = {}
    if target == "renewal" and as_of is None:
        shown["leads"] = list(obs.clean_leads(book, leads))
        risk = obs.renewal_risk_set(terms, tuple(shown["leads"]), obs.data_cutoff(book))
    elif target == "renewal":
        shown["as_of"] = str(as_of)
        risk = obs.inforce_risk_set(terms, obs.clean_as_of(book, as_of))
    else:
        moments = obs.clean_snapshots(book, terms, snapshots if as_of is None else [as_of])
        shown["snapshots" if as_of is None else "as_of"] = [
            str(m) for m in moments.view("datetime64[us]").astype("datetime64[s]")
        ]
        risk = obs.churn_risk_set(terms, moments, as_known=as_of is not None)
    if not len(risk.cutoff):
        raise ContractError(
            "A panel needs at least one observation.",
            found=f"none for {target}; left out: {risk.excluded or 'nothing'}",
            fix="Check as_of: nothing is in force on that day."
            if as_of is not None
            else "Check terms, leads or snapshots, and data_cutoff.",
        )
    return obs.in_order(terms, risk), shown


def _labels(book: Book, terms: Terms, risk: obs.RiskSet, target: Target) -> Labels:
    until = obs.data_cutoff(book)
    if target == "renewal":
        return renewal_labels(terms, risk, slack_days=book.settings.renewal.slack_days, until=until)
    return churn_labels(terms, risk, settings=book.settings.churn, until=until)


def _no_labels(size: int) -> Labels:
    never = np.full(size, np.datetime64("NaT", "us").astype(np.int64))
    return Labels(np.full(size, np.nan), np.full(size, "", dtype=object), never)


def _columns(
    book: Book,
    terms: Terms,
    risk: obs.RiskSet,
    keys: pd.DataFrame,
    features: Sequence[Feature],
    *,
    partitions: int,
    progress: Callable[[int, int], None] | None,
) -> pd.DataFrame:
    """Features of all partitions, put where their observations stand."""
    size = len(keys)
    found: dict[str, Any] = {}
    for part in range(partitions):
        rows = np.flatnonzero(risk.customer % partitions == part)
        mine = keys if partitions == 1 else keys.iloc[rows].reset_index(drop=True)
        columns = partition_features(book, terms, risk.take(rows), mine, features, part=part, parts=partitions)
        for name, values in columns.items():
            text = isinstance(values, pa.Array)
            if name not in found:
                found[name] = np.full(size, None if text else np.nan, dtype=object if text else np.float64)
            found[name][rows] = values.to_numpy(zero_copy_only=False) if text else values
        if progress is not None:
            progress(part + 1, partitions)
    return pd.DataFrame({
        f.name: pd.Series(found[f.name], dtype="str" if found[f.name].dtype == object else "float64") for f in features
    }, index=keys.index)  # fmt: skip


def _check_call(target: str, leads: Any, snapshots: Any, partitions: int, as_of: Any) -> None:
    if target not in _NAME:
        raise UsageError("A panel is for renewal or churn.", found=repr(target), fix='target="renewal"')
    if partitions < 1:
        raise UsageError("There is at least one partition.", found=repr(partitions), fix="partitions=1")
    if (target == "churn" and leads is not None) or (target == "renewal" and snapshots is not None):
        raise UsageError("Leads belong to renewal, snapshots to churn.", fix="Drop the other.")
    if as_of is not None and (leads is not None or snapshots is not None):
        raise UsageError("With as_of each policy has its own lead.", fix="Drop leads and snapshots.")


def _checked_features(features: tuple[Feature, ...], target: str) -> tuple[Feature, ...]:
    names = Counter(f.name for f in features)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice or not features:
        raise UsageError(
            "A panel has features, each under a name of its own.", found=f"twice: {twice}" if twice else "none"
        )
    policy_own = [
        f.name
        for f in features
        if f.scope == "policy" or (f.aggregate == "attribute" and f.table in ("policies", "terms"))
    ]
    if target == "churn" and policy_own:
        raise UsageError("A churn observation is a customer and has no policy of its own.", found=", ".join(policy_own),
                         fix='Use scope="customer".')  # fmt: skip
    return features


def _check_labels(labels: Labels, target: Target) -> None:
    """CLS28: a label must be there, and differ."""
    ripe = labels.y[~np.isnan(labels.y)]
    more = ripening(labels.ripe_at.view("M8[us]"), labels.cause == "unripe")
    if not len(ripe):
        raise ContractError("CLS28: training needs ripe labels.", found=f"none for {target}; {more}",
                            fix="Bring longer histories or a later data_cutoff, or score with as_of.")  # fmt: skip
    if len(np.unique(ripe)) < 2:
        raise ContractError(
            "CLS28: training needs both classes.",
            found=f"{_NAME[target]} = {ripe[0]:.0f} in all {len(ripe):,} ripe labels; {more}",
            fix="Check how terms follow each other (policy_id, previous_policy_id, renewal.match) and how they ended.",
        )
