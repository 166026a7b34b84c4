"""Commands of the retention team: plan, outcomes import, readout, audit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from churnkit.apps.cli.options import Cutoff, Data, Json, Language, SettingsFile, Workspace, app, print_json

Record = Annotated[
    Path | None,
    typer.Option(help="Folder in which lists and outcomes are kept; retention in the workspace if not given."),
]
outcomes = typer.Typer(no_args_is_help=True, help="What came of a list.")
app.add_typer(outcomes, name="outcomes")


@app.command()
def plan(
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="List to write: .xlsx or .csv.")],
    as_of: Annotated[str | None, typer.Option(help="Day on which to score; the data cutoff if not given.")] = None,
    scores: Annotated[
        Path | None, typer.Option(help="What churnkit score wrote; else the policies are scored.")
    ] = None,
    capacity: Annotated[int, typer.Option(help="Contacts.")] = 800,
    cap: Annotated[
        list[str] | None, typer.Option(help="branch=40, agent=20 or channel:phone=300; may be given again.")
    ] = None,
    budget: Annotated[float | None, typer.Option(help="Money for all contacts together.")] = None,
    per_household: Annotated[int, typer.Option(help="Contacts per household.")] = 1,
    due_within: Annotated[int, typer.Option(help="Days ahead in which a renewal must fall due.")] = 90,
    gap: Annotated[int, typer.Option(help="Days without a contact after a contact.")] = 30,
    yearly: Annotated[int, typer.Option(help="Contacts within a year after which there is none.")] = 4,
    holdout: Annotated[float, typer.Option(help="Share of households never contacted.")] = 0.1,
    explore: Annotated[float, typer.Option(help="Share of the capacity drawn at random.")] = 0.02,
    save_rate: Annotated[float, typer.Option(help="Assumed share of lapses prevented if all were contacted.")] = 0.1,
    contact_cost: Annotated[float | None, typer.Option(help="Per contact; the book's own if not given.")] = None,
    actions: Annotated[Path | None, typer.Option(help="Table of actions, .csv or .xlsx.")] = None,
    new_business: Annotated[Path | None, typer.Option(help="CSV of policy_id, new_business_price.")] = None,
    valid: Annotated[int, typer.Option(help="Days after which the list has expired.")] = 14,
    encoding: Annotated[Literal["utf-8-sig", "gb18030"], typer.Option(help="Of a .csv list.")] = "utf-8-sig",
    language: Annotated[Language, typer.Option(help="Language of the list.")] = "en",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    model: Annotated[str | None, typer.Option(help="As churnkit score takes it.")] = None,
    record: Record = None,
    workspace: Workspace = None,
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Choose whom to call, draw the hold-out, and write the list with whoever was scored and is not on it."""
    from churnkit.apps.console import Steps
    from churnkit.apps.retention import caps_of, check_places, make_list, read_scores, record_folder
    from churnkit.book.open import open_book
    from churnkit.retain.record import replaces

    folder, caps = record_folder(record, workspace), caps_of(cap or [])
    check_places(output, folder, encoding)
    steps = Steps()
    if scores is not None:
        book = open_book(data, data_cutoff=data_cutoff, settings=settings)
        scored = read_scores(scores)
    else:
        book, scored = _scored(data, as_of, steps, model=model, workspace=workspace, language=language,
                               data_cutoff=data_cutoff, settings=settings)  # fmt: skip
    with steps.step("plan", "Choosing whom to call"):
        done = make_list(
            book, scored, output, folder, capacity=capacity, caps=caps, budget=budget, per_household=per_household,
            due_within_days=due_within, contact_gap_days=gap, contacts_per_year=yearly, holdout=holdout,
            explore=explore, save_rate=save_rate, contact_cost=contact_cost, actions=actions,
            new_business=new_business, valid_days=valid, encoding=encoding, language=language, random_state=seed,
        )  # fmt: skip
    counts, trials = done.left_out["reason"].value_counts().to_dict(), replaces(folder, done.list_id)
    if as_json:
        print_json({"list": done.list_id, "replaces": trials, "listed": len(done.table), "left_out": counts,
                    "output": str(output), "next_100": done.next_worth, "expires": f"{done.expires:%Y-%m-%d}",
                    "seconds": steps.seconds})  # fmt: skip
        return
    print(f"{done.text}\n{done.list_id}, valid until {done.expires:%Y-%m-%d}, written to {output}")
    if trials:
        print(f"It takes the place of {', '.join(trials)}, made on the same day about the same customers, of which"
              " nothing has come back: call from this one only.")  # fmt: skip
    print(f"Next: have it filled in, then: churnkit outcomes import {output} {data}")


