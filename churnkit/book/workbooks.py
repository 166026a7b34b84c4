"""Excel workbooks: what may be opened at all, which sheets there are, and their cells as texts."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree
from xml.parsers import expat

import pyarrow as pa

from churnkit.book.engine import Engine, EngineError
from churnkit.book.finding import Finding
from churnkit.book.loading import Loaded, Unreadable, distinct, problem

LARGEST, RATIO, PARTS = 2 << 30, 250, 10_000  # bytes unpacked; unpacked to packed, beyond 64 MB; files within
_SMALL, _BLOCK, _ROWS = 64 << 20, 1 << 20, 20_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOOKED_AT, _WIDEST, _DEEPEST = 20, 2_000, 1_048_576  # rows to find the header in; columns; rows of a sheet
_FORMULA = re.compile(rb"<(\w+:)?f[ />]")
_OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_RESAVE = "open it in Excel and save it again as .xlsx, or save the sheet as CSV"


class Refused(Exception):  # noqa: N818 - becomes a finding
    """A workbook is not opened; `why` continues a sentence that begins with its name, `fix` mends it."""

    def __init__(self, why: str, fix: str = _RESAVE) -> None:
        self.why, self.fix = why, fix
        super().__init__(why)


def sheet_names(path: Path) -> list[str]:
    """Names of a workbook's sheets, in its order, after it was found safe to open.

    Raises
    ------
    Refused
        Where it is not.
    """
    return list(_parts(path))


def read_sheet(engine: Engine, table: str, path: Path, sheet: str) -> Loaded:
    """Load a sheet as ``source_<table>``: texts, with the sheet's row number as ``_row``.

    The header is the first row with at least two filled cells; rows without any filled cell are left out, and so are
    cells to the right of the header. Formulas are never evaluated: the value that was saved with them counts.

    Raises
    ------
    Unreadable
        With the finding.
    """
    try:
        part = _parts(path)[sheet]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's remarks on styles and extensions
            engine.read_arrow(f"source_{table}", _reader(path, sheet))
        notes = _uncomputed(path, part, table, sheet)
    except Refused as error:
        raise Unreadable(problem("TYP02", table, f"{path.name} {error.why}", fix=error.fix)) from None
    except EngineError as error:
        what = f"{path.name} sheet {sheet} does not read: {error.detail}"
        raise Unreadable(problem("TYP02", table, what, fix=_RESAVE)) from None
    return Loaded(table, "excel", (path,), sheet=sheet, notes=notes)


def as_text(value: Any) -> str | None:
    """Write a cell as a CSV file would: days and moments in ISO form, whole numbers without a point.

    Numbers of 16 digits and more have lost digits in the spreadsheet: they keep their exponent, so that this is seen.

    Examples
    --------
    >>> [as_text(x) for x in (1001.0, 0.5, 1.10105199001e17, True, datetime(2026, 1, 2), "a", "")]
    ['1001', '0.5', '1.10105199001e+17', 'true', '2026-01-02', 'a', None]
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _parts(path: Path) -> dict[str, str]:
    """Sheet names and the parts that hold them, if the workbook is safe to open."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_OLE))
        if head == _OLE:
            raise Refused("is protected by a password, or an old .xls under a new name",
                          "open it in Excel and save it as .xlsx without a password")  # fmt: skip
        with zipfile.ZipFile(path) as parts:
            _check_size(parts)
            for info in parts.infolist():
                if info.filename.lower().endswith((".xml", ".rels", ".vml")):
                    with parts.open(info) as part:
                        _check_prolog(part)
            return _sheets(parts)
    except (Refused, OSError) as error:
        raise error if isinstance(error, Refused) else Refused(f"cannot be opened: {error}") from None
    except Exception as error:  # whatever damage makes of a zip file and its XML
        raise Refused(f"does not open as a workbook: {type(error).__name__}: {error}") from None


def _check_size(parts: zipfile.ZipFile) -> None:
    infos = parts.infolist()
    unpacked, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
    if len(infos) > PARTS or unpacked > LARGEST or (unpacked > _SMALL and unpacked > RATIO * max(packed, 1)):
        sizes = f"from {packed / 1e6:,.1f} to {unpacked / 1e6:,.0f} MB in {len(infos):,} parts"
        raise Refused(f"would unpack {sizes}, which no honest workbook does", "save the sheet as CSV if you trust it")


def _check_prolog(part: IO[bytes]) -> None:
    """Refuse a document type, which may declare entities, before anything expands them."""
    parser = expat.ParserCreate()
    state = {"begun": False}

    def declared(*_: Any) -> None:
        raise Refused("declares XML entities, which may expand without end")

    def begun(*_: Any) -> None:
        state["begun"] = True

    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = declared
    parser.StartElementHandler = begun
    read = 0
    while not state["begun"] and (block := part.read(1 << 12)):
        read += len(block)
        if read > _BLOCK:
            raise Refused("has a part that does not begin as XML")
        parser.Parse(block, False)


def _sheets(parts: zipfile.ZipFile) -> dict[str, str]:
    targets = {}
    for element in ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels")):
        target = element.get("Target", "")
        targets[element.get("Id")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    found = {}
    for element in ElementTree.fromstring(parts.read("xl/workbook.xml")).iter():
        part = targets.get(element.get(_OFFICE, ""), "")
        if element.tag.endswith("}sheet") and part in parts.namelist() and "chartsheet" not in part:
            found[element.get("name", "")] = part
    if not found:
        raise Refused("has no sheet")
    return found


def _reader(path: Path, sheet: str) -> pa.RecordBatchReader:
    """Stream a sheet's rows as texts."""
    rows = _rows(path, sheet)
    names = next(rows)[1]
    fields = [pa.field("_row", pa.int64()), *(pa.field(name, pa.string()) for name in names)]
    return pa.RecordBatchReader.from_batches(pa.schema(fields), _batches(rows, pa.schema(fields)))


