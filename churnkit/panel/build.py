"""From a book to a panel, customers partition by partition."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from churnkit.book.open import Book
from churnkit.errors import ContractError, UsageError
from churnkit.panel import observations as obs
from churnkit.panel.catalog import of_one_policy
from churnkit.panel.columns import parts_of
from churnkit.panel.extra import as_of_extract, default_features
from churnkit.panel.feature import Feature
from churnkit.panel.load import switched_off
from churnkit.panel.owners import load_owners
from churnkit.panel.panel import Panel
from churnkit.panel.ripening import ripening
from churnkit.panel.store import buckets_for, build_stored, described, engine_share, totals
from churnkit.panel.task import NAME, Target, Task, task_for

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
    memory: str | None = None,
    to: str | os.PathLike[str] | None = None,
    partitions: int | None = None,
    keep_unlabelled: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Panel:
    """Build a panel: one row per decision, with what was known then and what became of it.

    Parameters
    ----------
    book : Book
    target : {"renewal", "churn", "cancellation"}
        A row per term and lead, per customer and quarter start, or per policy of monthly terms and month start.
    features : sequence of Feature, optional
        What to compute; the standard features and the book's declared ones if None. Those whose table or columns are
        not there are left out and named in ``panel.info["switched_off"]``.
    as_of : date, optional
        Everything in force on that day instead of labelled history; y is NaN.
    leads : iterable of int, optional
        Renewal: days before the scheduled end. The book's settings if None.
    snapshots : iterable of dates, optional
        Churn and cancellation: instead of quarter starts (by the book's settings) and month starts.
    memory : str, optional
        A bound on the memory of the build, as ``"2GB"``: customers are worked through part by part, and each part is
        written to Parquet as it is done. The panel then reads what is asked of it from there.
    to : path, optional
        A folder for the parts, to be kept: :meth:`Panel.read_parquet` opens it. A build that was stopped goes on where
        it ended if it is asked for the same panel of the same book. Without it parts go to a temporary folder. On a
        cluster of other machines it must be given, and lie where all of them see it.
    partitions : int, optional
        How many parts, in place of what `memory` asks for; the panel is the same for any number.
    keep_unlabelled : bool
        Keep observations whose label is unripe or null by cause, with NaN in y.
    progress : callable, optional
        Called as ``progress(done, partitions)``.

    Raises
    ------
    ContractError
        If there is nothing to observe, no label is ripe, or all labels are of one class.
    UsageError
        If `to` holds another panel or is missing on a cluster, or `memory` does not read as an amount.
    """
    with book.memory(engine_share(memory)):
        task, shown = _task(book, target, features=features, as_of=as_of, leads=leads, snapshots=snapshots,
                            partitions=partitions, keep_unlabelled=keep_unlabelled)  # fmt: skip
        buckets = partitions or buckets_for(book, task, memory)
        if to is None and buckets == 1 and not book.distributed:
            panel, counts = _at_once(book, task, progress)
        else:
            panel, counts = build_stored(book, task, buckets, to=to, progress=progress)
        _check_counts(counts, task, as_of=as_of)
        info = {
            "excluded": dict(sorted(counts["excluded"].items())), "data_cutoff": str(book.settings.data_cutoff),
            "fingerprint": book.fingerprint, "label": definition(book, target),
            "as_of_extract": _undated(book, task.features), **shown,
        }  # fmt: skip
    return described(panel, info)


@dataclass(frozen=True)
class _Asking:
    """Builds a bucket's panel and asks something of it."""

    task: Task
    ask: Callable[[Panel], dict[str, Any]]

    def __call__(self, bucket: int, tables: Mapping[str, pa.Table]) -> dict[str, Any]:
        panel, counts = self.task.panel(tables)
        return {"counts": counts, "said": self.ask(panel) if len(panel) else None}


def ask_panel(
    book: Book,
    target: Target,
    ask: Callable[[Panel], dict[str, Any]],
    *,
    features: Sequence[Feature] | None = None,
    as_of: Any = None,
    memory: str | None = None,
    partitions: int | None = None,
) -> list[dict[str, Any]]:
    """Build a panel part by part, ask something of each part where it is built, and keep only the answers.

    Parameters
    ----------
    ask : callable
        From a part's panel to a dict of texts and numbers. On Spark it travels to the executors, by pickle.
    book, target, features, as_of, memory, partitions
        As :func:`build_panel` takes them.

    Returns
    -------
    list of dict
        The answers of the parts that have rows, in their order.
    """
    with book.memory(engine_share(memory)):
        task, _ = _task(book, target, features=features, as_of=as_of, partitions=partitions)
        owners = load_owners(book, buckets=partitions or buckets_for(book, task, memory), households=task.by_household)
        asking = _Asking(task, ask)
        found = list(book.by_bucket(task.queries(book, owners), asking, buckets=owners.buckets))
    _check_counts(totals(each["counts"] for each in found), task, as_of=as_of)
    return [each["said"] for each in found if each["said"] is not None]


def _task(
    book: Book,
    target: Target,
    *,
    features: Sequence[Feature] | None,
    as_of: Any,
    partitions: int | None,
    leads: Any = None,
    snapshots: Any = None,
    keep_unlabelled: bool = False,
) -> tuple[Task, dict[str, Any]]:
    """The task that a call asks for, and what the panel's info shows of it."""
    _check_call(target, leads, snapshots, partitions, as_of)
    features = _checked_features(tuple(default_features(book, target) if features is None else features), target)
    off = switched_off(book, features)
    features = tuple(f for f in features if f.name not in off)
    for feature in features:
        feature.check(book.schema)
    when, shown = _when(book, target, as_of=as_of, leads=leads, snapshots=snapshots)
    task = task_for(book, target, features, keep_unlabelled=keep_unlabelled, **when)
    return task, {"switched_off": off, **shown}


def _at_once(book: Book, task: Task, progress: Callable[[int, int], None] | None) -> tuple[Panel, dict[str, Any]]:
    """The whole panel in memory."""
    owners, found = load_owners(book, households=task.by_household), []

    def work(bucket: int, tables: Mapping[str, pa.Table]) -> dict[str, Any]:
        found.append(task.panel(tables))
        return {}

    list(book.by_bucket(task.queries(book, owners), work, buckets=[0]))
    if progress is not None:
        progress(1, 1)
    return found[0]


def _when(
    book: Book, target: Target, *, as_of: Any, leads: Any, snapshots: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """When is observed: for the task, and as the panel's info shows it."""
    if target == "renewal" and as_of is None:
        days = obs.clean_leads(book, leads)
        return {"leads": days}, {"leads": list(days)}
    if target == "renewal":
        return {"moments": (obs.clean_as_of(book, as_of),), "as_of": True}, {"as_of": str(as_of)}
    monthly = target == "cancellation"
    moments = obs.clean_snapshots(book, snapshots if as_of is None else [as_of], monthly=monthly)
    shown = [str(m) for m in moments.view("datetime64[us]").astype("datetime64[s]")]
    when = {"moments": tuple(moments.tolist()), "as_of": as_of is not None}
    return when, {"snapshots" if as_of is None else "as_of": shown}


def _undated(book: Book, features: Sequence[Feature]) -> list[str]:
    """The declared columns among the features that have no history."""
    read = {f"{f.table}.{column}" for f in parts_of(features) for column in f.columns}
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
    if target == "cancellation":
        return (
            "cancelled = 1: cover of the policy, followed from term to term, ends within a month of the snapshot by the"
            " customer, cancelled, surrendered, not paid or not renewed within grace; null: ended by insurer, death,"
            " total loss, sale, maturity or replacement, or before the snapshot and not in the books yet; 0: else. Ripe"
            f" a month, grace and {book.settings.renewal.slack_days} days after the snapshot."
        )
    churn = book.settings.churn
    return (
        f"churned = 1: a run of at least {churn.gap_days} days without cover begins within {churn.horizon_days} days"
        " of the snapshot; null: it began by death or by the insurer; 0: else. Ripe"
        f" {churn.horizon_days + churn.gap_days + churn.slack_days} days after the snapshot."
    )


def _check_call(target: str, leads: Any, snapshots: Any, partitions: int | None, as_of: Any) -> None:
    if target not in NAME:
        raise UsageError("A panel is for renewal, churn or cancellation.", found=repr(target), fix='target="renewal"')
    if partitions is not None and partitions < 1:
        raise UsageError("There is at least one partition.", found=repr(partitions), fix="partitions=1")
    if (target != "renewal" and leads is not None) or (target == "renewal" and snapshots is not None):
        raise UsageError("Leads belong to renewal, snapshots to churn and cancellation.", fix="Drop the other.")
    if as_of is not None and (leads is not None or snapshots is not None):
        raise UsageError("With as_of each policy has its own lead.", fix="Drop leads and snapshots.")


def _checked_features(features: tuple[Feature, ...], target: str) -> tuple[Feature, ...]:
    names = Counter(f.name for f in features)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice or not features:
        raise UsageError(
            "A panel has features, each under a name of its own.", found=f"twice: {twice}" if twice else "none"
        )
    policy_own = [f.name for f in features if of_one_policy(f)]
    if target == "churn" and policy_own:
        raise UsageError("A churn observation is a customer and has no policy of its own.", found=", ".join(policy_own),
                         fix='Use scope="customer".')  # fmt: skip
    return features


def _check_counts(counts: dict[str, Any], task: Task, *, as_of: Any) -> None:
    """Something must be observed; and, CLS28, a label must be there, and differ."""
    if not counts["observed"]:
        raise ContractError(
            "A panel needs at least one observation.",
            found=f"none for {task.target}; left out: {counts['excluded'] or 'nothing'}",
            fix="Check as_of: nothing is in force on that day."
            if as_of is not None
            else "Check terms, leads or snapshots, and data_cutoff.",
        )
    if task.as_of:
        return
    ripe, more = counts["ones"] + counts["zeros"], ripening(counts["unripe"])
    if not ripe:
        raise ContractError("CLS28: training needs ripe labels.", found=f"none for {task.target}; {more}",
                            fix="Bring longer histories or a later data_cutoff, or score with as_of.")  # fmt: skip
    if not counts["ones"] or not counts["zeros"]:
        raise ContractError(
            "CLS28: training needs both classes.",
            found=f"{NAME[task.target]} = {int(counts['ones'] > 0)} in all {ripe:,} ripe labels; {more}",
            fix="Check how terms follow each other (policy_id, previous_policy_id, renewal.match) and how they ended.",
        )
