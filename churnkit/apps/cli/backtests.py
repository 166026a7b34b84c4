"""Commands that train again and again to see how good a model would have been: backtest, tune."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from churnkit.apps.cli.options import Cutoff, Data, Json, One, SettingsFile, TestFrom, Workspace, app, print_json


@app.command()
def backtest(
    data: Data,
    target: Annotated[One, typer.Option(help="What to predict.")] = "renewal",
    folds: Annotated[int, typer.Option(min=1, help="Origins, up to the last ripe label.")] = 4,
    every: Annotated[Literal["quarter", "year"], typer.Option(help="How far origins are apart.")] = "quarter",
    lead: Annotated[
        list[int] | None, typer.Option(help="Measure at this many days before the end; may be given again.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Truth folder of a simulated book, for the attainable gain.")
    ] = None,
    workspace: Workspace = None,
    track: Annotated[bool, typer.Option(help="Record the runs in MLflow.")] = True,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Train at several origins on what was known then, and measure each until the next."""
    from churnkit.apps.backtesting import LEADS, run_backtest
    from churnkit.apps.console import show

    done, answer = run_backtest(
        data, target=target, folds=folds, every=every, leads=lead or LEADS, truth=truth, workspace=workspace,
        tracked=track, seed=seed, data_cutoff=data_cutoff, settings=settings,
    )  # fmt: skip
    if as_json:
        print_json(answer)
        return
    show(done.table.reset_index(), title=f"{target}: metrics of all folds with 95 % intervals, beside three baselines")
    names = {
        "test_from": "from", "n": "n", "log_loss": "log loss", "log_loss_logistic": "logistic's",
        "calibration_slope": "slope", "auc": "AUC", "observed_expected": "obs./exp.", "rate_in_training": "rate then",
        "rate": "rate", "other_exits": "other exits", "unripe": "unripe",
    }  # fmt: skip
    for title, table in (("By fold", done.by_fold), ("By lead", done.by_lead)):
        if len(table):
            shown = table.loc[:, [name for name in names if name in table]].rename(columns=names).reset_index()
            show(shown.astype({shown.columns[0]: int}), title=title, digits=3)
    print(done.text)


@app.command()
def tune(
    data: Data,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The .json file to write; trials lie beside it, a later call goes on."),
    ] = Path("tuned.json"),
    target: Annotated[One, typer.Option(help="Whose settings.")] = "renewal",
    trials: Annotated[int, typer.Option(min=1, help="Trials in all, those of earlier calls included.")] = 30,
    folds: Annotated[int, typer.Option(min=1, help="Origins within the training period.")] = 3,
    timeout: Annotated[float | None, typer.Option(help="Seconds after which no trial is begun.")] = None,
    test_from: TestFrom = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Look for better settings on the training period; then: churnkit train DATA --tuned tuned.json."""
    from churnkit.apps.tuning import run_tuning

    done, answer = run_tuning(data, target, output, trials=trials, folds=folds, timeout=timeout, test_from=test_from,
                              seed=seed, data_cutoff=data_cutoff, settings=settings)  # fmt: skip
    if as_json:
        print_json(answer)
    else:
        print(f"{done.text}\nWritten to {output}. Next: churnkit train {data} --target {target} --tuned {output}")
