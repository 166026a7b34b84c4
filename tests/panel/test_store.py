"""A panel in a folder: the same panel, whatever stopped it, and never another's."""

import json
import multiprocessing
import os
import signal

import numpy as np
import pandas as pd
import pytest

from churnkit.book.open import open_book
from churnkit.errors import UsageError
from churnkit.panel.build import build_panel
from churnkit.panel.catalog import standard_features
from churnkit.panel.panel import Panel
from churnkit.panel.store import buckets_for
from churnkit.panel.task import task_for
from tests.simulated import simulated

FEATURES = standard_features("renewal")[::6]


@pytest.fixture(scope="module")
def book_folder(tmp_path_factory):
    """A small one: every test builds its panel anew."""
    return simulated(tmp_path_factory, customers=300, years=3, seed=2)


@pytest.fixture(scope="module")
def book(book_folder):
    return open_book(book_folder)


@pytest.fixture(scope="module")
def whole(book):
    return build_panel(book, "renewal", features=FEATURES)


def assert_same(left, right):
    for part in ("X", "keys"):
        pd.testing.assert_frame_equal(getattr(left, part), getattr(right, part), check_exact=True)
    pd.testing.assert_series_equal(left.y, right.y)
    assert left.info == right.info


def test_a_panel_in_a_folder_is_the_panel(book, whole, tmp_path):
    stored = build_panel(book, "renewal", features=FEATURES, partitions=5, to=tmp_path / "panel")
    assert stored.folder == tmp_path / "panel"
    assert len(list(stored.folder.glob("part-*.parquet"))) == 5
    assert_same(Panel.read_parquet(stored.folder), whole)
    assert Panel.read_parquet(stored.folder).features == whole.features
    assert repr(Panel.read_parquet(stored.folder)) == repr(whole)


def test_its_pieces_rows_and_splits_are_read_as_they_are_asked_for(book, whole, tmp_path):
    stored = build_panel(book, "renewal", features=FEATURES, partitions=5, to=tmp_path / "panel")
    pieces = list(stored.parts())
    assert len(pieces) == 5
    pd.testing.assert_frame_equal(pd.concat([p.X for p in pieces], ignore_index=True), whole.X)
    rows = np.random.default_rng(0).permutation(len(whole))[:500]
    assert_same(stored.take(rows), whole.take(rows))
    middle = whole.cutoff.quantile(0.7).normalize()
    for have, want in zip(stored.split(test_from=middle), whole.split(test_from=middle), strict=True):
        assert_same(have, want)
    assert "X" not in vars(stored)


def test_parts_that_nobody_keeps_go_with_the_panel(book, whole):
    stored = build_panel(book, "renewal", features=FEATURES, partitions=3)
    folder = stored.folder
    assert folder.is_dir()
    assert_same(stored, whole)
    del stored
    assert not folder.exists()


def killed_in_the_middle(book_folder, folder, parts):
    """A build that kills its own process, as nothing can catch, after some parts."""

    def stop(done, _):
        if done == parts:
            os.kill(os.getpid(), signal.SIGKILL)

    build_panel(open_book(book_folder), "renewal", features=FEATURES, partitions=6, to=folder, progress=stop)


def test_a_killed_build_goes_on_and_gives_the_identical_panel(book, book_folder, whole, tmp_path):
    folder = tmp_path / "panel"
    process = multiprocessing.get_context("spawn").Process(target=killed_in_the_middle, args=(book_folder, folder, 4))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    finished = {file.name: file.stat().st_mtime_ns for file in folder.glob("part-*.parquet")}
    assert len(finished) == 4
    (folder / ".part-00004.parquet.1.part").write_bytes(b"half")
    with pytest.raises(UsageError, match="stopped"):
        Panel.read_parquet(folder)
    done = []
    assert_same(build_panel(book, "renewal", features=FEATURES, partitions=6, to=folder,
                            progress=lambda *p: done.append(p)), whole)  # fmt: skip
    assert done == [(5, 6), (6, 6)]
    assert {name: (folder / name).stat().st_mtime_ns for name in finished} == finished
    assert not list(folder.glob(".part*"))


def test_a_folder_with_anything_else_is_refused_and_left_alone(book, tmp_path):
    folder = tmp_path / "panel"
    build_panel(book, "renewal", features=FEATURES, partitions=2, to=folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    for other in ({"features": FEATURES[1:]}, {"leads": [30]}, {"keep_unlabelled": True}, {"partitions": 3}):
        with pytest.raises(UsageError, match="one panel"):
            build_panel(book, "renewal", to=folder, **{"features": FEATURES, "partitions": 2} | other)
    changed = open_book(book.source, data_cutoff=book.settings.data_cutoff - pd.Timedelta(days=1))
    with pytest.raises(UsageError, match="another panel"):
        build_panel(changed, "renewal", features=FEATURES, partitions=2, to=folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="empty folder"):
        build_panel(book, "renewal", features=FEATURES, partitions=2, to=tmp_path / "letters")
    with pytest.raises(UsageError, match=r"panel\.json"):
        Panel.read_parquet(tmp_path / "letters")


def test_on_a_cluster_of_other_machines_a_panel_goes_to_a_folder(book, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(book._engine, "remote", True)
    with pytest.raises(UsageError, match="all its machines see"):
        build_panel(book, "renewal", features=FEATURES, partitions=2)
    assert len(build_panel(book, "renewal", features=FEATURES, partitions=2, to=tmp_path / "panel")) == len(whole)


def test_less_memory_asks_for_more_parts_and_the_panel_says_nothing_of_it(book, whole, tmp_path):
    task = task_for(book, "renewal", FEATURES, leads=book.settings.renewal.leads)
    assert buckets_for(book, task, "700MB") >= buckets_for(book, task, "8GB") == 1
    stored = build_panel(book, "renewal", features=FEATURES, memory="600MB", to=tmp_path / "panel")
    assert_same(stored, whole)
    assert json.loads((tmp_path / "panel" / "panel.json").read_text())["info"] == whole.info


@pytest.mark.parametrize("memory", ["2", "lots", "100MB", 2])
def test_memory_that_cannot_be_is_refused(book, memory):
    with pytest.raises(UsageError, match="MB"):
        build_panel(book, "renewal", features=FEATURES, memory=memory)
