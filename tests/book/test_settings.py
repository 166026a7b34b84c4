"""Settings: from churnkit.toml and from arguments; whatever is wrong is said before any work."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from churnkit.book.settings import ChurnSettings, RenewalSettings, Settings, read_settings
from churnkit.errors import UsageError

FULL = """
data_cutoff = 2026-01-01
timezone = "Europe/Paris"
currency = "EUR"
end_date_is = "last_covered_day"
[policies.columns]
line = "risk"
[policies.values.line]
auto = "motor"
[claims]
delay_days = 4
[churn]
gap_days = 0
snapshots = "yearly"
[renewal]
leads = [90, 30]
[engine]
threads = 1
memory_limit = "1GB"
"""


def _file(tmp_path, text):
    (tmp_path / "churnkit.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_full_file_is_read(tmp_path):
    settings = read_settings(_file(tmp_path, FULL))
    assert settings.data_cutoff == pd.Timestamp("2026-01-01")
    assert (settings.timezone, settings.currency, settings.end_date_is) == ("Europe/Paris", "EUR", "last_covered_day")
    assert settings.columns == {"policies": {"line": "risk"}}
    assert settings.values == {"policies": {"line": {"auto": "motor"}}}
    assert (settings.delay("claims"), settings.delay("surveys")) == (4, 1)
    assert settings.churn == ChurnSettings(gap_days=0, snapshots="yearly")
    assert settings.renewal == RenewalSettings(leads=(30, 90))
    assert (settings.engine.threads, settings.engine.memory_limit) == (1, "1GB")


def test_arguments_overrule_the_file_and_given_settings_replace_it(tmp_path):
    folder = _file(tmp_path, FULL)
    assert read_settings(folder, data_cutoff=date(2025, 7, 1), currency=None).data_cutoff == pd.Timestamp("2025-07-01")
    given = Settings(data_cutoff="2024-01-01")
    assert read_settings(folder, given, currency="USD") == Settings(data_cutoff="2024-01-01", currency="USD")


def test_a_missing_data_cutoff_says_how_to_set_it(tmp_path):
    with pytest.raises(UsageError, match=r'data_cutoff = "2026-01-01" at the top of .*churnkit\.toml, or pass'):
        read_settings(_file(tmp_path, 'currency = "CNY"'))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('datacutoff = "2026-01-01"', "'datacutoff'.*Did you mean 'data_cutoff'"),
        ("data_cutoff = 20260101", "data_cutoff is a date.*20260101"),
        ('data_cutoff = "soon"', "data_cutoff is a date.*soon"),
        ('timezone = "Shanghai"', "timezone must be an IANA name"),
        ("currency = 7", "currency must be a text"),
        ('end_date_is = "inclusive"', 'end_date_is must be "exclusive" or "last_covered_day"'),
        ("churn = 3", r"\[churn\] must be a section"),
        ("[churn]\ngap_day = 3", "'gap_day'.*Did you mean 'gap_days'"),
        ('[churn]\ngap_days = "3"', "churn.gap_days must be a whole number"),
        ("[churn]\nslack_days = -1", "churn.slack_days must be a whole number, 0 or more"),
        ("[churn]\nhorizon_days = true", "churn.horizon_days"),
        ('[churn]\nsnapshots = "daily"', "churn.snapshots must be"),
        ("[renewal]\nleads = 14", "renewal.leads must be a list of days"),
        ("[renewal]\nleads = [0]", "renewal.leads"),
        ("[engine]\nthreads = 0", "engine.threads"),
        ("[engine]\nmemory_limit = 4", "engine.memory_limit"),
        ("[polices]\ndelay_days = 1", "'polices'.*Did you mean 'policies'"),
        ("[claims]\ndelays = 1", "'delays'.*Did you mean 'delay_days'"),
        ("[claims]\ndelay_days = 1.5", "claims.delay_days must be a whole number"),
        ('[claims.columns]\npaid = "x"', "'paid'"),
        ("[claims.columns]\npaid_at = 3", "must be a text"),
        ('[claims.values]\ndecision = "x"', "a section per column"),
        ('[claims.values.decison]\na = "paid"', "'decison'.*Did you mean 'decision'"),
        ("data_cutoff = ", "readable TOML"),
        ('[terms.colums]\na = "b"', r"'colums' in \[terms\].*Did you mean 'columns'"),
        ("[term]\ndelay_days = 1", "'term'.*Did you mean 'terms'"),
        ("terms = 3", r"\[terms\] must be a section"),
        ("[terms]\nfile = 3", "terms.file must be a text"),
        ('[terms]\nsheet = " "', "terms.sheet must be a text"),
        ("[terms]\nencoding = 3", "terms.encoding must be a text"),
        ('[terms]\nwhere = ""', "terms.where must be a text"),
        ('[terms]\ncolumns = ["a"]', r"\[terms.columns\] must be a section"),
        ('[terms.columns]\nstart_dat = "x"', "'start_dat'.*Did you mean 'start_date'"),
        ('[terms.columns]\npremium = ""', r"\[terms.columns\] premium must be a text"),
        ("[terms]\nscale = 3", r"\[terms.scale\] must be a section"),
        ("[terms.scale]\npremum = 10", "'premum'.*Did you mean 'premium'"),
        ("[terms.scale]\nstart_date = 10", "'start_date' in .*amounts and numbers"),
        ("[policies]\nconstant = 3", r"\[policies.constant\] must be a section"),
        ('[policies.constant]\nlin = "motor"', "'lin'.*Did you mean 'line'"),
        ("[policies.constant]\nline = [1]", "line must be a text, a number or true/false"),
        ('[terms.scale]\npremium = "10"', "premium must be a number above 0"),
        ("[terms.values.end_reason]\na = 3", "a section per column"),
        ('[policies.values.line]\nx = "moto"', "leads to the contract's words.*'x' to 'moto'.*Did you mean 'motor'"),
        ('[values]\na = "b"', r"values is one of a table.*\[terms.values\]"),
        ("delay_days = 3", r"delay_days is one of a table.*\[terms\] delay_days"),
        ("tables = 3", r"\[tables\] must be a section"),
        ("[tables]\nx = 3", r"\[tables.x\] must be a section"),
        ("features = 3", r"\[features\] must be a section"),
        ('[renewal]\nmatch = "object"', "renewal.match must be a list"),
        ('[renewal]\nmatch = ["objects"]', "renewal.match must be .*Did you mean 'object'"),
        ('[renewal]\nmatsh = ["object"]', "'matsh'.*Did you mean 'match'"),
        ('[churn]\nsnapshot = "yearly"', "'snapshot'.*Did you mean 'snapshots'"),
        ("[engine]\nthread = 1", "'thread'.*Did you mean 'threads'"),
        ("[terms.extra]\npower = 3", r"\[terms.extra\] power must be a type"),
        ('[terms.extra]\npower = "numbr"', "power type must be"),
        ('[terms.extra]\npremium = "number"', r"premium, which the table has already.*\[terms.columns\]"),
        ('[terms.extra]\n"功率" = "number"', "letters, digits and _"),
        ('[terms.extra.x]\ntype = "number"\nknown = "y"', "'known'.*Did you mean 'known_at'"),
        ('[terms.extra.x]\ntype = "number"\nknown_at = "offer_dat"', "Did you mean 'offer_date'"),
        ('[tables.visits]\nkey = "v"', "a key and at least one clock"),
        ('[tables.visits]\nkey = "v"\nclocks = ["at_"]\ncolumn = {}', "'column'.*Did you mean 'columns'"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path, line, message):
    text = line if line.startswith("data_cutoff") else f'data_cutoff = "2026-01-01"\n{line}'
    with pytest.raises(UsageError, match=f"(?s){message}") as caught:
        read_settings(_file(tmp_path, text))
    assert caught.value.exit_code == 2
    assert "churnkit.toml" in str(caught.value)


def test_a_value_may_lead_to_empty_and_to_any_case_of_a_word(tmp_path):
    text = 'data_cutoff = 2026-01-01\n[terms.values.end_reason]\n"有效" = ""\n"脱保" = "Expired"'
    assert read_settings(_file(tmp_path, text)).values["terms"]["end_reason"] == {"有效": "", "脱保": "Expired"}


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "churnkit.toml").write_bytes('currency = "人民币"'.encode("gb18030"))
    with pytest.raises(UsageError, match="UTF-8"):
        read_settings(tmp_path)


def test_settings_are_checked_in_python_too():
    with pytest.raises(UsageError, match=r"'claim'.*Did you mean 'claims'"):
        Settings(data_cutoff="2026-01-01", delay_days={"claim": 2})
    with pytest.raises(UsageError, match="must be a Settings"):
        read_settings(None, {"data_cutoff": "2026-01-01"})
    assert Settings(data_cutoff=pd.Timestamp("2026-01-01", tz="UTC")).data_cutoff == pd.Timestamp("2026-01-01 08:00")
