"""Many books in one table: ratios of realised value, coverage of the read-out, and the promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from record import promise

RIVALS = {"risk": 1.3, "value_at_risk": 1.15}


def _mean(found: dict[str, float], name: str, values: Any) -> None:
    """A mean over books with its 95 % interval."""
    each = np.asarray(values, dtype=float)
    half = 1.96 * each.std(ddof=1) / np.sqrt(len(each)) if len(each) > 1 else np.inf
    found |= {name: float(each.mean()), f"{name}_low": float(each.mean() - half),
              f"{name}_high": float(each.mean() + half)}  # fmt: skip


def _ratio(found: dict[str, float], name: str, above: pd.Series, below: pd.Series) -> None:
    """A ratio of sums over books; its interval by leaving one book out at a time."""
    ratio = float(above.sum() / below.sum())
    n = len(above)
    found[name] = ratio
    if n > 1:
        left = ((above.sum() - above) / (below.sum() - below)).to_numpy()
        half = 1.96 * float(np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum()))
        found |= {f"{name}_low": ratio - half, f"{name}_high": ratio + half}


def pooled(books: list[dict[str, Any]]) -> dict[str, float]:
    """Figures over all books."""
    lists = pd.concat([pd.DataFrame(book["lists"]).assign(seed=book["seed"]) for book in books])
    read = pd.concat([pd.DataFrame(book["readouts"]) for book in books], ignore_index=True)
    found: dict[str, float] = {"books": len(books)}
    for share, part in lists.groupby("share"):
        at = f"at_{100 * share:.0f}"
        worth = part.pivot(index="seed", columns="rule", values="worth")
        away = part.pivot(index="seed", columns="rule", values="driven_away")
        for rule in worth:
            _mean(found, f"{rule}_{at}_worth", worth[rule])
        for rule in ("plan", "uplift_plan", "value_at_risk"):
            _mean(found, f"{rule}_{at}_driven_away", away[rule])
        for plan in ("plan", "uplift_plan"):
            for rival in (*RIVALS, "value_at_risk_given"):
                _ratio(found, f"{plan}_over_{rival}_{at}", worth[plan], worth[rival])
        _ratio(found, f"uplift_plan_over_plan_{at}", worth["uplift_plan"], worth["plan"])
        _ratio(found, f"oracle_over_plan_{at}", worth["oracle"], worth["plan"])
        for known in ("by_age", "by_age_chance_and_value"):
            _ratio(found, f"{known}_over_value_at_risk_{at}", worth[known], worth["value_at_risk"])
        mine = read[read["share"] == share]
        found |= {f"readouts_{at}": len(mine), f"readouts_{at}_covered": float(mine["held"].mean()),
                  f"readouts_{at}_half_width": float(((mine["high"] - mine["low"]) / 2).mean()),
                  f"readouts_{at}_truly_saved": float(mine["true"].mean()),
                  f"readouts_{at}_mean_error": float((mine["estimate"] - mine["true"]).mean())}  # fmt: skip
    found |= {"readouts": len(read), "readouts_covered": float(read["held"].mean())}
    found["uplift_better_than_random"] = float(np.mean([book["uplift"]["better"] for book in books]))
    _mean(found, "uplift_average_effect", [book["uplift"]["average"] for book in books])
    return found | {"experiment_rows": int(np.mean([book["uplift"]["rows"] for book in books]))}


def promises(figures: dict[str, float]) -> list[dict[str, Any]]:
    """What was promised, beside what was measured."""
    found = [promise("books", ">= 30", int(figures["books"]), met=figures["books"] >= 30)]
    for share in (5, 10, 20):
        for rival, least in RIVALS.items():
            for plan, words in (("plan", "plan with assumed save rate"), ("uplift_plan", "plan after one experiment")):
                ratio = figures[f"{plan}_over_{rival}_at_{share}"]
                what = f"{words}: realised net value over ranking by {rival.replace('_', ' ')}, {share} %"
                found.append(promise(what, f">= {least}", round(ratio, 3), met=ratio >= least))
        ratio = figures[f"uplift_plan_over_plan_at_{share}"]
        found.append(promise(f"uplift plan's realised value over the assumed-rate plan's, {share} %", "> 1",
                             round(ratio, 3), met=ratio > 1))  # fmt: skip
        away = figures[f"uplift_plan_at_{share}_driven_away"]
        other = figures[f"plan_at_{share}_driven_away"]
        found.append(promise(f"share of the list whom a call drives away, uplift plan against plan, {share} %", "less",
                             f"{away:.1%} against {other:.1%}", met=away < other))  # fmt: skip
    covered = figures["readouts_covered"]
    found.append(promise("95 % intervals of the read-out that hold the renewals truly saved", "90 … 98 %",
                         f"{covered:.1%}", met=0.9 <= covered <= 0.98))  # fmt: skip
    seconds = figures.get("speed_plan_seconds")
    found.append(promise("1 million scored customers: plan, wall seconds", "< 20",
                         "not measured" if seconds is None else round(seconds, 1),
                         met=seconds is not None and seconds < 20))  # fmt: skip
    return found
