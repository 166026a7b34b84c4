"""The command line, called here: starting Python anew takes longer than most commands."""

import contextlib
import io
import subprocess
import sys
from unittest import mock

from churnkit.apps.cli import main

RUN = [sys.executable, "-c", "from churnkit.apps.cli import main; main()"]


def process(*words, cwd=None):
    """Run a command in a process of its own, as a user does."""
    return subprocess.run([*RUN, *map(str, words)], capture_output=True, text=True, cwd=cwd, check=False)


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
