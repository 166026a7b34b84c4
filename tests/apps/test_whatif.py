"""The workbook's formulas give the result's own figures; files that are no scenarios are refused before any work."""

import math
import re

import openpyxl
import pytest
from scipy.stats import norm

import churnkit as ck
from churnkit.apps.whatif import pictures, read_scenarios
from churnkit.apps.whatif_workbook import write_scenarios
from churnkit.errors import UsageError
from tests.apps.commands import churnkit
from tests.effect.scenarios.conftest import prepared

__all__ = ["prepared"]
ASKED = (
    ck.Scenario("Faster").set("claim_cycle_days", 3, line="motor").costing(fixed=900, per_customer=0.2, per_contact=2),
    ck.Scenario("=1+1").change("satisfaction", 2),
    ck.Scenario.preset("industry_claim"),
)


@pytest.fixture(scope="module")
def written(prepared, tmp_path_factory):
    result = prepared.evaluate(ASKED)
    path = tmp_path_factory.mktemp("whatif") / "out.xlsx"
    write_scenarios(result, path, pictures=pictures(prepared, result, unit="CNY"), levers=prepared.levers(), unit="CNY")
    return result, path


def calculated(sheet, cell):
    """What a formula of the sheet gives: arithmetic, IF, N and NORM.S.DIST are all there is."""
    value = sheet[cell].value
    if not (isinstance(value, str) and value.startswith("=")):
        return 0.0 if value is None else value
    text = value[1:].replace("_xlfn.", "").replace("NORM.S.DIST", "normal").replace("TRUE", "True")
    text = re.sub(r"([A-Z]+[0-9]+)", r'at("\1")', text)
    names = {"at": lambda each: calculated(sheet, each), "N": float, "IF": lambda test, yes, no: yes if test else no,
             "normal": lambda z, _: float(norm.cdf(z))}  # fmt: skip
    text = re.sub(r"IF\((.*?),(.*),(.*?)\)$", r"(\2) if (\1) else \3", text)
    return eval(text, {"__builtins__": {}}, names)  # the sheet is our own


def test_the_formulas_give_the_results_own_figures(written):
    result, path = written
    sheet = openpyxl.load_workbook(path)["Scenarios"]
    rows = {sheet.cell(row, 1).value: row for row in range(1, sheet.max_row + 1)}
    labels = {"Renewal then": "renewal_then", "Policies kept at the next renewal": "policies_kept",
              "Cost, discounted": "cost", "Net value": "net", "Chance that net is above 0": "p_net",
              "Share of the effect that must come true": "break_even_share"}  # fmt: skip
    for k, name in enumerate(result.table.index):
        column = openpyxl.utils.get_column_letter(3 + k)
        for label, key in labels.items():
            given, wanted = calculated(sheet, f"{column}{rows[label]}"), result.table[key][name]
            if math.isnan(wanted):
                assert given == "", label
            else:
                assert given == pytest.approx(wanted, rel=1e-9), label
        assert str(sheet[f"{column}{rows['Net value']}"].value).startswith("=")


def test_texts_stay_texts_and_what_is_kept_is_what_formulas_give(written):
    result, path = written
    sheet = openpyxl.load_workbook(path)["Scenarios"]
    assert sheet["D1"].value == "=1+1" and sheet["D1"].data_type == "s"
    kept = openpyxl.load_workbook(path, data_only=True)["Scenarios"]
    rows = {kept.cell(row, 1).value: row for row in range(1, kept.max_row + 1)}
    assert kept.cell(rows["Net value"], 3).value == pytest.approx(result.table["net"].iloc[0])
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Scenarios", "Waterfall", "Pictures", "Levers", "How to read this"]
    assert len(book["Pictures"]._images) >= 5
    assert "Faster" in str(book["How to read this"]["A1"].value)


def test_the_same_result_gives_the_same_figures_in_the_workbook(written, prepared, tmp_path):
    again = prepared.evaluate(ASKED)
    write_scenarios(again, tmp_path / "again.xlsx", pictures={}, levers=prepared.levers(), unit="CNY")
    one, other = (openpyxl.load_workbook(path)["Scenarios"] for path in (written[1], tmp_path / "again.xlsx"))
    assert [[cell.value for cell in row] for row in one] == [[cell.value for cell in row] for row in other]


def test_files_are_refused_before_any_work(tmp_path):
    good = tmp_path / "a.toml"
    good.write_text(ASKED[0].to_toml(), encoding="utf-8")
    with pytest.raises(UsageError, match="Up to 5"):
        read_scenarios([good] * 6)
    with pytest.raises(UsageError, match="names of their own"):
        read_scenarios([good, good])
    assert "'wait'" in refused("whatif", _file(tmp_path, 'name = "x"\n[[set]]\nlever = "wait"\nto = 1\n'))
    assert ".xlsx" in refused("whatif", good, "-o", tmp_path / "out.pdf")
    assert "may be written" in refused("whatif", good, "-o", tmp_path / f"{'n' * 245}.xlsx")
    assert "may be written" in refused("whatif", good, "-o", "/proc/out.xlsx")
    with pytest.raises(UsageError, match=r"no \[\[set\]\] in x"):
        read_scenarios([_file(tmp_path, 'name = "x"\n')])
    with pytest.raises(UsageError, match="up to 5 renewals"):
        read_scenarios([_file(tmp_path, ck.Scenario("x", ASKED[0].settings, horizon=6).to_toml())])


def test_a_curve_is_of_the_scenarios_own_population(prepared):
    motor = ck.Scenario("m").set("claim_cycle_days", 3, line=["motor", "home"]).among(line="motor")
    drawn = pictures(prepared, prepared.evaluate(motor), unit="CNY")
    assert "claim cycle days, line motor" in drawn["curve_claim_cycle_days"].axes[0].get_title()


def test_renewals_without_money_are_in_the_workbook(prepared, tmp_path):
    """Of a change of premium the formulas of renewals and cost are there, those of money are not."""
    result = prepared.evaluate(ck.Scenario("cut").change("premium_change", -0.05).costing(fixed=10))
    path = write_scenarios(result, tmp_path / "a.xlsx", pictures={}, levers=prepared.levers(), unit="CNY")
    sheet = openpyxl.load_workbook(path)["Scenarios"]
    there = {sheet.cell(row, 1).value: sheet.cell(row, 3).value for row in range(1, sheet.max_row + 1)}
    assert there["Policies kept at the next renewal"].startswith("=") and there["Cost, discounted"].startswith("=")
    assert there["Net value"] is None and there["Chance that net is above 0"] is None


def refused(*words):
    """What a command says that is refused, without a traceback."""
    done = churnkit(*words)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def _file(folder, text):
    path = folder / "b.toml"
    path.write_text(text, encoding="utf-8")
    return path
