"""Where runs lie: a folder with a database of its own, or a tracking server; and the salt that never leaves it."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from churnkit.errors import UsageError

DATABASE, ARTIFACTS = "mlflow.db", "mlartifacts"
ADDRESS, SALT = "MLFLOW_TRACKING_URI", "CHURNKIT_SALT"
_SQLITE, _SALT_FILE = "sqlite:///", ".churnkit_salt"

Workspace = str | Path | None
"""A folder, the address of a tracking server, or None: ``$MLFLOW_TRACKING_URI`` if it is set, else this folder."""


def given(workspace: Workspace) -> str:
    """Return what was given, or what the environment says, as text."""
    return str(workspace) if workspace is not None else os.environ.get(ADDRESS) or "."


def is_address(workspace: Workspace) -> bool:
    """Say whether it is the address of a store rather than a folder.

    Examples
    --------
    >>> is_address("http://127.0.0.1:5000"), is_address("demo")
    (True, False)
    """
    return "://" in given(workspace)


def folder_of(workspace: Workspace) -> Path | None:
    """Return the folder in which the runs lie, None if they lie on a server.

    Examples
    --------
    >>> folder_of("sqlite:////srv/runs/mlflow.db").as_posix(), folder_of("http://127.0.0.1:5000")
    ('/srv/runs', None)
    """
    place = given(workspace)
    if place.startswith(_SQLITE):
        return Path(place.removeprefix(_SQLITE)).expanduser().resolve().parent
    return None if is_address(place) else Path(place).expanduser().resolve()


def tracking_uri(workspace: Workspace) -> str:
    """Return MLflow's address of a workspace."""
    place = given(workspace)
    return place if is_address(place) else f"{_SQLITE}{folder_of(place)}/{DATABASE}"


def holds_runs(workspace: Workspace) -> bool:
    """Say whether there is a database to ask; a server is always asked."""
    folder = folder_of(workspace)
    return folder is None or is_address(workspace) or (folder / DATABASE).is_file()


def check_workspace(workspace: Workspace) -> None:
    """Refuse a folder that cannot be, before any work is done; a server is asked when it is needed.

    Raises
    ------
    UsageError
        If it, or a folder above it, is a file.
    """
    folder = folder_of(workspace)
    for place in () if folder is None else (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise UsageError("A workspace is a folder.", found=f"a file, {place}", fix="Choose another name.")


def salt_of(workspace: Workspace) -> bytes:
    """Return the secret with which customers' ids are hashed before they are stored under the hash.

    ``$CHURNKIT_SALT`` if it is set; else 32 random bytes, drawn once and kept in a file that only its owner reads: in
    the workspace's folder, or for a server in the user's own settings. It is never logged. Runs are compared customer
    by customer only under the same salt.
    """
    if said := os.environ.get(SALT):
        return hashlib.sha256(said.encode()).digest()
    folder = folder_of(workspace)
    if folder is None:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "churnkit"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(folder / _SALT_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return bytes.fromhex((folder / _SALT_FILE).read_text(encoding="ascii").strip())
