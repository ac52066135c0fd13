"""Secrets in URLs are masked before anything from a log leaves the machine: `/reset?token=***&user=5`.

Logs hold what people's browsers sent: one-time tokens, session ids, OAuth codes. A parameter is masked if one of the parts of its
name is in the list: `access_token`, `user[password]`, `apiKey` and `X-Auth-Key` consist of parts. Parameters are found after `?`,
`&` and `;`, also percent-encoded ones, as in the target of a redirect, and after a blank or a quote, where logs keep a query by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
import re

SECRET_PARAMETERS = (
    *(
        "token",
        "password",
        "passwd",
        "pwd",
        "pass",
        "passphrase",
        "secret",
        "key",
        "apikey",
        "code",
        "session",
        "sessionid",
        "sid",
    ),
    *("jsessionid", "phpsessid", "auth", "authorization", "signature", "sig", "otp", "jwt", "credential", "credentials"),
)
"""The names and parts of names that are masked by default."""

MASK = b"***"
PARAMETER = re.compile(
    rb"""(?P<before>[?&;\s"']|%3[Ff]|%26|%3[Bb]|\\u0026)"""
    rb"""(?P<name>(?:[\w.\-\[\]]|%5[BbDd]|%2[DdEe]){1,100})"""
    rb"""(?P<equals>=|%3[Dd]|\\u003d)"""
    rb"""(?P<value>(?:[^&;#\s"'%\\]|%(?!26|23|3[BbFf])|\\(?!u0026|"))+)"""
)
PARTS = re.compile(rb"%[0-9A-Fa-f]{2}|[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")


class Redactor:
    """Masks the values of parameters whose names have a part among `names`; without names it changes nothing."""

    def __init__(self, names: Iterable[str] = SECRET_PARAMETERS) -> None:
        self._names = frozenset(name.lower().encode() for name in names)

    def __call__(self, text: bytes) -> bytes:
        """`text`, a raw line or a value from one, with its secrets masked. Takes time in proportion to its length."""
        return PARAMETER.sub(self._masked, text) if self._names else text

    def _masked(self, match: re.Match[bytes]) -> bytes:
        name, value = match["name"], match["value"]
        if not self._is_secret(name) or (len(value) <= 3 and value.isdigit()):  # `code=404` of logfmt is a status
            return match[0]
        return match["before"] + name + match["equals"] + MASK

    def _is_secret(self, name: bytes) -> bool:
        return name.lower() in self._names or any(part.lower() in self._names for part in PARTS.split(name))
