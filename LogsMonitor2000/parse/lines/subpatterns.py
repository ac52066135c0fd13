"""The pieces of patterns: what a value of a template is matched by, on the fast path and on the careful one (`template`).

The fast versions of a piece match exactly what its careful version does at the same place, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import NamedTuple

from ...limits import EPOCH_DIGITS_MAX, SIZE_DIGITS_MAX
from ..base import FIELDS
from ..values.fields import Converter, WithoutLastPort, WithoutPort

_CODE = rb"(?P<status>(?P<status_class>\d)\d\d)"
_CODE_PLAIN = {"status": rb"\d{3}", "status?": rb"\d{3}|-1|0|-"}
_NUMBER = rb"\d{1,15}+(?:\.\d{1,12}+)?+"
KINDS = {
    "scheme": rb"(?:https?|h2|wss?|grpcs?)",
    "pad": rb" *+",
    "name": rb"[^ .:]++[.:][^ ]++",
    "braces": rb"(?:\{[^}]*+\} ){0,2}+",
    "code": rb"(?:-|\d{3})",
    "sum": rb" ".join([rb"(?:%s|-1?+)" % _NUMBER] * 3),
}
"""Kinds whose piece is the same on both paths and depends on nothing behind it."""
_FRACTION = rb"\d{1,9}+\.\d{1,9}+(?!\d)"
_SIZE = rb"\d{1,%d}+" % SIZE_DIGITS_MAX
_TIMES = {
    # The captured text alone must tell the second: the fraction may be left out only where no zone follows it. A stamp that is
    # none is read again with care, so what a piece takes need not be checked further.
    "clf": (rb"(?P<time>.{26})", rb"[^][]*+"),
    "clf_local": (rb"(?P<time>.{20})(?:\.\d++)?+", rb"[^][]*+"),
    "iso": (rb"(?P<time>.{10}T.{8}(?:[+-]\d\d:?+\d\d(?![.Z]))?+)(?:\.\d++)?+Z?+", rb"[^%s]++"),
    "iso_space": (rb"(?P<time>.{10} .{8})(?:\.\d++)?+", rb"[^ ]++ [^ ]++"),
    "clock": (rb"(?P<time>.{8})", rb"[^ \t]++"),
    "date_time": (rb"(?P<time>.{10}[ \t].{8})", rb"[^ \t]++[ \t][^ \t]++"),
    "epoch": (rb"(?P<time>\d{1,%d}+)(?:\.\d++)?+" % EPOCH_DIGITS_MAX, rb"\d{1,%d}+(?:\.\d++)?+" % EPOCH_DIGITS_MAX),
    "epoch_any": (rb"(?P<time>\d{1,20}+(?:\.\d++)?+)", rb"\d{1,20}+(?:\.\d++)?+"),
    "any": (rb"(?P<time>[^%s]++)", rb"[^%s]++"),
}
SHIFTS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
"""Units of a duration: how many places its decimal point moves to make seconds."""
SOURCES: Mapping[str, type[Converter]] = {"port": WithoutPort, "port_last": WithoutLastPort}
WORDS = {"source": "client", "-": "field", "rest": "rest of the line"}


class Value(NamedTuple):
    """A value of a template: what it is called, of which kind, between which texts; `quoted` when quotes enclose it."""

    name: str
    kind: str
    before: bytes
    after: bytes
    quoted: bool

    @property
    def field(self) -> str:
        return self.name.rstrip("?")


CAPTURED = frozenset(FIELDS) | {"time", "request", "forwarded", "query"}


def stop_of(value: Value) -> bytes:
    """The character that may not stand in the value: the first of what is behind it."""
    return re.escape(value.after[:1] or b" ")


def fast_pieces(value: Value, last: bool) -> tuple[bytes, ...]:
    """Versions of the value's piece of the fast pattern."""
    stop = stop_of(value) + (rb"\t\r\n" if last else b"")
    field = value.field
    name = b"(?P<%s>" % field.encode() if field in CAPTURED else b"(?:"
    if field == "time":
        fast = _TIMES[value.kind][0]
        return (fast % stop if b"%s" in fast else fast,)
    if value.kind in KINDS:
        return (name + KINDS[value.kind] + b")",)
    if field == "request":
        versions = request_versions(stop_of(value), absolute=value.kind == "absolute")
        return tuple(version + rb"(?<!\\)" for version in versions) if value.quoted else versions
    if field == "target":
        if value.kind == "or_host":  # what has no slash is no path, and the groups of a path are left empty
            short, full = target_versions(stop)
            host = rb"[^/%s]++" % stop
            return (b"(?:%s|%s)" % (short, host), full.replace(b"(?P<path>", b"(?:(?P<path>", 1)[:-1] + b"|%s))" % host)
        return target_versions(stop)
    if field == "status":
        return (_CODE,) if value.name == "status" else (rb"(?:%s)" % _CODE,)
    if field == "size":
        return (rb"(?:(?P<size>%s)|-)" % _SIZE,)
    if field == "duration":
        if value.kind == "fraction":
            return (rb"(?P<duration>%s)" % _FRACTION,)
        return (rb"(?:(?P<duration>%s)|-1?+)" % _NUMBER,)
    if field == "forwarded" and value.quoted:  # others are rare; what is nothing of the kind shows another format
        return (name + rb"(?:-|[0-9A-Fa-f][0-9A-Fa-f:., ]*+))",)
    if field == "query":  # where the target is wanted, it is put together with care
        return (rb"[^%s]++" % stop, rb"(?P<query>-)")
    if field == "source" and not value.kind:
        name = rb"(?!\[)" + name
    if value.quoted:
        return (name + rb'[^"]*+)(?<!\\)',)
    return (name + rb"[^%s]++)" % stop,)


