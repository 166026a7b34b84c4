"""Commands about the data: check, map, init, panel, features, leaks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from churnkit.apps.cli.options import (
    Cutoff,
    Data,
    Json,
    Language,
    One,
    SettingsFile,
    Which,
    app,
    print_json,
)


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
        print_json(answer)
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
        print_json({"written": str(written.path), "columns": columns, "missing": guess.missing,
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
        print_json(answer)


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
        print_json(answer)


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
        print_json(answer)
