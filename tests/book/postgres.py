"""A PostgreSQL server for the tests: its own folder, its own port, on this machine only, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PASSWORD = "tell/n0-one"
PLACES = ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin"]


def binaries() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, on the path or where packages put them, newest first."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += [folder for place in PLACES for folder in sorted(Path("/").glob(place.lstrip("/")), reverse=True)]
    return next((each for each in folders if (each / "initdb").exists() and (each / "postgres").exists()), None)


@contextmanager
def running() -> Iterator[str]:
    """Run a server and yield the URL of its database; skip where that is impossible."""
    place = binaries()
    if place is None:
        pytest.skip("no PostgreSQL server: apt-get install postgresql")
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="churnkit-pg-"))
    try:
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        for path in (folder, secret):
            if account:
                os.chown(path, int(account["user"]), int(account["group"]))
        command = [place / "initdb", "-D", folder / "data", "-U", "book", "-E", "UTF8", "--locale=C", "-A",
                   "scram-sha-256", "--pwfile", secret, "--no-sync"]  # fmt: skip
        made = subprocess.run(command, capture_output=True, text=True, cwd=folder, **account)
        if made.returncode:
            pytest.skip(f"initdb does not run here: {made.stderr.strip()[:200]}")
        yield from _served(place, folder, account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _served(place: Path, folder: Path, account: dict[str, object]) -> Iterator[str]:
    import adbc_driver_postgresql.dbapi as driver

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [place / "postgres", "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"]
    log = (folder / "log").open("w")
    server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **account)
    url = f"postgresql://book:{PASSWORD.replace('/', '%2F')}@127.0.0.1:{port}/postgres"
    try:
        for attempt in range(120):
            try:
                driver.connect(url).close()
                break
            except Exception:
                if server.poll() is not None or attempt == 119:
                    pytest.skip(f"the server does not start: {(folder / 'log').read_text()[-300:]}")
                time.sleep(0.25)
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # a fast shutdown
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
        log.close()


def _account() -> dict[str, object]:
    """Whom the server runs as: ourselves, but never root, whom initdb refuses."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    pytest.skip("root cannot run PostgreSQL, and there is no other account")