def request_versions(stop: bytes, absolute: bool = False) -> tuple[bytes, ...]:
    """`METHOD target PROTOCOL` up to a character `stop`, which is not taken; the section's version comes first."""
    section = rb"(?P<section>/[^/ ?#%s]*+)" % stop
    origin = rb"https?+://[^/?# %s]++(?=/)" % stop
    if not absolute:
        origin = rb"(?:%s)?+" % origin
    method = rb"[^ %s]++ " % stop
    path = rb"(?P<path>%s(?:/[^ ?#%s]*+)?+)" % (section, stop)
    target = rb"(?P<target>%s%s(?:[?#][^ %s]*+)?+)" % (origin, path, stop)
    return (
        method + origin + section + rb"(?:[/?#]| HTTP/)[^%s]*+" % stop,
        rb"(?P<method>[^ %s]++) " % stop + origin + section + rb"(?:[/?#]| HTTP/)[^%s]*+" % stop,
        rb"(?P<method>[^ %s]++) %s (?P<protocol>HTTP/[^ %s]*+)" % (stop, target, stop),
    )


def target_versions(stop: bytes) -> tuple[bytes, ...]:
    """A target that begins with a slash, behind an origin or not, up to a character of `stop`."""
    section = rb"(?P<section>/[^/?#%s]*+)" % stop
    origin = rb"(?:https?+://[^/?#%s]++(?=/))?+" % stop
    return (
        origin + section + rb"[^%s]*+" % stop,
        rb"(?P<target>%s(?P<path>%s(?:/[^?#%s]*+)?+)(?:[?#][^%s]*+)?+)" % (origin, section, stop, stop),
    )


def careful_piece(value: Value, escapes: bool, following: Value | None) -> bytes:
    """The value's piece of the careful pattern; captures nothing."""
    field = value.field
    if value.name == "rest":
        return b".*+"
    if value.kind in KINDS:
        return KINDS[value.kind]
    if field == "time":
        careful = _TIMES[value.kind][1]
        return careful % stop_of(value) if b"%s" in careful else careful
    if field == "status":
        return _CODE_PLAIN[value.name]
    if field == "size":
        return _SIZE + b"|-"
    if field == "duration":
        return _FRACTION if value.kind == "fraction" else _NUMBER + b"|-1|-"
    if value.quoted and escapes:
        return rb'(?:[^"\\]++|\\.)*+'
    if value.quoted:
        if following is None:
            behind = rb"[ \t]*+\Z"
        elif following.field in ("status", "size", "duration"):
            behind = re.escape(value.after[1:]) + rb"[\d-]"
        else:
            behind = re.escape(value.after[1:]) or rb" |\Z"
        return rb'(?:[^"]++|"(?!%s))*+' % behind
    stop = stop_of(value) + (b"" if value.after else rb"\t\r")
    if field == "user" and len(value.after) > 1:  # a name may hold spaces
        return rb"(?:[^%s]++|%s(?!%s))++" % (stop, stop, re.escape(value.after[1:]))
    return rb"[^%s]++" % stop
