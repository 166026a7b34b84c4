"""The command that answers scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from churnkit.apps.cli.options import Cutoff, Json, SettingsFile, Workspace, app, print_json

if TYPE_CHECKING:
    import pandas as pd


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
    drawn = pictures(prepared, result, unit=prepared.currency) if track or output is not None else {}
    if output is not None:
        with steps.step("workbook", "Writing the workbook"):
            write_scenarios(result, output, pictures=drawn, levers=prepared.levers(), unit=prepared.currency)
    if track:
        with steps.step("tracking", "Recording the scenarios in MLflow"), tracked("whatif", workspace=workspace):
            log_scenarios(result, drawn)
    journeys = journey(prepared) if breaks else None
    if as_json:
        parts = {"scenarios": result.table.reset_index(), "levers": prepared.levers() if levers else None,
                 "breaks": None if journeys is None else journeys.table}  # fmt: skip
        print_json({**_records(parts), "text": result.text, "seconds": steps.seconds})
        return
    if levers:
        show(_overall(prepared.levers()), title="What can be set", digits=2)
    if journeys is not None:
        print(f"{journeys}\n")
    show(_sideways(result.table), title="Scenarios", digits=3)
    print(result.text)


def _records(tables: dict[str, pd.DataFrame | None]) -> dict[str, list[dict[Any, Any]]]:
    """Tables as JSON has them, those that were asked for; what is not known is null."""
    return {name: table.astype(object).where(table.notna(), None).to_dict("records")
            for name, table in tables.items() if table is not None}  # fmt: skip


def _overall(levers: pd.DataFrame) -> pd.DataFrame:
    """The levers over all lines."""
    return levers[levers["line"] == "all"].drop(columns=["line", "acts_through", "known"])


def _sideways(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a column for each scenario."""
    columns = ["policies", "renewal_today", "change_pp", "value_change", "cost", "net", "p_net", "supported", "verdict"]
    return table[columns].astype(object).T.reset_index(names="scenario")
