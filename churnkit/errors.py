"""One family of errors: the rule, what was found, where, and how to fix it."""

from __future__ import annotations


class ChurnkitError(Exception):
    """Base of every error that churnkit raises on purpose.

    Parameters
    ----------
    rule : str
        What must hold, as a sentence.
    found, where, fix : str
        What was found instead, where, and how to put it right.

    Examples
    --------
    >>> print(ChurnkitError("A term needs start_date < end_date.", found="3 terms do not", fix="Fix the source."))
    A term needs start_date < end_date. Found: 3 terms do not. Fix the source.
    """

    exit_code = 1

    def __init__(self, rule: str, *, found: str = "", where: str = "", fix: str = "") -> None:
        self.rule, self.found, self.where, self.fix = rule, found, where, fix
        place = f" ({where})" if where else ""
        middle = f" Found: {found.rstrip('.')}{place}." if found else (f" In {where}." if where else "")
        super().__init__(f"{rule}{middle}{' ' + fix if fix else ''}")


class ContractError(ChurnkitError):
    """The data is not what the contract asks for."""


class LeakageError(ChurnkitError):
    """Something would read the future."""


class UsageError(ChurnkitError, ValueError):
    """A call or a command line that cannot be carried out as given."""

    exit_code = 2
