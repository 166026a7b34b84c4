"""Findings on rows to score: categories that training never saw, numbers that lie elsewhere than in training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from churnkit.book.finding import Finding
from churnkit.models.classifier import ChurnModel, RenewalModel
from churnkit.models.doubts import counts
from churnkit.models.ranges import SHIFTED, Range
from churnkit.models.reasons.wording import number
from churnkit.models.trees import gains
from churnkit.panel.feature import Feature
from churnkit.panel.panel import Panel

_OF_TIME = ("timing", "relationship")  # groups that move because time goes on
_GROWING = ("count", "sum", "distinct", "days_since_first")  # over the whole history these grow with the record


def noticed(model: RenewalModel | ChurnModel, panel: Panel) -> dict[str, Any]:
    """Return what is noticed of some rows, as counts that add up over parts."""
    unseen = {name: [int(rows.sum()), values]
              for name, (rows, values) in model.columns_.unseen_by_column(panel.X).items()}  # fmt: skip
    return {"unseen": unseen, "counts": counts(model.columns_, panel.X, gains(model.booster_))}


def drifted(model: RenewalModel | ChurnModel, panel: Panel) -> list[Finding]:
    """Return a warning (DRF30) for every column that a panel's rows have from elsewhere than training.

    Categories that training never saw, with their share of the rows; and numbers with at least 1 % of the trees' gain
    whose population stability index against training is above 0.25, from 500 values on. What moves because time goes on
    is left out: the time of year, the length of the relationship, counts over the whole history, and whether there is
    an offer yet.
    """
    return findings(model, [noticed(model, panel)], features=panel.features, rows=len(panel))


def findings(model: RenewalModel | ChurnModel, parts: Sequence[Mapping[str, Any]], *, features: Iterable[Feature],
             rows: int) -> list[Finding]:  # fmt: skip
    """Make the findings of what was noticed of all parts."""
    tables = {feature.name: feature.table for feature in features}
    return [*_unseen(model, [part["unseen"] for part in parts], tables, rows),
            *_shifted(model, [part["counts"] for part in parts], tables, rows)]  # fmt: skip


def _unseen(model: RenewalModel | ChurnModel, parts: Sequence[Mapping[str, Any]], tables: Mapping[str, str],
            rows: int) -> Iterator[Finding]:  # fmt: skip
    for name in [name for name in model.categories_ if any(name in part for part in parts)]:
        found = [part[name] for part in parts if name in part]
        count, values = sum(part[0] for part in found), sorted({value for part in found for value in part[1]})
        shown = ", ".join(values[:5]) + (" and others" if len(values) > 5 else "")
        yield Finding(
            "DRF30", "warning", tables.get(name, "X"), f"{name} holds categories that training never saw ({shown}) in"
            f" {count:,} of {rows:,} rows to score ({100 * count / rows:.2g} %)", count=count, share=count / rows,
            effect="taken as missing; these rows are marked unsure",
            fix="map them to the categories of training, or train again once labels of theirs are ripe")  # fmt: skip


def _shifted(model: RenewalModel | ChurnModel, parts: Sequence[Mapping[str, Any]], tables: Mapping[str, str],
             rows: int) -> Iterator[Finding]:  # fmt: skip
    for name in parts[0]:
        total = np.sum([part[name] for part in parts], axis=0)
        lay = model.columns_.ranges[name]
        if _of_the_offer(model.describe(name)):
            total[-1] = 0  # days before the end decide whether there is an offer yet
        index = lay.shift(total)
        if index <= SHIFTED or _moves_with_time(model.describe(name)):
            continue
        count, before, where = _most_gained(lay, total)
        yield Finding(
            "DRF30", "warning", tables.get(name, "X"), f"{name} lies elsewhere than in training (population stability"
            f" index {index:.2f}, over {SHIFTED:g}): {100 * count / rows:.0f} % of {rows:,} rows to score are {where},"
            f" in training {100 * before:.0f} % were", count=count, share=count / rows,
            effect="the model is used where it has seen little; its calibration is not known there",
            fix="check the column's unit and source; if it is right, train again on rows like these")  # fmt: skip


def _moves_with_time(feature: Feature | None) -> bool:
    if feature is None:
        return False
    grows = feature.days is None and feature.aggregate in _GROWING
    return feature.group in _OF_TIME or grows or any(_moves_with_time(part) for part in feature.parts)


def _of_the_offer(feature: Feature | None) -> bool:
    """Whether a feature is of the renewal offer, which most policies do not have yet on the day of scoring."""
    if feature is None:
        return False
    own = feature.table in ("terms", "observation") and feature.column.startswith("offer")
    return own or any(map(_of_the_offer, feature.parts))


def _most_gained(lay: Range, total: Any) -> tuple[int, float, str]:
    """Rows in the bin that has gained most, its share in training, and its name."""
    share = np.asarray(lay.shares)
    bin_ = int(np.argmax(total / total.sum() - share))
    last = len(lay.cuts)
    if bin_ > last:
        where = "missing"
    elif bin_ == last:
        where = f"above {number(lay.cuts[-1])}" if lay.cuts else "there"
    elif bin_ == 0:
        where = f"at most {number(lay.cuts[0])}"
    else:
        where = f"above {number(lay.cuts[bin_ - 1])} up to {number(lay.cuts[bin_])}"
    return int(total[bin_]), float(share[bin_]), where
