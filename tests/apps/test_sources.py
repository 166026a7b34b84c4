"""The command line on a database: settings by their path, and no password on any stream."""

from __future__ import annotations

import json

import duckdb
import pytest
from typer.testing import CliRunner

from churnkit.apps.cli import app, main
from tests.books import tiny_book_tables


@pytest.fixture
def duck(tmp_path):
    path = tmp_path / "book.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, frame in tiny_book_tables().items():
            connection.register("frame", frame)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "my.toml").write_text('data_cutoff = "2026-01-01"\n[customers]\nwhere = "false"\n')
    return path


def test_check_reads_a_database_with_settings_from_elsewhere(duck):
    words = ["check", str(duck), "--settings", str(duck.parent / "elsewhere" / "my.toml"), "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    found = json.loads(done.stdout)["findings"]
    assert ("customers", "the table has no rows") in {(item["table"], item["found"]) for item in found}


@pytest.mark.parametrize("url", ["postgresql://ann:s3cr%40et@127.0.0.1:9/x", "postgresql://ann:s3cr@et@db/x"])
@pytest.mark.parametrize("words", [["check"], ["train"], ["score", "--as-of", "2026-01-01", "-o", "list.csv"]])
def test_no_stream_shows_the_password(monkeypatch, capfd, tmp_path, url, words):
    pytest.importorskip("adbc_driver_postgresql")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["churnkit", words[0], url, *words[1:], "--data-cutoff", "2026-01-01"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    out, err = capfd.readouterr()
    assert "s3cr" not in out + err
    assert "database" in err
