"""Guessing a mapping: known books under the headers of several insurers, and what must be left alone."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace

import pandas as pd
import pytest

from churnkit.book.check import check_book
from churnkit.book.mapping.guess import guess_mapping
from churnkit.book.mapping.names import english, factor, likeness, loosen, personal
from churnkit.book.mapping.template import blank
from churnkit.book.open import open_book
from churnkit.book.schema import TABLES
from churnkit.book.settings import Settings, read_settings
from churnkit.errors import UsageError
from churnkit.simulate.ugly import ugly_export
from tests.book.exports import DECOYS, SYSTEMS, file, meaning, names, write_export
from tests.simulated import simulated


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return simulated(tmp_path_factory, customers=300, years=3, seed=2)


QUICK = "chinese"  # the others are read among the slow proofs
PARAMS = [name if name == QUICK else pytest.param(name, marks=pytest.mark.recovery) for name in SYSTEMS]


@pytest.fixture(scope="module", params=PARAMS)
def guessed(request, clean, tmp_path_factory):
    folder = write_export(clean, tmp_path_factory.mktemp(request.param), request.param)
    return request.param, folder, guess_mapping(folder)


def confirmed(folder, guess):
    """The one edit: remove the # before data_cutoff."""
    text = guess.toml.replace("\n# data_cutoff", "\ndata_cutoff")
    (folder / "churnkit.toml").write_text(text, encoding="utf-8")
    return folder


def written(folder, **frames):
    for name, frame in frames.items():
        pd.DataFrame(frame).to_csv(folder / f"{name}.csv", index=False)
    return folder


def test_every_table_is_found_in_its_file(guessed):
    system, _, guess = guessed
    found = {each.table: each.extract.file for each in guess.tables}
    assert found == {name: file(system, name) for name in SYSTEMS[system]}


def test_required_columns_are_all_right_and_nine_in_ten_of_all(guessed):
    system, _, guess = guessed
    right = total = 0
    for each in guess.tables:
        truth = names(system, each.table)
        found = {ours: column.theirs for ours, column in each.found.items()}
        for ours, theirs in truth.items():
            if TABLES[each.table].column(ours).required:
                assert found.get(ours) == theirs, (each.table, ours)
        right += sum(found.get(ours) == theirs for ours, theirs in truth.items())
        total += len(truth)
        assert set(found) <= set(truth), "a column was found that is not there"
    assert total > 100
    assert right / total >= 0.9


def test_columns_that_only_sound_like_ours_are_left_alone(guessed):
    system, _, guess = guessed
    for each in guess.tables:
        decoys = {pair.split("=")[0] for pair in DECOYS[system][each.table].split()}
        assert not decoys & {column.theirs for column in each.columns}
        assert not decoys & {other for column in each.columns if column.sure for other in column.others}


def test_categories_are_read(guessed):
    system, _, guess = guessed
    read = {(each.table, each.column): each for each in guess.values}
    assert read["policies", "line"].known
    for each in read.values():
        assert not each.unknown, each
        for theirs, ours in meaning(system, each.column).items():
            assert each.known.get(theirs, ours) == ours, (each.column, theirs)


def test_conventions_are_measured(guessed):
    system, _, guess = guessed
    inclusive = system != "english"
    assert guess.conventions.end_date_is == ("last_covered_day" if inclusive else "exclusive")
    assert guess.conventions.renewals > 500
    assert (guess.conventions.next_day > 0.9) == inclusive
    assert not guess.conventions.match, "policy numbers stay the same here"
    assert guess.conventions.latest < pd.Timestamp("2026-10-01")
    assert '\n# data_cutoff = "2026-10-01"   # the latest moment in the data is 2026-09-30' in guess.toml


def test_the_file_says_what_the_arguments_say(guessed, tmp_path):
    _, _, guess = guessed
    (tmp_path / "churnkit.toml").write_text(guess.toml, encoding="utf-8")
    from_file = read_settings(tmp_path, data_cutoff="2026-10-01")
    assert replace(from_file, extra={}) == Settings(data_cutoff="2026-10-01", **guess.settings_arguments)
    with pytest.raises(UsageError, match="needs data_cutoff"):
        read_settings(tmp_path)


