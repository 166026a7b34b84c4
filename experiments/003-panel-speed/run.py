"""How fast are panels, against what a user would write or pick instead? ``run.py --help`` says what can be chosen."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

import figures as reading
from interleave import Bench
from record import write_result
from stages import INSTALL, OWN, STAGES

QUESTION = (
    "How much CPU and memory does a panel of 121 features take, against the floor and against what a user would write"
    " or pick instead, and is it the same panel?"
)
BEGIN, END = "<!-- ratios: written by run.py -->", "<!-- end of ratios -->"
ALSO = {"five": "million"}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=QUESTION, epilog="; ".join(
        f"{peer} needs {name}: {how}" for peer, (name, how) in INSTALL.items()))  # fmt: skip
    parser.add_argument("--size", choices=[*STAGES, *ALSO, "all"], default="all",
                        help="one stage only; million is five times the reference, five is its other name")  # fmt: skip
    parser.add_argument("--only", action="append", default=[], choices=[*INSTALL, "floor", OWN], metavar="PEER",
                        help=f"this peer and ours, may be repeated: {', '.join(INSTALL)}, floor, {OWN}")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=0, help="rounds, else as many as each stage has")
    parser.add_argument("--data", type=Path, help="folder for books, results and measurements, kept; measurements of"
                        " earlier calls count. Else a temporary folder")  # fmt: skip
    parser.add_argument("--python", action="append", default=[], metavar="PEER=PATH",
                        help="the Python that has a peer's libraries, else this one; may be repeated")  # fmt: skip
    parser.add_argument("--output", type=Path, default=HERE, help="folder for result.json and the README's tables,"
                        " written once the reference is measured")  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Run what is asked for; write the result when everything is there."""
    asked = arguments()
    with contextlib.ExitStack() as stack:
        folder = asked.data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(folder.resolve(), dict(each.split("=", 1) for each in asked.python), frozenset(asked.only))
        bench.load()
        for name in STAGES if asked.size == "all" else [ALSO.get(asked.size, asked.size)]:
            bench.run(name, STAGES[name], asked.rounds)
    measured = reading.Measured(bench.runs)
    print(reading.table(measured, STAGES))
    found = reading.figures(measured)
    kept = reading.promises(measured, found)
    for one in kept:
        print(f"{'met   ' if one['met'] else 'missed'} {one['what']}: {one['measured']} ({one['target']})")
    done = {each["stage"] for each in bench.runs}
    if "reference" in done:
        write_result(HERE, asked.output, question=QUESTION, figures=found, promises=kept,
                     versions=reading.versions(bench.runs), spread="least … most of the rounds")  # fmt: skip
        missing = [name for name in STAGES if name not in done]
        _write_ratios(asked.output / "README.md", reading.table(measured), missing)


def _write_ratios(readme: Path, table: str, missing: list[str]) -> None:
    table += f"\nNot measured yet: {', '.join(missing)}.\n" if missing else ""
    if readme.is_file():
        before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
        readme.write_text(before + BEGIN + "\n" + table + "\n" + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
