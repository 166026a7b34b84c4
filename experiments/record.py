"""What the experiments share: where the data lie, the command line, and result.json with the README's figures."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import churnkit as ck

PROJECT = Path(__file__).resolve().parents[1]
LIBRARIES = ("duckdb", "lightgbm", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")
BEGIN, END = "<!-- figures: written by run.py -->", "<!-- end of figures -->"
_MAIN = "from churnkit.apps.cli import main; main()"


def arguments(folder: Path, *, work: bool | Path = False) -> argparse.Namespace:
    """Read the command line: where the public data lie, and where to write the result.

    With `work` also a folder in which a long run keeps what it has measured, so that a stopped one goes on; it has to
    be named, unless `work` is the folder that is meant without.
    """
    parser = argparse.ArgumentParser(description=f"Run the experiment {folder.name}.")
    default = os.environ.get("CHURNKIT_DATA", PROJECT.parent / "shared" / "data")
    parser.add_argument("data", nargs="?", type=Path, default=Path(default),
                        help="folder of the public data; else CHURNKIT_DATA, else ../shared/data")  # fmt: skip
    parser.add_argument("--output", type=Path, default=folder, help="folder for result.json and the README's figures")
    if work:
        parser.add_argument("--work", type=Path, required=work is True, default=None if work is True else work,
                            help="folder of what is measured so far")  # fmt: skip
    return parser.parse_args()


def churnkit(*words: Any, accept: Iterable[int] = (0,)) -> tuple[int, Any]:
    """Run the command line with --json; return its exit code and its answer (None where it refused with words)."""
    call = [sys.executable, "-c", _MAIN, *map(str, words), "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(call, capture_output=True, text=True, env=environment, check=False)
    if done.returncode not in accept:
        raise RuntimeError(f"churnkit {' '.join(map(str, words))} ended with {done.returncode}:\n{done.stderr}")
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None


def spread(
    metrics: Mapping[str, Mapping[str, float]], names: Iterable[str], *, before: str = "", after: str = ""
) -> dict[str, float]:
    """Name some metrics' estimates ``<before><name><after>``, and their intervals the same with ``_low``, ``_high``."""
    found = {}
    for name in names:
        figure, key = metrics[name], f"{before}{name}{after}"
        found |= {key: figure["estimate"], f"{key}_low": figure["low"], f"{key}_high": figure["high"]}
    return found


def promise(what: str, target: str, measured: Any, *, met: bool) -> dict[str, Any]:
    """Return one promise as it is kept in result.json."""
    return {"what": what, "target": target, "measured": measured, "met": bool(met)}


def write_result(
    folder: Path,
    output: Path,
    *,
    question: str,
    figures: Mapping[str, float],
    promises: list[dict[str, Any]],
    versions: Mapping[str, str] | None = None,
    spread: str = "95 % interval",
) -> Path:
    """Write result.json, and where the README lies beside it also the README's table of figures.

    ``versions`` of what the project does not depend on; ``spread``: what lies between a figure's _low and _high.
    """
    rounded = {name: float(f"{v:.6g}") if isinstance(v, float) else int(v) for name, v in figures.items()}
    own = {"churnkit": ck.__version__, "python": platform.python_version()}
    result = {
        "question": question,
        "command": f"python experiments/{folder.name}/run.py",
        "date": date.today().isoformat(),
        "versions": own | {name: version(name) for name in LIBRARIES} | dict(versions or {}),
        "figures": rounded,
        "promises": promises,
    }
    output.mkdir(parents=True, exist_ok=True)
    target = output / "result.json"
    target.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    readme = output / "README.md"
    if readme.is_file():
        readme.write_text(with_figures(readme.read_text(encoding="utf-8"), result, spread), encoding="utf-8")
    return target


def with_figures(text: str, result: Mapping[str, Any], spread: str = "95 % interval") -> str:
    """Return a README with the block between the marks written anew from a result."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n" + figures_table(result, spread) + END + rest.split(END)[1]


def figures_table(result: Mapping[str, Any], spread: str) -> str:
    """Write promises and figures as Markdown, an interval beside its estimate."""
    lines = ["", "| promise | target | measured | |", "|---|---|---|---|"]
    for one in result["promises"]:
        kept = "met" if one["met"] else "**missed**"
        lines.append(f"| {one['what']} | {one['target']} | {one['measured']} | {kept} |")
    figures = result["figures"]
    lines += ["", f"| figure | value | {spread} |", "|---|---|---|"]
    for name, value in figures.items():
        if name.removesuffix("_low").removesuffix("_high") in figures and name.endswith(("_low", "_high")):
            continue
        low, high = (figures.get(f"{name}_{end}") for end in ("low", "high"))
        between = "" if low is None else f"{shown(low)} … {shown(high)}"
        lines.append(f"| {name} | {shown(value)} | {between} |")
    return "\n".join([*lines, "", ""])


def shown(value: float) -> str:
    """Write a figure as the README shows it."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
