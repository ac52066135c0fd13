r"""Formats written the way servers write them: `{source} - {user} [{time}] "{request}" {status} {size}`.

A template is cut into tokens, each a literal text or a value. A value's piece of the pattern follows from its kind and from the
character behind it, which it may not hold: so there is one way to read a line, and no piece ever gives back what it took
(possessive quantifiers), which keeps every pattern linear.

Of each piece there is a careful version, and fast ones that capture more or less. A fast one matches exactly what the careful
one does at the same place, or nothing: so a line that the fast pattern takes is read by the careful one in the same way.

Values in quotes: servers escape a quote inside with a backslash; if that reading finds no end, a quote that is not followed by
what the template has behind it is taken as part of the value. `{name?}` may be missing (`-`); `{-}` is skipped; `{rest}` is
whatever follows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import NamedTuple

from ..limits import EPOCH_DIGITS_MAX, SIZE_DIGITS_MAX
from .fields import Converter, LastHop, OrDash, Scaled, TimeTaken, WithoutLastPort, WithoutPort
from .formats import Values, group_names, pattern_of
from .parser import FIELDS, Malformed
from .request import path_of, request_values, section_of
from .stamps import ClfStamps, Stamps

_TOKEN = re.compile(r"\{([a-z_-]+\??)(?::([a-z0-9_]+))?\}")
_CODE = rb"(?P<status>(?P<status_class>\d)\d\d)"
_CODE_PLAIN = {"status": rb"\d{3}", "status?": rb"\d{3}|-1|0|-"}
_NUMBER = rb"\d{1,15}+(?:\.\d{1,12}+)?+"
KINDS = {
    "scheme": rb"(?:https?|h2|wss?|grpcs?)",
    "pad": rb" *+",
    "name": rb"[^ .:]++[.:][^ ]++",
    "braces": rb"(?:\{[^}]*+\} ){0,2}+",
    "code": rb"(?:-|\d{3})",
}
"""Kinds whose piece is the same on both paths and depends on nothing behind it."""
_SIZE = rb"\d{1,%d}+" % SIZE_DIGITS_MAX
_TIMES = {
    # The captured text alone must tell the second: the fraction may be left out only where no zone follows it. A stamp that is
    # none is read again with care, so what a piece takes need not be checked further.
    "clf": (rb"(?P<time>.{26})", rb"[^][]*+"),
    "clf_local": (rb"(?P<time>.{20})(?:\.\d++)?+", rb"[^][]*+"),
    "iso": (rb"(?P<time>.{10}T.{8}(?:[+-]\d\d:?+\d\d(?![.Z]))?+)(?:\.\d++)?+Z?+", rb"[^%s]++"),
    "iso_space": (rb"(?P<time>.{10} .{8})(?:\.\d++)?+", rb"[^ ]++ [^ ]++"),
    "date_time": (rb"(?P<time>.{10}[ \t].{8})", rb"[^ \t]++[ \t][^ \t]++"),
    "epoch": (rb"(?P<time>\d{1,%d}+)(?:\.\d++)?+" % EPOCH_DIGITS_MAX, rb"\d{1,%d}+(?:\.\d++)?+" % EPOCH_DIGITS_MAX),
    "epoch_any": (rb"(?P<time>\d{1,20}+(?:\.\d++)?+)", rb"\d{1,20}+(?:\.\d++)?+"),
    "any": (rb"(?P<time>[^%s]++)", rb"[^%s]++"),
}
SHIFTS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
"""Units of a duration: how many places its decimal point moves to make seconds."""
SOURCES: Mapping[str, type[Converter]] = {"port": WithoutPort, "port_last": WithoutLastPort, "hops": LastHop}
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


class TemplateFormat:
    """A row of the table that is a template. Has the interface of `formats.Format`."""

    def __init__(
        self,
        name: str,
        title: str,
        template: str,
        stamps: type[Stamps] = ClfStamps,
        examples: tuple[bytes, ...] = (),
        origin: str = "",
        hint: bytes = b"",
        fallback: Callable[[bytes], Values] | None = None,
    ) -> None:
        self.name = name
        self.title = title
        self.template = template
        self.stamps = stamps
        self.examples = examples
        self.origin = origin
        self.hint = hint
        self.fallback = fallback
        """Reads the lines that do not have what the template has more than a plainer format."""
        self.header: bytes | None = None

    @property
    def example(self) -> bytes:
        return self.examples[0]

    @cached_property
    def values(self) -> list[Value]:
        found = list(_TOKEN.finditer(self.template))
        texts = [self.template[: found[0].start()].encode()] if found else []
        ends = [token.start() for token in found[1:]] + [len(self.template)]
        texts += [self.template[token.end() : end].encode() for token, end in zip(found, ends)]
        kinds = [token[2] or ("clf" if token[1] == "time" else "") for token in found]
        return [
            Value(token[1], kind, before, after, before.endswith(b'"') and after.startswith(b'"'))
            for token, kind, before, after in zip(found, kinds, texts, texts[1:])
        ]

    @cached_property
    def fields(self) -> frozenset[str]:
        return frozenset(name for segment in self.segments for name in group_names(segment[-1])) & frozenset(FIELDS)

    @cached_property
    def forwards(self) -> bool:
        return any(value.field == "forwarded" or value.kind == "hops" for value in self.values)

    @cached_property
    def converters(self) -> Mapping[str, Converter]:
        """What turns a value as it stands in the log into what the field means, for the fields that need it."""
        found: dict[str, Converter] = {}
        for value in self.values:
            if value.field == "duration" and SHIFTS.get(value.kind, 0):
                found["duration"] = Scaled(SHIFTS[value.kind])
            elif value.field == "source" and value.kind in SOURCES:
                found["source"] = SOURCES[value.kind]()
            elif value.kind == "taken":
                found["duration"] = TimeTaken()
            elif value.kind == "or_host":
                found |= {"section": OrDash(), "path": OrDash()}
        return found

    @cached_property
    def segments(self) -> tuple[tuple[bytes, ...], ...]:
        """The fast pattern, piece by piece, each in versions that capture more and more."""
        values = self.values
        # The careful path ignores spaces in front; a first value that may hold spaces must not begin with one here.
        begin = b"" if values[0].before or _stop(values[0])[-1:] == b" " else b"(?! )"
        segments: list[tuple[bytes, ...]] = [(begin + re.escape(values[0].before),)]
        for value in values:
            if value.name == "rest":
                segments.append((rb".*+\n",))
                return tuple(segments)
            last = value is values[-1] and not value.after
            end = rb"(?= |\r?\n)" if self._ends_at_rest(value) else b""
            segments += [_fast(value, last), (re.escape(value.after) + end,)]
        segments.append((rb"\r?+\n",))
        return tuple(segments)

    def _ends_at_rest(self, value: Value) -> bool:
        """Whether quotes close and anything may follow: then a quote within the value must not be taken for the closing one."""
        return value.quoted and value.after == b'"' and self.values[-1].name == "rest" and value is self.values[-2]

    def pattern(self, fields: frozenset[str]) -> bytes:
        """The pattern of a line that captures `time` and `fields` and nothing else."""
        return pattern_of(self.segments, fields)

    # The careful path

    @cached_property
    def _escaped(self) -> re.Pattern[bytes]:
        return re.compile(self._careful(nested=False, escapes=True))

    @cached_property
    def _unescaped(self) -> re.Pattern[bytes] | None:
        if not any(value.quoted for value in self.values):
            return None
        return re.compile(self._careful(nested=False, escapes=False))

    @cached_property
    def _so_far(self) -> re.Pattern[bytes]:
        return re.compile(self._careful(nested=True, escapes=True))

    def _careful(self, nested: bool, escapes: bool) -> bytes:
        """The careful pattern; `nested` matches as many values of it as fit, with an empty group behind each."""
        pieces = []
        for index, value in enumerate(self.values):
            last = index == len(self.values) - 1
            piece = _careful(value, escapes, last)
            if value.field in CAPTURED and not nested:
                piece = b"(?P<%s>%s)" % (value.field.encode(), piece)
            elif b"|" in piece:
                piece = b"(?:%s)" % piece
            before = re.escape(value.before) if index == 0 else b""
            end = b"" if value.name == "rest" else rb"[ \t]*+\Z" if last else b""
            if self._ends_at_rest(value):
                end = rb"(?= |\Z)"
            pieces.append(before + piece + re.escape(value.after) + end)
        if not nested:
            return b"".join(pieces)
        return b"()" + b"".join(b"(?:" + piece + b"()" for piece in pieces) + b")?+" * len(pieces)

    def read(self, line: bytes) -> Values:
        """One line's values; `Malformed` says at which value, and where, it stops fitting."""
        line = line.lstrip(b" ")
        found = self._escaped.match(line)
        if found is None and self._unescaped is not None:
            found = self._unescaped.match(line)
        if found is None:
            if self.fallback is None:
                raise Malformed(self.what_is_wrong(line))
            plain: Values = dict.fromkeys((*self.fields, "forwarded"), b"-")
            plain |= {name: text for name, text in self.fallback(line).items() if text is not None}
            return plain | {name: None for name in ("size", "duration") if plain.get(name, b"-") == b"-"}
        texts = found.groupdict()
        values: Values = {}
        for name, text in texts.items():
            if name == "request":
                values |= request_values(text)
            elif name == "target":
                values |= {"target": text or b"-", "path": path_of(text), "section": section_of(text)}
            elif name == "status":
                status = text if len(text) == 3 else b"-"
                values |= {"status": status, "status_class": status[:1]}
            elif name in ("size", "duration"):
                values[name] = None if text[:1] == b"-" else text
            else:
                values[name] = text
        for name, converter in self.converters.items():
            values[name] = converter[values[name]]
        return values

    def what_is_wrong(self, line: bytes) -> str:
        """At which value a line stops fitting, and where in it."""
        found = self._so_far.match(line)
        assert found is not None
        depth = (found.lastindex or 1) - 1
        at = found.end(depth + 1)
        if depth >= len(self.values):
            return "its last part does not fit"
        value = self.values[depth]
        word = WORDS.get(value.field, value.field)
        if value.name == "-" and not depth:
            word = "beginning"
        return f"the {word} does not fit at byte {at + 1}"


