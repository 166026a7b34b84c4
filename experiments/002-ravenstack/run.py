"""Do five messy tables become a book, and is there anything in them? ``run.py [DATA] [--output FOLDER]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

from book import read_tables, write_book
from record import arguments, churnkit, promise, spread, write_result

import churnkit as ck

QUESTION = "Do five messy tables become a book that both models run on, and is there signal in it?"
TEST_FROM = "2024-07-01"
METRICS = ("auc", "log_loss", "brier", "calibration_slope", "observed_expected", "lift")
RAW_CODES = ("DAT09", "KEY05")
USAGE = (
    ck.Feature("usage_90d", "interactions", "count", days=90, where=(ck.Where("initiator", "==", "system"),)),
    ck.Feature("days_since_usage", "interactions", "days_since", where=(ck.Where("initiator", "==", "system"),)),
)


def errors_of(book: Path) -> tuple[int, dict[str, int]]:
    """Check a book on the command line; return the exit code and the rows in error by code."""
    code, answer = churnkit("check", book, accept=(0, 1))
    found = [one for one in answer["findings"] if one["severity"] == "error"]
    return code, {one["code"]: int(one["count"]) for one in found}


def both_models(book: Path, workspace: Path) -> tuple[dict[str, float], dict[str, str]]:
    """Train both models on the command line; return figures, and what the evaluations said."""
    _, answer = churnkit("train", book, "--target", "both", "--test-from", TEST_FROM, "--workspace", workspace)
    figures, said = {}, {}
    for target, done in answer["targets"].items():
        figures |= {f"{target}_{name}": done[name] for name in ("train_rows", "test_rows")}
        figures |= {f"{target}_excluded_{cause}": count for cause, count in done["excluded"].items()}
        figures |= spread(done["metrics"], METRICS, before=f"{target}_")
        for kind, metrics in done["baselines"].items():
            figures |= {f"{target}_{kind}_{name}": metrics[name]["estimate"] for name in ("log_loss", "auc")}
        said[target] = done["text"]
    return figures, said


def renewal_by_lead(book: ck.Book) -> dict[str, float]:
    """Each lead on its own: stacked leads are told apart by the lead alone, which is no skill."""
    panel = ck.build_panel(book, "renewal")
    train, test = panel.split(test_from=TEST_FROM)
    model = ck.RenewalModel().fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups)
    table = ck.evaluate(model, test).by_lead
    figures = {"renewal_rate": float(panel.y.mean())}
    for lead, row in table.iterrows():
        figures |= {f"renewal_auc_lead_{lead:.0f}{end}": float(row[f"auc{end}"]) for end in ("", "_low", "_high")}
    return figures | weights(model, test)


def weights(model: ck.RenewalModel, test: ck.Panel) -> dict[str, float]:
    """Mean absolute contribution in log-odds of the three features that say most."""
    size = ck.contributions(model, test.X).drop(columns="bias").abs().mean().sort_values(ascending=False)
    return {f"renewal_weight_{name}": float(value) for name, value in size.head(3).items()}


def churn_with_usage(book: ck.Book) -> dict[str, float]:
    """Does use of the product, given as own features, say who leaves?"""
    panel = ck.build_panel(book, "churn", features=(*ck.standard_features("churn"), *USAGE))
    train, test = panel.split(test_from=TEST_FROM)
    model = ck.ChurnModel().fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups)
    done = ck.evaluate(model, test)
    return {"churn_rate": float(panel.y.mean())} | spread(done.metrics, ("auc", "log_loss"), before="churn_with_usage_")


def sentence(text: str, *words: str) -> str:
    """Return the line of an evaluation that begins with one of the words."""
    return next((line for line in text.splitlines() if line.startswith(words)), "nothing")


def promises(raw: tuple[int, dict[str, int]], clean: tuple[int, dict[str, int]], said: dict[str, str],
             figures: dict[str, float]) -> list[dict[str, Any]]:  # fmt: skip
    """Hold the figures against what was asked."""
    caught = ", ".join(f"exit {raw[0]}" if not i else code for i, code in enumerate(("", *sorted(raw[1]))))
    kept = [
        promise("the check stops at the tables as they are", f"exit 1, {', '.join(RAW_CODES)}", caught,
                met=raw[0] == 1 and set(RAW_CODES) <= set(raw[1])),
        promise("the check finds no errors in the cleaned book", "exit 0", f"exit {clean[0]}", met=clean == (0, {})),
        promise("both models run end to end on the command line", "churn, renewal", ", ".join(sorted(said)),
                met=set(said) == {"renewal", "churn"}),
    ]  # fmt: skip
    nothing = figures["churn_auc_low"] <= 0.5 <= figures["churn_auc_high"]
    words = sentence(said["churn"], "LightGBM")
    kept.append(promise("where churn's AUC interval holds 0.5, the text says what is not beaten", "does not", words,
                        met=not nothing or "does not" in words))  # fmt: skip
    for target, text in said.items():
        slope_and_ratio = sentence(text, "Calibration")
        kept.append(promise(f"{target}: the text judges calibration", "holds or broke", slope_and_ratio,
                            met=slope_and_ratio.startswith(("Calibration holds", "Calibration broke"))))  # fmt: skip
    return kept


def main() -> None:
    """Run the experiment and write its result."""
    asked = arguments(HERE)
    tables = read_tables(asked.data)
    with tempfile.TemporaryDirectory() as folder:
        raw, clean = Path(folder) / "raw", Path(folder) / "book"
        write_book(tables, raw, clean=False)
        figures: dict[str, float] = dict(write_book(tables, clean, clean=True))
        found = errors_of(raw)
        figures |= {f"raw_{code}_rows": count for code, count in found[1].items()}
        fine = errors_of(clean)
        more, said = both_models(clean, Path(folder) / "workspace")
        book = ck.open_book(clean)
        figures |= more | renewal_by_lead(book) | churn_with_usage(book)
    kept = promises(found, fine, said, figures)
    print(f"written: {write_result(HERE, asked.output, question=QUESTION, figures=figures, promises=kept)}")


if __name__ == "__main__":
    main()
