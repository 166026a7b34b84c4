"""The benchmark's peers find the same panel as ours, and its comparison would tell if they did not."""

import importlib
import importlib.util
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

FOLDER = Path(__file__).parents[2] / "experiments" / "003-panel-speed"
MODULES = ("data", "features", "equality", "measure", "stages", "figures", "record", "peers")
CUSTOMERS = 300


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """The experiment's modules, a small book, and our panel of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        found = {name: importlib.import_module(name) for name in MODULES[:5]}
        folder = tmp_path_factory.mktemp("speed")
        found["data"].write_book(folder / "book", CUSTOMERS)
        task = {
            "data": str(folder / "book"),
            "features": found["features"].features(),
            "end": "memory",
            "memory": "",
            "cutoffs": found["features"].CUTOFFS[4],
            "keep": True,
            "result": str(folder / "ours.parquet"),
        }
        found["measure"].measured("ours", task)
        yield found | {"folder": folder, "task": task}
    for name in [name for name in sys.modules if name.split(".")[0] in MODULES]:
        del sys.modules[name]


def of_peer(bench, peer):
    task = bench["task"] | {"result": str(bench["folder"] / f"{peer}.parquet")}
    taken = bench["measure"].measured(peer, task)
    assert taken["cpu"] > 0 and taken["peak"] > 0 and taken["columns"] == 121
    return Path(task["result"])


def compared(bench, theirs, **more):
    ours = Path(bench["task"]["result"])
    return bench["equality"].differences(ours, theirs, bench["task"]["features"], task=bench["task"], **more)


@pytest.mark.parametrize("peer", ["duckdb_join", "pandas_by_hand", "polars_join"])
def test_a_peer_finds_the_same_panel(bench, peer):
    if importlib.util.find_spec(bench["stages"].INSTALL[peer][0]) is None:
        pytest.skip(f"{peer} is not installed")
    found = compared(bench, of_peer(bench, peer))
    assert found["rows"] > 3 * CUSTOMERS
    assert found["cells"] == 121 * found["rows"]
    assert found["differ"] == 0, found["features"]


def test_the_comparison_tells_what_differs(bench):
    ours, path = pq.read_table(bench["task"]["result"]), bench["folder"] / "other.parquet"
    place = ours.column_names.index("wait_seconds_mean_all")
    values = ours["wait_seconds_mean_all"].to_numpy().copy()
    values[7] += 1e-6
    pq.write_table(ours.set_column(place, "wait_seconds_mean_all", [values]), path)
    assert compared(bench, path)["features"] == {"wait_seconds_mean_all": 1}
    pq.write_table(ours.slice(1), path)
    assert compared(bench, path)["differ"] == -1


def test_some_observations_have_late_rows(bench):
    task, everything = bench["task"], compared(bench, Path(bench["task"]["result"]))
    prompt = compared(bench, Path(task["result"]), prompt=True)
    assert 0.8 * everything["cells"] < prompt["cells"] < everything["cells"]


def test_every_stage_asks_for_known_sizes_cutoffs_and_peers(bench):
    for stage in bench["stages"].STAGES.values():
        for entry in stage.entries:
            assert (entry.size or stage.size) in bench["data"].SIZES
            assert entry.cutoffs in bench["features"].CUTOFFS
            assert (FOLDER / "peers" / f"{entry.peer}.py").is_file()
