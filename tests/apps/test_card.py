"""The card says what must be said, the same in both forms, and says so where something was not measured."""

import dataclasses
import itertools
import re

import pandas as pd
import pytest

import churnkit as ck
from churnkit.apps.card import model_card
from churnkit.models.evaluation.fairness import by_group
from churnkit.models.evaluation.verdict import Mark
from tests.models.insurer import as_panel, insurer


@pytest.fixture(scope="module")
def made():
    rows = insurer(700, seed=4)
    info = {"data_cutoff": "2024-03-01 00:00:00", "fingerprint": "f00d", "label": "renewed = 1: <again>",
            "excluded": {"death": 12, "a|b": 3456}}  # fmt: skip
    train, test = (dataclasses.replace(as_panel(rows[late]), info=info)
                   for late in (rows["end_date"] < "2023-01-01", rows["cutoff"] >= "2023-01-01"))  # fmt: skip
    model = ck.RenewalModel(n_estimators=30).fit(train.X, train.y, cutoff=train.cutoff, groups=train.groups)
    return model, train, test, ck.evaluate(model, test, n_boot=20)


def test_purpose_data_label_exclusions_features_figures_and_expiry_are_told(made):
    model, train, test, evaluation = made
    text = model_card(model, train, test, evaluation).markdown
    for said in ("Not for underwriting", "fingerprint f00d", "renewed = 1: <again>", "| death | 12 |", "8 features in",
                 "Valid until 2025-03-01, 12 months after the end of its data", "home, life, motor", "## By lead",
                 evaluation.text.splitlines()[0], "## By line", "| lightgbm |", "Not measured"):  # fmt: skip
        assert said in text, said
    figure = evaluation.metrics["auc"]
    assert f"| auc | {figure['estimate']:.4f} | {figure['low']:.4f} | {figure['high']:.4f} |" in text


def test_markdown_tables_are_whole_whatever_their_texts_hold(made):
    lines = model_card(*made).markdown.splitlines()
    assert "| a\\|b | 3,456 |" in lines
    for above, line in itertools.pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", above)) == len(re.findall(r"(?<!\\)\|", line)), line


def test_the_page_says_the_same_escaped_and_needs_nothing_from_elsewhere(made):
    card = model_card(*made)
    assert re.findall(r"<h2>(.*?)</h2>", card.html) == re.findall(r"^## (.*)$", card.markdown, flags=re.M)
    assert "renewed = 1: &lt;again&gt;" in card.html
    assert not re.search(r"(src|href)=|https?://|@import", card.html)


def test_a_model_that_is_not_for_money_says_so_first(made):
    model, train, test, evaluation = made
    broken = dataclasses.replace(evaluation, mark=Mark(False, "Not for money: the slope broke."))
    before = model.mark_
    try:
        card = model_card(model.judged(broken), train, test, broken)
    finally:
        model.mark_ = before
    assert "**Mind:** Not for money: the slope broke." in card.markdown
    assert next(s for s in card.sections if "money" in s.title).warns


def test_weak_leads_and_lines_are_named_with_their_intervals(made):
    model, train, test, evaluation = made
    by_line = evaluation.by_line.copy()
    by_line.loc["home", ["observed_expected", "low", "high"]] = [1.4, 1.2, 1.6]
    by_lead = evaluation.by_lead.copy()
    by_lead.loc[330, ["auc", "auc_low", "auc_high"]] = [0.5, 0.48, 0.52]
    weak = dataclasses.replace(evaluation, by_line=by_line, by_lead=by_lead)
    text = model_card(model, train, test, weak).markdown
    n = f"{by_line.loc['home', 'n']:,}"
    assert f"line home (n {n}): observed/expected 1.40 (1.20 … 1.60), wholly outside 0.95…1.05." in text
    assert "lead 330 days" in text and "AUC 0.500 (0.480 … 0.520), below the overall" in text


def test_fairness_is_shown_by_group_and_small_groups_without_figures(made):
    model, train, test, evaluation = made
    groups = pd.DataFrame({"gender": "f"}, index=test.X.index)
    groups.loc[test.groups < 350, "gender"] = "m"
    groups.loc[test.groups < 10, "gender"] = "x"
    measured = by_group(model, test, groups, n_boot=20)
    section = next(s for s in model_card(model, train, test, evaluation, fairness=measured).sections
                   if s.title == "Fairness")  # fmt: skip
    assert list(section.lines) == measured.text.splitlines()
    table = section.table.set_index("group")
    assert "…" in table.loc["f", "miss_rate"] and table.loc["x", "miss_rate"] == "" and table.loc["x", "note"]
