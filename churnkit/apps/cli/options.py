"""What the commands share: the application, its arguments and options, and how an answer is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
    help="Renewal, churn, lifetime value and the effect of satisfaction, from an insurer's own histories.",
)  # fmt: skip

Data = Annotated[
    str, typer.Argument(help="The book: a folder of tables with churnkit.toml, a DuckDB or SQLite file, or a URL.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Workspace = Annotated[
    str | None,
    typer.Option(
        help="Folder of mlflow.db and the models, or the address of a tracking server; $MLFLOW_TRACKING_URI if not"
        " given, else this folder."
    ),
]
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
Kind = Literal["both", "changeable", "background"]


def print_json(answer: dict[str, Any]) -> None:
    """Print one JSON object on standard output."""
    print(json.dumps(answer, ensure_ascii=False, default=str, allow_nan=True))