def _batches(rows: Iterator[tuple[int, list[Any]]], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    held: list[tuple[int, list[Any]]] = []
    for row in rows:
        held.append(row)
        if len(held) == _ROWS:
            yield _batch(held, schema)
            held = []
    yield _batch(held, schema)


def _batch(held: list[tuple[int, list[Any]]], schema: pa.Schema) -> pa.RecordBatch:
    width = len(schema) - 1
    columns = [[as_text(values[i]) for _, values in held] for i in range(width)]
    return pa.RecordBatch.from_pydict(
        dict(zip(schema.names, [[row for row, _ in held], *columns], strict=True)), schema
    )


def _rows(path: Path, sheet: str) -> Iterator[tuple[int, list[Any]]]:
    """The header's names first, then every filled row with its number."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            page = book[sheet]
            page.reset_dimensions()  # what the file says of its size may be wrong
            top = list(page.iter_rows(max_row=_LOOKED_AT, max_col=_WIDEST, values_only=True))
            at, names = _header(top)
            yield at, names
            below = page.iter_rows(max_row=_DEEPEST, max_col=len(names), values_only=True)
            for number, values in enumerate(below, start=1):
                if number > at and any(value is not None and value != "" for value in values):
                    yield number, list(values)
        finally:
            book.close()
    except (Refused, GeneratorExit):
        raise
    except Exception as error:  # openpyxl raises whatever the damage leads it to
        raise Refused(f"sheet {sheet} does not read: {type(error).__name__}: {error}") from None


def _header(top: list[tuple[Any, ...]]) -> tuple[int, list[str]]:
    texts = [[(as_text(value) or "").strip() for value in row] for row in top]
    filled = [sum(map(bool, row)) for row in texts]
    at = next((i for i, n in enumerate(filled) if n > 1), next((i for i, n in enumerate(filled) if n), None))
    if at is None:
        raise Refused("is empty, without a header row", "put the names of the columns into its first row")
    width = max(i for i, text in enumerate(texts[at], start=1) if text)
    try:
        return at + 1, distinct(texts[at][:width])
    except ValueError as error:
        raise Refused(f"cannot be read: {error}", "give each column a name of its own") from None


def _uncomputed(path: Path, part: str, table: str, sheet: str) -> tuple[Finding, ...]:
    """Count the formulas that were saved without a value, as programs that write workbooks do."""
    with zipfile.ZipFile(path) as parts, parts.open(part) as file:
        tail, any_formula = b"", False
        while not any_formula and (block := file.read(_BLOCK)):
            any_formula = _FORMULA.search(tail + block) is not None
            tail = block[-20:]
    if not any_formula:
        return ()
    places: list[str] = []
    with zipfile.ZipFile(path) as parts, parts.open(part) as file:
        for _, element in ElementTree.iterparse(file):
            tag = element.tag.rpartition("}")[2]
            if tag == "c":
                inner = {child.tag.rpartition("}")[2]: child.text for child in element}
                if "f" in inner and not inner.get("v"):
                    places.append(element.get("r", "?"))
            if tag == "row":
                element.clear()
    if not places:
        return ()
    what = f"{path.name} sheet {sheet} holds {len(places):,} formulas that were saved without a value"
    return (problem("TYP02", table, what, severity="warning", count=len(places),
                    examples=tuple(f"cell {place}" for place in places[:5]), effect="their cells are read as empty",
                    fix="open the workbook in Excel, let it compute, and save it"),)  # fmt: skip
