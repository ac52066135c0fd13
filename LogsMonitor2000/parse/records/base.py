"""Formats whose fields have names in the log itself: JSON, LTSV, logfmt. What they share is here, their syntax in `syntaxes`.

Careful path: a line becomes a record, in which each field is looked for under its synonyms (`synonyms`); the first that is there
and tells something wins.

Fast path: servers write the same keys in the same order, line after line. So from a line that was read with care a pattern is
learned, which matches the lines that differ from it in their values only; the pattern reader of the line formats does the rest.
A learned pattern matches a line only if the careful path reads it the same way, so what has been learned, and when, shows in
nothing but speed, and a chunk's digest is still a function of its bytes alone. When lines of other shapes come, another pattern
is learned; when there are too many shapes, the rest is read with care.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import re
from typing import NamedTuple

from ...event import WebLogEvent
from ...limits import JSON_DIGITS_MAX, SHAPE_BYTES_MAX, SHAPE_VALUES_MAX, SHAPES_MAX, SIZE_DIGITS_MAX
from ..base import FIELDS, FORWARDED, BoundParser, Column, Columns, Malformed, Parser, check_length
from ..lines.formats import Values, group_names, pattern_of
from ..lines.http_log import BlockReader, event_of
from ..lines.subpatterns import request_versions, target_versions
from ..regex import compile_pattern
from ..values.fields import WITHOUT_PORT, Converter, Scaled, seconds_of
from ..values.iso import AnyStamps
from ..values.request import path_of, request_values, section_of
from ..values.timestamps import NO_TIME
from .synonyms import SYNONYMS, Path, Place

_STATUS = compile_pattern(rb"\d{3}\Z")
_SIZE = compile_pattern(rb"\d{1,%d}\Z" % SIZE_DIGITS_MAX)
_ISO_ZULU = compile_pattern(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z\Z")
_EPOCH = compile_pattern(rb"[1-9]\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d{1,20})?\Z")
_PLAIN_DURATION = compile_pattern(rb"\d{1,15}(?:\.\d{1,12})?\Z")
_TOLD_BY = {
    **dict.fromkeys(("method", "protocol"), ("request", "method", "protocol")),
    **dict.fromkeys(("target", "path", "section"), ("request", "target")),
    "status_class": ("status",),
}
"""Of which values of a record a field is made, where that is not one of its own name."""
_NEGATED = compile_pattern(rb"\[\^([^\]]*)\]")
QUOTED = rb'(?:[^"]*+)'
"""A value in quotes that nobody asks for; the group tells it from pieces of others."""
NUMBER = rb"(?:0|[1-9]\d{0,%d}+)(?:\.\d{1,20}+)?+" % (JSON_DIGITS_MAX - 1)


class Scalar(NamedTuple):
    """A value in a record's line: its path, where it stands, and whether it is quoted (the quotes not included)."""

    path: Path
    start: int
    end: int
    quoted: bool


class Found(NamedTuple):
    """Where a record has its fields, and what it says there."""

    places: dict[str, Place]
    values: dict[str, bytes]


class Syntax:
    """How records are written."""

    name = ""
    own: Mapping[str, tuple[Place, ...]] = {}
    """Synonyms that stand for the common ones."""
    bare_dash = False
    """Whether a missing value may be a dash without quotes."""
    stop = b'"'
    """Characters that end a value without quotes, as in a class of a pattern."""
    escaped: bytes | None = None
    """A pattern for what stands in quotes where a backslash escapes; None where it does not."""

    def find(self, line: bytes, wanted: Mapping[str, tuple[Place, ...]]) -> Found:
        """The wanted values of a line; `Malformed` when it is no record."""
        raise NotImplementedError

    def scalars(self, line: bytes) -> list[Scalar] | None:
        """Every value of a line that `find` has read; None when no pattern can be made from it."""
        raise NotImplementedError

    def plain(self, text: bytes, stop: bytes) -> bytes | None:
        """A pattern for a value without quotes that nobody asks for, which is `text` in the line learned from."""
        return rb"[^%s]*+" % stop


