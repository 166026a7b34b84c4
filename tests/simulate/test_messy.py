"""Every twin is compared with its clean book, cell by cell: what was said to be damaged is, and nothing else."""

import hashlib
import json
import tomllib

import numpy as np
import pandas as pd
import pytest

from churnkit.book.schema import TABLES
from churnkit.errors import UsageError
from churnkit.simulate import simulate_book
from churnkit.simulate.messy import DAMAGES, TOGETHER, damage, messy_book
from tests.simulated import simulated

pytestmark = pytest.mark.recovery  # thirty damaged books; what a check finds of them is tested beside the check

CODES = [
    "COL01", "TYP02", "ENC03", "DUP04", "KEY05", "FK06", "FUT07", "SEN08", "DAT09", "OVL10", "GAP11", "LNK12", "END13",
    "NTU14", "REI15", "RSN16", "REC17", "LATE18", "SCL19", "DIR20", "RES21", "COV22", "CUR23", "IDS24", "CAT25",
    "ABS26", "OUT27", "CLS28", "LEAK29", "DRF30",
]  # fmt: skip
ENDED = {"ended_date", "end_reason", "ended_recorded_at", "offer_date", "offer_premium"}
# Damages that change cells of the rows at fault: the columns they touch.
CELLS = {
    "TYP02": {"amount_claimed"}, "FK06": {"policy_id"}, "FUT07": {"started_at", "resolved_at", "recorded_at"},
    "SEN08": {"ended_date"}, "DAT09": {"end_date"}, "OVL10": {"start_date"}, "RSN16": {"end_reason"},
    "LATE18": {"recorded_at"}, "SCL19": {"score"}, "CUR23": {"premium"}, "IDS24": {"agent_id"},
    "CAT25": {"line"}, "DRF30": {"channel"},
}  # fmt: skip
APPEND = ("DUP04", "KEY05", "END13", "REI15", "OUT27")
CSV = {"TYP02": "utf-8", "ENC03": "gb18030", "IDS24": "utf-8"}
CUTOFF = pd.Timestamp("2026-10-01")


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return simulated(tmp_path_factory, customers=900, years=3, seed=8)


@pytest.fixture(scope="module")
def twins(clean, tmp_path_factory):
    """Every twin, made once: code to (its folder, what was said)."""
    root = tmp_path_factory.mktemp("twins")
    return {code: (root / code, damage(clean, root / code, code)) for code in CODES}