CAPTURED = frozenset(FIELDS) | {"time", "request", "forwarded"}


def _stop(value: Value) -> bytes:
    """The character that may not stand in the value: the first of what is behind it."""
    return re.escape(value.after[:1] or b" ")


def _fast(value: Value, last: bool) -> tuple[bytes, ...]:
    """Versions of the value's piece of the fast pattern."""
    stop = _stop(value) + (rb"\t\r\n" if last else b"")
    field = value.field
    name = b"(?P<%s>" % field.encode() if field in CAPTURED else b"(?:"
    if field == "time":
        fast = _TIMES[value.kind][0]
        return (fast % stop if b"%s" in fast else fast,)
    if value.kind in KINDS:
        return (name + KINDS[value.kind] + b")",)
    if field == "request":
        versions = request_versions(_stop(value), absolute=value.kind == "absolute")
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
            return (rb"(?P<duration>\d{1,9}+\.\d{1,9}+)",)
        return (rb"(?:(?P<duration>%s)|-1?+)" % _NUMBER,)
    if field == "forwarded" and value.quoted:  # others are rare; what is nothing of the kind shows another format
        return (name + rb"(?:-|[0-9A-Fa-f][0-9A-Fa-f:., ]*+))",)
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


def _careful(value: Value, escapes: bool, last: bool) -> bytes:
    """The value's piece of the careful pattern; captures nothing."""
    field = value.field
    if value.name == "rest":
        return b".*+"
    if field == "time":
        careful = _TIMES[value.kind][1]
        return careful % _stop(value) if b"%s" in careful else careful
    if field == "status":
        return _CODE_PLAIN[value.name]
    if field == "size":
        return _SIZE + b"|-"
    if field == "duration":
        return _NUMBER + (b"" if value.kind == "fraction" else b"|-1|-")
    if value.kind in KINDS:
        return KINDS[value.kind]
    if value.quoted and escapes:
        return rb'(?:[^"\\]++|\\.)*+'
    if value.quoted:
        behind = rb"[ \t]*+\Z" if last else re.escape(value.after[1:2]) or rb" |\Z"
        return rb'(?:[^"]++|"(?!%s))*+' % behind
    stop = _stop(value) + (b"" if value.after else rb"\t\r")
    if field == "user" and len(value.after) > 1:  # a name may hold spaces
        return rb"(?:[^%s]++|%s(?!%s))++" % (stop, stop, re.escape(value.after[1:]))
    return rb"[^%s]++" % stop