class KeyedParser(Parser):
    """Reads records of one syntax. `fields` overrides where a field is found: `--fields time=ts,status=res.code`."""

    def __init__(self, syntax: Syntax, own: Mapping[str, str] | None = None) -> None:
        self.name = syntax.name
        self.syntax = syntax
        self.forwards = True
        self.stamps = AnyStamps()
        self.wanted = {**SYNONYMS, **syntax.own}
        for field, key in (own or {}).items():
            path = tuple(int(part) if part.isdigit() else part for part in key.split("."))
            self.wanted[field] = (Place(path), Place((key,)))
            if field in ("target", "method", "protocol"):
                self.wanted.pop("request", None)

    def parse_line(self, line: bytes) -> WebLogEvent:
        return event_of(*self.read_line(line))

    def read_line(self, line: bytes) -> tuple[int, Values]:
        """Second and fields of one line without its end; `Malformed` says what is wrong."""
        check_length(line)
        values = self._values(self._find(line))
        stamp = values["time"]
        second = self.stamps[stamp]
        if second == NO_TIME:
            text = (stamp or b"")[:40].decode("ascii", "backslashreplace")
            raise Malformed("no field tells the time" if stamp is None else f"the time is no time: {text}")
        return second, values

    def _values(self, found: Found) -> Values:
        """The fields of an event out of what was found in a record."""
        raw = found.values
        if not raw.keys() & {"request", "target", "status", "method"}:
            raise Malformed("nothing in it tells of a request")
        values: Values = dict.fromkeys(FIELDS, b"-")
        values |= {"size": None, "duration": None, "time": raw.get("time"), FORWARDED: raw.get(FORWARDED, b"-")}
        if "request" in raw:
            values |= request_values(raw["request"])
        for name in ("method", "protocol", "user", "vhost", "referrer", "agent"):
            if name in raw:
                values[name] = raw[name] or b"-"
        if "target" in raw:
            target = raw["target"]
            values |= {"target": target or b"-", "path": path_of(target), "section": section_of(target)}
        if "source" in raw:
            values["source"] = WITHOUT_PORT[raw["source"]] or b"-"
        status = raw.get("status", b"-")
        if _STATUS.match(status):
            values |= {"status": status, "status_class": status[:1]}
        elif status not in (b"-", b"", b"0", b"-1"):
            raise Malformed("the status is not three digits")
        size = raw.get("size", b"-")
        if _SIZE.match(size):
            values["size"] = size
        elif size not in (b"-", b""):
            raise Malformed("the size is neither digits nor -")
        if "duration" in raw:
            values["duration"] = seconds_of(raw["duration"], found.places["duration"].shift)
        return values

    def _find(self, line: bytes) -> Found:
        found = self.syntax.find(line, self.wanted)
        if "request" in found.values:  # it tells more than the parts of it that stand beside it
            for name in ("method", "target", "protocol"):
                found.values.pop(name, None)
                found.places.pop(name, None)
        return found

    def bind(self, fields: Sequence[str]) -> BoundParser:
        self.require(fields)
        return self.learning(fields)

    def learning(self, fields: Sequence[str]) -> LearningReader:
        return LearningReader(self, fields)

    def learn(self, line: bytes, fields: Sequence[str]) -> Shape | None:
        """The shape of a line that was read with care; None when it is too odd to learn from."""
        scalars = self.syntax.scalars(line)
        if scalars is None or len(scalars) > SHAPE_VALUES_MAX:
            return None
        found = self._find(line)
        names = {place.path: name for name, place in found.places.items()}
        if len(names) < len(found.places):
            return None  # one value tells two fields
        asked = {part for field in fields for part in _TOLD_BY.get(field, (field,))} | {"time", "status", "size"}
        converters: dict[str, Converter] = {}
        segments: list[tuple[bytes, ...]] = []
        end = 0
        for scalar in scalars:
            segments.append((re.escape(line[end : scalar.start]),))
            end = scalar.end
            text = line[scalar.start : end]
            stop = b'"' if scalar.quoted else self.syntax.stop + (rb"\r\n" if end == len(line) else b"")
            name = names.get(scalar.path)
            versions: tuple[bytes, ...] | None
            if name is None or name not in asked:
                plain = QUOTED if scalar.quoted else self.syntax.plain(text, stop)
                versions = None if plain is None else (plain,)
            else:
                versions = _versions(name, text, stop, found.places[name].shift, converters)
                if name == "size" and versions and (scalar.quoted or self.syntax.bare_dash):
                    versions = (rb"(?:%s|-)" % versions[0],)
            if versions is None:
                return None
            segments.append(versions)
        segments += [(re.escape(line[end:]),), (rb"\r?+\n",)]
        return Shape(tuple(segments), converters)


