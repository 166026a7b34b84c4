"""The command that answers scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from churnkit.apps.cli.options import Cutoff, Json, SettingsFile, Workspace, app, print_json


@app.command()
def whatif(
    scenarios: Annotated[list[Path], typer.Argument(help="Scenario files (.toml), up to five to compare.")],
    data: Annotated[str, typer.Option("--data", help="The book, as the other commands take it.")] = ".",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Workbook to write (.xlsx).")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse settings beyond what was seen.")] = False,
    trusted: Annotated[
        Literal["queue_wait", "handler_load", "arm"] | None,
        typer.Option(help="The shock to go by should the shocks contradict each other."),
    ] = None,
    levers: Annotated[bool, typer.Option("--levers", help="Print what can be set, too.")] = False,
    breaks: Annotated[bool, typer.Option("--breaks", help="Print the journey's break points, too.")] = False,
    replicates: Annotated[int, typer.Option(min=2, help="Of the bootstrap behind the intervals.")] = 60,
    workspace: Workspace = None,
    track: Annotated[bool, typer.Option(help="Record the run in MLflow.")] = True,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Say what scenarios would do to renewal and value, what they cost, and how sure that is."""
    from churnkit.apps.checking import checked
    from churnkit.apps.console import Steps, show
    from churnkit.apps.tracking import track as tracked
    from churnkit.apps.tracking_scenarios import log_scenarios
    from churnkit.apps.whatif import pictures, prepare, read_scenarios
    from churnkit.apps.whatif_workbook import check_workbook, write_scenarios
    from churnkit.apps.workspace import check_workspace
    from churnkit.book.open import open_book
    from churnkit.effect.scenarios.journey import journey

    asked = read_scenarios(scenarios)
    if output is not None:
        check_workbook(output)
    if track:
        check_workspace(workspace)
    steps = Steps()
    book = open_book(data, data_cutoff=data_cutoff, settings=settings)
    checked(book, steps)
    prepared = prepare(book, steps, trusted=trusted, replicates=replicates, random_state=seed)
    with steps.step("scenarios", f"Evaluating {len(asked)} scenarios"):
        result = prepared.evaluate(asked, strict=strict)
    unit = book.settings.currency
    drawn = pictures(prepared, result, unit=unit) if track or output is not None else {}
    if output is not None:
        with steps.step("workbook", "Writing the workbook"):
            write_scenarios(result, output, pictures=drawn, levers=prepared.levers, unit=unit)
    if track:
        with steps.step("tracking", "Recording the scenarios in MLflow"), tracked("whatif", workspace=workspace):
            log_scenarios(result, drawn)
    if as_json:
        table = result.table.astype(object).where(result.table.notna(), None)
        print_json({"scenarios": table.reset_index().to_dict("records"), "text": result.text,
                    "seconds": steps.seconds})  # fmt: skip
        return
    if levers:
        known = prepared.levers[prepared.levers["line"] == "all"].drop(columns=["line", "acts_through", "known"])
        show(known, title="What can be set", digits=2)
    if breaks:
        print(journey(prepared).text + "\n")
    columns = ["policies", "renewal_today", "change_pp", "value_change", "cost", "net", "p_net", "supported", "verdict"]
    show(result.table[columns].astype(object).T.reset_index(names="scenario"), title="Scenarios", digits=3)
    print(result.text)
