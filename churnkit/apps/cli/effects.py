"""The command that measures what satisfaction does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from churnkit.apps.cli.options import Cutoff, Data, Json, SettingsFile, Workspace, app, print_json


@app.command()
def effect(
    data: Data,
    trusted: Annotated[
        Literal["queue_wait", "handler_load", "arm"] | None,
        typer.Option(help="The shock to go by should the shocks contradict each other."),
    ] = None,
    replicates: Annotated[int, typer.Option(min=2, help="Of the bootstrap behind the value's interval.")] = 60,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Report to write (.html).")] = None,
    workspace: Workspace = None,
    track: Annotated[bool, typer.Option(help="Record the run in MLflow.")] = True,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Measure what satisfaction does to renewal and lifetime value, with a verdict."""
    from churnkit.apps.checking import checked
    from churnkit.apps.console import Steps, show
    from churnkit.apps.effects import measure_effect
    from churnkit.apps.output import check_page, write_page
    from churnkit.apps.report import effect_report
    from churnkit.apps.tracking import track as tracked
    from churnkit.apps.tracking_effect import log_effect
    from churnkit.apps.workspace import check_workspace
    from churnkit.book.open import open_book

    if output is not None:
        check_page(output)
    if track:
        check_workspace(workspace)
    steps = Steps()
    book = open_book(data, data_cutoff=data_cutoff, settings=settings)
    checked(book, steps)
    done = measure_effect(book, steps, trusted=trusted, replicates=replicates, random_state=seed)
    if output is not None:
        write_page(effect_report(done), output)
    if track:
        with steps.step("tracking", "Recording the effect in MLflow"), tracked("effect", workspace=workspace):
            log_effect(done)
    if as_json:
        verdict = {"kind": done.effect.verdict.kind, "reason": done.effect.verdict.reason}
        print_json({"answer": done.answer, "verdict": verdict, "metrics": done.metrics,
                    "left_out": list(done.left_out), "checks": done.effect.checks.table.to_dict("records"),
                    "seconds": steps.seconds})  # fmt: skip
        return
    print(done.answer + "\n")
    show(done.effect.table, title="Renewal per +1 pp of satisfaction, pp", digits=3)
    show(done.beside.reset_index(), title="Beside what is taken for it", digits=3)
    if done.worth is not None:
        whole = done.worth.table.reset_index()
        show(whole[whole["group"] == "all"], title="Lifetime value of the policies in force, %", digits=3)
    print(done.text)