def test_after_one_edit_the_export_opens_without_errors_and_says_the_same(guessed, clean):
    _, folder, guess = guessed
    book, was = open_book(confirmed(folder, guess)), open_book(clean, data_cutoff="2026-10-01")
    assert [str(item) for item in check_book(book).errors] == []
    numbers = (("terms", "premium"), ("terms", "sum_insured"), ("interactions", "wait_seconds"),
               ("interactions", "handle_seconds"), ("claims", "amount_paid"), ("surveys", "score"))  # fmt: skip
    for table, column in numbers:
        query = f"SELECT count({column}) AS n, sum({column}) AS total FROM {table}"
        one, other = book.sql(query).to_pylist()[0], was.sql(query).to_pylist()[0]
        assert one["n"] == other["n"] and one["total"] == pytest.approx(other["total"], rel=1e-6), column
    for table, column in (("policies", "line"), ("terms", "end_reason"), ("terms", "end_date"), ("outreach", "arm")):
        query = f"SELECT {column} AS v, count(*) AS n FROM {table} GROUP BY 1 ORDER BY n DESC, v"
        assert book.sql(query).to_pylist() == was.sql(query).to_pylist(), column


def test_a_second_guess_is_the_same_text(guessed):
    _, folder, guess = guessed
    assert guess_mapping(folder).toml == guess.toml


def test_files_are_known_by_their_headers_where_names_say_nothing(clean, tmp_path):
    folder = write_export(clean, tmp_path, "chinese")
    moved = {}
    for at, path in enumerate(sorted(folder.glob("*.csv"))):
        moved[path.name] = path.rename(folder / f"{at}.csv").name
    found = {each.table: each.extract.file for each in guess_mapping(folder).tables}
    assert found == {table: moved[file("chinese", table)] for table in SYSTEMS["chinese"]}


@pytest.mark.recovery  # an ugly export from end to end
def test_the_ugly_export_opens_without_errors_after_one_edit(clean, tmp_path):
    folder = ugly_export(clean, tmp_path / "ugly")
    guess = guess_mapping(folder)
    assert guess.conventions.match == ("object",)
    assert guess.conventions.end_date_is == "last_covered_day"
    book = open_book(confirmed(folder, guess))
    assert [str(item) for item in check_book(book).errors] == []
    was = open_book(clean, data_cutoff="2026-10-01")
    query = "SELECT count(*) AS n, sum(premium) AS p, sum(sum_insured) AS s, min(end_date) AS e FROM terms"
    one, other = book.sql(query).to_pylist()[0], was.sql(query).to_pylist()[0]
    assert one == {name: pytest.approx(value, rel=1e-9) if name in "ps" else value for name, value in other.items()}


