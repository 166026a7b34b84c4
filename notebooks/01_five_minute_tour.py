# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Five minutes with churnkit
#
# From an insurer's histories to a tracked model, its reasons, and a list of customers to call. The insurer here is
# simulated, so at the end the truth can be put beside the estimates. With your own data, start at *Open and check*.

# %%
import os
import tempfile
from pathlib import Path

import pandas as pd

import churnkit as ck

workspace = Path(tempfile.mkdtemp())
customers = int(os.environ.get("CHURNKIT_TOUR_CUSTOMERS", "4000"))

# %% [markdown]
# ## A book
#
# `simulate_book` writes the tables of the contract (customers, policies, terms, contacts, claims, complaints,
# surveys …) and, in a folder of its own, the truth that nobody knows.

# %%
folder = ck.simulate_book(workspace, customers=customers, years=5, seed=7)
sorted(path.stem for path in folder.glob("*.parquet"))

# %% [markdown]
# ## Open and check
#
# Opening reads nothing twice and changes nothing. Checking runs every rule and tells all findings at once; errors stop.

# %%
book = ck.open_book(folder)
findings = ck.check_book(book)
print(findings.text or "nothing found")
findings.raise_if_errors()

# %% [markdown]
# ## A panel
#
# One row per policy up for renewal and lead (330 to 14 days before the end). Features know only what was in the books
# before the cutoff; labels that can still change are left out, and counted.

# %%
panel = ck.build_panel(book, target="renewal", keep_unlabelled=True)
print(panel)
print(panel.info["excluded"])
train, test = panel.split(test_from="2025-08-01")

# %% [markdown]
# ## A model, and how good it is
#
# LightGBM, calibrated on later rows. The evaluation stands beside three baselines, with intervals by customer.

# %%
model = ck.RenewalModel(random_state=0)
model.fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups, features=train.features)
evaluation = ck.evaluate(model, test)
print(evaluation)

# %% [markdown]
# ## Why
#
# Exact SHAP contributions, summed by group, in plain words. They are associations: nothing says that changing one
# would keep the customer.

# %%
for language in ("en", "zh"):
    print(
        ck.reasons(model, test.X.head(2), language=language)[["row", "rank", "direction", "text"]].to_string(
            index=False
        )
    )

# %% [markdown]
# ## What it is worth, and whom to call
#
# Value over five renewals: the calibrated model for the next one, a hazard with frailty for the later ones. The plan
# draws its random hold-out first and lists everybody whom it leaves out, with the reason.

# %%
value = ck.LifetimeValue(economics=book).fit(panel, model)
print(value.text)
scores = ck.score(book, model, as_of="2026-10-01", value=value)
plan = ck.plan_retention(scores, book, capacity=5)
print(plan.table[["rank", "customer_id", "renewal", "expected_value", "reason_1"]].to_string(index=False))
print(plan.text)

# %% [markdown]
# ## Remember it
#
# One MLflow run: parameters, metrics, plots, SHAP summary, and the model, which returns probabilities. Look at it with
# `mlflow ui --backend-store-uri sqlite:///mlflow.db` in the workspace.

# %%
with ck.track("renewal", workspace=workspace):
    uri = ck.log_model(model, train, test, evaluation=evaluation, value=value)
print(uri)

# %% [markdown]
# ## And the truth?
#
# A simulated insurer knows each term's true chance of renewal. No model sees it; here it shows what is left to gain.

# %%
truth = pd.read_parquet(workspace / "truth" / "terms.parquet")
print(
    f"true renewal probability of decided annual terms: {truth.query('decided and not monthly')['renewal'].mean():.1%}"
)

# %% [markdown]
# **What to try next**: your own folder with `ck.open_book("DATA")`; `target="churn"`; `world="A"` for an insurer
# without hidden confounding; `ck.contributions` for the numbers behind the reasons.
