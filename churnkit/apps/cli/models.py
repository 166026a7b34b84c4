"""Commands that make and use models: demo, train, score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churnkit.apps.cli.options import (
    Cutoff,
    Data,
    Json,
    Kind,
    Language,
    One,
    SettingsFile,
    TestFrom,
    Which,
    Workspace,
    app,
    print_json,
)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Workspace to make.")] = Path("demo"),
    customers: Annotated[int, typer.Option(min=500, help="Customers in the book.")] = 20_000,
    years: Annotated[int, typer.Option(min=4, max=20, help="Observed years.")] = 6,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 0,
    world: Annotated[str, typer.Option(help="Causal world, A to I.")] = "F",
    messy: Annotated[
        bool, typer.Option("--messy", help="Damage a copy of the book first, and work with that.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run everything on a simulated insurer whose truth is known."""
    from churnkit.apps.console import Steps
    from churnkit.apps.demo import run_demo
    from churnkit.apps.workspace import check_workspace

    check_workspace(folder)
    steps = Steps()
    answer = run_demo(
        folder, steps, customers=customers, years=years, seed=seed, world=world, messy=messy, tell=not as_json
    )
    if as_json:
        print_json(answer)
        return
    print("\nWhere everything lies:")
    for name, place in answer["paths"].items():
        print(f"  {name:<10} {place}")
    print(f"  runs       mlflow ui --backend-store-uri sqlite:///{answer['paths']['mlflow']}")
    print(f"{sum(answer['seconds'].values()):.0f} seconds in all.")


@app.command()
def train(
    data: Data,
    target: Annotated[Which, typer.Option(help="What to predict.")] = "renewal",
    test_from: TestFrom = None,
    workspace: Workspace = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    tuned: Annotated[Path | None, typer.Option(help="Settings that churnkit tune wrote.")] = None,
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Check a book, build panels, train, evaluate and record the models."""
    from churnkit.apps.checking import checked
    from churnkit.apps.console import Steps, show
    from churnkit.apps.registry import standing
    from churnkit.apps.training import Target, audited, fit_target, measure, priced, record, summary
    from churnkit.apps.tuning import tuned_params
    from churnkit.apps.workspace import check_workspace, given
    from churnkit.book.open import open_book
    from churnkit.moments import to_moment

    check_workspace(workspace)
    if test_from is not None:
        to_moment(test_from, name="--test-from")
    steps, answer = Steps(), {}
    names: tuple[Target, ...] = ("renewal", "churn") if target == "both" else (target,)
    params = {name: tuned_params(tuned, name) for name in names}
    book = open_book(data, data_cutoff=data_cutoff, settings=settings)
    checked(book, steps)
    for name in names:
        trained = fit_target(book, name, steps, test_from=test_from, random_state=seed, params=params[name])
        done = measure(trained, steps)
        value = priced(book, trained, steps) if name == "renewal" else None
        fairness = audited(book, trained, steps)
        model = record(trained, done, steps, workspace=workspace, value=value, fairness=fairness)
        answer[name] = {**summary(trained, done), "model": model, **({"value": value[1].metrics} if value else {})}
        if not as_json:
            show(done.table.reset_index(), title=f"{name}: test metrics with 95 % intervals, beside three baselines")
            print(f"{done.text}\n{standing(model, workspace=workspace)}\n")
            if value:
                print(f"{value[1].text}\n")
    if as_json:
        print_json({"targets": answer, "seconds": steps.seconds, "workspace": given(workspace)})


@app.command()
def score(
    data: Data,
    as_of: Annotated[str, typer.Option(help="Day on which to score; only what was known before it is used.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .parquet, .csv or .xlsx.")],
    target: Annotated[One, typer.Option(help="What is predicted.")] = "renewal",
    model: Annotated[
        str | None,
        typer.Option(help="champion, challenger, a version or a run; the champion if not given, else the newest."),
    ] = None,
    workspace: Workspace = None,
    language: Annotated[Language, typer.Option(help="Language of the reasons.")] = "en",
    kind: Annotated[Kind, typer.Option(help="Which reasons: changeable ones are what the insurer decides.")] = "both",
    memory: Annotated[str | None, typer.Option(help="Bound on the memory, such as 2GB.")] = None,
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Score every policy (or customer) in force on a day."""
    from churnkit.apps.output import check_output

    check_output(output)
    from churnkit.apps.checking import checked
    from churnkit.apps.console import Steps
    from churnkit.apps.output import write_table
    from churnkit.apps.registry import load_model
    from churnkit.apps.scoring import score as score_book
    from churnkit.book.finding import Finding
    from churnkit.book.open import open_book
    from churnkit.moments import to_moment

    to_moment(as_of, name="--as-of")
    steps = Steps()
    book = open_book(data, data_cutoff=data_cutoff, settings=settings)
    checked(book, steps)
    kept = load_model(target, workspace=workspace, model=model)
    findings: list[Finding] = []
    with steps.step("score", f"Scoring what is in force on {as_of}"):
        scores = score_book(book, kept.model, as_of=as_of, value=kept.value, language=language, kind=kind,
                            version=kept.version, memory=memory, tell=findings.append)  # fmt: skip
        write_table(scores, output)
    for finding in findings:
        steps.say(f"{finding.severity:<7}  {finding}")
    unsure = int(scores["unsure"].sum())
    if as_json:
        print_json({"rows": len(scores), "unsure": unsure, "output": str(output), "model": kept.version,
                     "findings": [str(finding) for finding in findings]})  # fmt: skip
    else:
        print(f"{len(scores):,} rows, {unsure:,} of them unsure, by {kept.version}, written to {output}")
