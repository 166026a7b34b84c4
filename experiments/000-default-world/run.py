"""How much of the attainable gain does the untuned model reach in the default world, and does its calibration hold?

Runs ``churnkit demo --json`` with five seeds and writes result.json: ``python run.py [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path

SEEDS = (0, 1, 2, 3, 4)
CUSTOMERS = 20_000
TARGETS = {"attainable_gain": 0.78, "slope": (0.9, 1.1)}
DEMO = [sys.executable, "-c", "from churnkit.apps.cli import main; main()", "demo"]


def one(seed: int) -> dict[str, float]:
    """Run the demo on one seed and return its figures."""
    with tempfile.TemporaryDirectory() as folder:
        words = [folder, "--customers", str(CUSTOMERS), "--seed", str(seed), "--json"]
        answer = json.loads(subprocess.run([*DEMO, *words], capture_output=True, text=True, check=True).stdout)
    renewal, truth = answer["targets"]["renewal"], answer["truth"]
    figures = {"test_rows": renewal["test_rows"]}
    for name in ("auc", "log_loss", "calibration_slope", "observed_expected", "attainable_gain"):
        figures |= {f"{name}{end}": renewal["metrics"][name][key]
                    for end, key in (("", "estimate"), ("_low", "low"), ("_high", "high"))}  # fmt: skip
    figures |= {name: figure for name, figure in truth.items() if name.startswith("expected_log_loss")}
    figures["logistic_log_loss"] = renewal["baselines"]["logistic"]["log_loss"]["estimate"]
    figures["value_ratio"] = truth["estimated_value"] / truth["true_value"]
    return figures


def promises(figures: dict[str, float]) -> list[dict[str, object]]:
    """Hold the figures against the targets."""
    low, high = TARGETS["slope"]
    meeting = [s for s in SEEDS if figures[f"seed{s}_calibration_slope_low"] <= high
               and figures[f"seed{s}_calibration_slope_high"] >= low]  # fmt: skip
    gain = figures["mean_attainable_gain"]
    return [
        {"what": "attainable gain, mean of five seeds", "target": f">= {TARGETS['attainable_gain']}",
         "measured": gain, "met": gain >= TARGETS["attainable_gain"]},
        {"what": "calibration slope's 95 % interval meets 0.9 to 1.1 over the last ripe year, seeds of five",
         "target": "5", "measured": len(meeting), "met": len(meeting) == len(SEEDS)},
    ]  # fmt: skip


def main() -> None:
    """Run all seeds and write result.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent)
    output = parser.parse_args().output
    figures: dict[str, float] = {}
    for seed in SEEDS:
        for name, figure in one(seed).items():
            figures[f"seed{seed}_{name}"] = figure
        print(f"seed {seed}: attainable gain {figures[f'seed{seed}_attainable_gain']:.3f}", file=sys.stderr, flush=True)
    for name in ("auc", "log_loss", "attainable_gain", "calibration_slope", "observed_expected", "value_ratio"):
        figures[f"mean_{name}"] = sum(figures[f"seed{s}_{name}"] for s in SEEDS) / len(SEEDS)
    result = {
        "question": "How much of the attainable gain does the untuned renewal model reach in the default world, "
        "and does its calibration hold over the last ripe year?",
        "command": "python experiments/000-default-world/run.py",
        "date": date.today().isoformat(),
        "versions": {name: version(name) for name in ("insurance-churnkit", "lightgbm", "numpy", "pandas", "duckdb")},
        "figures": {name: round(figure, 5) for name, figure in figures.items()},
        "promises": promises(figures),
    }
    (output / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
