"""The whole way on a simulated insurer: estimates beside the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnkit.apps.checking import checked
from churnkit.apps.console import Steps, show
from churnkit.apps.output import write_table
from churnkit.apps.retention import RECORD
from churnkit.apps.scoring import score
from churnkit.apps.training import Trained, audited, fit_target, measure, priced, record, summary
from churnkit.apps.whatif import pictures, ready
from churnkit.apps.whatif_workbook import write_scenarios
from churnkit.apps.workspace import ARTIFACTS, DATABASE
from churnkit.book.finding import Finding
from churnkit.book.open import Book, open_book
from churnkit.effect.effect import SatisfactionEffect
from churnkit.effect.scenarios.result import ScenarioResult
from churnkit.effect.scenarios.scenario import Scenario
from churnkit.models.evaluation.ceiling import Ceiling, ceiling_predictions
from churnkit.models.evaluation.metrics import Evaluation
from churnkit.retain.plan import RetentionPlan, plan_retention
from churnkit.retain.record import keep_plan
from churnkit.retain.workbook import write_list
from churnkit.simulate.book import simulate_book
from churnkit.simulate.damaged import Damaged
from churnkit.simulate.messy import messy_book
from churnkit.simulate.truth import observation_probability, standing_values
from churnkit.value.economics import economics_table, margin
from churnkit.value.lifetime import LifetimeValue

CAPACITY, REPLICATES = 10, 30
FASTER = Scenario("Motor claims in 3 working days").set("claim_cycle_days", 3, line="motor")
MESSY = "messy"


def run_demo(
    root: Path, steps: Steps, *, customers: int = 20_000, years: int = 6, seed: int = 0, world: str = "F",
    messy: bool = False, tell: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Simulate, check, train, evaluate, value, track, score and list; return the JSON answer.

    With `messy`, everything is done with a damaged copy of the book: the damages stand beside what the check finds of
    them, and nothing beside the truth, which knows no damaged rows.
    """
    with steps.step("simulate", f"Simulating {customers:,} customers over {years} years, world {world}") as progress:
        folder = simulate_book(root, customers=customers, years=years, seed=seed, world=world, progress=progress)
    if messy:
        with steps.step("damage", "Damaging a copy of the book in every way that can live together"):
            damages = messy_book(folder, root / MESSY, seed=seed)
    book = open_book(root / MESSY if messy else folder)
    findings = checked(book, steps)
    renewal = fit_target(book, "renewal", steps, random_state=seed)
    ceiling = None
    if not messy:
        with steps.step("ceiling", "Asking the truth what could at best be reached"):
            ceiling = _ceiling(renewal, pd.read_parquet(root / "truth" / "terms.parquet"))
    done = {"renewal": measure(renewal, steps, ceiling=ceiling)}
    churn = fit_target(book, "churn", steps, random_state=seed)
    done["churn"] = measure(churn, steps)
    value, valued = priced(book, renewal, steps)
    fair = {trained.target: audited(book, trained, steps) for trained in (renewal, churn)}
    models = {"renewal": record(renewal, done["renewal"], steps, workspace=root, value=(value, valued),
                                fairness=fair["renewal"]),
              "churn": record(churn, done["churn"], steps, workspace=root, fairness=fair["churn"])}  # fmt: skip
    version = models["renewal"].removeprefix("models:/")
    scores, plan, drift = _listed(book, renewal, value, steps, root=root, seed=seed, version=version)
    asked = None if messy else _scenario(book, value, steps, root=root, seed=seed)
    found = _found(damages, [*findings.items, *drift]) if messy else pd.DataFrame()
    worth, truth = pd.DataFrame(), {}
    if ceiling is not None:
        worth = _value_beside_truth(book, scores, value, pd.read_parquet(root / "truth" / "values.parquet"))
        truth = _truth(ceiling, done["renewal"], worth)
    if tell:
        _tell(done, truth, worth, plan, found)
    if tell and asked is not None:
        print(f"\n{asked.text}")
    return {
        "targets": {"renewal": summary(renewal, done["renewal"]), "churn": summary(churn, done["churn"])},
        "truth": truth, "value": worth.to_dict("index"), "valued": valued.metrics,
        "scenario": "" if asked is None else asked.text, "contacts": len(plan.table), "left_out": len(plan.left_out),
        "damages": found.to_dict("records"), "models": models, "paths": _paths(root, messy=messy),
        "seconds": steps.seconds, "seed": seed, "world": world,
    }  # fmt: skip


def _found(damages: list[Damaged], findings: list[Finding]) -> pd.DataFrame:
    """What was done to the book, beside what the check counts under that code and table."""
    rows = []
    for each in damages:
        counts = [item.count for item in findings if (item.code, item.table) == (each.code, each.table)]
        rows.append({"code": each.code, "table": each.table, "damaged": each.count, "found": max(counts, default=0),
                     "what": each.what})  # fmt: skip
    return pd.DataFrame(rows)


def _listed(
    book: Book, renewal: Trained, value: LifetimeValue, steps: Steps, *, root: Path, seed: int, version: str
) -> tuple[pd.DataFrame, RetentionPlan, list[Finding]]:
    drift: list[Finding] = []
    as_of = book.settings.data_cutoff
    with steps.step("score", f"Scoring every policy in force on {as_of:%Y-%m-%d}"):
        scores = score(book, renewal.model, as_of=as_of, value=value, version=version, tell=drift.append)
        plan = plan_retention(scores, book, capacity=CAPACITY, random_state=seed)
        write_table(scores, root / "scores.parquet")
        plan = write_list(plan, root / "contacts.xlsx", book=book)
        keep_plan(root / RECORD, plan, output="contacts.xlsx")
    return scores, plan, drift


