"""Passwords, tokens and URLs that are passwords: values that must never be shown.

A `Secret` is not a `str`. Whatever turns a value into text (`str`, `repr`, `%`, f-strings, exceptions) shows `<secret>` instead, and
what needs text to work (`+`, `join`, `json`, `pickle`) fails. The value itself leaves by `reveal` only, which is easy to search for.
"""

from __future__ import annotations

import hmac
from typing import NoReturn

from ..limits import SECRET_BYTES_MAX

SHOWN = "<secret>"


class Secret:
    """Text that must not be shown. Secrets compare in constant time, so that one can be checked against what a stranger sends."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The value itself."""
        return self._text

    def __repr__(self) -> str:
        return SHOWN

    def __str__(self) -> str:
        return SHOWN

    def __format__(self, spec: str) -> str:
        return format(SHOWN, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._text.encode("utf-8", "surrogateescape"), other._text.encode("utf-8", "surrogateescape")
        )

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


def read_secret(path: str) -> Secret:
    """The secret in the file at `path`, without white space around it. A `ValueError` says what is wrong with it and shows none of it."""
    try:
        with open(path, "rb") as file:
            content = file.read(SECRET_BYTES_MAX + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from None
    if len(content) > SECRET_BYTES_MAX:
        raise ValueError(f"holds more than {SECRET_BYTES_MAX:,} bytes")
    try:
        text = content.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    if not text:
        raise ValueError("is empty")
    return Secret(text)
