"""Filters as they are typed: the `where` of alert rules on one line, `status=5xx section=/api !method=GET size>10kB`."""

from __future__ import annotations

import re
import shlex

from ..alert.condition import Conditions, read_conditions
from ..config.problems import ConfigError
from ..config.table import Table
from ..event import Key
from .model import SAMPLED

FIELDS = (*SAMPLED, "status_class")
_TOKEN = re.compile(r"(!?)([a-z_]+)(!?=|>=|<=|>|<)(.*)", re.DOTALL)
_STATUS = re.compile(r"[1-5][0-9x]{2}")


class FilterError(ValueError):
    """A filter that means nothing; the text says why."""


def read_filter(text: str) -> Conditions:
    """The conditions that `text` states. What has no field is a section or path, a status, or a source."""
    values: dict[str, list[str]] = {}
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise FilterError(f"invalid filter: {error}") from error
    for word in words:
        found = _TOKEN.fullmatch(word)
        negated, field, operator, value = found.groups() if found else ("", _field_of(word), "=", word)
        if field not in FIELDS:
            raise FilterError(f"unknown field {field!r}; there are {', '.join(FIELDS)}")
        if operator in ("=", "!="):
            value = ("!" if negated or operator == "!=" else "") + value
        else:
            value = operator + value
        values.setdefault(field, []).append(value)
    try:
        return read_conditions(Table(values, "filter"))
    except ConfigError as error:
        raise FilterError(str(error)) from error


def _field_of(word: str) -> str:
    if word.startswith("/"):
        return "section" if "/" not in word[1:] else "path"
    return "status" if _STATUS.fullmatch(word.lower()) else "source"


def drilled(text: str, field: str, value: Key | None) -> str:
    """The filter `text`, narrowed to one value of a field."""
    # A value with a star reads as a pattern, which matches it too. Bytes that are not UTF-8 are kept, to be shown escaped.
    shown = (b"-" if value is None else value).decode("utf-8", "surrogateescape")
    word = shlex.quote(f"{field}={shown}")
    return text if word in text.split(" ") else f"{text} {word}".strip()


def without_last(text: str) -> str:
    """The filter without its last condition."""
    try:
        return shlex.join(shlex.split(text)[:-1])
    except ValueError:
        return ""