class Shape(NamedTuple):
    """What was learned from a line: the segments of a pattern, as those of the line formats, and what converts its columns."""

    segments: tuple[tuple[bytes, ...], ...]
    converters: dict[str, Converter]


def _versions(name: str, text: bytes, stop: bytes, shift: int, converters: dict[str, Converter]) -> tuple[bytes, ...] | None:
    """The pieces for the value of `name`, which is `text` in the line learned from; None when that is too odd to learn from."""
    digits = len(text.partition(b".")[0])
    if b"\\" in text:
        return None
    if name == "time":
        if _ISO_ZULU.match(text):
            return (rb"(?P<time>.{19})(?:\.\d{1,9}+)?+Z",)
        if _EPOCH.match(text):
            return (rb"(?P<time>[1-9]\d{9})\d{%d}(?:\.\d{1,20}+)?+" % (digits - 10),)
        return (rb"(?P<time>%s)" % (NUMBER if text.isdigit() else rb"[^%s]++" % stop),)
    if name == "status":
        return (rb"(?P<status>(?P<status_class>[1-9])\d\d)",) if _STATUS.match(text) else None
    if name == "size":
        return (rb"(?P<size>(?:0|[1-9]\d{0,%d}+))" % (SIZE_DIGITS_MAX - 1),) if _SIZE.match(text) or text == b"-" else None
    if name == "duration":
        unit = text.lstrip(b"0123456789.")
        if seconds_of(text) is None:
            return None
        if shift or not _PLAIN_DURATION.match(text) or b"." in text:
            converters["duration"] = Scaled(shift)
        return (rb"(?P<duration>(?:0|[1-9]\d{0,14}+)(?:\.\d{1,12}+)?+%s)" % re.escape(unit),)
    if name == "request":
        return request_versions(stop)
    if name == "target":
        return target_versions(stop)
    if name == "source":
        converters["source"] = WITHOUT_PORT
    group = b"(?P<%s>" % name.encode()
    return (group + (NUMBER if _PLAIN_DURATION.match(text) else rb"[^%s]++" % stop) + b")",)


class LearningReader:
    """A keyed parser bound to fields: reads with the pattern it has learned, and learns another when that misses too much."""

    def __init__(self, parser: KeyedParser, fields: Sequence[str]) -> None:
        self._parser = parser
        self._fields = fields
        self._shapes = 0
        self._reader = self._reader_of(Shape(((b"(?!)",), (rb"\n",)), {}))

    def _reader_of(self, shape: Shape) -> BlockReader:
        pattern = pattern_of(shape.segments, frozenset(self._fields))
        if b"(?P<time>" not in pattern:
            pattern += b"(?P<time>)"
        there = group_names(pattern)
        converters = {field: converter for field, converter in shape.converters.items() if field in there}
        if self._parser.syntax.escaped is None:
            return BlockReader(self._parser, pattern, self._fields, converters)
        cautious = _NEGATED.sub(rb"[^\1\\\\]", pattern).replace(
            _NEGATED.sub(rb"[^\1\\\\]", QUOTED), self._parser.syntax.escaped
        )
        return BlockReader(self._parser, pattern, self._fields, converters, cautious)

    def __call__(self, block: bytes, horizon: int) -> Columns:
        if not self._shapes:
            self._learn(block)
        columns = self._reader(block, horizon)
        if self._reader.missed * 4 > columns.line_count:
            self._learn(block)
        return columns

    def rows(self, block: bytes) -> tuple[list[int], dict[str, Column]]:
        """For each line its second, `NO_TIME` where the present pattern does not take it, and the columns."""
        if not self._shapes:
            self._learn(block)
        seconds, values = self._reader.rows(block)
        if seconds.count(NO_TIME) * 4 > len(seconds):
            self._learn(block)
        return seconds, values

    def _learn(self, block: bytes) -> None:
        """Learn from the last line of `block` that the present pattern misses."""
        if self._shapes >= SHAPES_MAX:
            return
        self._shapes += 1
        for line in block[-SHAPE_BYTES_MAX:].split(b"\n")[-2:0:-1] or block.split(b"\n")[:1]:
            line = line.removesuffix(b"\r")
            if len(line) > SHAPE_BYTES_MAX or self._reader.takes(line):
                continue
            try:
                self._parser.read_line(line)
            except Malformed:
                continue
            shape = self._parser.learn(line, self._fields)
            if shape is not None:
                reader = self._reader_of(shape)
                if reader.takes(line):
                    self._reader = reader
                    return
