"""The dictionary of features, printed and written."""

import json

import pandas as pd

from churnkit.panel.catalog import GROUPS, describe, standard_features
from tests.apps.commands import churnkit


def test_every_feature_is_printed_under_its_group():
    done = churnkit("features")
    assert done.returncode == 0, done.stderr
    names = [line.split("│")[1].strip() for line in done.stdout.splitlines() if line.startswith("│")]
    assert [name for name in names if name] == [f.name for group in GROUPS for f in standard_features(groups=group)]
    for group, (words, _) in GROUPS.items():
        assert f"{group}: {words} (" in done.stdout
    assert f"{len(standard_features())} features in {len(GROUPS)} groups" in done.stdout


def test_a_target_a_group_and_a_language_are_chosen():
    done = churnkit("features", "--target", "churn", "--group", "past exits", "--group", "price", "--language", "zh")
    assert "历史退保" in done.stdout
    assert "exits_365d" in done.stdout
    assert "exits_policy_all" not in done.stdout
    assert "csat_last" not in done.stdout
    assert "0 features in 0 groups" in churnkit("features", "--target", "churn", "--group", "agent").stdout


def test_the_file_and_the_json_say_the_same(tmp_path):
    done = churnkit("features", "--target", "renewal", "--csv", tmp_path / "features.csv", "--json")
    told = json.loads(done.stdout)
    written = pd.read_csv(tmp_path / "features.csv", encoding="utf-8-sig")
    assert written.to_dict("records") == told["features"]
    row = written.set_index("name").loc["complaints_overdue"]
    assert row["definition"] == "number of complaints by overdue_at and not decided_at ever"
    assert (row["sign"], row["unit"], row["text"]) == (-1, "count", describe("complaints_overdue").en)
    assert len(written) == len(standard_features("renewal"))


def test_what_is_not_there_is_refused():
    done = churnkit("features", "--group", "waitng")
    assert done.returncode == 2
    assert "Did you mean 'waiting'?" in done.stderr
    assert churnkit("features", "--csv", "features.doc").returncode == 2
