"""One simulated insurer: what lists are worth when the calls are made, the read-out beside the truth, and uplift."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

import churnkit as ck
from churnkit.simulate.endings import issued_within
from churnkit.simulate.insurer import Do
from churnkit.simulate.truth import standing_values, true_terms
from churnkit.simulate.window import Window

CUSTOMERS, YEARS = 20_000, 6
PLAN = "plan"
CAPACITIES = (0.05, 0.10, 0.20)
SAVE_RATE, LEAD, READOUTS, EXPERIMENT_DAYS = 0.1, 45, 5, 730
MODERATORS = ["line", "channel", "region", "age", "tenure_days", "premium", "offer_change", "rating_last",
              "claims_365d", "contacts_365d", "complaints_365d"]  # fmt: skip
"""On what a contact's effect may depend, named before the experiment: of 207 features, some would seem to matter."""
SURVIVAL = [f"s{t}" for t in range(1, 6)]


def measured(world: str, seed: int, parts: Iterable[str], *, customers: int = CUSTOMERS) -> list[dict[str, Any]]:
    """Simulate, train on all but the last two years, plan, call, read out; then the same after an experiment."""
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        book = ck.open_book(ck.simulate_book(root, customers=customers, years=YEARS, seed=seed, world=world))
        values = pd.read_parquet(root / "truth" / "values.parquet")
        as_of = book.settings.data_cutoff
        panel = ck.build_panel(book, "renewal", keep_unlabelled=True)
        standing = ck.build_panel(book, "renewal", as_of=as_of)
        effects = contact_effects(world, seed, customers)
        last = pd.Timestamp(panel.cutoff[panel.y.notna()].max()) - pd.Timedelta(days=EXPERIMENT_DAYS)
        train, _ = panel.split(test_from=last)
        model = ck.RenewalModel(random_state=seed).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups,
                                                       features=train.features)  # fmt: skip
        value = ck.LifetimeValue(economics=book, random_state=seed).fit(panel, model)
        scores = ck.score(book, model, as_of=as_of, value=value)
        truth = true_gains(scores, values, effects, value)
        learnt = uplift_of(panel, last, model, effects, seed=seed)
        uplift = pd.Series(learnt.predict(standing.X[MODERATORS], baseline=model.predict_proba(standing.X)[:, 1]),
                           index=standing.keys["policy_id"])  # fmt: skip
        measured = scores.assign(uplift=scores["policy_id"].map(uplift))
        truth["usual"] = by_age(truth, book)
        answer = {"part": PLAN, "world": world, "seed": seed, "customers": customers, "version": ck.__version__,
                  "lists": lists_worth(scores, measured, book, truth, seed=seed),
                  "readouts": readouts(scores, book, truth, seed=seed),
                  "uplift": {"better": learnt.better_, "average": learnt.average_, "qini": learnt.qini_.coefficient,
                             "rows": learnt.treated_ + learnt.held_out_}}  # fmt: skip
        book.close()
    return [answer | {"seconds": time.process_time() - begun}]


def contact_effects(world: str, seed: int, customers: int) -> pd.DataFrame:
    """Of every term: the chance of renewal without a contact, and the log-odds that one contact adds to it."""
    window = Window(YEARS)
    off, on = (true_terms(world, seed=seed, customers=customers, window=window, do=Do(contact=contact))
               for contact in (False, True))  # fmt: skip
    effect = logit(on["renewal_do"]) - logit(off["renewal_do"])
    return off[["term_id", "policy_id", "end_date"]].assign(chance=off["renewal_do"], effect=effect.to_numpy())


def standing_chance(chance: Any, lead: Any) -> Any:
    """The chance of those who have not renewed yet, that long before the end."""
    waiting = pd.Series(lead).astype(float).map(issued_within).to_numpy()
    return chance * waiting / (chance * waiting + 1 - chance)


