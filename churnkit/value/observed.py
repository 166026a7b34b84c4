"""What became of policies that were valued: predicted survival beside Kaplan-Meier, and scores of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churnkit.errors import ContractError, UsageError
from churnkit.models.evaluation.curves import gains_curve
from churnkit.models.life_tables import STILL_THERE, product_limit
from churnkit.panel.panel import Panel
from churnkit.value.sensitivity import survival_of


def observed_renewals(values: pd.DataFrame, panel: Panel, *, key: str = "policy_id") -> pd.DataFrame:
    """Follow valued policies through their later terms.

    From the term that was open when a policy was valued, its terms are read in the order of their ends, each at its
    shortest lead, up to the first that was not renewed. Death and other exits are losses too: survival is crude. A
    policy is followed no further (right censoring) where a label is not ripe, it matured or was replaced, or the panel
    has no further term under the same key: where each renewal gets a new number, that is after one renewal.

    Parameters
    ----------
    values : DataFrame with `key` and ``end_date``, as ``LifetimeValue.predict`` returns it of a panel
    panel : Panel of target "renewal", with the terms since
    key : str, the column of keys that names a policy

    Returns
    -------
    DataFrame of shape (n_policies, 2), indexed like `values`
        ``renewals`` made since, and ``lost``: whether the policy left at the next one, or was only seen so far.

    Raises
    ------
    UsageError
        If a column is missing or the panel is of another target.
    """
    lacking = [column for column in (key, "end_date") if column not in values]
    if lacking or panel.target != "renewal":
        raise UsageError("Policies are followed through a renewal panel, by their key and the end of the open term.",
                         found=f"no {', '.join(lacking)}" if lacking else f"target {panel.target!r}")  # fmt: skip
    keys = panel.keys.assign(y=panel.y.to_numpy()).sort_values("lead_days", kind="stable").drop_duplicates("entity")
    out = keys["y"].isna() & ~keys["cause"].isin(("unripe", *STILL_THERE))
    terms = pd.DataFrame({key: keys[key], "end": keys["end_date"], "y": keys["y"].mask(out, 0.0)})
    asked = pd.DataFrame(
        {key: values[key].to_numpy(), "from": values["end_date"].to_numpy(), "row": range(len(values))}
    )
    both = asked.merge(terms, on=key)
    both = both[both["end"] >= both["from"]].sort_values(["row", "end"], kind="stable")
    renewed = both["y"].eq(1.0)
    going = renewed.groupby(both["row"]).cummin()
    first_break = ~going & going.groupby(both["row"]).shift(fill_value=True)
    ended = both[first_break]
    made = going.groupby(both["row"]).sum().reindex(range(len(values)), fill_value=0)
    lost = np.zeros(len(values), dtype=bool)
    lost[ended["row"][ended["y"].eq(0.0)].to_numpy(dtype=np.intp)] = True
    return pd.DataFrame({"renewals": made.to_numpy(dtype=np.int64), "lost": lost}, index=values.index)


@dataclass(frozen=True)
class SurvivalCheck:
    """Predicted survival by segment beside what was observed.

    Attributes
    ----------
    table : DataFrame indexed by (segment, renewal), all policies first
        ``at_risk`` and ``lost`` at each renewal from the valuation on; ``observed``, Kaplan-Meier's survival, with
        ``low`` and ``high`` (95 %, Greenwood, log-minus-log); ``predicted``, the mean of the policies' survival; and
        ``gap``, predicted minus observed.
    text : str
    """

    table: pd.DataFrame
    text: str

    def __str__(self) -> str:
        """Return the table and the sentences."""
        return f"{self.table.to_string(float_format=lambda v: f'{v:.4f}', na_rep='')}\n\n{self.text}"


def check_survival(values: pd.DataFrame, observed: pd.DataFrame, *, by: Any = "line") -> SurvivalCheck:
    """Compare predicted survival with Kaplan-Meier, by segment.

    Parameters
    ----------
    values : DataFrame of shape (n_policies, ...), as ``LifetimeValue.predict`` returns it: with ``s1`` … ``sH``
    observed : DataFrame indexed alike: ``renewals`` and ``lost``, as :func:`observed_renewals` returns it
    by : name of a column of values, or Series of shape (n_policies,)

    Returns
    -------
    SurvivalCheck
        A segment's rows end where nobody was at risk any more.

    Raises
    ------
    UsageError
        If the rows are not the same.
    ContractError
        If no policy's next renewal was observed.
    """
    if not values.index.equals(observed.index):
        raise UsageError("Values and what was observed are of the same policies.",
                         found=f"{len(values)} and {len(observed)} rows, not indexed alike")  # fmt: skip
    survival, name = survival_of(values), by.name if isinstance(by, pd.Series) else by
    segment = (by if isinstance(by, pd.Series) else values[by]).astype("str").fillna("missing").to_numpy()
    tables = {}
    for each in ("all", *sorted(set(segment))):
        mine = np.ones(len(values), dtype=bool) if each == "all" else segment == each
        counts = counted(observed[mine], years=survival.shape[1])
        if len(counts):
            found = counts.join(product_limit(counts["at_risk"], counts["lost"])).drop(columns="hazard")
            found = found.rename(columns={"survival": "observed"})
            found["predicted"] = survival[mine].mean(axis=0)[: len(found)]
            tables[each] = found.assign(gap=found["predicted"] - found["observed"])
    if not tables:
        raise ContractError("A check of survival needs policies whose next renewal was observed.", found="none",
                            fix="Value policies as of an earlier day.")  # fmt: skip
    table = pd.concat(tables, names=[str(name or "segment")])
    return SurvivalCheck(table, _text(table, observed))


def counted(observed: pd.DataFrame, *, years: int) -> pd.DataFrame:
    """At risk and lost by renewal from the valuation on, up to the last with anybody at risk."""
    renewals, lost = observed["renewals"].to_numpy(), observed["lost"].to_numpy(dtype=bool)
    t = np.arange(1, years + 1)
    left = np.bincount(renewals[lost] + 1, minlength=years + 2)[1 : years + 1]
    # seen at the t-th renewal: made it, or lost there
    at_risk = np.array([int((renewals >= each).sum()) for each in t]) + left
    table = pd.DataFrame({"at_risk": at_risk, "lost": left}, index=pd.Index(t, name="renewal"))
    return table[(table["at_risk"] > 0).cummin()]


def survival_scores(values: pd.DataFrame, observed: pd.DataFrame) -> dict[str, float]:
    """Score predicted survival: integrated Brier score and concordance, by scikit-survival's functions.

    Parameters
    ----------
    values, observed : DataFrames indexed alike, as :func:`check_survival` takes them

    Returns
    -------
    dict
        ``integrated_brier``: the mean over renewals of the squared error of survival, weighted for censoring by its
        Kaplan-Meier curve [1]_; lower is better, the constant Kaplan-Meier curve's is ``integrated_brier_kaplan_meier``
        beside it. ``concordance`` [2]_: of two policies of which one was seen to leave first, how often that one was
        expected to stay less long; 0.5 is chance.

    Raises
    ------
    UsageError
        If scikit-survival is not there, which is an extra because of its licence (GPL).
    ContractError
        If fewer than two renewals were observed.

    References
    ----------
    .. [1] Graf, Schmoor, Sauerbrei, Schumacher (1999), Assessment and comparison of prognostic classification schemes
       for survival data, Statistics in Medicine 18.
    .. [2] Harrell, Lee, Mark (1996), Multivariable prognostic models, Statistics in Medicine 15.
    """
    try:
        from sksurv.metrics import concordance_index_censored, integrated_brier_score
        from sksurv.util import Surv
    except ImportError as error:
        raise UsageError("Scores of survival are those of scikit-survival.", found="it is not installed",
                         fix="pip install 'insurance-churnkit[survival]'") from error  # fmt: skip
    seen = (observed["lost"] | (observed["renewals"] > 0)).to_numpy()
    survival, rows = survival_of(values)[seen], observed[seen]
    years = min(survival.shape[1], len(counted(rows, years=survival.shape[1])))
    if years < 2:
        raise ContractError("Scores of survival need two renewals observed.", found=str(years))
    # Who is only seen so far was there half a period longer: all of one time are at risk when some of them leave.
    time = np.where(rows["lost"], rows["renewals"] + 1.0, rows["renewals"] + 0.5)
    late = time > years
    lost = rows["lost"].to_numpy(dtype=bool) & ~late
    outcome = Surv.from_arrays(lost, np.where(late, years + 0.5, time))
    at = np.arange(1.0, years + 1)
    counts = counted(rows, years=years)
    level = product_limit(counts["at_risk"], counts["lost"])["survival"].to_numpy()
    brier = [integrated_brier_score(outcome, outcome, each, at)
             for each in (survival[:, :years], np.tile(level, (len(rows), 1)))]  # fmt: skip
    risk = -survival[:, :years].sum(axis=1)
    found = concordance_index_censored(outcome["event"], outcome["time"], risk)[0]
    return {"integrated_brier": float(brier[0]), "integrated_brier_kaplan_meier": float(brier[1]),
            "concordance": float(found)}  # fmt: skip


@dataclass(frozen=True)
class LifetimeGains:
    """How well expected lifetime finds those who stay.

    Attributes
    ----------
    table : DataFrame
        ``chosen``, share of policies, longest expected lifetime first; ``captured``, share of all renewals that they
        made; ``at_best``, the same had the renewals been known.
    gini : float
        The area between model and chance, over that between the best and chance.
    text : str
    """

    table: pd.DataFrame
    gini: float
    text: str


def lifetime_gains(values: pd.DataFrame, observed: pd.DataFrame, *, years: int, points: int = 20) -> LifetimeGains:
    """Count the renewals that the policies of the longest expected lifetime made.

    Parameters
    ----------
    values : DataFrame with ``expected_lifetime``
    observed : DataFrame indexed alike, as :func:`observed_renewals` returns it
    years : int
        Renewals that count; policies that could not be followed so far are left out. Best no more than all could be
        followed for: else those who left are left in more often than those who stayed.
    points : int

    Raises
    ------
    ContractError
        If nobody was followed that far, or nobody renewed.
    """
    whole = observed["lost"] | (observed["renewals"] >= years)
    made = np.minimum(observed["renewals"][whole].to_numpy(dtype=np.float64), years)
    if not made.sum():
        raise ContractError("Gains of lifetime need policies followed to the end.", found=f"none over {years} renewals",
                            fix="Take fewer years, or value policies as of an earlier day.")  # fmt: skip
    expected = values["expected_lifetime"][whole].to_numpy(dtype=np.float64)
    ours, best = (gains_curve(order, made, points=points) for order in (expected, made))
    table = pd.DataFrame({"chosen": ours["contacted"], "captured": ours["captured"], "at_best": best["captured"]})
    over = table[["captured", "at_best"]].sub(table["chosen"], axis=0).sum()
    gini = float(over["captured"] / over["at_best"]) if over["at_best"] > 0 else float("nan")
    half = table.iloc[(table["chosen"] - 0.5).abs().argmin()]
    text = (
        f"The {half['chosen']:.0%} of {int(whole.sum()):,} policies with the longest expected lifetime made"
        f" {half['captured']:.1%} of their renewals over {years}; at best {half['at_best']:.1%}. Gini {gini:.2f} of the"
        " best."
    )
    return LifetimeGains(table, gini, text)


def _text(table: pd.DataFrame, observed: pd.DataFrame) -> str:
    whole = table.loc["all"]
    at = whole.index[-1]
    end = whole.loc[at]
    unseen = int((~observed["lost"] & (observed["renewals"] == 0)).sum())
    ends = table.groupby(level=0, sort=False).tail(1).droplevel(1).drop(index="all")
    out = ends.index[~ends["predicted"].between(ends["low"], ends["high"])]
    said = [
        f"After {at} renewals {end['observed']:.1%} ({end['low']:.1%} … {end['high']:.1%}, Kaplan-Meier, 95 %) are"
        f" left of {int(whole['at_risk'].iloc[0]):,} policies; predicted {end['predicted']:.1%},"
        f" {100 * end['gap']:+.1f} pp.",
        f"Predicted outside the interval at their last renewal: {', '.join(map(str, out)) or 'no segment'}.",
    ]
    if unseen:
        said.append(f"Of {unseen:,} policies the next renewal is not known.")
    return "\n".join(said)
