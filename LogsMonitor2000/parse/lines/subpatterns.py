"""Subpatterns: what a value of a template matches, in the fast parser and in the strict one (`template`).

The fast versions of a subpattern match exactly what its strict version does at the same place, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import re
from typing import NamedTuple

from ...limits import EPOCH_DIGITS_MAX, SIZE_DIGITS_MAX
from ..base import FIELDS
from ..values.fields import Converter, WithoutLastPort, WithoutPort
from ..values.request import request_versions, target_versions

_CODE = rb"(?P<status>(?P<status_class>\d)\d\d)"
_NUMBER = rb"\d{1,15}+(?:\.\d{1,12}+)?+"
_FRACTION = rb"\d{1,9}+\.\d{1,9}+(?!\d)"
_WITH_UNIT = _NUMBER + rb"(?:ms|us|\xc2\xb5s|ns|s)"
_SIZE = rb"\d{1,%d}+" % SIZE_DIGITS_MAX
KINDS = {
    "scheme": rb"(?:https?|h2|wss?|grpcs?)",
    "pad": rb" *+",
    "name": rb"[^ .:]++[.:][^ ]++",
    "braces": rb"(?:\{[^}]*+\} ){0,2}+",
    "code": rb"(?:-|\d{3})",
    "sum": rb" ".join([rb"(?:%s|-1?+)" % _NUMBER] * 3),
}
"""Kinds whose subpattern is the same in both parsers and depends on nothing after it."""
_TIMES = {
    # The captured text alone must give the second: the fraction may be left out only where no zone follows it. The strict parser
    # reads invalid timestamps again, so what a subpattern matches need not be checked further.
    "clf": (rb"(?P<time>.{26})", rb"[^][]*+"),
    "clf_bare": (rb"(?P<time>.{26})", rb"[^ %s]++ [^ %s]++"),
    "clf_local": (rb"(?P<time>.{20})(?:\.\d++)?+", rb"[^][]*+"),
    "iso": (rb"(?P<time>.{10}T.{8}(?:[+-]\d\d:?+\d\d(?![.Z]))?+)(?:\.\d++)?+Z?+", rb"[^%s]++"),
    "iso_space": (rb"(?P<time>.{10} .{8})(?:\.\d++)?+", rb"[^ ]++ [^ ]++"),
    "clock": (rb"(?P<time>.{8})", rb"[^ \t]++"),
    "date_time": (rb"(?P<time>.{10}[ \t].{8})", rb"[^ \t]++[ \t][^ \t]++"),
    "epoch": (rb"(?P<time>\d{1,%d}+)(?:\.\d++)?+" % EPOCH_DIGITS_MAX, rb"\d{1,%d}+(?:\.\d++)?+" % EPOCH_DIGITS_MAX),
    "epoch_any": (rb"(?P<time>\d{1,20}+(?:\.\d++)?+)", rb"\d{1,20}+(?:\.\d++)?+"),
    "any": (rb"(?P<time>[^%s]++)", rb"[^%s]++"),
}
"""Of each kind of timestamp the fast and the strict version."""
SHIFTS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
"""Units of a duration: how many places its decimal point moves to make seconds."""
SOURCES: Mapping[str, type[Converter]] = {"port": WithoutPort, "port_last": WithoutLastPort}
WORDS = {"source": "client", "-": "field", "rest": "rest of the line"}
CAPTURED = frozenset(FIELDS) | {"time", "request", "forwarded", "query", "peer"}


class Value(NamedTuple):
    """A value of a template: its name and kind, the texts before and after it; `quoted` when quotes enclose it.

    `following` is the name of the next value; `own` is its subpattern where the template brings it; `may_be_empty` is for
    what servers leave out without a dash.
    """

    name: str
    kind: str
    before: bytes
    after: bytes
    quoted: bool
    following: str = ""
    own: bytes = b""
    may_be_empty: bool = False

    @property
    def field(self) -> str:
        return self.name.rstrip("?")

    @property
    def stop(self) -> bytes:
        """The character that may not stand in the value: the first of what follows it."""
        return re.escape(self.after[:1] or (b"/" if self.following == "target" else b" "))

    @property
    def is_apart(self) -> bool:
        """Whether its end can be found: something stands after it, or a target, which begins with a slash."""
        return bool(self.after) or self.following in ("", "target") or self.kind == "pad"


# The fast versions, the cheapest first; `stop` are the characters that end a value.


def fast_subpatterns(value: Value, last: bool) -> tuple[bytes, ...]:
    """Versions of the subpattern of the fast parser."""
    stop = value.stop + (rb"\t\r\n" if last else b"")
    if value.kind in KINDS and value.field != "time":
        return (_group(value) + KINDS[value.kind] + b")",)
    return _FAST.get(value.field, _fast_text)(value, stop)


def _group(value: Value) -> bytes:
    return b"(?P<%s>" % value.field.encode() if value.field in CAPTURED else b"(?:"


def _fast_time(value: Value, stop: bytes) -> tuple[bytes, ...]:
    if value.own:
        return (b"(?P<time>%s)" % value.own,)
    fast = _TIMES[value.kind][0]
    return (fast % stop if b"%s" in fast else fast,)


def _fast_request(value: Value, stop: bytes) -> tuple[bytes, ...]:
    versions = request_versions(value.stop, absolute=value.kind == "absolute")
    return tuple(version + rb"(?<!\\)" for version in versions) if value.quoted else versions


def _fast_target(value: Value, stop: bytes) -> tuple[bytes, ...]:
    if value.kind != "or_host":
        return target_versions(stop)
    # What has no slash is not a path, and the groups of a path stay empty.
    short, full = target_versions(stop)
    host = rb"[^/%s]++" % stop
    return (b"(?:%s|%s)" % (short, host), full.replace(b"(?P<path>", b"(?:(?P<path>", 1)[:-1] + b"|%s))" % host)


def _fast_status(value: Value, stop: bytes) -> tuple[bytes, ...]:
    return (_CODE,) if value.name == "status" else (rb"(?:%s)" % _CODE,)


def _fast_size(value: Value, stop: bytes) -> tuple[bytes, ...]:
    return (rb"(?:(?P<size>%s)|-)" % _SIZE,)


def _fast_duration(value: Value, stop: bytes) -> tuple[bytes, ...]:
    if value.kind == "unit":
        return (rb"(?P<duration>%s)" % _WITH_UNIT,)
    if value.kind == "fraction":
        return (rb"(?P<duration>%s)" % _FRACTION,)
    return (rb"(?:(?P<duration>%s)|-1?+)" % _NUMBER,)


def _fast_forwarded(value: Value, stop: bytes) -> tuple[bytes, ...]:
    if not value.quoted:
        return _fast_text(value, stop)
    return (rb"(?P<forwarded>(?:-|[0-9A-Fa-f][0-9A-Fa-f:., ]*+))",)  # others are rare; other text shows another format


def _fast_query(value: Value, stop: bytes) -> tuple[bytes, ...]:
    return (rb"[^%s]++" % stop, rb"(?P<query>-)")  # where the target is wanted, the strict parser joins the two


def _fast_text(value: Value, stop: bytes) -> tuple[bytes, ...]:
    group = _group(value)
    if value.field == "source" and not value.kind:
        group = rb"(?!\[)" + group
    if value.kind == "list":
        return (_list(value, stop),)
    if value.may_be_empty and value.field not in CAPTURED and not value.quoted:
        return (rb"[^%s]*+" % stop,)
    if value.quoted:
        return (group + rb'[^"]*+)(?<!\\)',)
    # Longer sources are left to the strict parser, so that keys need not be searched for long ones.
    return (group + (rb"[^%s]{1,255}+)" if value.field == "source" else rb"[^%s]++)") % stop,)


_FAST: dict[str, Callable[[Value, bytes], tuple[bytes, ...]]] = {
    "time": _fast_time,
    "request": _fast_request,
    "target": _fast_target,
    "status": _fast_status,
    "size": _fast_size,
    "duration": _fast_duration,
    "forwarded": _fast_forwarded,
    "query": _fast_query,
}


def _list(value: Value, stop: bytes) -> bytes:
    """nginx's `$upstream_…`: one value a server that was tried, with `, ` between them, or ` : ` after an internal redirect."""
    if value.stop.strip(b"\\") != b" ":
        return rb"[^%s]*+" % stop
    item = rb"(?:[^%s,]++|,(?! ))*+" % stop
    return item + rb"(?:(?:, | : )%s)*+" % item


