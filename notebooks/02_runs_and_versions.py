# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Runs and versions: backtest, track, compare, promote
#
# A data scientist's morning. There is a model in use. An idea comes up: what do the answers to surveys tell that the
# rest does not? The idea is tried on the same days as the model, both are tracked, they are put beside each other, and
# one of them becomes the model that scoring uses. The insurer is simulated; with your own data start at *A panel*.

# %%
import os
import tempfile
from pathlib import Path

import churnkit as ck

workspace = Path(tempfile.mkdtemp())
customers = int(os.environ.get("CHURNKIT_TOUR_CUSTOMERS", "6000"))
book = ck.open_book(ck.simulate_book(workspace, customers=customers, years=5, seed=3))

# %% [markdown]
# ## A panel
#
# With its unlabelled rows, so that those who left otherwise are counted beside the rates.

# %%
panel = ck.build_panel(book, target="renewal", leads=[60, 45, 30, 14], keep_unlabelled=True)
print(panel)

# %% [markdown]
# ## Backtest
#
# Four quarters that tile the last ripe year. On the first day of each a copy of the model is trained on the labels that
# were ripe on that day, and predicts the rows of the quarter. So every row is predicted once, by a model that could
# have been in use on that day. The last sentence says whether the probabilities may be multiplied by money.

# %%
model = ck.RenewalModel(random_state=0)
tested = ck.backtest(model, panel, folds=4, n_boot=100)
print(tested)
tested.by_fold[["n", "log_loss", "log_loss_logistic", "auc", "rate", "other_exits", "unripe"]].round(3)

# %% [markdown]
# ## Track it
#
# One run, and one under it for each fold: settings, metrics with their intervals, tables, pictures, and contributions
# of some customers' rows under hashed ids. `workspace` may also be the address of a tracking server.

# %%
with ck.track("renewal", workspace=workspace, run_name="backtest, all features") as run:
    ck.log_backtest(tested)
all_features = run.info.run_id

# %% [markdown]
# ## The idea: without what surveys say
#
# The same days, the same rows, fewer features.

# %%
dropped = [feature.name for feature in panel.features if feature.table == "surveys"]
fewer = ck.standard_features("renewal", without=dropped)
small = ck.build_panel(book, target="renewal", leads=[60, 45, 30, 14], features=fewer, keep_unlabelled=True)
print(len(panel.features), "features,", len(small.features), "without surveys")
with ck.track("renewal", workspace=workspace, run_name="backtest, without surveys") as run:
    ck.log_backtest(ck.backtest(model, small, folds=4, n_boot=100))
without_surveys = run.info.run_id

# %% [markdown]
# ## Compare
#
# Which metrics differ, which reasons took over, and which customers moved most. Intervals that overlap are no proof of
# equality, and reasons are associations.

# %%
compared = ck.compare_runs(all_features, without_surveys, workspace=workspace)
print(compared.text)
compared.table.head(8).round(3)

# %% [markdown]
# ## Two versions of the model
#
# Both are trained on everything that was ripe before the last year and judged on that year. The first one that is
# logged becomes the champion, the second its challenger. With each goes a card.


# %%
def logged(rows, name):
    """Train, judge and log one version; return its address."""
    train, test = rows.split(test_from="2025-08-01")
    fitted = ck.RenewalModel(random_state=0)
    fitted.fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups, features=train.features)
    evaluation = ck.evaluate(fitted, test, n_boot=100)
    with ck.track("renewal", workspace=workspace, run_name=name):
        return ck.log_model(fitted, train, test, evaluation=evaluation, backtest=tested if rows is panel else None)


print(logged(small, "without surveys"))
print(logged(panel, "all features"))

# %% [markdown]
# ## Promote
#
# Scoring takes the champion. The former champion stays, and is named in a tag of the new one, so that the way back is
# one call.

# %%
print(ck.promote("challenger", workspace=workspace))
kept = ck.load_model("renewal", workspace=workspace)
scores = ck.score(book, kept.model, as_of="2026-10-01")
print(kept.version, kept.model.mark_)
scores[["policy_id", "renewal", "reason_1"]].head()

# %% [markdown]
# **What to try next**: `mlflow ui --backend-store-uri sqlite:///mlflow.db` in the workspace, where every run has its
# pictures and its card; `churnkit card champion --workspace WORK -o card.html`; `ck.tune(model, panel,
# test_from="2025-08-01")`; a tracking server with `workspace="http://127.0.0.1:5000"`.
