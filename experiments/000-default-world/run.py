"""How much of the attainable gain does the untuned model reach in the default world, and does its calibration hold?

Runs ``churnkit demo`` with five seeds and needs no data: ``python experiments/000-default-world/run.py``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from record import arguments, churnkit, promise, spread, write_result

SEEDS = (0, 1, 2, 3, 4)
CUSTOMERS = 20_000
GAIN, SLOPE = 0.78, (0.9, 1.1)
METRICS = ("auc", "log_loss", "calibration_slope", "observed_expected", "attainable_gain")
QUESTION = (
    "How much of the attainable gain does the untuned renewal model reach in the default world, "
    "and does its calibration hold over the last ripe year?"
)


def one(seed: int) -> dict[str, float]:
    """Run the demo on one seed and return its figures."""
    with tempfile.TemporaryDirectory() as folder:
        _, answer = churnkit("demo", folder, "--customers", CUSTOMERS, "--seed", seed)
    renewal, churn, truth = answer["targets"]["renewal"], answer["targets"]["churn"], answer["truth"]
    return {
        "test_rows": renewal["test_rows"],
        **spread(renewal["metrics"], METRICS),
        "logistic_log_loss": renewal["baselines"]["logistic"]["log_loss"]["estimate"],
        **{name: figure for name, figure in truth.items() if name.startswith("expected_log_loss")},
        **spread(churn["metrics"], ("auc", "calibration_slope"), before="churn_"),
        "value_ratio": truth["estimated_value"] / truth["true_value"],
    }


def main() -> None:
    """Run all seeds, hold them against the promises, write the result."""
    given = arguments(HERE)
    runs = [one(seed) for seed in SEEDS]
    figures = {f"seed_{s}_{name}": value for s, run in zip(SEEDS, runs, strict=True) for name, value in run.items()}
    averaged = (*METRICS, "churn_auc", "value_ratio")
    means = {f"mean_{name}": sum(run[name] for run in runs) / len(runs) for name in averaged}
    meeting = sum(
        run["calibration_slope_low"] <= SLOPE[1] and run["calibration_slope_high"] >= SLOPE[0] for run in runs
    )
    gain = means["mean_attainable_gain"]
    promises = [
        promise("attainable gain, mean of five seeds", f"≥ {GAIN}", round(gain, 4), met=gain >= GAIN),
        promise("seeds whose slope interval meets 0.9 … 1.1 over the last ripe year", "5", meeting, met=meeting == 5),
    ]
    write_result(HERE, given.output, question=QUESTION, figures=means | figures, promises=promises)


if __name__ == "__main__":
    main()