def digest(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def read(folder, table):
    """A table as written; of CSV files every cell as text."""
    if (folder / f"{table}.parquet").exists():
        return pd.read_parquet(folder / f"{table}.parquet")
    encoding = next((CSV[code] for code in CSV if folder.name == code), "gb18030")
    return pd.read_csv(folder / f"{table}.csv", dtype=str, encoding=encoding)


def tables(folder):
    return {path.stem for path in folder.iterdir() if path.suffix in (".parquet", ".csv")}


def at(frame, said):
    """The rows at fault."""
    return frame.iloc[np.array(said.rows, dtype=int) - 1]


def differ(was, now):
    """Cells in which two tables of one shape differ, as text where one of them is."""
    cells = {}
    for name in was:
        one, two = was[name], now[name]
        if pd.api.types.is_string_dtype(two) and not pd.api.types.is_string_dtype(one):  # a CSV file
            if pd.api.types.is_numeric_dtype(one) and one.dtype != bool:
                read = pd.to_numeric(two, errors="coerce")
                two = read.where(read.notna() | two.isna(), -1.0)  # a word is no number
            elif pd.api.types.is_datetime64_any_dtype(one):
                two = pd.to_datetime(two)
            else:
                two = two.map({"True": True, "False": False})
        cells[name] = (one.to_numpy(object) != two.to_numpy(object)) & ~(one.isna() & two.isna()).to_numpy()
    return pd.DataFrame(cells)


def changed_columns(was, now):
    cells = differ(was, now)
    return {name for name in cells if cells[name].any()}


def test_there_is_a_damage_for_every_code_of_the_contract():
    assert list(DAMAGES) == CODES
    assert all(each.code == code and each.what.endswith(".") for code, each in DAMAGES.items())
    assert {each.table for each in DAMAGES.values()} <= set(TABLES)


@pytest.mark.parametrize("code", CODES)
def test_what_is_said_is_written_down_and_counted(twins, code):
    folder, said = twins[code]
    assert (said.code, said.table) == (code, DAMAGES[code].table)
    assert not said.rows or said.count == len(said.rows) == len(set(said.rows))
    assert said.count > 0 or code == "CLS28"
    written = json.loads((folder / "damages.json").read_text(encoding="utf-8"))
    assert written == [{"code": code, "table": said.table, "count": said.count, "what": said.what}]
    assert "{" not in said.what


@pytest.mark.parametrize("code", [code for code in CODES if code not in ("LNK12", "CLS28")])
def test_other_tables_are_the_clean_ones_byte_for_byte(clean, twins, code):
    folder, said = twins[code]
    gone = {"ABS26": {"complaints"}, "OUT27": {"outreach"}}.get(code, set())
    assert tables(folder) == tables(clean) - gone
    before, after = digest(clean), digest(folder)
    same = {name for name in before if after.get(name) == before[name]}
    touched = {f"{said.table}.parquet"} | {f"{table}.parquet" for table in gone}
    if code == "LEAK29":
        touched.add("churnkit.toml")
    assert same == set(before) - touched


@pytest.mark.parametrize("code", sorted(CELLS))
def test_the_cells_of_the_rows_at_fault_and_no_others_change(clean, twins, code):
    folder, said = twins[code]
    was, now = read(clean, said.table), read(folder, said.table)
    assert list(was) == list(now) and len(was) == len(now)
    cells = differ(was, now)
    assert set(np.flatnonzero(cells.any(axis=1)) + 1) == set(said.rows)
    assert {name for name in cells if cells[name].any()} == CELLS[code]


@pytest.mark.parametrize("code", [code for code in APPEND if code != "REI15"])
def test_rows_that_are_added_come_after_the_clean_ones(clean, twins, code):
    folder, said = twins[code]
    was, now = read(clean, said.table), read(folder, said.table)
    assert changed_columns(was, now.iloc[: len(was)]) == set()
    added = set(range(len(was) + 1, len(now) + 1))
    assert added and added <= set(said.rows)
    assert added == set(said.rows) or code == "KEY05"


def test_a_required_column_has_another_name(clean, twins):
    folder, said = twins["COL01"]
    was, now = read(clean, "terms"), read(folder, "terms")
    assert set(was) - set(now) == {"premium"} and set(now) - set(was) == {"premium_yuan"}
    assert (now["premium_yuan"] == was["premium"]).all()
    assert said.count == 1


def test_words_stand_for_amounts_in_a_csv_file(twins):
    folder, said = twins["TYP02"]
    assert said.count == 7
    words = at(read(folder, "claims"), said)["amount_claimed"]
    assert pd.to_numeric(words, errors="coerce").isna().all() and words.notna().all()


def test_a_file_is_gb18030_and_its_regions_chinese(clean, twins):
    folder, _ = twins["ENC03"]
    with pytest.raises(UnicodeDecodeError):
        (folder / "customers.csv").read_text(encoding="utf-8")
    was, now = read(clean, "customers"), read(folder, "customers")
    assert changed_columns(was, now) == {"region"}
    assert now["region"].str.fullmatch("[一-龥]{2,3}").all()
    assert len(set(zip(was["region"], now["region"], strict=True))) == was["region"].nunique()


def test_a_month_of_claims_comes_twice_word_for_word(twins):
    folder, said = twins["DUP04"]
    now = read(folder, "claims")
    assert set(np.flatnonzero(now.duplicated()) + 1) == set(said.rows)
    assert len(set(at(now, said)["reported_at"].dt.to_period("M"))) == 1


def test_policies_come_twice_with_nothing_to_order_them(twins):
    folder, said = twins["KEY05"]
    now = read(folder, "policies")
    assert said.count == 12
    assert set(np.flatnonzero(now["policy_id"].duplicated(keep=False)) + 1) == set(said.rows)
    for _, pair in at(now, said).groupby("policy_id"):
        assert {name for name in pair if len(pair[name].drop_duplicates()) > 1} == {"branch"}


def test_policy_numbers_lead_nowhere_or_have_a_blank(clean, twins):
    folder, said = twins["FK06"]
    now, known = read(folder, "interactions"), set(read(clean, "policies")["policy_id"])
    orphans = ~now["policy_id"].isin(known)
    assert set(np.flatnonzero(orphans) + 1) == set(said.rows)
    assert said.count <= 0.01 * len(now)
    trimmed = now.loc[orphans, "policy_id"].str.strip().isin(known)
    assert 0 < trimmed.sum() < said.count and f"{trimmed.sum()} of them" in said.what


def test_the_last_contacts_lie_in_the_eight_hours_after_the_cutoff(twins):
    folder, said = twins["FUT07"]
    now = read(folder, "interactions")
    after = now["started_at"] - CUTOFF
    assert set(np.flatnonzero(after >= pd.Timedelta(0)) + 1) == set(said.rows)
    assert after.max() < pd.Timedelta(hours=8)
    assert (at(now, said)["resolved_at"] < at(now, said)["started_at"]).sum() == 0


def test_no_end_is_written_as_a_sentinel(clean, twins):
    folder, said = twins["SEN08"]
    assert said.count == read(clean, "terms")["ended_date"].isna().sum()
    marks = at(read(folder, "terms"), said)["ended_date"].value_counts()
    assert set(marks.index) == {pd.Timestamp("9999-12-31"), pd.Timestamp("1900-01-01")}


def test_three_terms_end_before_they_start(twins):
    folder, said = twins["DAT09"]
    now = read(folder, "terms")
    assert said.count == 3
    assert set(np.flatnonzero(now["end_date"] <= now["start_date"]) + 1) == set(said.rows)


def previous(terms, column):
    order = terms.sort_values(["policy_id", "start_date"])
    return order.groupby("policy_id")[column].shift().reindex(terms.index)


def test_four_renewals_overlap_the_term_before(clean, twins):
    folder, said = twins["OVL10"]
    assert said.count == 4
    for where, rows in ((clean, set()), (folder, set(said.rows))):
        terms = read(where, "terms")
        terms["until"] = terms[["end_date", "ended_date"]].min(axis=1)
        assert set(np.flatnonzero(terms["start_date"] < previous(terms, "until")) + 1) == rows


def test_end_dates_are_last_covered_days(clean, twins):
    folder, said = twins["GAP11"]
    was, now = read(clean, "terms"), read(folder, "terms")
    assert changed_columns(was, now) == {"end_date"}
    assert (was["end_date"] - now["end_date"] == pd.Timedelta(days=1)).all()
    gap = now["start_date"] - previous(now, "end_date")
    assert set(np.flatnonzero(gap == pd.Timedelta(days=1)) + 1) == set(said.rows)
    assert said.count > 0.85 * gap.notna().sum()  # nearly all renewals


def test_every_term_has_a_policy_number_and_the_object_ties_them(clean, twins):
    folder, said = twins["LNK12"]
    was, terms, policies = read(clean, "terms"), read(folder, "terms"), read(folder, "policies")
    assert terms["policy_id"].is_unique and "previous_policy_id" not in policies
    assert len(terms) == len(was) == len(policies)
    by_id = [frame.sort_values("term_id").reset_index(drop=True) for frame in (was, terms)]
    assert changed_columns(*by_id) == {"policy_id"}
    tied = terms.merge(policies[["policy_id", "customer_id", "line", "object_id"]], on="policy_id")
    order = tied.sort_values(["customer_id", "line", "object_id", "start_date"])
    following = order.groupby(["customer_id", "line", "object_id"])["start_date"].shift(-1) - order["end_date"]
    followed = following.between(pd.Timedelta(0), pd.Timedelta(days=29))
    assert set(order.loc[followed, "term_id"]) == set(at(terms, said)["term_id"])
    assert said.count == len(was) - was["policy_id"].nunique()
    for table in ("claims", "interactions", "surveys", "complaints", "outreach"):
        before, after = read(clean, table), read(folder, table)
        assert changed_columns(before, after) == {"policy_id"}
        assert after["policy_id"].isin(policies["policy_id"]).all()


def test_endorsements_are_equal_but_for_the_premium(clean, twins):
    folder, said = twins["END13"]
    now, was = at(read(folder, "terms"), said), read(clean, "terms")
    assert said.count == 12
    same = ["policy_id", "start_date", "end_date"]
    pair = now.merge(was, on=same, suffixes=("", "_was"))
    assert len(pair) == 12 and not was.duplicated(same).any()
    own = {"term_id", "premium", "issued_at", "recorded_at"}
    assert {name for name in was if name not in same and not pair[name].eq(pair[f"{name}_was"]).all()} == own
    assert (pair["issued_at"] < CUTOFF).all() and (pair["issued_at"] > pair["start_date"]).all()


def test_six_more_terms_are_never_really_sold(clean, twins):
    folder, said = twins["NTU14"]
    was, now = read(clean, "terms"), read(folder, "terms")
    cells = differ(was, now)
    rows = np.flatnonzero(cells.any(axis=1))
    assert len(rows) == 6 and {name for name in cells if cells[name].any()} <= ENDED
    assert (now["ended_date"].iloc[rows] == now["start_date"].iloc[rows]).all()
    before = (was["end_reason"] == "free_look").sum()
    assert said.count == before + 6
    assert (at(now, said)["end_reason"] == "free_look").sum() == before


def test_eight_terms_are_cancelled_and_taken_up_again(clean, twins):
    folder, said = twins["REI15"]
    was, now = read(clean, "terms"), read(folder, "terms")
    cells = differ(was, now.iloc[: len(was)])
    old = now.iloc[np.flatnonzero(cells.any(axis=1))]
    assert said.count == len(old) == 8 and {name for name in cells if cells[name].any()} <= ENDED
    assert set(said.rows) == set(range(len(was) + 1, len(now) + 1))
    pair = at(now, said).merge(old, on=["policy_id", "end_date", "premium"], suffixes=("", "_old"))
    assert len(pair) == 8
    assert (pair["start_date"] - pair["ended_date_old"]).dt.days.between(0, 20).all()
    assert (pair["ended_date_old"] > pair["start_date_old"]).all() and (pair["end_reason_old"] == "nonpayment").all()
    assert (pair["issued_at"] < CUTOFF).all() and pair["ended_date"].isna().all()


def test_forty_ended_terms_have_no_reason(clean, twins):
    folder, said = twins["RSN16"]
    for where, n in ((clean, 0), (folder, 40)):
        terms = read(where, "terms")
        assert (terms["ended_date"].notna() & terms["end_reason"].isna()).sum() == n
    assert said.count == 40


def test_contacts_have_no_recording_time(clean, twins):
    folder, said = twins["REC17"]
    was, now = read(clean, "interactions"), read(folder, "interactions")
    assert set(was) - set(now) == {"recorded_at"} and changed_columns(was[list(now)], now) == set()
    assert said.count == len(was)


def test_some_claims_are_entered_months_late(clean, twins):
    folder, said = twins["LATE18"]
    for where, rows in ((clean, set()), (folder, set(said.rows))):
        claims = read(where, "claims")
        late = claims["recorded_at"] - claims["reported_at"] > pd.Timedelta(days=30)
        assert set(np.flatnonzero(late) + 1) == rows
    assert (at(read(folder, "claims"), said)["recorded_at"] < CUTOFF).all()


def test_no_opinion_is_a_score_of_99(twins):
    folder, said = twins["SCL19"]
    rows = at(read(folder, "surveys"), said)
    assert said.count == 9 and (rows["score"] == 99).all() and (rows["instrument"] == "nps").all()


def test_nps_is_turned_round_and_contradicts_csat(clean, twins):
    folder, said = twins["DIR20"]
    was, now = read(clean, "surveys"), read(folder, "surveys")
    nps = (was["instrument"] == "nps") & was["score"].notna()
    assert set(np.flatnonzero(nps) + 1) == set(said.rows)
    assert (now["score"][nps] == 10 - was["score"][nps]).all()
    assert changed_columns(was, now) == {"score"} and now["score"][~nps].equals(was["score"][~nps])
    for frame, sign in ((was, 1), (now, -1)):
        wide = frame.pivot_table(index=["policy_id", "sent_at"], columns="instrument", values="score")
        assert sign * wide["nps"].corr(wide["csat"]) > 0.3


def test_only_answers_remain(clean, twins):
    folder, said = twins["RES21"]
    was, now = read(clean, "surveys"), read(folder, "surveys")
    assert changed_columns(was[was["score"].notna()].reset_index(drop=True), now) == set()
    assert said.count == len(now) < len(was)


def test_a_region_is_unheard(clean, twins):
    folder, said = twins["COV22"]
    was, now, customers = read(clean, "surveys"), read(folder, "surveys"), read(clean, "customers")
    assert changed_columns(was, now) == {"score", "answered_at"}
    never = {name: ~customers["customer_id"].isin(frame.loc[frame["score"].notna(), "customer_id"])
             for name, frame in (("was", was), ("now", now))}  # fmt: skip
    assert said.count == never["now"].sum() > never["was"].sum()
    assert len(set(customers.loc[never["now"] & ~never["was"], "region"])) == 1


def test_premiums_are_in_fen_from_one_month_on(clean, twins):
    folder, said = twins["CUR23"]
    was, now = read(clean, "terms"), read(folder, "terms")
    rows = at(now, said)
    month = rows["issued_at"].min().to_period("M")
    assert set(np.flatnonzero(now["issued_at"] >= month.start_time) + 1) == set(said.rows)
    np.testing.assert_allclose(rows["premium"], 100 * at(was, said)["premium"], rtol=1e-9)
    assert rows["offer_premium"].isna().all()
    medians = now.groupby(now["issued_at"].dt.to_period("M"))["premium"].median()
    jumps = (medians / medians.shift())[medians.index >= "2023-01"]
    assert list(jumps.index[jumps > 20]) == [month]


def test_agents_went_through_a_spreadsheet(clean, twins):
    folder, said = twins["IDS24"]
    was, now = read(clean, "policies"), read(folder, "policies")
    assert now["agent_id"].dropna().str.fullmatch(r"\d\.\d{5}E\+17").all()
    assert said.count == was["agent_id"].notna().sum()
    assert now["agent_id"].nunique() < was["agent_id"].nunique()


def test_a_line_has_a_code_of_its_own(clean, twins):
    folder, said = twins["CAT25"]
    assert (at(read(folder, "policies"), said)["line"] == "HH").all()
    assert (at(read(clean, "policies"), said)["line"] == "home").all()
    assert "home" not in set(read(folder, "policies")["line"])


def test_campaign_calls_lie_among_the_contacts(clean, twins):
    folder, said = twins["OUT27"]
    calls, outreach = at(read(folder, "interactions"), said), read(clean, "outreach")
    assert said.count == outreach["contacted_at"].notna().sum()
    assert (calls["initiator"] == "company").all() and (calls["touchpoint"] == "renewal_campaign").all()
    assert (calls["topic"] == "renewal").all() and (calls["recorded_at"] < CUTOFF).all()
    ends = calls.merge(read(clean, "terms"), on="policy_id")
    ahead = ends["end_date"] - ends["started_at"]
    near = ends[ahead.between(pd.Timedelta(0), pd.Timedelta(days=60))]
    assert sorted(near["interaction_id"]) == sorted(calls["interaction_id"])  # one term each


def test_nobody_in_the_book_ever_left(clean, twins):
    folder, said = twins["CLS28"]
    terms, policies = read(folder, "terms"), read(folder, "policies")
    assert set(terms["end_reason"].dropna()) == {"renewed"} and said.count == 0
    was = read(clean, "terms")
    assert set(policies["policy_id"]) == set(was.loc[was["ended_date"].isna(), "policy_id"])
    assert set(read(folder, "customers")["customer_id"]) == set(policies["customer_id"])
    for table in ("terms", "claims", "interactions", "surveys", "complaints", "outreach"):
        was = read(clean, table)
        kept = was[was["policy_id"].isin(policies["policy_id"])].reset_index(drop=True)
        assert changed_columns(kept, read(folder, table)) == set()


def test_an_extra_column_knows_who_left(clean, twins):
    folder, said = twins["LEAK29"]
    was, now = read(clean, "terms"), read(folder, "terms")
    assert set(now) - set(was) == {"winback_calls"} and changed_columns(was, now) == set() and said.count == 1
    lost = now["end_reason"].notna() & (now["end_reason"] != "renewed")
    assert ((now["winback_calls"] > 0) == lost).all()
    settings = tomllib.loads((folder / "churnkit.toml").read_text(encoding="utf-8"))
    assert settings["terms"]["extra"] == {"winback_calls": {"type": "number"}}


def test_new_policies_come_through_a_channel_never_seen(clean, twins):
    folder, said = twins["DRF30"]
    new, terms = at(read(folder, "policies"), said), read(clean, "terms")
    assert (new["channel"] == "livestream").all()
    scored = terms[terms["policy_id"].isin(new["policy_id"]) & terms["ended_date"].isna()]
    assert len(scored) == len(new) and (scored["start_date"] < CUTOFF).all() and (scored["end_date"] > CUTOFF).all()
    assert not terms[terms["policy_id"].isin(new["policy_id"])]["end_reason"].notna().any()  # nothing to learn from


def test_the_messy_book_has_all_that_can_live_together(clean, tmp_path):
    done = {each.code: each for each in messy_book(clean, tmp_path / "messy")}
    folder = tmp_path / "messy"
    assert list(done) == list(TOGETHER)
    written = json.loads((folder / "damages.json").read_text(encoding="utf-8"))
    assert [each["code"] for each in written] == list(done)
    terms, contacts, claims, surveys = (read(folder, t) for t in ("terms", "interactions", "claims", "surveys"))
    assert tables(folder) == tables(clean) - {"complaints", "outreach"}
    sentinel = terms["ended_date"].isin([pd.Timestamp("9999-12-31"), pd.Timestamp("1900-01-01")])
    ended = terms["ended_date"].mask(sentinel)
    counts = {
        "NTU14": ((terms["end_reason"] == "free_look") | (ended <= terms["start_date"])).sum(),
        "REI15": terms["term_id"].str.endswith("R").sum(), "SEN08": sentinel.sum(),
        "END13": terms.duplicated(["policy_id", "start_date", "end_date"]).sum(),
        "RSN16": (ended.notna() & terms["end_reason"].isna()).sum(),
        "CUR23": (terms["issued_at"] >= at(terms, done["CUR23"])["issued_at"].min()).sum(),
        "DUP04": claims.duplicated().sum(),
        "LATE18": (claims["recorded_at"] - claims["reported_at"] > pd.Timedelta(days=30)).sum(),
        "FK06": (~contacts["policy_id"].isin(read(clean, "policies")["policy_id"])).sum(),
        "FUT07": (contacts["started_at"] >= CUTOFF).sum(), "CAT25": (contacts["initiator"] == "CLIENT").sum(),
        "OUT27": (contacts["initiator"] == "company").sum(), "REC17": len(contacts), "RES21": len(surveys),
        "DIR20": (surveys["instrument"] == "nps").sum(), "ABS26": 1, "ENC03": 1,
        "COV22": (~read(folder, "customers")["customer_id"].isin(surveys["customer_id"])).sum(),
        "DRF30": (read(folder, "policies")["channel"] == "livestream").sum(),
    }  # fmt: skip
    assert counts == {code: each.count for code, each in done.items()}
    assert "recorded_at" not in contacts and surveys["score"].notna().all()
    live = read(folder, "policies").query("channel == 'livestream'")["policy_id"]
    assert ended[terms["policy_id"].isin(live)].isna().all()  # those to be scored are still in force


@pytest.mark.parametrize("make", [*CODES, "messy"])
def test_the_same_seed_gives_the_same_files_and_leaves_the_clean_book_alone(clean, twins, tmp_path, make):
    def twin(name, *, seed):
        if make == "messy":
            messy_book(clean, tmp_path / name, seed=seed)
        else:
            damage(clean, tmp_path / name, make, seed=seed)
        return digest(tmp_path / name)

    before = digest(clean)
    first = twin("a", seed=0) if make == "messy" else digest(twins[make][0])
    assert twin("b", seed=0) == first
    assert digest(clean) == before
    if make in ("messy", "DUP04", "FK06", "END13", "LNK12"):
        assert twin("c", seed=1) != first


def test_a_twin_replaces_nothing_but_a_twin(clean, tmp_path):
    damage(clean, tmp_path / "twin", "ABS26")
    damage(clean, tmp_path / "twin", "REC17")
    assert tables(tmp_path / "twin") == tables(clean)
    other = simulate_book(tmp_path / "other", customers=30, years=1, truth=False)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "terms.csv").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for out in (other, tmp_path / "own", tmp_path / "file"):
        with pytest.raises(UsageError, match="replaces only a twin"):
            damage(clean, out, "ABS26")
    for out in (clean, clean / "twin", clean.parent):
        with pytest.raises(UsageError, match="apart from its clean book"):
            messy_book(clean, out)
    assert (tmp_path / "own" / "terms.csv").read_text(encoding="utf-8") == "mine"
    assert not list(tmp_path.glob(".*-partial"))


def test_only_a_clean_simulated_book_is_damaged(clean, tmp_path):
    damage(clean, tmp_path / "twin", "ABS26")
    csv = simulate_book(tmp_path / "csv", customers=30, years=1, truth=False, kind="csv")
    for folder in (tmp_path / "twin", csv, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="Only a clean simulated book"):
            damage(folder, tmp_path / "x", "ABS26")
    with pytest.raises(UsageError, match="Did you mean 'END13'"):
        damage(clean, tmp_path / "x", "end13")
    assert not (tmp_path / "x").exists()


def test_a_book_too_small_for_a_damage_says_so_and_leaves_nothing(tmp_path):
    small = simulate_book(tmp_path / "small", customers=1, years=1, truth=False)
    with pytest.raises(UsageError, match="none in this book"):
        damage(small, tmp_path / "x", "TYP02")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small"]
