"""The command line, called here: starting Python anew takes longer than most commands."""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from unittest import mock

from churnkit.apps.cli import main

RUN = [sys.executable, "-c", "from churnkit.apps.cli import main; main()"]


def process(*words, cwd=None):
    """Run a command in a process of its own, as a user does."""
    return subprocess.run([*RUN, *map(str, words)], capture_output=True, text=True, cwd=cwd, check=False)


def with_libraries(*words):
    """Run a command in this process; what libraries of C write to standard output, past Python's, stands before it."""
    sys.stdout.flush()
    with tempfile.TemporaryFile() as past:
        ours = os.dup(1)
        os.dup2(past.fileno(), 1)
        try:
            done = churnkit(*words)
        finally:
            os.dup2(ours, 1)
            os.close(ours)
        past.seek(0)
        done.stdout = past.read().decode() + done.stdout
    return done


def churnkit(*words, cwd=None):
    """Run a command in this process, through the same door; an exception that gets out fails the test."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    place = contextlib.chdir(cwd) if cwd is not None else contextlib.nullcontext()
    with (
        mock.patch.object(sys, "argv", ["churnkit", *map(str, words)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        place,
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())
