import hashlib
import re

import numpy as np
import pandas as pd
import pytest

from churnkit.book.schema import TABLES
from churnkit.errors import UsageError
from churnkit.simulate.chinese import COLUMNS, FILES, VALUES
from churnkit.simulate.renumber import CLOCKS
from churnkit.simulate.ugly import ugly_export
from tests.simulated import simulated

NUMBER = str.maketrans("０１２３４５６７８９", "0123456789", ",")


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return simulated(tmp_path_factory, customers=300, years=3, seed=2)


@pytest.fixture(scope="module")
def export(clean, tmp_path_factory):
    return ugly_export(clean, tmp_path_factory.mktemp("export") / "导出")


def digest(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def cells(folder, table):
    """The columns of a table in the export, ours again by name, as they are written."""
    frame = pd.read_csv(folder / FILES[table], encoding="gb18030", dtype=str, keep_default_na=False)
    return frame.rename(columns={theirs: ours for ours, theirs in COLUMNS[table].items()})[list(COLUMNS[table])]


def number(text):
    text = text.translate(NUMBER)
    for sign, times in (("%", 0.01), ("万", 10_000)):
        if text.endswith(sign):
            return round(float(text.removesuffix(sign)) * times, 6)
    return float(text) if text else np.nan


def moment(text):
    found = re.fullmatch(r"(\d{4})[年/]?(\d{1,2})[月/]?(\d{1,2})日?(?: (\d{1,2}):(\d\d):(\d\d))?", text)
    return pd.Timestamp(*(int(each or 0) for each in found.groups())) if found else pd.NaT


def read_back(folder, table):
    """The export read with the right mapping, by a reader of its own."""
    frame = cells(folder, table)
    for name in frame:
        kind, words = TABLES[table].column(name).type, VALUES.get(table, {}).get(name, {})
        if kind in ("money", "number", "integer"):
            frame[name] = frame[name].map(number)
        elif kind in ("date", "ts"):
            frame[name] = pd.to_datetime(frame[name].map(moment))
        elif kind == "bool":
            frame[name] = frame[name].map({"是": True, "否": False})
        else:
            frame[name] = frame[name].replace({theirs: ours for ours, theirs in words.items()}).replace("", np.nan)
    if table == "terms":
        frame["end_date"] += pd.Timedelta(days=1)
    return frame


def assert_same(left, right):
    for name in right:
        one, two = left[name].reset_index(drop=True), right[name].reset_index(drop=True)
        if pd.api.types.is_numeric_dtype(two) and two.dtype != bool:
            np.testing.assert_allclose(one, two, rtol=0, atol=1e-6, err_msg=name)
        else:
            same = (one.astype(object) == two.astype(object)) | (one.isna() & two.isna())
            assert same.all(), (name, one[~same].head(), two[~same].head())


@pytest.mark.parametrize("table", [name for name in FILES if name not in ("policies", "terms")])
def test_every_fact_but_the_policy_number_is_read_back(clean, export, table):
    was = pd.read_parquet(clean / f"{table}.parquet")
    assert set(was.columns) == set(COLUMNS[table]), "the export leaves a column out"
    assert_same(read_back(export, table).drop(columns="policy_id", errors="ignore"),
                was.drop(columns="policy_id", errors="ignore"))  # fmt: skip


def test_every_period_of_cover_is_read_back(clean, export):
    was = pd.read_parquet(clean / "terms.parquet").sort_values("term_id")
    now = read_back(export, "terms").sort_values("term_id")
    assert set(was.columns) == set(COLUMNS["terms"])
    assert_same(now.drop(columns="policy_id"), was.drop(columns="policy_id"))


def test_every_period_has_a_number_of_its_own_and_the_object_number_ties_them(clean, export):
    policies, terms = read_back(export, "policies"), read_back(export, "terms")
    assert policies["policy_id"].is_unique and (policies["policy_id"] == terms["policy_id"]).all()
    before = terms.merge(pd.read_parquet(clean / "terms.parquet"), on="term_id", suffixes=("", "_was"))
    tied = before.merge(policies[["policy_id", "object_id"]], on="policy_id")
    pairs = tied[["object_id", "policy_id_was"]].drop_duplicates()
    assert pairs["object_id"].is_unique and pairs["policy_id_was"].is_unique


def test_what_belongs_to_the_policy_stands_on_each_of_its_periods(clean, export):
    was = pd.read_parquet(clean / "policies.parquet")
    assert set(was.columns) == set(COLUMNS["policies"]) - {"object_id"}
    terms = pd.read_parquet(clean / "terms.parquet").set_index("term_id")["policy_id"]
    periods = read_back(export, "policies").assign(policy_id=read_back(export, "terms")["term_id"].map(terms))
    assert_same(periods, was.set_index("policy_id").loc[periods["policy_id"]].reset_index())


@pytest.mark.parametrize("table", list(CLOCKS))
def test_events_bear_the_number_that_was_in_force(clean, export, table):
    terms = pd.read_parquet(clean / "terms.parquet").set_index("term_id")
    number = read_back(export, "terms").set_index("policy_id")["term_id"]
    was, now = pd.read_parquet(clean / f"{table}.parquet"), read_back(export, table)
    for row in range(0, len(was), max(1, len(was) // 200)):
        periods = terms[terms["policy_id"] == was["policy_id"][row]].sort_values("start_date")
        begun = periods[periods["start_date"] <= was[CLOCKS[table]][row]]
        assert number[now["policy_id"][row]] == (begun.index[-1] if len(begun) else periods.index[0])


def test_it_is_as_awkward_as_it_says(clean, export):
    assert not (export / "churnkit.toml").exists()
    with pytest.raises(UnicodeDecodeError):
        (export / FILES["terms"]).read_text(encoding="utf-8")
    cover = pd.read_csv(export / FILES["terms"], encoding="gb18030", dtype=str, keep_default_na=False)
    forms = {"保费": r"\d+%", "保额": r"[\d.]+万", "起保日期": r"\d{4}年\d{1,2}月\d{1,2}日",
             "自动续保": "是|否", "首次投保日期": r"\d{4}/\d{1,2}/\d{1,2}",
             "录入时间": r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d\d:\d\d"}  # fmt: skip
    for column, form in forms.items():
        assert cover[column].str.fullmatch(form).all(), column
    premium = pd.read_parquet(clean / "terms.parquet").set_index("term_id")["premium"]
    first = cover.iloc[0]
    assert first["保费"] == f"{round(premium[first['承保流水号']] * 100)}%"
    assert cells(export, "surveys")["score"].str.fullmatch("[０-９]*").all()


def test_the_same_seed_gives_the_same_files_and_leaves_the_clean_book_alone(clean, export, tmp_path):
    before = digest(clean)
    assert digest(ugly_export(clean, tmp_path / "a")) == digest(export)
    assert digest(ugly_export(clean, tmp_path / "b", seed=1)) != digest(export)
    assert digest(clean) == before


def test_it_replaces_nothing_but_an_export(clean, tmp_path):
    out = ugly_export(clean, tmp_path / "out")
    ugly_export(clean, out)
    (out / "churnkit.toml").write_text('data_cutoff = "2026-10-01"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="replaces only a twin"):
        ugly_export(clean, out)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="replaces only a twin"):
        ugly_export(clean, tmp_path / "own")
    with pytest.raises(UsageError, match="apart from its clean book"):
        ugly_export(clean, clean / "export")
    with pytest.raises(UsageError, match="Only a clean simulated book"):
        ugly_export(tmp_path / "own", tmp_path / "x")
    assert (tmp_path / "own" / "notes.txt").read_text(encoding="utf-8") == "mine"