# The strict versions


def strict_subpattern(value: Value, escapes: bool, following: Value | None) -> bytes:
    """The subpattern of the strict parser, which captures nothing. `escapes` is whether a backslash escapes a quote."""
    if value.name == "rest":
        return b".*+"
    if value.field == "time":
        return value.own or _TIMES[value.kind][1].replace(b"%s", value.stop)
    if value.kind in KINDS:
        return KINDS[value.kind]
    if value.field == "status":
        return rb"\d{3}" if value.name == "status" else rb"\d{3}|-1|0|-"
    if value.field == "size":
        return _SIZE + b"|-"
    if value.kind == "unit":
        return _WITH_UNIT
    if value.field == "duration":
        return _FRACTION if value.kind == "fraction" else _NUMBER + b"|-1|-"
    if value.quoted:
        return rb'(?:[^"\\]++|\\.)*+' if escapes else _strict_quoted(value, following)
    stop = value.stop + (b"" if value.after else rb"\t\r")
    if value.field == "user" and len(value.after) > 1:  # a name may hold spaces
        return rb"(?:[^%s]++|%s(?!%s))++" % (stop, stop, re.escape(value.after[1:]))
    if value.kind == "list":
        return _list(value, stop)
    return (rb"[^%s]*+" if value.may_be_empty else rb"[^%s]++") % stop


def _strict_quoted(value: Value, following: Value | None) -> bytes:
    """A value in which quotes stand unescaped: one that is not followed by what the template has next belongs to it."""
    if following is None:
        after = rb"[ \t]*+\Z"
    elif following.field in ("status", "size", "duration"):
        after = re.escape(value.after[1:]) + rb"[\d-]"
    else:
        after = re.escape(value.after[1:]) or rb" |\Z"
    return rb'(?:[^"]++|"(?!%s))*+' % after
