"""What nobody knows: true renewal probabilities, effects and values, from the same draws under do(...).

The truth lives in a folder of its own. Nothing in panel, models, value or effect reads it; experiments and the demo put
it beside the estimates.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.optimize import brentq
from scipy.stats import norm

from churnkit.simulate.calibrate import answer_noise
from churnkit.simulate.customers import LINES
from churnkit.simulate.endings import CANCEL_FROM, CANCEL_TO, LAPSED, RENEWED, decline_chance, issued_within
from churnkit.simulate.insured import Insured, draw_insured
from churnkit.simulate.insurer import AS_IT_WAS, Do, Year, lasting_mean, policy_year
from churnkit.simulate.service import Floats, Service
from churnkit.simulate.window import Window
from churnkit.simulate.worlds import World, get_world

VALUE_YEARS = 5


def true_terms(
    world: str | World, *, seed: int, customers: int, window: Window, do: Do = AS_IT_WAS
) -> pd.DataFrame:  # fmt: skip
    """Return every term of the book with its true probability of renewal, as it was and under ``do``.

    Returns
    -------
    DataFrame, one row per term: term_id, policy_id, line, start_date, end_date, monthly, decided (renewed or expired
    within the data), satisfaction and satisfaction_do, renewal and renewal_do (probability of renewing if nothing else
    ends the policy), cancel (probability of a mid-term cancellation in the whole term).
    """
    blocks = _term_blocks(get_world(world), seed=seed, customers=customers, window=window, do=do)
    return pd.concat(blocks, ignore_index=True)


def _term_blocks(
    world: World, *, seed: int, customers: int, window: Window, do: Do = AS_IT_WAS
) -> Iterator[pd.DataFrame]:  # fmt: skip
    for drawn in draw_insured(world, seed=seed, customers=customers, window=window, do=do):
        made = drawn.made
        yield pd.DataFrame({
            "term_id": made["term_id"], "policy_id": made["policy_id"], "line": np.array(LINES)[made["line"]],
            "start_date": _dates(made["start"]), "end_date": _dates(made["end"]), "monthly": made["monthly"],
            "decided": made["outcome"].isin([RENEWED, LAPSED]) & (made["end"] < window.last_day),
            "satisfaction": made["truth_satisfaction"], "satisfaction_do": made["truth_satisfaction_do"],
            "renewal": made["truth_p"], "renewal_do": made["truth_p_do"], "cancel": made["truth_cancel"],
        })  # fmt: skip


def _dates(days: pd.Series) -> pd.Series:
    return pd.Series(days.to_numpy().astype("datetime64[D]").astype("datetime64[s]"), index=days.index)


def observation_probability(terms: pd.DataFrame, keys: pd.DataFrame) -> pd.Series:
    """True probability that a renewal observation's label is 1, given that it has one.

    A renewer may already have renewed at the cutoff (and is then no observation), a customer may still cancel before
    the end (and is then a lapse): ``p G / (p G + 1 - p + c / (1 - C))`` with G the share of renewers not yet bound at
    the lead, c the chance of cancelling after the cutoff and C of cancelling at all.

    Parameters
    ----------
    terms : DataFrame as `true_terms` gives it
    keys : DataFrame with term_id and lead_days, as ``Panel.keys``

    Returns
    -------
    Series indexed like ``keys``; NaN for a term that the truth does not know.
    """
    truth = terms.set_index("term_id").reindex(keys["term_id"].to_numpy())
    lead = keys["lead_days"].to_numpy(float)
    length = (truth["end_date"] - truth["start_date"]).dt.days.to_numpy(float)
    left = np.clip((CANCEL_TO - (length - lead)) / (CANCEL_TO - CANCEL_FROM), 0, 1)
    p, cancel = truth["renewal"].to_numpy(float), truth["cancel"].to_numpy(float)
    waiting = np.array([issued_within(k) for k in np.unique(lead)])[np.unique(lead, return_inverse=True)[1]]
    stays = (1 - cancel) * p * waiting
    chance = stays / (stays + (1 - cancel) * (1 - p) + cancel * left)
    return pd.Series(chance, index=keys.index, name="truth")


def standing_values(values: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """True survival of policies of which it is known that they have not been renewed yet.

    A renewer may have renewed before the data cutoff; who stands there still is likelier to leave: with G the share of
    renewers not yet bound that long before the end, ``s1' = s1 G / (s1 G + 1 - s1)``, later years in proportion.

    Parameters
    ----------
    values : DataFrame as `true_values` gives it
    keys : DataFrame with policy_id and lead_days, as ``Panel.keys`` of the policies in force at the data cutoff

    Returns
    -------
    DataFrame of s1 … s5, indexed like ``keys``; NaN for a policy that the truth does not know.
    """
    names = [f"s{t}" for t in range(1, VALUE_YEARS + 1)]
    known = values.set_index("policy_id").reindex(keys["policy_id"].to_numpy())[names].set_axis(keys.index)
    waiting = keys["lead_days"].astype(float).map(issued_within)
    return known.mul(waiting / (known["s1"] * waiting + 1 - known["s1"]), axis=0)


def index_shift(world: World, satisfaction: Floats, points: float) -> float:
    """Shift of latent satisfaction that moves the index by ``points`` percentage points."""
    noise = answer_noise(world)

    def gap(shift: float) -> float:
        level = norm.cdf((satisfaction + shift - world.csat_threshold) / noise).mean()
        now = norm.cdf((satisfaction - world.csat_threshold) / noise).mean()
        return float(100 * (level - now) - points)

    return float(brentq(gap, -6, 6))


@dataclass(frozen=True)
class Reference:
    """Who the effects are averaged over: renewals decided in the last observed year, policies in force at its end."""

    renewals: pd.Series
    in_force: pd.Series

    @classmethod
    def of(cls, terms: pd.DataFrame, window: Window) -> Reference:
        """Find the reference rows among the terms."""
        last = pd.Timestamp(window.data_cutoff)
        due = terms["end_date"].between(last - pd.Timedelta(days=365), last, inclusive="left")
        in_force = (terms["start_date"] <= last) & (terms["end_date"] > last)
        return cls(due & terms["decided"] & ~terms["monthly"], in_force)


def in_force_satisfaction(world: World, *, seed: int, customers: int, window: Window) -> Floats:
    """Latent satisfaction of the policies in force at the data cutoff: whose index it is."""
    blocks = _term_blocks(world, seed=seed, customers=customers, window=window)
    return np.concatenate([b.loc[Reference.of(b, window).in_force, "satisfaction"].to_numpy() for b in blocks])


def true_effects(world: str | World, *, seed: int, customers: int, window: Window) -> pd.DataFrame:
    """Effects on renewal in the last observed year, in pp, overall and by line.

    Returns
    -------
    DataFrame with quantity, line, estimate, unit, n: the index; the effect of +1 pp of index; of a motor claim cycle of
    3 working days and of 89 % first-contact resolution in that year, over all reference renewals.
    """
    chosen = get_world(world)
    blocks = partial(_term_blocks, chosen, seed=seed, customers=customers, window=window)
    level = in_force_satisfaction(chosen, seed=seed, customers=customers, window=window)
    shift = index_shift(chosen, level, 1.0)
    means = [_LineMeans("index", "points")]
    for block in blocks():
        share = norm.cdf((block["satisfaction"] - chosen.csat_threshold) / answer_noise(chosen))
        means[0].add(block.assign(x=100 * share)[Reference.of(block, window).in_force])
    for quantity, do in {"effect_per_pp": Do(satisfaction=shift),
                         "motor_cycle_3_days": Do(claim_cycle_days=3.0, line="motor"),
                         "first_contact_resolution_89": Do(first_contact_resolution=0.89)}.items():  # fmt: skip
        means.append(_LineMeans(quantity, "pp"))
        for block in blocks(do=do):
            change = 100 * (block["renewal_do"] - block["renewal"])
            means[-1].add(block.assign(x=change)[Reference.of(block, window).renewals])
    return pd.concat([each.table() for each in means], ignore_index=True)


class _LineMeans:
    """A mean over all rows and by line, gathered block by block."""

    def __init__(self, quantity: str, unit: str) -> None:
        self.quantity, self.unit = quantity, unit
        self.parts: list[pd.DataFrame] = []

    def add(self, frame: pd.DataFrame) -> None:
        """Add the rows of one block: columns line and x."""
        everyone = pd.concat([frame.assign(line="all"), frame])
        self.parts.append(everyone.groupby("line")["x"].agg(["sum", "size"]))

    def table(self) -> pd.DataFrame:
        """Return quantity, line, estimate, unit and n."""
        total = pd.concat(self.parts).groupby(level=0).sum()
        return pd.DataFrame({
            "line": total.index, "estimate": (total["sum"] / total["size"]).to_numpy(), "n": total["size"].to_numpy(),
            "quantity": self.quantity, "unit": self.unit,
        })  # fmt: skip


def true_values(
    world: str | World, *, seed: int, customers: int, window: Window, do: Do = AS_IT_WAS, replicates: int = 16
) -> pd.DataFrame:
    """True chance of being renewed 1 to 5 times for each annual policy in force at the data cutoff.

    The current term is as it was drawn; later years are averaged over ``replicates`` redrawn futures, the same ones
    under any ``do``, which is held in every year (columns ``s1_do`` … ``s5_do``) or in the first only (``s1_once`` …).

    Returns
    -------
    DataFrame, one row per policy: policy_id, customer_id, line, premium, s1 … s5 and the two variants.
    """
    return pd.concat(
        _value_blocks(get_world(world), seed=seed, customers=customers, window=window, do=do, replicates=replicates),
        ignore_index=True,
    )


def _value_blocks(
    world: World, *, seed: int, customers: int, window: Window, do: Do, replicates: int = 16
) -> Iterator[pd.DataFrame]:  # fmt: skip
    days = window.days + (VALUE_YEARS + 1) * 366
    service = Service.draw(seed, first_day=window.burn_in_day, days=days, lines=len(LINES))
    for drawn in draw_insured(world, seed=seed, customers=customers, window=window, do=do):
        for k, year in enumerate(drawn.block.years):
            held = (year.end > window.last_day) & (year.ended > window.last_day) & ~year.policies.monthly
            held &= drawn.policies[year.position]
            if held.any():
                yield _futures(world, service, drawn, year, np.flatnonzero(held), window=window, do=do,
                               seed=(seed, 9, drawn.number, k), replicates=replicates)  # fmt: skip


def _stay(drawn: Insured, year: Year, *, from_day: Floats) -> Floats:
    """Chance that nothing but the renewal decision ends the term after a day."""
    customers, owner = drawn.block.customers, year.policies.owner
    age = year.state.start / 365.25 + 1970 - customers.birth_year[owner]
    left = np.clip((year.end - from_day) / 365.0, 0, 1)
    death = 0.0015 * np.exp(0.05 * (np.clip(age, 20, 80) - 44.0)) * left
    lost = np.bincount(year.claims.policy[year.claims.total_loss], minlength=len(year.end)) > 0
    decline = decline_chance(year.claims, len(year.end))
    cancel = year.cancel * np.clip((year.state.start + CANCEL_TO - from_day) / (CANCEL_TO - CANCEL_FROM), 0, 1)
    stay: Floats = (1 - cancel) * (1 - death) * (1 - decline) * ~(lost & (from_day <= year.state.start))
    return stay


def _futures(
    world: World, service: Service, drawn: Insured, year: Year, held: np.ndarray, *, window: Window, do: Do,
    seed: tuple[int, ...], replicates: int,
) -> pd.DataFrame:  # fmt: skip
    customers = drawn.block.customers
    stay = _stay(drawn, year, from_day=np.full(len(year.end), float(window.last_day)))[held]
    now, moved = year.renewal[held] * stay, year.renewal_do[held] * stay
    policies = year.policies.take(held)
    state = year.next_state(lasting_mean(world, customers, year.policies)).take(held)
    many = np.tile(np.arange(len(held)), replicates)
    position, tiled = year.position[held][many], policies.take(many)
    paths = {"s": [now], "do": [moved], "once": [moved]}
    alive = {"s": now[many], "do": moved[many], "once": moved[many]}
    ahead = state.take(many)
    for t in range(1, VALUE_YEARS):
        future = policy_year(world, service, np.random.default_rng([*seed, t]), customers=customers, policies=tiled,
                             position=position, state=ahead, pilot=(0, 0), do=do)  # fmt: skip
        kept = _stay(drawn, future, from_day=future.state.start.astype(float))
        for name, chance in (("s", future.renewal), ("do", future.renewal_do), ("once", future.renewal)):
            alive[name] = alive[name] * chance * kept
            paths[name].append(alive[name].reshape(replicates, -1).mean(0))
        ahead = replace(future.next_state(lasting_mean(world, customers, tiled)), start=future.end)
    names = {"s": "s{}", "do": "s{}_do", "once": "s{}_once"}
    columns = {names[k].format(t + 1): v for k, path in paths.items() for t, v in enumerate(path)}
    return pd.DataFrame({
        "policy_id": drawn.ids.policy[year.position[held]], "customer_id": drawn.ids.customer[policies.owner],
        "line": np.array(LINES)[policies.line], "premium": year.state.premium[held], **columns,
    })  # fmt: skip


def write_truth(path: Path, *, world: World, seed: int, customers: int, window: Window) -> None:
    """Write ``terms.parquet`` (true renewal per term), ``effects.parquet`` and ``values.parquet``, block by block."""
    unfinished = path.with_name(f".{path.name}-partial")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    blocks = _term_blocks(world, seed=seed, customers=customers, window=window)
    _append(unfinished / "terms.parquet", (b.drop(columns=["satisfaction_do", "renewal_do"]) for b in blocks))
    effects = true_effects(world, seed=seed, customers=customers, window=window)
    effects.to_parquet(unfinished / "effects.parquet", index=False)
    level = in_force_satisfaction(world, seed=seed, customers=customers, window=window)
    do = Do(satisfaction=index_shift(world, level, 1.0))
    _append(unfinished / "values.parquet", _value_blocks(world, seed=seed, customers=customers, window=window, do=do))
    shutil.rmtree(path, ignore_errors=True)
    unfinished.rename(path)


def _append(path: Path, frames: Iterator[pd.DataFrame]) -> None:
    first = pa.Table.from_pandas(next(frames), preserve_index=False)
    with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for frame in frames:
            writer.write_table(pa.Table.from_pandas(frame, schema=first.schema, preserve_index=False))
