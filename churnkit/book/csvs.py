"""CSV files to texts on the engine: encoding, delimiter, header, and the lines at which rows begin."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from churnkit.book.encodings import NUL, Undecodable, Written, line_of, look, name, to_utf8
from churnkit.book.engine import Engine, EngineError
from churnkit.book.finding import Finding
from churnkit.book.loading import Loaded, Unreadable, distinct, problem
from churnkit.errors import UsageError

_DELIMITERS = ",;\t|"
_LOOKED_AT = 20  # records in which the header is looked for
_AGAIN = "write the file again from its source"


def read_csv(engine: Engine, table: str, path: Path, *, told: str = "") -> Loaded:
    """Load a CSV file as ``source_<table>``, every field a text.

    Parameters
    ----------
    told : str
        The encoding, where the settings give it.

    Raises
    ------
    Unreadable
        With the finding, naming the line.
    """
    try:
        written = _look(table, path, told)
        names, delimiter, skipped = header(path, written.encoding)
        _load(engine, table, path, written, names, delimiter, skipped)
    except Undecodable as error:
        raise Unreadable(_undecodable(table, path, error)) from None
    except EngineError as error:
        what, fix = _explained(path, written.encoding, delimiter, skipped, len(names)) or (error.detail, _AGAIN)
        raise Unreadable(problem("TYP02", table, f"{path.name} does not read as CSV: {what}", fix=fix)) from None
    except UsageError:
        raise
    except (OSError, csv.Error, ValueError) as error:
        fix = "check the file and its permissions" if isinstance(error, OSError) else "check the file's header"
        raise Unreadable(problem("TYP02", table, f"{path.name} cannot be read: {error}", fix=fix)) from None
    notes = tuple(_notes(table, path, written, told, skipped))
    rows = engine.records(f"SELECT count(*) AS n FROM source_{table}")[0]["n"]
    return Loaded(table, "csv", (path,), encoding=written.encoding, delimiter=delimiter, skipped=skipped,
                  even=rows + 1 + skipped == written.lines, notes=notes)  # fmt: skip


def header(path: Path, encoding: str) -> tuple[list[str], str, int]:
    """Column names, delimiter, and the lines before the header.

    The header is the first of the first records with at least two filled fields, so that a title above it is passed
    over; in a file without such a record it is the first that is not blank.
    """
    with path.open(encoding=encoding, newline="") as file:
        delimiter = _delimiter([file.readline(1 << 16) for _ in range(_LOOKED_AT)])
    records = [record for record, _ in zip(_records(path, encoding, delimiter), range(_LOOKED_AT), strict=False)]
    filled = [(sum(bool(field.strip(" \ufeff\t")) for field in fields), line, fields) for line, fields in records]
    found = next((each for each in filled if each[0] > 1), next((each for each in filled if each[0]), None))
    if found is None:
        raise ValueError("it is empty, without a header line")
    return distinct([field.replace("\ufeff", "") for field in found[2]]), delimiter, found[1] - 1


def lines_of(loaded: Loaded, rows: Iterable[int], *, width: int) -> dict[int, int]:
    """Lines of the file at which data rows begin: quoted line breaks, blank lines and titles move them."""
    wanted, lines = set(rows), {}
    if loaded.even:
        return {row: row + 1 + loaded.skipped for row in wanted}
    records = _records(loaded.files[0], loaded.encoding, loaded.delimiter)
    data = (line for line, fields in records if line > loaded.skipped and (fields or width == 1))
    try:
        for row, line in enumerate(data):  # row 0 is the header
            if row in wanted:
                lines[row] = line
            if len(lines) == len(wanted):
                break
    except (OSError, csv.Error, UnicodeError):
        pass  # a field too long for this reader: the rows after it keep their number
    return lines


def _records(path: Path, encoding: str, delimiter: str, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """First line and fields of every record, blank ones with no field."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=strict)
        line = 1
        for fields in reader:
            yield line, fields
            line = reader.line_num + 1


def _delimiter(lines: list[str]) -> str:
    """The delimiter that comes most often in the first line that has one."""
    for line in lines:
        best = max(_DELIMITERS, key=line.count)
        if best in line:
            return best
    return ","


