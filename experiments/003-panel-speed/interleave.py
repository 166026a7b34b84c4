"""Runs the entries of a stage in turn, each in a process of its own, and keeps what they took."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import equality
from data import SIZES, write_book
from features import CUTOFFS, FLATTENED, features
from stages import INSTALL, OWN, Entry, Stage

HERE = Path(__file__).resolve().parent
_FRESH = 6 << 30
_HOURS = 3
_TOUCH = "import mmap, sys; m = mmap.mmap(-1, int(sys.argv[1])); [m.__setitem__(i, 1) for i in range(0, len(m), 4096)]"


@dataclass
class Bench:
    """Where data, results and measurements lie, and which Python runs which peer."""

    folder: Path
    pythons: Mapping[str, str] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    customers: Mapping[str, int] = field(default_factory=lambda: SIZES)
    runs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kept(self) -> Path:
        """The file with every measurement so far."""
        return self.folder / "runs.json"

    def load(self) -> None:
        """Go on with the measurements of earlier calls over the same folder."""
        if self.kept.is_file():
            self.runs = json.loads(self.kept.read_text(encoding="utf-8"))

    def book(self, size: str) -> Path:
        """The folder of a book, written if it is not there."""
        folder = self.folder / "books" / size
        if not (folder / "churnkit.toml").is_file():
            print(f"writing {self.customers[size]:,} customers", file=sys.stderr)
            write_book(folder, self.customers[size])
        return folder

    def run(self, name: str, stage: Stage, rounds: int = 0) -> None:
        """Run all entries `rounds` times, a different one first each time, in place of earlier measurements."""
        entries = [each for each in stage.entries if self._wanted(each)]
        self.runs = [each for each in self.runs if each["stage"] != name or not self._chosen(each["peer"])]
        for number in range(rounds or stage.rounds):
            turn = -number % len(entries)
            for entry in _ours_first(entries[turn:] + entries[:turn], first=not number):
                found = self._one(name, entry, entry.size or stage.size, number)
                shown = found.get("error") or f"{found['cpu']:.2f} CPU s, peak {found['peak'] / 1e9:.2f} GB"
                print(f"{name} {number + 1} {entry.name}: {shown}", file=sys.stderr, flush=True)
                self.runs.append(found)
                self.kept.write_text(json.dumps(self.runs, indent=1), encoding="utf-8")

    def _chosen(self, peer: str) -> bool:
        return not self.only or peer in self.only or peer == OWN

    def _wanted(self, entry: Entry) -> bool:
        if not self._chosen(entry.peer):
            return False
        needed, how = INSTALL.get(entry.peer, ("pyarrow", ""))
        ask = f"import importlib.metadata as m; m.version({needed!r})"
        there = subprocess.run([self._python(entry), "-c", ask], capture_output=True, check=False).returncode == 0
        if not there:
            print(f"{entry.peer} is left out, {needed} is not there: {how}; then --python {entry.peer}=PATH",
                  file=sys.stderr)  # fmt: skip
        return there

    def _python(self, entry: Entry) -> str:
        return self.pythons.get(entry.peer, sys.executable)

    def _one(self, stage: str, entry: Entry, size: str, number: int) -> dict[str, Any]:
        book = self.book(size)
        target = self._result(entry, size)
        for path in (target, target.with_suffix(".json")):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        ours = Entry(OWN, cutoffs=entry.cutoffs)
        compared = entry.compared and number == 0
        wanted = [each for each in features() if entry.features == "all" or each["name"] in FLATTENED]
        task = {
            "data": str(book), "features": wanted, "cutoffs": CUTOFFS[entry.cutoffs], "end": entry.end,
            "memory": entry.memory, "result": str(target), "keep": compared,
            "observations": str(self._result(replace(ours, end=entry.end) if entry.peer == "floor" else ours, size)),
            "rows": self._rows(size),
        }  # fmt: skip
        target.with_suffix(".json").write_text(json.dumps(task), encoding="utf-8")
        _warm(book)
        found = _measured(self._python(entry), entry.peer, target.with_suffix(".json"))
        if compared and "error" not in found and entry.name != ours.name:
            prompt = entry.peer in ("flattener", "featuretools_own")
            found["equality"] = equality.differences(self._result(ours, size), target, wanted, task=task, prompt=prompt)
        return {"stage": stage, "entry": entry.name, "peer": entry.peer, "size": size, "round": number} | found

    def _result(self, entry: Entry, size: str) -> Path:
        return self.folder / "results" / size / (entry.name + ("" if entry.end == "parquet" and entry.peer in
                                                               (OWN, "floor") else ".parquet"))  # fmt: skip

    def _rows(self, size: str) -> int:
        """Observations of a size, as ours counted them."""
        return next((each["rows"] for each in self.runs if each["entry"] == OWN and each["size"] == size), 0)


def _ours_first(entries: Iterable[Entry], *, first: bool) -> list[Entry]:
    """In the first round ours come first, to be compared with, and the floor, which writes them again, last."""
    return sorted(entries, key=lambda each: (each.peer != OWN, each.peer == "floor")) if first else list(entries)


def _warm(book: Path) -> None:
    """Read the files and touch memory once, so that nobody pays for what the machine gives out for the first time."""
    for path in book.glob("*.parquet"):
        with path.open("rb") as file:
            while file.read(1 << 24):
                pass
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    subprocess.run([sys.executable, "-c", _TOUCH, str(min(_FRESH, free // 3))], check=False)


def _measured(python: str, peer: str, task: Path) -> dict[str, Any]:
    """What one run took, or the last line of its error."""
    path = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    call = [python, str(HERE / "measure.py"), peer, str(task)]
    environment = {**os.environ, "PYTHONPATH": path if peer == OWN else ""}
    try:
        done = subprocess.run(call, capture_output=True, text=True, env=environment, check=False, timeout=_HOURS * 3600)
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {_HOURS} hours"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["killed"])[-1]
        return {"error": f"ended with {done.returncode}: {last}"}
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
