"""Messy twins: copies of a clean simulated book, each damaged in one known way, or in all that can live together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from churnkit.errors import UsageError
from churnkit.simulate import damage_events, damage_tables, damage_terms, damage_training
from churnkit.simulate.damaged import Apply, Damage, Damaged
from churnkit.simulate.draft import DONE, Draft, draws, is_simulated, open_draft, publish


def _registry(*damages: tuple[str, str, str, Apply]) -> dict[str, Damage]:
    return {code: Damage(code, table, what, apply) for code, table, what, apply in damages}


DAMAGES = _registry(
    ("COL01", "terms", "A required column has another name.", damage_tables.column_renamed),
    ("TYP02", "claims", "Some amounts are words.", damage_tables.amounts_in_words),
    ("ENC03", "customers", "A file is saved as GB18030.", damage_tables.saved_as_gb18030),
    ("DUP04", "claims", "One month was exported twice.", damage_tables.month_exported_twice),
    ("KEY05", "policies", "Policies come with their old branch and their new one.",
     damage_tables.moved_to_another_branch),
    ("FK06", "interactions", "Policy numbers have a blank after them, or lead nowhere.",
     damage_tables.policies_not_found),
    ("FUT07", "interactions", "The last contacts are eight hours ahead.", damage_events.eight_hours_ahead),
    ("SEN08", "terms", "No end is written as 9999-12-31 or 1900-01-01.", damage_terms.sentinel_ends),
    ("DAT09", "terms", "Terms end before they start.", damage_terms.ends_before_start),
    ("OVL10", "terms", "Renewals start before the previous term ends.", damage_terms.overlapping_renewals),
    ("GAP11", "terms", "End dates are last covered days.", damage_terms.last_covered_days),
    ("LNK12", "terms", "Every renewal has a new policy number.", damage_tables.policies_renumbered),
    ("END13", "terms", "Endorsements are exported as terms.", damage_terms.endorsements_as_terms),
    ("NTU14", "terms", "Policies are cancelled on their first day.", damage_terms.cancelled_at_the_start),
    ("REI15", "terms", "Policies are cancelled and reinstated within grace.", damage_terms.reinstated),
    ("RSN16", "terms", "Ended terms have no reason.", damage_terms.reasons_blank),
    ("REC17", "interactions", "Nothing says when contacts were recorded.", damage_events.never_recorded),
    ("LATE18", "claims", "Claims are entered months after they were reported.", damage_events.recorded_late),
    ("SCL19", "surveys", "No opinion is a score of 99.", damage_events.no_opinion_as_99),
    ("DIR20", "surveys", "One instrument's scores are turned round.", damage_events.nps_turned_round),
    ("RES21", "surveys", "Unanswered invitations are left out.", damage_events.answers_only),
    ("COV22", "surveys", "A region's answers are missing.", damage_events.a_region_unheard),
    ("CUR23", "terms", "Premiums are in fen from one month on.", damage_terms.fen_for_yuan),
    ("IDS24", "policies", "A spreadsheet rounded the agents' numbers.", damage_tables.ids_through_a_spreadsheet),
    ("CAT25", "policies", "A line has a code of the insurer's own.", damage_tables.unknown_line),
    ("ABS26", "complaints", "An optional table is absent.", damage_tables.table_absent),
    ("OUT27", "interactions", "A campaign called customers, and there is no outreach table.",
     damage_tables.campaign_without_outreach),
    ("CLS28", "terms", "Only policies still in force were extracted.", damage_training.only_those_in_force),
    ("LEAK29", "terms", "An extra column is filled after a customer has left.", damage_training.known_afterwards),
    ("DRF30", "policies", "New policies come through a new channel.", damage_training.new_channel),
)  # fmt: skip
"""Every code of the contract's findings, with the damage that brings it about."""

TOGETHER = ("NTU14", "REI15", "END13", "RSN16", "DRF30", "SEN08", "CUR23", "DUP04", "LATE18", "FK06", "FUT07", "CAT25",
             "OUT27", "REC17", "COV22", "RES21", "DIR20", "ABS26", "ENC03")  # fmt: skip
"""What a messy book has, in an order in which no damage changes what an earlier one counts.

LEAK29 could live here too, but what is trained with it would be no model.
"""
_MILD: dict[str, Apply] = {"CAT25": damage_tables.unknown_initiator}


def damage(folder: str | Path, out: str | Path, code: str, *, seed: int = 0) -> Damaged:
    """Copy a clean simulated book and damage the copy in exactly one known way.

    Parameters
    ----------
    folder : path of the clean book, as `simulate_book` wrote it in Parquet; only read
    out : path of the twin; an earlier twin there is replaced. ``damages.json`` in it says what was done
    code : str, a finding's code, one of `DAMAGES`
    seed : int; the same seed gives the same files

    Returns
    -------
    Damaged
        What was done, and the count that a check of the twin should report.

    Raises
    ------
    UsageError
        If the code is unknown, `folder` is no clean simulated book, `out` holds something else, or the book is too
        small for the damage.

    Examples
    --------
    >>> import tempfile
    >>> from churnkit.simulate import simulate_book
    >>> root = Path(tempfile.mkdtemp())
    >>> folder = simulate_book(root, customers=60, years=2, truth=False)
    >>> print(damage(folder, root / "twin", "ABS26").what)
    the table complaints is left out
    """
    if code not in DAMAGES:
        near = get_close_matches(code.upper(), DAMAGES, n=1)
        fix = f"Did you mean {near[0]!r}?" if near else f"Choose one of {', '.join(DAMAGES)}."
        raise UsageError("A damage has the code of a finding.", found=repr(code), fix=fix)
    draft = open_draft(folder)
    done = DAMAGES[code].apply(draft, draws(seed, code))
    _write(draft, out, [done])
    return done


def messy_book(folder: str | Path, out: str | Path, *, seed: int = 0) -> list[Damaged]:
    """Copy a clean simulated book with all the damages that can live together in one that still trains.

    Warnings and notes only: nothing in it stops a check. CAT25 is done to a column that decides nothing.

    Parameters
    ----------
    folder : path of the clean book, as `simulate_book` wrote it in Parquet; only read
    out : path of the messy book; an earlier twin there is replaced. ``damages.json`` in it says what was done
    seed : int; the same seed gives the same files

    Returns
    -------
    list of Damaged, in the order in which they were done

    Raises
    ------
    UsageError
        If `folder` is no clean simulated book, `out` holds something else, or the book is too small.
    """
    draft = open_draft(folder)
    done = [_MILD.get(code, DAMAGES[code].apply)(draft, draws(seed, code)) for code in TOGETHER]
    _write(draft, out, done)
    return done


def _write(draft: Draft, out: str | Path, done: Iterable[Damaged]) -> None:
    said = [{"code": each.code, "table": each.table, "count": each.count, "what": each.what} for each in done]

    def fill(folder: Path) -> None:
        draft.write(folder)
        (folder / DONE).write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    publish(out, fill, ours=lambda path: is_simulated(path) and (path / DONE).is_file(), clean=draft.folder)
