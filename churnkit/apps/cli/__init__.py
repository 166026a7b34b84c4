"""The command line, all commands: results on standard output, progress on standard error."""

from __future__ import annotations

import sys

from churnkit.apps.cli import backtests as backtests
from churnkit.apps.cli import data as data
from churnkit.apps.cli import effects as effects
from churnkit.apps.cli import models as models
from churnkit.apps.cli import retention as retention
from churnkit.apps.cli import runs as runs
from churnkit.apps.cli import scenarios as scenarios
from churnkit.apps.cli.options import app as app
from churnkit.errors import ChurnkitError


def main() -> None:
    """Run the command line; a known error becomes a message and an exit code, never a traceback."""
    try:
        app()
    except ChurnkitError as error:
        print(f"churnkit: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        print(f"churnkit: {error}", file=sys.stderr)
        sys.exit(2)
