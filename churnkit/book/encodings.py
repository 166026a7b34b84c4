"""In which encoding a text file is written, found by reading all of it, a block at a time."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from churnkit.errors import UsageError

MARK, NUL = "\ufeff", "\0"
_BLOCK = 1 << 20
_BEYOND = re.compile(r"[^\x00-\x7f\ufeff]{1,20}")
_MARKS_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Undecodable(Exception):  # noqa: N818 - becomes a finding
    """A file is not in an encoding: from byte `offset` on, in `line`."""

    def __init__(self, encoding: str, offset: int, line: int, *, also: str = "") -> None:
        self.encoding, self.offset, self.line = encoding, offset, line
        super().__init__(f"not {name(encoding)} from byte {offset + 1:,}, in line {line:,}{also}")


@dataclass(frozen=True)
class Written:
    """How a text file is written: its encoding, and what lies in it that no table holds.

    ``marks`` counts byte order marks after the start, ``nuls`` NUL characters, ``lines`` lines; ``sample`` is the first
    text beyond ASCII.
    """

    encoding: str
    marks: int = 0
    nuls: int = 0
    lines: int = 0
    sample: str = ""


def name(encoding: str) -> str:
    """Name an encoding for people.

    Examples
    --------
    >>> name("utf-8-sig"), name("gb18030")
    ('UTF-8', 'GB18030')
    """
    return encoding.upper().removesuffix("-SIG")


def look(path: Path, told: str = "") -> Written:
    """Find how a file is written: as told; else UTF-16 if so marked, else UTF-8, else GB18030, each over all of it.

    Raises
    ------
    Undecodable
        With the place where the first of the encodings tried fails.
    UsageError
        If `told` is no encoding.
    """
    if told:
        return _read_through(path, _known(told))
    with path.open("rb") as file:
        head = file.read(2)
    if head in _MARKS_16:
        return _read_through(path, "utf-16")
    try:
        return _read_through(path, "utf-8-sig")
    except Undecodable as error:
        if _mostly_utf8(path):  # a damaged byte in UTF-8: GB18030 would make other words of it
            raise Undecodable(error.encoding, error.offset, error.line, also=", though the rest is") from None
        try:
            return _read_through(path, "gb18030")
        except Undecodable:
            also = ", nor GB18030 throughout"
            raise Undecodable(error.encoding, error.offset, error.line, also=also) from None


def to_utf8(path: Path, encoding: str, target: Path, *, plain_ends: bool = False) -> None:
    """Write a file again as UTF-8, without marks, block by block; with `plain_ends`, every line ends in ``\\n``."""
    held = ""
    with target.open("w", encoding="utf-8", newline="") as out:
        for block in blocks(path, encoding):
            text = held + block.replace(MARK, "")
            held = "\r" if plain_ends and text.endswith("\r") else ""
            text = text.removesuffix("\r") if held else text
            out.write(text.replace("\r\n", "\n").replace("\r", "\n") if plain_ends else text)
        out.write("\n" if held else "")


def blocks(path: Path, encoding: str) -> Iterator[str]:
    """Decode a file a block at a time.

    Raises
    ------
    Undecodable
        Where the bytes are not of the encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    read, pending = 0, 0
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeError as error:
                offset = read - pending + getattr(error, "start", 0)
                raise Undecodable(encoding, offset, _line_at(path, offset)) from None
            read += len(block)
            state = decoder.getstate()[0]
            pending = len(state) if isinstance(state, bytes) else 0
            if text:
                yield text
            if not block:
                return


def line_of(path: Path, encoding: str, character: str) -> int:
    """Line of the first such character, a mark at the very start apart; 0 if there is none."""
    line, first = 1, True
    for block in blocks(path, encoding):
        text = " " + block[1:] if first and block.startswith(MARK) else block
        first = False
        at = text.find(character)
        if at >= 0:
            return line + text.count("\n", 0, at)
        line += text.count("\n")
    return 0


def _read_through(path: Path, encoding: str) -> Written:
    marks, nuls, sample, first = 0, 0, "", True
    ends, alone, last = 0, 0, ""
    for block in blocks(path, encoding):
        marks += block.count(MARK) - (first and block.startswith(MARK))
        nuls += block.count(NUL)
        ends, alone, last = ends + block.count("\n"), alone + block.count("\r"), block[-1]
        if not sample and not block.isascii():
            found = _BEYOND.search(block)
            sample = found[0] if found else ""
        first = False
    lines = (ends or alone) + (last not in ("", "\n", "\r"))
    return Written(encoding, marks, nuls, lines, sample)


def _mostly_utf8(path: Path) -> bool:
    """Whether bytes that are not UTF-8 are rare among characters beyond ASCII that are."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    bad = beyond = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            text = decoder.decode(block)
            if not text.isascii():
                bad += text.count("\ufffd")
                beyond += len(text) - len(text.encode("ascii", "ignore"))
    return beyond - bad > 2 * bad


def _line_at(path: Path, offset: int) -> int:
    ends = alone = 0
    with path.open("rb") as file:
        while offset > 0 and (block := file.read(min(_BLOCK, offset))):
            ends, alone, offset = ends + block.count(b"\n"), alone + block.count(b"\r"), offset - len(block)
    return (ends or alone) + 1


def _known(told: str) -> str:
    """Return the name under which Python knows an encoding of texts."""
    try:
        found = codecs.lookup(told.strip()).name
        "a".encode(found)
        codecs.getincrementaldecoder(found)
    except (LookupError, UnicodeError, ValueError):
        raise UsageError("The setting encoding names an encoding of texts.", found=repr(told),
                         fix='Write [TABLE] encoding = "gb18030", "utf-16" or "big5".') from None  # fmt: skip
    return "utf-8-sig" if found == "utf-8" else found