def _look(table: str, path: Path, told: str) -> Written:
    written = look(path, told)
    if written.nuls:
        line = line_of(path, written.encoding, NUL)
        what = f"{path.name} holds {written.nuls:,} NUL characters, the first in line {line:,}: it is UTF-16 or damaged"
        fix = f'write it again from its source; if it is UTF-16, write [{table}] encoding = "utf-16-le"'
        raise Unreadable(problem("ENC03", table, what, fix=fix, count=written.nuls))
    return written


def _load(engine: Engine, table: str, path: Path, written: Written, names: list[str], delimiter: str,
          skipped: int) -> None:  # fmt: skip
    """Load the file itself where the engine reads it, else a copy in UTF-8 that is removed at once."""
    source = f"source_{table}"
    if written.encoding == "utf-8-sig" and not written.marks:
        try:
            engine.read_csv(source, path, columns=names, delimiter=delimiter, skip=skipped)
            return
        except EngineError:
            if not _mixed_ends(path):
                raise
    copy = engine.folder / f"{table}.csv"
    mixed = _mixed_ends(path)
    try:
        to_utf8(path, written.encoding, copy, plain_ends=mixed)
        engine.read_csv(source, copy, columns=names, delimiter=delimiter, skip=skipped)
    finally:
        copy.unlink(missing_ok=True)


def _mixed_ends(path: Path) -> bool:
    """Whether lines end in more than one way, which the engine refuses."""
    ends = pairs = alone = 0
    for block in _bytes(path):
        ends, pairs, alone = ends + block.count(b"\n"), pairs + block.count(b"\r\n"), alone + block.count(b"\r")
    return alone > 0 and not (ends == pairs == alone) and ends > 0


def _bytes(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            yield block


def _explained(path: Path, encoding: str, delimiter: str, skipped: int, width: int) -> tuple[str, str] | None:
    """Say in which lines the records do not fit the header, or None where they all do."""
    ragged: list[tuple[int, int]] = []
    line = 0
    try:
        for line, fields in _records(path, encoding, delimiter, strict=True):
            if line > skipped and fields and len(fields) != width:
                ragged.append((line, len(fields)))
    except csv.Error as error:
        if not ragged:
            return f"in or after line {line + 1:,}: {error}", "close the quoted text that begins there"
    if not ragged:
        return None
    first, count = ragged[0]
    more = f", and {len(ragged) - 1:,} more such lines" if len(ragged) > 1 else ""
    what = f"line {first:,} has {count} field{'' if count == 1 else 's'} where the header has {width}{more}"
    return what, "put texts that hold the delimiter in quotes, and remove titles and sums; or export it again"


def _undecodable(table: str, path: Path, error: Undecodable) -> Finding:
    fix = f'save it as UTF-8 (in Excel: CSV UTF-8), or name its encoding: [{table}] encoding = "big5"'
    return problem("ENC03", table, f"{path.name} is {error}", fix=fix)


def _notes(table: str, path: Path, written: Written, told: str, skipped: int) -> Iterator[Finding]:
    if not told and written.encoding != "utf-8-sig":
        shown = (f"first such text {written.sample!r}",) if written.sample else ()
        what = f"{path.name} is not UTF-8: read as {name(written.encoding)}"
        fix = f'if it is, write [{table}] encoding = "{written.encoding}"; if not, its true one'
        yield problem("ENC03", table, what, severity="note", examples=shown, fix=fix,
                      effect="its texts are right if this one is")  # fmt: skip
    if written.marks:
        line = line_of(path, written.encoding, "\ufeff")
        what = f"{path.name} holds {written.marks:,} byte order marks after its start"
        yield problem("ENC03", table, what, count=written.marks, severity="warning", examples=(f"line {line:,}",),
                      effect="they are left out", fix="check where files were joined")  # fmt: skip
    if skipped:
        yield problem("COL01", table, f"the header of {path.name} is taken to be line {skipped + 1}", severity="note",
                      effect="what stands above it is not read", fix="nothing, if that is so")  # fmt: skip
