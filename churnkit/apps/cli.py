"""The command line, all commands: results on standard output, progress on standard error."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from churnkit.errors import ChurnkitError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
    help="Renewal, churn, lifetime value and the effect of satisfaction, from an insurer's own histories.",
)  # fmt: skip

Data = Annotated[
    str, typer.Argument(help="The book: a folder of tables with churnkit.toml, a DuckDB or SQLite file, or a URL.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Workspace = Annotated[Path, typer.Option(help="Folder of mlflow.db and the models.")]
Cutoff = Annotated[
    str | None, typer.Option(help="Moment up to which the tables are complete; overrules churnkit.toml.")
]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="File to read in place of the churnkit.toml beside the tables.")
]
TestFrom = Annotated[str | None, typer.Option(help="First day of the test period; the last ripe year if not given.")]


One = Literal["renewal", "churn"]
Which = Literal["renewal", "churn", "both"]
Language = Literal["en", "zh"]


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
    from churnkit.apps.output import check_workspace

    check_workspace(folder)
    steps = Steps()
    answer = run_demo(
        folder, steps, customers=customers, years=years, seed=seed, world=world, messy=messy, tell=not as_json
    )
    if as_json:
        _print_json(answer)
        return
    print("\nWhere everything lies:")
    for name, place in answer["paths"].items():
        print(f"  {name:<10} {place}")
    print(f"  runs       mlflow ui --backend-store-uri sqlite:///{answer['paths']['mlflow']}")
    print(f"{sum(answer['seconds'].values()):.0f} seconds in all.")


@app.command()
def check(
    data: Data,
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    report: Annotated[Path | None, typer.Option(help="Write the findings to this .html file too.")] = None,
    fix: Annotated[Path | None, typer.Option(help="Write a cleaned copy to this new folder, and a log.")] = None,
    as_json: Json = False,
) -> None:
    """Check a book against the data contract; exit code 1 if there are errors."""
    from churnkit.apps.checking import check_data

    findings, answer = check_data(
        data, data_cutoff=data_cutoff, settings=settings, report=report, fix=fix, tell=not as_json
    )
    if as_json:
        _print_json(answer)
    if findings.errors:
        raise typer.Exit(1)


@app.command(name="map")
def map_data(
    data: Annotated[
        Path, typer.Argument(help="Folder of an export: CSV, Parquet or Excel files, whatever their names.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; churnkit.toml beside the tables if not given.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over settings that are there.")] = False,
    as_json: Json = False,
) -> None:
    """Guess which file, column and value is which of the contract's; write churnkit.toml to look over."""
    from churnkit.apps.console import Steps
    from churnkit.apps.settings_file import target, write_mapping
    from churnkit.book.mapping.guess import guess_mapping

    path = target(output, data)
    with Steps().step("map", f"Looking at {data}"):
        guess = guess_mapping(data)
    written = write_mapping(guess, path, force=force)
    if as_json:
        columns = {each.table: {one.ours: one.theirs for one in each.columns} for each in guess.tables}
        _print_json({"written": str(written.path), "columns": columns, "missing": guess.missing,
                     "others": guess.others, "changes": written.changes})  # fmt: skip
        return
    print(f"{guess.text}\n\n{written.text}")
    print(f"Next: confirm data_cutoff in {written.path}, then: churnkit check {data}")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the tables.")] = Path("."),
    force: Annotated[bool, typer.Option("--force", help="Write over settings that are there.")] = False,
) -> None:
    """Write an empty churnkit.toml in which every key is explained."""
    from churnkit.apps.settings_file import write_template

    path = write_template(folder, force=force)
    print(f"Written to {path}\nNext: set data_cutoff in it, then: churnkit check {folder}")


