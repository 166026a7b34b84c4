"""Rows below a file of outreach that is there: what is in it stays as it is written, and no traceback."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

import churnkit as ck
from churnkit.errors import UsageError
from churnkit.retain.contacts import OUTREACH
from churnkit.retain.outreach import append_outreach
from tests.retain.made import AS_OF, tables


@pytest.fixture(scope="module")
def made():
    return tables(60, seed=2)


@pytest.fixture
def rows():
    """Two rows that an import may bring."""
    day = AS_OF + pd.Timedelta("3D")
    told = {"action_id": ["L20261001-ab12cd-0", "L20261001-ab12cd-1"], "customer_id": ["C0001", "C0002"],
            "policy_id": [None, "P00002"], "campaign": "L20261001-ab12cd", "arm": "treat", "assigned_at": AS_OF,
            "contacted_at": [day, pd.NaT], "action": "致电", "channel": "phone", "reached": [True, None],
            "outcome": ["will_renew", None], "offer_value": [50.0, None], "cost": [25.0, 0.0], "overridden": False,
            "override_reason": None, "recorded_at": day}  # fmt: skip
    return pd.DataFrame(told)[list(OUTREACH)]


def read_as_book(made, path):
    """The rows as the book has them."""
    folder = path.parent
    for name in ("customers", "policies", "terms"):
        made[name].to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "churnkit.toml").write_text('data_cutoff = "2026-11-01"\n')
    known = ck.open_book(folder)
    assert not [each for each in ck.check_book(known).errors if each.table == "outreach"]
    return known.sql("SELECT * FROM outreach").to_pandas().set_index("action_id")


def written(frame, path, **how):
    frame.to_parquet(path, index=False) if path.suffix == ".parquet" else frame.to_csv(path, index=False, **how)
    return path


AS_TEXT = {"contacted_at": lambda column: column.astype(str)}
CHANGES = {
    "answers in words": {"reached": "N", "overridden": "否"},
    "dates as texts": AS_TEXT,
    "moments with a zone": {"contacted_at": lambda column: column.dt.tz_localize("Asia/Shanghai")},
    "days": {"contacted_at": lambda column: column.dt.date},
    "categories": {"arm": lambda column: column.astype("category")},
    "an own column": {"team": "north"},
    "nothing in a column": {"reached": None},
    "an unreadable date": {"contacted_at": "unknown"},
    "ones and noughts": {"reached": 0},
}


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("name", CHANGES)
def test_what_is_there_stays_as_it_is_written(made, rows, tmp_path, name, ending):
    before = made["outreach"].copy()
    for column, value in CHANGES[name].items():
        before[column] = value(before[column]) if callable(value) else value
    path = written(before, tmp_path / f"outreach.{ending}")
    old = pq.read_table(path).to_pylist() if ending == "parquet" else path.read_text().splitlines()
    assert append_outreach(path, rows) == 2
    new = pq.read_table(path).to_pylist() if ending == "parquet" else path.read_text().splitlines()
    if ending == "parquet":
        same = [{key: each[key] for key in old[0]} for each in new[: len(old)]] == old
        assert same or name == "days"  # which are moments from now on
    else:
        assert all(line.startswith(was) for was, line in zip(old, new, strict=False))
    assert append_outreach(path, rows) == 0
    if name == "an unreadable date":
        return  # a finding of the book's check, before as after
    seen = read_as_book(made, path)
    first = seen.loc[rows["action_id"][0]]
    assert first[["contacted_at", "reached", "outcome"]].tolist() == [rows["contacted_at"][0], True, "will_renew"]
    assert pd.isna(seen.loc[rows["action_id"][1], "contacted_at"])


def test_ids_that_are_numbers_stay_numbers_or_become_texts_together(made, rows, tmp_path):
    before = made["outreach"].assign(customer_id=range(1, len(made["outreach"]) + 1))
    path = written(before, tmp_path / "outreach.parquet")
    append_outreach(path, rows.assign(customer_id=["7", "8"]))
    assert pd.read_parquet(path)["customer_id"].tolist() == [*before["customer_id"], 7, 8]
    append_outreach(path, rows.assign(action_id=["x", "y"]))
    assert pd.read_parquet(path)["customer_id"].tolist() == [
        *map(str, before["customer_id"]),
        "7",
        "8",
        "C0001",
        "C0002",
    ]


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", ","), ("utf-8-sig", ";"), ("gb18030", "\t"), ("utf-16", ";")])
def test_a_csv_file_keeps_its_encoding_and_its_delimiter(made, rows, tmp_path, encoding, mark):
    before = made["outreach"].assign(action="电话, 回访", note="x")
    path = written(before, tmp_path / "outreach.csv", encoding=encoding, sep=mark, lineterminator="\r\n")
    assert append_outreach(path, rows) == 2
    now = pd.read_csv(path, encoding=encoding, sep=mark)
    assert now["action"].tolist() == [*before["action"], "致电", "致电"]
    grown = path.read_bytes()
    later = rows.assign(outcome=["renewed", None], recorded_at=rows["recorded_at"] + pd.Timedelta("1D"))
    assert append_outreach(path, later) == 1
    assert path.read_bytes().startswith(grown)  # every column is there now: the bytes stay
    assert append_outreach(path, later) == 0
    assert read_as_book(made, path).loc[[rows["action_id"][0]], "offer_value"].eq(50).all()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("outreach.parquet", b"PAR1 nonsense"), ("outreach.csv", b""), ("outreach.csv", b"a,b\n1,2\n"),
        ("outreach.csv", b"action_id,outcome\nx,\xff\xff\n"), ("outreach.csv", b"action_id,outcome\nx,y,z\n"),
    ],
)  # fmt: skip
def test_what_does_not_read_is_refused_and_stays_as_it_was(rows, tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"can be read.*--to"):
        append_outreach(path, rows)
    assert path.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == [name]
