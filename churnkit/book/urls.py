"""Database URLs: what may be shown of them, and what must never be."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from churnkit.errors import UsageError

PASSWORD = "CHURNKIT_DATABASE_PASSWORD"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9_+.-]*:/{2,}")
_SECRET = re.compile(r"pass|pwd|secret|token|key|connect", re.IGNORECASE)
_HIDDEN = "***"


def is_url(source: Any) -> bool:
    """Whether a source is given as a URL.

    Examples
    --------
    >>> is_url("postgresql://localhost/book"), is_url("data/book"), is_url("C:\\\\book")
    (True, False, False)
    """
    return isinstance(source, str) and _URL.match(source) is not None


class DatabaseUrl:
    """A database's URL, whose text is fit to be shown: without password and without options but ``schema``.

    Parameters
    ----------
    text : str
        ``postgresql://user:password@host:port/database?schema=book``; the password may come from the environment
        instead (CHURNKIT_DATABASE_PASSWORD, or what the driver reads itself, as PGPASSWORD).

    Raises
    ------
    UsageError
        If it does not parse, which special characters in a password that are not percent-encoded lead to.

    Examples
    --------
    >>> url = DatabaseUrl("postgresql://ann:s%40fe@db:5432/book?schema=motor&sslmode=require")
    >>> print(url)
    postgresql://ann@db:5432/book?schema=motor
    >>> url.schema, url.scrubbed("no s@fe way")
    ('motor', 'no *** way')
    """

    def __init__(self, text: str) -> None:
        scheme = text.split(":", 1)[0].lower()
        try:
            parts = urlsplit(f"any{text[len(scheme) :]}")  # which knows no _ in schemes
            host, port = parts.hostname or "", parts.port
            options = parse_qsl(parts.query, keep_blank_values=True)
        except ValueError:
            raise _malformed(scheme) from None
        if "@" in parts.path + parts.query or parts.fragment or "#" in text or parts.netloc.count("@") > 1:
            raise _malformed(scheme)
        self.scheme, self.user, self.path = scheme, parts.username or "", unquote(parts.path)
        self.schema = next((value for key, value in options if key == "schema"), "")
        given = parts.password if parts.password is not None else quote(os.environ.get(PASSWORD, ""), safe="")
        rest = urlencode([(key, value) for key, value in options if key != "schema"])
        place = f"[{host}]" if ":" in host else parts.netloc.rpartition("@")[2].partition(":")[0]
        place += f":{port}" if port is not None else ""
        login = self.user + (f":{given}" if given else "")
        self._full = f"{scheme}://{login}{'@' if login else ''}{place}{parts.path}{'?' if rest else ''}{rest}"
        secrets = {given, unquote(given), *(value for key, value in options if _SECRET.search(key))}
        self._secrets = sorted((each for each in secrets if each), key=len, reverse=True)
        login = f"{self.user}@" if self.user else ""
        shown = f"?schema={self.schema}" if self.schema else ""
        self._shown = f"{scheme}://{login}{place}{parts.path}{shown}"

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"DatabaseUrl({self._shown!r})"

    @property
    def full(self) -> str:
        """The URL for the driver, with the password: never to be shown."""
        return self._full

    def scrubbed(self, message: object) -> str:
        """Take the password out of a driver's message, whole if it is too short to be told from other text."""
        text = " ".join(str(message).split()).replace(self._full, self._shown)
        for secret in self._secrets:
            if secret in text and len(secret) < 4:
                return "a message that may hold the password, and is not shown"
            text = text.replace(secret, _HIDDEN)
        return text if len(text) <= 400 else text[:399] + "…"


def shown(source: Any) -> str:
    """Name a source for people: a URL without its password, anything else as it is.

    Examples
    --------
    >>> shown("sqlite:///book.db"), shown("demo")
    ('sqlite:///book.db', 'demo')
    """
    if not is_url(source):
        return str(source)
    try:
        return str(DatabaseUrl(source))
    except UsageError:
        return f"{source.split(':', 1)[0].lower()}://…"


def _malformed(scheme: str) -> UsageError:
    return UsageError("A database's URL reads scheme://user:password@host:port/database?schema=name.",
                      found=f"one that begins with {scheme}:// and does not",
                      fix=f"Write special characters of the password as %40 for @, %2F for /, %3A for :, %23 for #,"
                          f" %3F for ?; or leave it out and set {PASSWORD}.")  # fmt: skip