@app.command()
def train(
    data: Data,
    target: Annotated[Which, typer.Option(help="What to predict.")] = "renewal",
    test_from: TestFrom = None,
    workspace: Workspace = Path("."),
    seed: Annotated[int, typer.Option(min=0)] = 0,
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Check a book, build panels, train, evaluate and record the models."""
    from churnkit.apps.checking import checked
    from churnkit.apps.console import Steps, show
    from churnkit.apps.output import check_workspace
    from churnkit.apps.training import fit_target, measure, priced, record, summary
    from churnkit.book.open import open_book
    from churnkit.moments import to_moment

    check_workspace(workspace)
    if test_from is not None:
        to_moment(test_from, name="--test-from")
    steps, answer = Steps(), {}
    book = open_book(data, data_cutoff=data_cutoff, settings=settings)
    checked(book, steps)
    for name in ("renewal", "churn") if target == "both" else (target,):
        trained = fit_target(book, name, steps, test_from=test_from, random_state=seed)
        done = measure(trained, steps)
        value = priced(book, trained) if name == "renewal" else None
        model = record(trained, done, steps, workspace=workspace, value=value)
        answer[name] = {**summary(trained, done), "model": model}
        if not as_json:
            show(done.table.reset_index(), title=f"{name}: test metrics with 95 % intervals, beside three baselines")
            print(done.text + "\n")
    if as_json:
        _print_json({"targets": answer, "seconds": steps.seconds, "workspace": str(workspace)})


@app.command()
def score(
    data: Data,
    as_of: Annotated[str, typer.Option(help="Day on which to score; only what was known before it is used.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .parquet, .csv or .xlsx.")],
    target: Annotated[One, typer.Option(help="Which model.")] = "renewal",
    workspace: Workspace = Path("."),
    language: Annotated[Language, typer.Option(help="Language of the reasons.")] = "en",
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Score every policy (or customer) in force on a day with the workspace's newest model."""
    from churnkit.apps.output import check_output

    check_output(output)
    from churnkit.apps.checking import checked
    from churnkit.apps.console import Steps
    from churnkit.apps.output import write_table
    from churnkit.apps.scoring import score as score_book
    from churnkit.apps.tracking import load_model
    from churnkit.book.finding import Finding
    from churnkit.book.open import open_book
    from churnkit.moments import to_moment

    to_moment(as_of, name="--as-of")
    steps = Steps()
    book = open_book(data, data_cutoff=data_cutoff, settings=settings)
    checked(book, steps)
    model, value = load_model(target, workspace=workspace)
    findings: list[Finding] = []
    with steps.step("score", f"Scoring what is in force on {as_of}"):
        scores = score_book(book, model, as_of=as_of, value=value, language=language, tell=findings.append)
        write_table(scores, output)
    for finding in findings:
        steps.say(f"{finding.severity:<7}  {finding}")
    if as_json:
        _print_json({"rows": len(scores), "unsure": int(scores["unsure"].sum()), "output": str(output),
                     "findings": [str(finding) for finding in findings]})  # fmt: skip
    else:
        print(f"{len(scores):,} rows, {int(scores['unsure'].sum()):,} of them unsure, written to {output}")


@app.command()
def leaks(
    data: Data,
    target: Annotated[One, typer.Option(help="Which panel to look at.")] = "renewal",
    csv: Annotated[Path | None, typer.Option(help="Write every feature's figures to this .csv file too.")] = None,
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Look for features that know the outcome beforehand, or know only what day it is."""
    from churnkit.apps.leaks import look_for_leaks

    answer = look_for_leaks(data, target, csv=csv, data_cutoff=data_cutoff, settings=settings, tell=not as_json)
    if as_json:
        _print_json(answer)


@app.command()
def features(
    target: Annotated[Which, typer.Option(help="Features of which observations.")] = "both",
    group: Annotated[list[str] | None, typer.Option(help="Only this reason group; may be given again.")] = None,
    language: Annotated[Language, typer.Option(help="Language of the texts.")] = "en",
    csv: Annotated[Path | None, typer.Option(help="Write to this .csv, .xlsx or .parquet file instead.")] = None,
    as_json: Json = False,
) -> None:
    """Print the dictionary of the standard features."""
    from churnkit.apps.features import list_features

    wanted: Any = None if target == "both" else target
    answer = list_features(wanted, groups=group, language=language, csv=csv, tell=not as_json)
    if as_json:
        _print_json(answer)


@app.command()
def panel(
    data: Data,
    to: Annotated[Path, typer.Option("--to", "-o", help="Folder for the parts; a stopped build goes on there.")],
    target: Annotated[One, typer.Option(help="Which observations.")] = "renewal",
    as_of: Annotated[str | None, typer.Option(help="Everything in force on this day, without labels.")] = None,
    memory: Annotated[str, typer.Option(help="Bound on the memory of the build.")] = "2GB",
    engine: Annotated[Literal["local", "spark"], typer.Option(help="Where the work is done.")] = "local",
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Build a panel into a folder of Parquet files, within a bound of memory or on Spark."""
    from churnkit.apps.panels import write_panel

    answer = write_panel(data, target, to, memory=memory, as_of=as_of, spark=engine == "spark",
                         data_cutoff=data_cutoff, settings=settings, tell=not as_json)  # fmt: skip
    if as_json:
        _print_json(answer)


def _print_json(answer: dict[str, Any]) -> None:
    print(json.dumps(answer, ensure_ascii=False, default=str, allow_nan=True))


def main() -> None:
    """Run the command line; a known error becomes a message and an exit code, never a traceback."""
    try:
        app()
    except ChurnkitError as error:
        print(f"churnkit: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        print(f"churnkit: {error}", file=sys.stderr)
        sys.exit(2)