@pytest.fixture
def portfolio(tmp_path):
    """One flat file, as a motor insurer's analyst keeps it, with web visits beside it."""
    rows = 240
    at = pd.Series(range(rows))
    start = pd.to_datetime("2020-01-01") + pd.to_timedelta(at % 60 + 365 * (at // 60), unit="D")
    customer = "K" + (1000 + at % 60).astype(str)
    written(tmp_path, 明细={
        "保单号码": "P" + (5000 + at).astype(str), "客户ID": customer,
        "险种名称": at.mod(3).map({0: "车险", 1: "车险", 2: "火星险"}),
        "车架号": "LSV" + (at % 60).astype(str).str.zfill(5), "起保日期": start.dt.strftime("%Y年%m月%d日"),
        "满期日期": (start + pd.Timedelta(days=364)).dt.strftime("%Y年%m月%d日"), "保费": 1000.5 + at,
        "保单状态": at.mod(4).map({0: "有效", 1: "续保", 2: "脱保", 3: "退保"}), "发动机功率(kW)": 60 + at % 90,
        "使用性质": at.mod(2).map({0: "家用", 1: "营运"}), "select": at % 7 + 0.5, "客户姓名": "某某", "空列": "",
    }, web_visits={
        "visit_id": "V" + at.astype(str), "customer_no": customer, "visit_time": start.dt.strftime("%Y-%m-%d 08:00:00"),
        "page": at.mod(2).map({0: "home", 1: "claims"}), "停留时长": at % 600,
    })  # fmt: skip
    return tmp_path


def test_one_file_may_hold_customers_policies_and_terms(portfolio):
    guess = guess_mapping(portfolio)
    assert {each.table: each.extract.file for each in guess.tables} == dict.fromkeys(
        ("customers", "policies", "terms"), "明细.csv"
    )
    terms = {each.table: each for each in guess.tables}["terms"].found
    assert terms["term_id"].theirs == "保单号码", "a new number at every renewal names the period"
    assert guess.missing == {}
    assert guess.conventions.match == ("object",)


def test_unknown_values_wait_to_be_filled_in_and_values_in_force_are_empty(portfolio):
    guess = guess_mapping(portfolio)
    assert '# "火星险" = ""   # 80 rows' in guess.toml
    assert tomllib.loads(guess.toml)["terms"]["values"]["end_reason"]["有效"] == ""
    assert "policies.line 火星险" in guess.text


def test_unknown_columns_and_files_are_proposed_under_names_that_may_be_declared(portfolio):
    guess = guess_mapping(portfolio)
    code = re.compile(r"^# (?=[\w\[\"]+.*( = |\])|\[)")
    lines = guess.toml.split("\n")
    text = "\n".join(line if "火星险" in line else code.sub("", line) for line in lines)
    (portfolio / "churnkit.toml").write_text(text, encoding="utf-8")
    settings = read_settings(portfolio)
    declared = {column.name: column.type for column in settings.schema["terms"].columns if column.extra}
    assert declared == {"engine_power": "integer", "use_nature": "category", "select_1": "number"}
    assert settings.columns["terms"]["engine_power"] == "发动机功率(kW)"
    assert settings.schema["web_visits"].clocks == ("visit_time",)
    book = open_book(portfolio)
    assert book.sql("SELECT avg(engine_power) AS p FROM terms").to_pylist()[0]["p"] == pytest.approx(99.5, abs=10)
    assert book.sql("SELECT count(visit_time) AS n FROM web_visits").to_pylist() == [{"n": 240}]


def test_a_persons_name_is_never_proposed(portfolio):
    guess = guess_mapping(portfolio)
    assert [each.type for each in guess.extras if each.theirs == "客户姓名"] == [""]
    assert "# not used: 客户姓名 (names or reaches a person)" in guess.toml
    for name in ("手机号", "身份证号码", "MOBILE_NO", "E-Mail", "投保人姓名", "联系地址"):
        assert personal(name), name
    for name in ("品牌名称", "product_name", "车型"):
        assert not personal(name), name


def test_ids_are_found_by_their_values(tmp_path):
    customers = [f"K{number:06}" for number in range(60)]
    written(tmp_path, 客户信息={"客户号": customers, "性别": ["男", "女"] * 30},
            保单={"保单号": [f"P{n:07}" for n in range(60)], "关系人": customers, "险种": ["车险"] * 60})  # fmt: skip
    policies = {each.table: each for each in guess_mapping(tmp_path).tables}["policies"].found
    assert policies["customer_id"].theirs == "关系人"
    assert not policies["customer_id"].sure


def test_a_clash_is_settled_by_values_and_shown(tmp_path):
    customers = [f"K{number:06}" for number in range(60)]
    written(tmp_path, 客户信息={"客户号": customers, "性别": ["男", "女"] * 30},
            保单={"保单号": [f"P{n:07}" for n in range(60)], "投保人编号": [f"Z{n:07}" for n in range(60)],
                "被保险人编号": customers, "险种": ["车险"] * 60})  # fmt: skip
    guess = guess_mapping(tmp_path)
    policies = {each.table: each for each in guess.tables}["policies"].found
    assert policies["customer_id"].theirs == "被保险人编号"
    assert 'customer_id = "被保险人编号"   # (?) 100% of its values are keys there; or is it "投保人编号"' in guess.toml


def test_life_insurers_cancellations_are_surrenders(tmp_path):
    day = pd.date_range("2020-01-01", periods=40).strftime("%Y-%m-%d")
    end = pd.date_range("2021-01-01", periods=40).strftime("%Y-%m-%d")
    written(tmp_path, 保单={"保单号": [f"P{n:07}" for n in range(40)], "客户号": [f"K{n:06}" for n in range(40)],
                          "险种": ["年金", "终身寿险"] * 20, "生效日期": day, "满期日期": end, "期交保费": [100.0] * 40,
                          "终止原因": ["退保", "身故"] * 20})  # fmt: skip
    read = {each.column: each.known for each in guess_mapping(tmp_path).values}
    assert read["end_reason"] == {"退保": "surrendered", "身故": "death"}


def test_a_score_beyond_its_scale_and_a_lone_late_date_are_pointed_out(tmp_path):
    rows = 60
    sent = [*pd.date_range("2024-01-01", periods=rows - 1).strftime("%Y-%m-%d"), "2062-03-01"]
    written(tmp_path, 满意度={
        "问卷编号": [f"S{n:05}" for n in range(rows)], "客户号": [f"K{n:06}" for n in range(rows)],
        "指标": ["满意度"] * rows, "发送时间": sent, "评分": [n % 10 + 1 for n in range(rows)],
    })  # fmt: skip
    guess = guess_mapping(tmp_path)
    assert guess.conventions.score_ranges == (("csat", 1.0, 10.0),)
    assert "(?) csat runs from 1 to 10 here" in guess.toml
    assert "(?) some moments lie as late as 2062-03-01" in guess.toml
    assert '# data_cutoff = "2024-' in guess.toml


def test_sheets_of_a_workbook_are_tables(tmp_path):
    with pd.ExcelWriter(tmp_path / "导出.xlsx", engine="xlsxwriter") as book:
        pd.DataFrame({"客户号": ["K1", "K2"], "性别": ["男", "女"]}).to_excel(book, sheet_name="客户", index=False)
        pd.DataFrame({"保单号": ["P1", "P2"], "客户号": ["K1", "K2"], "险种": ["车险", "寿险"]}).to_excel(
            book, sheet_name="保单", index=False
        )
    guess = guess_mapping(tmp_path)
    assert guess.settings_arguments["file"] == {"customers": "导出.xlsx", "policies": "导出.xlsx"}
    assert guess.settings_arguments["sheet"] == {"customers": "客户", "policies": "保单"}
    (tmp_path / "churnkit.toml").write_text(guess.toml, encoding="utf-8")
    book = open_book(tmp_path, data_cutoff="2026-01-01")
    assert book.sql("SELECT line FROM policies ORDER BY policy_id").to_pylist() == [{"line": "motor"}, {"line": "life"}]


def test_a_second_part_of_a_table_is_named_as_not_used(tmp_path):
    days = ["2024-01-01", "2024-02-01"]
    part = {"赔案号": ["C1", "C2"], "保单号": ["P1", "P2"], "客户号": ["K1", "K2"], "报案时间": days}
    written(tmp_path, 理赔_2023=part, 理赔_2024={**part, "赔案号": ["C3", "C4"]})
    guess = guess_mapping(tmp_path)
    assert len(guess.tables) == 1
    assert [other for other in guess.others if "join the two" in other]
    assert "join the two" in guess.toml


@pytest.mark.recovery
def test_a_clean_book_needs_no_mapping(clean):
    guess = guess_mapping(clean)
    assert set(guess.settings_arguments) <= {"values"}
    assert not [each for each in guess.tables for column in each.columns if column.theirs != column.ours]


def test_whatever_stands_in_headers_and_cells_the_file_is_toml(tmp_path):
    nasty = ['a"b', "x\ny", "]]", "= 3", "\\", "#", "e'f", "全角（万元）\t", "=1+1", "''' \"\"\""]
    frame = {name: [f'{name} "1"', f"{name}\\2", "z\n[terms]"] for name in nasty}
    ids = {"保单号": ["P1", "P2", "P3"], "客户号": ["K1", "K2", "K3"]}
    policies = {**ids, "险种": ['"', "[x]\n", "\\u"], **frame}
    written(tmp_path, 保单=policies, 未知={"标": ["a\n]", "b"], "记": ["1", "2"]})
    guess = guess_mapping(tmp_path)
    content = tomllib.loads(guess.toml)
    assert content["policies"]["columns"]["policy_id"] == "保单号"
    assert "data_cutoff" not in content
    every = "\n".join(line.removeprefix("# ") for line in guess.toml.split("\n") if re.match(r'# "?[^#]*" = ""', line))
    tomllib.loads(every)


def test_a_folder_without_tables_is_refused(tmp_path):
    with pytest.raises(UsageError, match="guessed from tables"):
        guess_mapping(tmp_path)
    with pytest.raises(UsageError, match="no folder"):
        guess_mapping(tmp_path / "nowhere")
    (tmp_path / "bad.csv").write_bytes(b"\x00\x01")
    with pytest.raises(UsageError, match=r"bad\.csv"):
        guess_mapping(tmp_path)


@pytest.mark.parametrize(
    ("theirs", "column", "same"),
    [
        ("保 费（元）", "premium", True), ("ＰＯＬＩＣＹ＿ＮＯ", "policy_id", True), ("上年保费", "premium", False),
        ("保费折扣率", "premium", False), ("C_PLY_NO", "policy_id", True), ("T_INSRNC_BGN_TM", "start_date", True),
        ("PolicyNumber", "policy_id", True), ("预计终保日期", "end_date", False), ("更新时间", "recorded_at", False),
    ],
)  # fmt: skip
def test_names_are_read_loosely_but_not_too_loosely(theirs, column, same):
    from churnkit.book.mapping.headers import HEADERS

    assert (likeness(theirs, column, HEADERS["terms"][column], table="terms") >= 0.8) == same


def test_units_in_headers_are_factors():
    assert factor("sum_insured", "money", "保额（万元）") == 10_000
    assert factor("premium", "money", "保费（分）") == 0.01
    assert factor("wait_seconds", "number", "等待时长（分）") == 60
    assert factor("sla_hours", "number", "时效(天)") == 24
    assert factor("loss_ratio", "number", "赔付率(%)") == 0.01
    assert factor("premium", "money", "保费(不含税)") == 1
    assert loosen("保额（万元）") == "保额"
    assert english("车辆功率(kW)", 3) == "vehicle_power"


def test_the_empty_file_explains_every_key_and_reads_back(tmp_path):
    (tmp_path / "churnkit.toml").write_text(blank(), encoding="utf-8")
    with pytest.raises(UsageError, match="needs data_cutoff"):
        read_settings(tmp_path)
    every = re.sub(r"(?m)^# ", "", blank())
    (tmp_path / "churnkit.toml").write_text(every, encoding="utf-8")
    settings = read_settings(tmp_path)
    for name in Settings.__dataclass_fields__:
        assert getattr(settings, name) or name in ("churn", "renewal", "engine"), f"{name} is not explained"
    for table, spec in TABLES.items():
        assert set(settings.columns[table]) == set(spec.column_names)
        assert set(settings.values.get(table, {})) == {column.name for column in spec.columns if column.values}
    content = tomllib.loads(every)
    assert set(content["churn"]) == set(vars(settings.churn))
    assert set(content["renewal"]) == set(vars(settings.renewal))
    assert set(content["engine"]) == set(vars(settings.engine))