def true_gains(scores: pd.DataFrame, values: pd.DataFrame, effects: pd.DataFrame, value: Any) -> pd.DataFrame:
    """Of every scored policy: chance without and with a contact, and what its renewal is truly worth.

    A contact shifts the log-odds of those who still stand there as it does everybody's.
    """
    rows = scores[["policy_id", "customer_id", "line", "end_date", "lead_days"]].merge(
        effects[["policy_id", "end_date", "chance", "effect"]], on=["policy_id", "end_date"], how="left"
    )
    without = standing_chance(rows["chance"].to_numpy(), rows["lead_days"])
    survival = standing_values(values, rows)[SURVIVAL].to_numpy()
    premium = rows["policy_id"].map(values.set_index("policy_id")["premium"]).to_numpy()
    figures = value.economics_.loc[rows["line"].astype(str).to_list()]
    kept = 1 - figures[["loss_ratio", "commission_ratio", "expense_ratio"]].sum(axis=1).to_numpy()
    yearly = premium * kept - figures["service_cost_per_year"].to_numpy()
    discount = (1 + value.discount_rate) ** np.arange(1, len(SURVIVAL) + 1)
    given = yearly * (survival / survival[:, :1] / discount).sum(axis=1)
    return rows.assign(without=without, contacted=expit(logit(without) + rows["effect"].to_numpy()), given=given,
                       moved=lambda t: t["contacted"] - t["without"]).set_index("policy_id")  # fmt: skip


def by_age(truth: pd.DataFrame, book: Any) -> pd.Series:
    """Log-odds that a contact adds to customers of that age: all of its effect that a book can tell.

    Whom contact drives away depends on age when the customer came, and on nothing else that is recorded.
    """
    born = book.sql("SELECT customer_id, birth_year FROM raw_customers").to_pandas().set_index("customer_id")
    came = book.sql("SELECT customer_id, min(inception_date) AS came FROM raw_policies GROUP BY 1").to_pandas()
    came = pd.to_datetime(came.set_index("customer_id")["came"]).dt.year
    young = truth["customer_id"].map(came - born["birth_year"]) < 35
    return truth["effect"].groupby(young).transform("mean")


def uplift_of(panel: Any, last: pd.Timestamp, model: Any, effects: pd.DataFrame, *, seed: int) -> Any:
    """The experiment: everybody up for renewal in the two years before the list, half of them called, by lot."""
    keys = panel.keys.reset_index(drop=True)
    chosen = np.flatnonzero((keys["cutoff"] >= last) & (keys["lead_days"] == LEAD) & panel.y.notna().to_numpy())
    test = panel.take(chosen)
    known = test.keys[["term_id", "lead_days"]].merge(effects.drop_duplicates("term_id"), on="term_id", how="left")
    without = standing_chance(known["chance"].to_numpy(), known["lead_days"])
    rng = np.random.default_rng([seed, 90])
    treated = rng.random(len(known)) < 0.5
    y = rng.random(len(known)) < expit(logit(without) + np.where(treated, known["effect"], 0.0))
    baseline = model.predict_proba(test.X)[:, 1]
    return ck.UpliftModel(random_state=seed).fit(test.X[MODERATORS], treated, y, baseline=baseline,
                                                 groups=test.keys["customer_id"])  # fmt: skip


def lists_worth(
    scores: pd.DataFrame, measured: pd.DataFrame, book: Any, truth: pd.DataFrame, *, seed: int
) -> list[dict[str, Any]]:
    """Realised net value of lists of one length by several rules, among the same customers who may be called."""
    rules = {"capacity": 10**6, "per_household": 99, "holdout": 0.0, "explore": 0.0, "contact_cost": 0.0,
             "save_rate": 1.0, "random_state": seed}  # fmt: skip
    free = ck.plan_retention(scores, book, **rules).policies
    own = scores.set_index("policy_id")
    free = free.assign(value=free["policy_id"].map(own["value"]))
    per = free.assign(risk=1 - free["renewal"], at_risk=(1 - free["renewal"]) * free["value"],
                      at_risk_given=(1 - free["renewal"]) * free["given"]).groupby("customer_id")  # fmt: skip
    ranking = pd.DataFrame(
        {
            "risk": per["risk"].max(),
            "value_at_risk": per["at_risk"].sum(),
            "value_at_risk_given": per["at_risk_given"].sum(),
            "value": per["value"].sum(),
        }
    )
    ranking["random"] = np.random.default_rng([seed, 91]).random(len(ranking))
    true = truth.reindex(free["policy_id"]).set_axis(free.index)
    gain = (true["moved"] * true["given"]).groupby(free["customer_id"]).sum()
    by_age = {"by_age": moved(free["renewal"], true["usual"]) * free["given"],
              "by_age_chance_and_value": moved(true["without"], true["usual"]) * true["given"]}  # fmt: skip
    by_age = {name: each.groupby(free["customer_id"]).sum() for name, each in by_age.items()}
    cost = float(ck.economics_table(book)["contact_cost"].iloc[0])
    found = []
    for share in CAPACITIES:
        many = round(share * len(ranking))
        names = {name: ranking[name].nlargest(many).index for name in ranking}
        names["oracle"] = gain[gain > cost].nlargest(many).index
        names |= {name: known[known > cost].nlargest(many).index for name, known in by_age.items()}
        for name, given in (("plan", scores), ("uplift_plan", measured)):
            plan = ck.plan_retention(given, book, capacity=many, per_household=99, holdout=0.0, explore=0.0,
                                     save_rate=SAVE_RATE, random_state=seed)  # fmt: skip
            names[name] = plan.table["customer_id"]
        found += [{"share": share, "rule": name, "contacts": len(who), "worth": float((gain[who] - cost).sum()),
                   "driven_away": float((gain[who] < 0).mean()) if len(who) else 0.0}
                  for name, who in names.items()]  # fmt: skip
    return found


