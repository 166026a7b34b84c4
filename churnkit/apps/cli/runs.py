"""Commands about runs and registered models: compare, promote, card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from churnkit.apps.cli.options import Json, One, Workspace, app, print_json

Which = Annotated[str, typer.Argument(help="champion, challenger, a version number, or the id of a run.")]
Target = Annotated[One, typer.Option(help="Whose models.")]


@app.command()
def compare(
    a: Annotated[str, typer.Argument(help="A run: its id, champion, challenger or a version.", metavar="RUN")],
    b: Annotated[str, typer.Argument(help="Another.", metavar="RUN")],
    target: Target = "renewal",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Put two runs beside each other: metrics, which reasons grew or shrank, which customers moved."""
    from churnkit.apps.comparing import compare_runs
    from churnkit.apps.console import show

    done = compare_runs(a, b, target=target, workspace=workspace)
    if as_json:
        tables = {"metrics": done.metrics, "reasons": done.table, "customers": done.customers.head(100)}
        print_json(
            {name: table.reset_index().to_dict("records") for name, table in tables.items()} | {"text": done.text}
        )
        return
    show(done.metrics.reset_index(), title="Metrics with 95 % intervals")
    show(done.table.head(12).reset_index(), title="Reasons: mean absolute contribution in log-odds", digits=3)
    print(done.text)


@app.command()
def promote(
    model: Which,
    alias: Annotated[Literal["champion", "challenger"], typer.Option("--as", help="What it becomes.")] = "champion",
    target: Target = "renewal",
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Make a model the champion, which scoring uses, or the challenger."""
    from churnkit.apps.registry import promote as promote_model

    done = promote_model(model, alias=alias, target=target, workspace=workspace)
    if as_json:
        print_json({"name": done.name, "version": done.version, "alias": done.alias, "former": done.former})
    else:
        print(done.text)


@app.command()
def card(
    model: Which = "champion",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the page to this .html file instead.")
    ] = None,
    target: Target = "renewal",
    workspace: Workspace = None,
) -> None:
    """Print a model's card: what it is for, how good it is, where it is weak, until when it is valid."""
    from churnkit.apps.output import check_page, write_page
    from churnkit.apps.registry import card_of

    if output is not None:
        check_page(output)
    text = card_of(model, target=target, page=output is not None, workspace=workspace)
    if output is None:
        print(text)
    else:
        print(f"Written to {write_page(text, output)}")