def _scenario(book: Book, value: LifetimeValue, steps: Steps, *, root: Path, seed: int) -> ScenarioResult:
    """One scenario: what a faster claim cycle would bring, as ``churnkit whatif`` answers it."""
    with steps.step("effect", "Estimating what satisfaction does to renewal"):
        effect = SatisfactionEffect(random_state=seed).fit(book)
    prepared = ready(book, effect, value, steps, replicates=REPLICATES)
    with steps.step("scenario", "Evaluating a scenario: motor claims settled in 3 working days"):
        result, unit = prepared.evaluate(FASTER), book.settings.currency
        write_scenarios(result, root / "whatif.xlsx", pictures=pictures(prepared, result, unit=unit),
                        levers=prepared.levers(), unit=unit)  # fmt: skip
    return result


def _ceiling(trained: Trained, terms: pd.DataFrame) -> Ceiling:
    at_best = ceiling_predictions(
        trained.model, trained.train.X, observation_probability(terms, trained.train.keys), trained.test.X
    )
    return Ceiling(observation_probability(terms, trained.test.keys), at_best)


def _value_beside_truth(book: Book, scores: pd.DataFrame, value: LifetimeValue, truth: pd.DataFrame) -> pd.DataFrame:
    """Value by line of the policies that both know: estimated, and with the true chances of renewal."""
    true = standing_values(truth, scores)
    both = scores[["policy_id", "line", "value", "s1"]].join(true.add_suffix("_true"))
    both = both.merge(truth[["policy_id", "premium"]], on="policy_id")
    table = economics_table(book)
    yearly = margin(both["premium"].to_numpy(), table.loc[both["line"]])
    years = np.arange(1, value.years + 1)
    survival = both[[f"s{t}_true" if f"s{t}_true" in both else f"s{t}" for t in years]].to_numpy()
    both["true_value"] = (yearly[:, None] * survival / (1 + value.discount_rate) ** years).sum(axis=1)
    both["all"] = "all"
    parts = []
    for key in ("line", "all"):
        grouped = both.groupby(key)
        parts.append(grouped.agg(policies=("value", "size"), estimated=("value", "sum"), true=("true_value", "sum"),
                                 s1=("s1", "mean"), s1_true=("s1_true", "mean")))  # fmt: skip
    worth = pd.concat(parts).rename_axis("line")
    return worth.assign(ratio=worth["estimated"] / worth["true"])


def _truth(ceiling: Ceiling, done: Evaluation, worth: pd.DataFrame) -> dict[str, float]:
    named = {name: done.metrics[name]["estimate"] for name in
             ("attainable_gain", "expected_log_loss_base", "expected_log_loss_model", "expected_log_loss_ceiling",
              "expected_log_loss_truth")}  # fmt: skip
    true, estimated = (float(worth[name].to_numpy()[-1]) for name in ("true", "estimated"))
    return {"true_renewal_rate": float(ceiling.truth.mean()), **named, "true_value": true, "estimated_value": estimated}


def _paths(root: Path, *, messy: bool) -> dict[str, str]:
    places = {"book": MESSY if messy else "book", "truth": "truth", "mlflow": DATABASE, "artifacts": ARTIFACTS,
              "scores": "scores.parquet", "contacts": "contacts.xlsx", "record": RECORD}  # fmt: skip
    if not messy:
        places["whatif"] = "whatif.xlsx"
    return {name: str(root / place) for name, place in places.items()}


def _tell(
    done: dict[str, Evaluation], truth: dict[str, float], worth: pd.DataFrame, plan: RetentionPlan, found: pd.DataFrame
) -> None:
    if len(found):
        print("What was damaged, how many rows, and how many the check found")
        for row in found.to_dict("records"):
            print(f"  {row['code']:<7} {row['table']:<13} {row['damaged']:>8,} {row['found']:>8,}  {row['what']}")
        print()
    for target, evaluation in done.items():
        show(
            evaluation.table.reset_index(), title=f"{target}: test metrics with 95 % intervals, beside three baselines"
        )
        print(evaluation.text + "\n")
    beside = "Five-year value of the policies in force (yuan, 8 % a year, current term excluded), beside the truth"
    if truth:
        show(worth.reset_index(), title=beside, digits=3)
        print(f"True renewal rate of the test rows {truth['true_renewal_rate']:.1%}. "
              "Later renewals come from the hazard with frailty.\n")  # fmt: skip
    print(f"The {len(plan.table)} customers most worth a call")
    reasons = [name for name in map(str, plan.table) if name.startswith("reason_")]
    for row in plan.table.to_dict("records"):
        print(f"{row['rank']:>3}. {row['customer_id']}  {row['line']}, due {row['end_date']:%Y-%m-%d}, "
              f"renewal {row['renewal']:.0%}, value {row['value']:,.0f} yuan, "
              f"a call is worth {row['expected_value']:,.0f}")  # fmt: skip
        for name in reasons:
            if isinstance(row[name], str):
                print(f"       {row[name]}")
    print(plan.text)