def moved(chance: Any, by: Any) -> Any:
    """What log-odds add to a chance."""
    return expit(logit(chance) + by) - chance


def readouts(scores: pd.DataFrame, book: Any, truth: pd.DataFrame, *, seed: int) -> list[dict[str, Any]]:
    """Lists with their hold-out, called, their renewals drawn, read out; beside it the renewals truly saved."""
    people, policies = (book.sql(f"SELECT * FROM raw_{name}").to_pandas().drop(columns="_row")
                        for name in ("customers", "policies"))  # fmt: skip
    due = ck.plan_retention(scores, book, capacity=10**6, holdout=0.0).policies["customer_id"].nunique()
    found = []
    for share in CAPACITIES:
        for draw in range(READOUTS):
            plan = ck.plan_retention(scores, book, capacity=round(share * due), explore=0.0,
                                     random_state=1000 * seed + draw)  # fmt: skip
            arms = plan.policies.merge(plan.everyone[["customer_id", "arm"]], on="customer_id")
            true = truth.reindex(arms["policy_id"])
            called = (arms["arm"] == "treat").to_numpy()
            rng = np.random.default_rng([seed, 92, draw, round(100 * share)])
            renewed = rng.random(len(arms)) < np.where(called, true["contacted"], true["without"])
            later = ck.open_book({"customers": people, "policies": policies, "terms": ended(arms, renewed)},
                                 data_cutoff=plan.as_of + pd.Timedelta(days=300))  # fmt: skip
            try:
                table = ck.read_out(plan, later).table.loc["renewals_saved"]
            except ck.ContractError:
                continue
            finally:
                later.close()
            saved = float(true["moved"].to_numpy()[called].sum())
            found.append({"share": share, "true": saved, "estimate": float(table["estimate"]),
                          "low": float(table["low"]), "high": float(table["high"]),
                          "held": bool(table["low"] <= saved <= table["high"])})  # fmt: skip
    return found


def ended(arms: pd.DataFrame, renewed: Any) -> pd.DataFrame:
    """The terms of listed and held-out customers when all is over: a next one for each that was renewed."""
    year = pd.Timedelta(days=365)
    end = arms["end_date"]
    now = pd.DataFrame({"term_id": "T" + arms["policy_id"], "policy_id": arms["policy_id"], "start_date": end - year,
                        "end_date": end, "premium": 1000.0, "issued_at": end - year, "recorded_at": end - year,
                        "ended_date": end, "end_reason": np.where(renewed, "renewed", "expired"),
                        "ended_recorded_at": end})  # fmt: skip
    then = now[renewed].assign(term_id=lambda t: "N" + t["policy_id"], start_date=now["end_date"],
                               end_date=now["end_date"] + year, issued_at=now["end_date"],
                               recorded_at=now["end_date"], ended_date=pd.NaT, end_reason=None,
                               ended_recorded_at=pd.NaT)  # fmt: skip
    return pd.concat([now, then], ignore_index=True)
