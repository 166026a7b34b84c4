"""Value explained: how much of the money goes with which reason group. Associations, not causes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnkit.errors import UsageError
from churnkit.models.classifier import RenewalModel
from churnkit.models.reasons.explain import Groups, contributions
from churnkit.models.reasons.importance import NO_STAGE
from churnkit.panel.catalog import kind_of_group
from churnkit.panel.feature import Feature

Matrix = npt.NDArray[np.float64]
NEAR = 0.05  # log-odds; where contributions cancel out to less, the mean slope of value stands for their ratio
ASSOCIATION = "An association: it says what goes with value, not what a change would bring."


@dataclass(frozen=True)
class ValueExplained:
    """Money by reason group; every table adds up to value minus the value at the base, exactly.

    Attributes
    ----------
    policies : DataFrame of shape (n_policies, n_groups + 2), indexed like X
        Currency by reason group, ``base`` (the value at the model's mean log-odds) and ``value``.
    table : DataFrame indexed by reason group, the largest sum of sizes first
        ``money``, the sum over policies (currency); ``mean``, per policy; ``up`` and ``down``, the sums of what is
        above and below 0; ``share``, of all groups' sizes; ``kind``, changeable or background; ``n``, policies, and
        ``unit``, ``horizon`` (renewals) and ``discount_rate``, of all figures.
    stages, touchpoints : DataFrame, the same by stage of the journey and by the touchpoint that a feature counts
        Columns that the catalog knows no stage for are ``no stage``; features that name no touchpoint are left out of
        ``touchpoints``, which therefore does not add up to all.
    base, value : float, sums over policies (currency)
    text : str
    """

    policies: pd.DataFrame
    table: pd.DataFrame
    stages: pd.DataFrame
    touchpoints: pd.DataFrame
    base: float
    value: float
    text: str

    def __str__(self) -> str:
        """Return the table and the sentences."""
        return f"{self.table.to_string(float_format=lambda v: f'{v:,.2f}')}\n\n{self.text}"

    def by_customer(self, customers: pd.Series[Any]) -> pd.DataFrame:
        """Add up the policies of each customer: money by reason group, base and value."""
        return self.policies.groupby(customers.to_numpy()).sum().rename_axis("customer_id")

    @property
    def metrics(self) -> dict[str, float]:
        """Money by reason group for a run's metrics: ``value_with_satisfaction``."""
        return {f"value_with_{str(name).replace(' ', '_')}": float(each) for name, each in self.table["money"].items()}


def explain_value(model: RenewalModel, X: pd.DataFrame, value_at: Callable[[Matrix], Any], *, years: int,
                  discount_rate: float, currency: str = "currency") -> ValueExplained:  # fmt: skip
    """Split each policy's value by reason group.

    Contributions ``phi`` add up in log-odds and value is a function of their sum, so the Aumann-Shapley share [1]_ of
    group g, along the straight line from the base to the policy, is ``phi_g / sum(phi) * (CLV - CLV at the base)``.
    The base is the model's bias, with the policy's own premium and costs. Where contributions cancel out
    (``|sum(phi)| < 0.05``) the ratio would be of two small numbers: there a share is ``phi_g`` times the mean slope of
    value over 0.05 log-odds to either side of the middle, and what is then left of the difference is shared by
    ``|phi_g|``, so that shares stay bounded and still add up.

    Parameters
    ----------
    model : RenewalModel, fitted
    X : DataFrame of shape (n_policies, n_features)
    value_at : callable
        Gives the value of each policy of X, shape (n_policies,), at raw scores of shape (n_policies,), in log-odds:
        calibration, later years, premium and costs are its own. NaN for policies without a value, which are left out.
    years : int, renewals of the horizon
    discount_rate : float, per year
    currency : str, the unit that is printed

    Returns
    -------
    ValueExplained

    Raises
    ------
    UsageError
        If `value_at` does not give one value per policy, or X does not fit the model.

    References
    ----------
    .. [1] Aumann, Shapley (1974), Values of Non-Atomic Games; Sundararajan, Taly, Yan (2017), Axiomatic attribution for
       deep networks, ICML.
    """
    phi = contributions(model, X)
    base = phi.pop("bias").to_numpy(dtype=np.float64)
    columns = phi.to_numpy(dtype=np.float64)
    parts = aumann_shapley(columns, base, value_at)
    groups = Groups.of(model.columns_, model.describe)
    labels = [f.group if f is not None and f.group else name
              for name, f in zip(model.columns_.names, groups.features, strict=True)]  # fmt: skip
    known = np.isfinite(parts.value)
    by_group = parts.summed(labels)
    policies = by_group.set_axis(X.index, axis=0).assign(base=parts.base, value=parts.value)
    stages = [NO_STAGE if f is None or not f.stage else f.stage for f in groups.features]
    touchpoints = [_touchpoint(feature) for feature in groups.features]
    said = {"n": int(known.sum()), "unit": currency, "horizon": years, "discount_rate": discount_rate}
    table = _table(by_group[known], said)
    table.insert(5, "kind", [kind_of_group(str(name)) for name in table.index])
    visits = parts.summed(touchpoints)[known].drop(columns="", errors="ignore")
    sums = {"base": float(parts.base[known].sum()), "value": float(parts.value[known].sum())}
    return ValueExplained(policies, table, _table(parts.summed(stages)[known], said), _table(visits, said), **sums,
                          text=_text(table, sums, said, int((~known).sum())))  # fmt: skip


@dataclass(frozen=True)
class Shares:
    """Money behind contributions: ``phi * slope + |phi| * rest``, by row; what sums of columns are worth."""

    phi: Matrix
    slope: Matrix
    rest: Matrix
    base: Matrix
    value: Matrix

    def summed(self, labels: Sequence[str] | npt.NDArray[Any]) -> pd.DataFrame:
        """Money by label of the columns, shape (n_rows, n_labels)."""
        codes, names = pd.factorize(np.asarray(labels, dtype=object), sort=True)
        member = np.zeros((self.phi.shape[1], len(names)))
        member[np.arange(len(codes)), codes] = 1.0
        money = (self.phi @ member) * self.slope[:, None]
        odd = self.rest != 0
        money[odd] += (np.abs(self.phi[odd]) @ member) * self.rest[odd, None]
        return pd.DataFrame(money, columns=[str(name) for name in names])


def aumann_shapley(phi: Matrix, base: Matrix, value_at: Callable[[Matrix], Any], *, near: float = NEAR) -> Shares:
    """Share out ``value_at(base + sum(phi)) - value_at(base)`` among contributions.

    Parameters
    ----------
    phi : array of shape (n_rows, n_columns), log-odds
    base : array of shape (n_rows,), log-odds
    value_at : callable, as :func:`explain_value` takes it
    near : float, log-odds; see there

    Returns
    -------
    Shares
        A row's shares are ``phi * slope + |phi| * rest``; `rest` is 0 where ``|sum(phi)| >= near``.

    Examples
    --------
    >>> found = aumann_shapley(np.array([[1.0, -0.5]]), np.array([0.0]), lambda logit: 100 / (1 + np.exp(-logit)))
    >>> found.summed(["price", "claims"]).round(2)
       claims  price
    0  -12.25  24.49
    """

    def valued(logit: Matrix) -> Matrix:
        found = np.asarray(value_at(logit), dtype=np.float64)
        if found.shape != logit.shape:
            raise UsageError("value_at gives one value per policy.", found=f"shape {found.shape} for {logit.shape}")
        return found

    total = phi.sum(axis=1)
    low, high = valued(base), valued(base + total)
    gain = high - low
    close = np.abs(total) < near
    slope = np.divide(gain, total, out=np.zeros_like(gain), where=~close)
    rest = np.zeros_like(gain)
    if close.any():
        middle = base + total / 2
        flat = (valued(middle + near) - valued(middle - near)) / (2 * near)
        size = np.abs(phi).sum(axis=1)
        left = gain - flat * total
        slope = np.where(close, flat, slope)
        rest = np.where(close, np.divide(left, size, out=np.zeros_like(gain), where=size > 0), 0.0)
    return Shares(phi, slope, rest, low, high)


def _touchpoint(feature: Feature | None) -> str:
    """The touchpoint whose rows a feature counts, if it names one."""
    conditions = () if feature is None else (*feature.where, *feature.of)
    return next((str(c.value) for c in conditions if c.column == "touchpoint" and isinstance(c.value, str)), "")


def _table(money: pd.DataFrame, said: dict[str, Any]) -> pd.DataFrame:
    """Sums over policies by group, the largest sum of sizes first, ties by name."""
    size = money.abs().sum()
    table = pd.DataFrame({
        "money": money.sum(), "mean": money.mean(), "up": money.clip(lower=0).sum(), "down": money.clip(upper=0).sum(),
        "share": size / max(float(size.sum()), 1e-300),
    })  # fmt: skip
    return table.sort_index().sort_values("share", ascending=False, kind="stable").assign(**said)


def _text(table: pd.DataFrame, sums: dict[str, float], said: dict[str, Any], unknown: int) -> str:
    largest = table.loc[table["money"].abs().sort_values(ascending=False, kind="stable").index[:5], "money"]
    lines = [
        f"Value of {said['n']:,} policies {sums['value']:,.0f} {said['unit']}, {sums['base']:,.0f} at the model's mean"
        f" log-odds; the difference of {sums['value'] - sums['base']:+,.0f} goes with:"
        f" {', '.join(f'{name} {money:+,.0f}' for name, money in largest.items())}.",
        f"Over {said['horizon']} renewals at {said['discount_rate']:.1%} a year, current term excluded. {ASSOCIATION}",
    ]
    if "satisfaction" in table.index:
        row = table.loc["satisfaction"]
        lines.insert(1, f"With stated satisfaction goes {row['money']:+,.0f} {said['unit']}: {row['up']:+,.0f} of"
                        f" policies that it adds to, {row['down']:+,.0f} of those that it takes from.")  # fmt: skip
    if unknown:
        lines.append(f"{unknown:,} policies have no value and are in no sum.")
    return "\n".join(lines)
