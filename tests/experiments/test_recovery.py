"""The nine worlds' experiment: its truth is the simulator's, its figures are what they say, a stopped run goes on."""

import importlib
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from churnkit.effect.effect import SatisfactionEffect
from churnkit.simulate import simulate_book

FOLDER = Path(__file__).parents[2] / "experiments" / "007-recovery"
MODULES = ("books", "kept", "pooling", "promises", "record", "run", "speed")


@pytest.fixture(scope="module")
def recovery():
    """The experiment's modules by name, found beside each other and gone afterwards."""
    path = list(sys.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER.parent)
        patch.syspath_prepend(FOLDER)
        patch.setenv("OMP_NUM_THREADS", "1")
        for name in MODULES:
            sys.modules.pop(name, None)
        yield {name: importlib.import_module(name) for name in MODULES}
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.path[:] = path


def book(seed, estimate, *, world="A", verdict="identified under named assumptions", half=0.1, true=0.5):
    """One book's answer, with a standard that every check passes."""
    own = [estimate, estimate - half, estimate + half]
    checks = {name: [1.0, 0.5, True] for name in
              ("first_stage", "shocks_agree", "control_on_shock", "lasting", "control_on_second_opinion")}  # fmt: skip
    return {"part": "effect", "world": world, "seed": seed, "customers": 20_000, "code": "1", "verdict": verdict,
            "shown": own, "estimate": own, "alone": {}, "trusted": own, "association": own, "checks": checks,
            "index": [73.0, 72.0, 74.0, 66.0], "true": true, "true_index": 73.5, "seconds_effect": 1.0}  # fmt: skip


@pytest.mark.recovery
def test_the_truth_is_that_beside_the_book(recovery, tmp_path):
    simulate_book(tmp_path, customers=200, seed=901, world="F")
    truth = recovery["books"].Truth("F", 901, 200)
    effects = pd.read_parquet(tmp_path / "truth" / "effects.parquet").query("line == 'all'")
    kept = effects.set_index("quantity")["estimate"]
    assert truth.index == pytest.approx(kept["index"])
    assert truth.per_pp() == pytest.approx(kept["effect_per_pp"])
    pd.testing.assert_frame_equal(truth.values(), pd.read_parquet(tmp_path / "truth" / "values.parquet"),
                                  check_dtype=False)  # fmt: skip


def test_bias_coverage_and_width_are_of_the_books_own_truth(recovery):
    books = [book(k, estimate) for k, estimate in enumerate([0.45, 0.5, 0.7])]
    found = recovery["pooling"].of_worlds(books)
    assert found["world_A_effect_bias"] == pytest.approx(0.1)
    assert found["world_A_effect_rmse"] == pytest.approx((0.17 / 3) ** 0.5)
    assert (found["world_A_effect_covered"], found["world_A_effect_intervals"]) == (2, 3)
    assert found["world_A_effect_half_width_ratio"] == pytest.approx(0.1 / (1.96 * 0.1322876), rel=1e-4)
    assert found["world_A_index_error"] == pytest.approx(-0.5)
    assert found["worlds_A_to_F_identified"] == 1
    assert found["world_A_effect_bias_low"] < 0.1 < found["world_A_effect_bias_high"]


def test_what_was_not_measured_is_not_met_and_a_world_that_is_doubted_is(recovery):
    promises, pooled = recovery["promises"].promises, recovery["pooling"].of_worlds
    assert not any(one["met"] for one in promises({}))
    doubted = [book(k, 1.0 + k / 100, world="I", verdict="bounds") for k in range(4)]
    sure = [book(k, 1.0 + k / 100, world="H") for k in range(4)]
    met = {one["what"][:7]: one["met"] for one in promises(pooled([*doubted, *sure])) if "misspecified" in one["what"]}
    assert met == {"world H": False, "world I": True}


def test_a_stopped_run_goes_on(recovery, tmp_path, monkeypatch):
    """A line that was cut off is measured again, and the parts of a book are lines of their own."""
    run, kept_, file = recovery["run"], recovery["kept"], tmp_path / "books.jsonl"
    for name, value in {"BOOKS": "1", "VALUE_BOOKS": "1", "HALF_BOOKS": "1", "WORLDS": "FI"}.items():
        monkeypatch.setenv(name, value)
    assert list(run.missing({})) == [("F", 0, ["effect", "value"]), ("F", 0, ["half"]), ("I", 0, ["effect"])]
    kept_.append(file, [book(0, float("nan"), world="F")])
    file.write_text(file.read_text(encoding="utf-8") + '{"part":"half","wor', encoding="utf-8")
    kept_.append(file, [book(0, 1 / 3, world="I")])
    kept = kept_.read(file, 20_000)
    assert list(kept) == [("effect", "F", 0), ("effect", "I", 0)]
    assert kept["effect", "F", 0]["estimate"] == [None, None, None]
    assert kept["effect", "I", 0]["estimate"][0] == 0.333333
    assert list(run.missing(kept)) == [("F", 0, ["value"]), ("F", 0, ["half"])]
    assert kept_.read(file, 500) == {}


@pytest.mark.recovery
def test_a_books_line_is_short_and_complete(recovery, tmp_path, monkeypatch):
    """What a small book gives goes through the file into figures and promises."""
    monkeypatch.setattr(recovery["books"], "REPLICATES", 8)
    answers = recovery["books"].measured("F", 902, ["effect", "value"], customers=700)
    recovery["kept"].append(tmp_path / "books.jsonl", answers)
    lines = (tmp_path / "books.jsonl").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) < 1_500
    answers = [json.loads(line) for line in lines]
    assert [answer["part"] for answer in answers] == ["effect", "value"]
    assert 0 < answers[1]["one-year"][3] < answers[1]["permanent"][3] < 3
    figures = recovery["pooling"].of_worlds(answers)
    assert figures["world_F_books"] == figures["world_F_value_books"] == 1
    assert all(type(value) in (int, float) for value in figures.values())
    assert len(recovery["promises"].promises(figures)) == len(recovery["promises"].promises({}))


@pytest.mark.recovery
def test_a_trusted_shock_is_read_off_without_a_second_fit(recovery, tmp_path):
    from churnkit.book.open import open_book

    book_ = open_book(simulate_book(tmp_path, customers=20_000, seed=601, world="G", truth=False))
    found = recovery["books"].by_shocks(SatisfactionEffect().fit(book_))
    assert found["trusted"] == pytest.approx(list(SatisfactionEffect(trusted="queue_wait").fit(book_).per_pp))