def _scored(
    data: str, as_of: str | None, steps: Any, *, model: str | None, workspace: str | None, language: Language,
    data_cutoff: str | None, settings: Path | None,
) -> tuple[Any, Any]:  # fmt: skip
    from churnkit.apps.checking import checked
    from churnkit.apps.registry import load_model
    from churnkit.apps.scoring import score
    from churnkit.book.open import open_book
    from churnkit.moments import to_moment

    if as_of is not None:
        to_moment(as_of, name="--as-of")
    book = open_book(data, data_cutoff=data_cutoff, settings=settings)
    checked(book, steps)
    kept = load_model("renewal", workspace=workspace, model=model)
    day = book.settings.data_cutoff if as_of is None else as_of
    with steps.step("score", f"Scoring what is in force on {str(day)[:10]}"):
        return book, score(book, kept.model, as_of=day, value=kept.value, language=language, version=kept.version)


@outcomes.command(name="import")
def import_(
    path: Annotated[Path, typer.Argument(help="The filled list, .xlsx or .csv.", metavar="LIST")],
    data: Data,
    to: Annotated[Path | None, typer.Option(help="File to append to in place of the book's outreach.")] = None,
    list_id: Annotated[
        str | None, typer.Option("--list", help="Which list it answers; as it says if not given.")
    ] = None,
    record: Record = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Read a filled list back into the book's outreach; may be run again."""
    from churnkit.apps.retention import import_outcomes, record_folder

    back, added, target = import_outcomes(path, data, record_folder(record, workspace), to=to, list_id=list_id,
                                          workspace=workspace)  # fmt: skip
    if as_json:
        print_json({"list": back.list_id, "filled": back.filled, "overridden": back.overridden, "added": back.added,
                    "rows_written": added, "output": str(target),
                    "findings": [str(each) for each in back.findings]})  # fmt: skip
        return
    print(f"{back.text}\n{added:,} rows written to {target}" + ("" if added else ": all of it was there already"))


@app.command()
def readout(
    data: Data,
    lists: Annotated[
        list[str] | None, typer.Option("--list", help="A list's name; all that are kept if not given.")
    ] = None,
    record: Record = None,
    workspace: Workspace = None,
    data_cutoff: Cutoff = None,
    settings: SettingsFile = None,
    as_json: Json = False,
) -> None:
    """Say whether calling worked: assigned customers against the hold-out that would have been listed."""
    from churnkit.apps.console import show
    from churnkit.apps.retention import read_lists, record_folder
    from churnkit.book.open import open_book

    book = open_book(data, data_cutoff=data_cutoff, settings=settings)
    done = read_lists(book, record_folder(record, workspace), list(lists or []))
    if as_json:
        print_json({"lists": list(done.lists), "table": done.table.to_dict("index"),
                    "arms": done.arms.to_dict("index"), "overrides": done.overrides.to_dict("index"),
                    "waiting": done.waiting, "text": done.text})  # fmt: skip
        return
    show(done.table.reset_index(), title="What calling changed, with 95 % intervals", digits=2)
    if len(done.overrides):
        show(done.overrides.reset_index(), title="Overrides beside what happened", digits=3)
    print(done.text)


@app.command()
def audit(
    customer: Annotated[str, typer.Option(help="Whose: a customer's id.")],
    date: Annotated[str | None, typer.Option(help="Day up to which lists are told; today if not given.")] = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="Put a pseudonym in the customer's place, for good.")
    ] = False,
    record: Record = None,
    workspace: Workspace = None,
    as_json: Json = False,
) -> None:
    """Rebuild what a customer could be told: lists, reasons, what was done; or forget the customer."""
    from churnkit.apps.retention import forgotten, record_folder, told

    folder = record_folder(record, workspace)
    if forget:
        places = forgotten(folder, customer, workspace)
        print_json({"places": places}) if as_json else print(f"Forgotten in {places} lists and files of {folder}")
        return
    text = told(folder, customer, date, workspace)
    print_json({"customer": customer, "text": text}) if as_json else print(text)
