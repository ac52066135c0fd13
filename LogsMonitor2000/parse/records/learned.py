"""Patterns learned from records: the fast parser of JSON, LTSV and logfmt.

A pattern is made of one line: what stands between its values must be the same in the lines that it matches, the values may
differ. When lines with other keys come, another pattern is learned; when there are too many, the strict parser reads the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import re
from typing import NamedTuple, Protocol

from ...limits import LEARNED_BYTES_MAX, LEARNED_PATTERNS_MAX, LEARNED_VALUES_MAX, SIZE_DIGITS_MAX
from ..base import FormatDrift, Malformed
from ..blocks import BlockReader, StrictParser
from ..columns import Column, Columns
from ..regex import compile_pattern, group_names, pattern_of
from ..values.fields import WITHOUT_PORT, Converter, Scaled, seconds_of
from ..values.iso import AnyTimestamps
from ..values.request import request_versions, target_versions
from ..values.timestamps import NO_TIME
from .syntax import NUMBER, Found, Syntax

_STATUS = compile_pattern(rb"\d{3}\Z")
_SIZE = compile_pattern(rb"\d{1,%d}\Z" % SIZE_DIGITS_MAX)
_ISO_ZULU = compile_pattern(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z\Z")
_EPOCH = compile_pattern(rb"[1-9]\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d{1,20})?\Z")
_PLAIN_DURATION = compile_pattern(rb"\d{1,15}(?:\.\d{1,12})?\Z")
_MADE_OF = {
    **dict.fromkeys(("method", "protocol"), ("request", "method", "protocol")),
    **dict.fromkeys(("target", "path", "section"), ("request", "target")),
    "status_class": ("status",),
}
"""Of which values of a record a field is made, where that is not one of its own name."""
_NEGATED = compile_pattern(rb"\[\^([^\]]*)\]")
QUOTED = rb'(?:[^"]*+)'
"""A quoted value that is not asked for; the group distinguishes it from parts of others."""


class StrictRecordParser(StrictParser, Protocol):
    """What learning needs of a record parser."""

    @property
    def syntax(self) -> Syntax: ...

    def find(self, line: bytes) -> Found: ...


class LearnedPattern(NamedTuple):
    """What was learned from a line: the segments of a pattern (`regex.pattern_of`), and what converts its columns."""

    segments: tuple[tuple[bytes, ...], ...]
    converters: dict[str, Converter]


def _versions(name: str, text: bytes, stop: bytes, shift: int, converters: dict[str, Converter]) -> tuple[bytes, ...] | None:
    """The subpatterns of the value of `name`, which is `text` in the line learned from; None when that is too unusual to learn from."""
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


def learn(parser: StrictRecordParser, line: bytes, fields: Sequence[str]) -> LearnedPattern | None:
    """The pattern of a line that the strict parser has read; None when it is too unusual to learn from."""
    scalars = parser.syntax.scalars(line)
    if scalars is None or len(scalars) > LEARNED_VALUES_MAX:
        return None
    found = parser.find(line)
    names = {place.path: name for name, place in found.places.items()}
    if len(names) < len(found.places):
        return None  # one value is two fields
    asked = {part for field in fields for part in _MADE_OF.get(field, (field,))} | {"time", "status", "size"}
    converters: dict[str, Converter] = {}
    segments: list[tuple[bytes, ...]] = []
    end = 0
    for scalar in scalars:
        segments.append((re.escape(line[end : scalar.start]),))
        end = scalar.end
        text = line[scalar.start : end]
        stop = b'"' if scalar.quoted else parser.syntax.stop + (rb"\r\n" if end == len(line) else b"")
        name = names.get(scalar.path)
        versions: tuple[bytes, ...] | None
        if name is None or name not in asked:
            plain = QUOTED if scalar.quoted else parser.syntax.plain(text, stop)
            versions = None if plain is None else (plain,)
        else:
            if name == "time" and not isinstance(parser.timestamps, AnyTimestamps):  # a part of it means nothing then
                versions = None if b"\\" in text else (rb"(?P<time>[^%s]++)" % stop,)
            else:
                versions = _versions(name, text, stop, found.places[name].shift, converters)
            if name == "size" and versions and (scalar.quoted or parser.syntax.bare_dash):
                versions = (rb"(?:%s|-)" % versions[0],)
        if versions is None:
            return None
        segments.append(versions)
    segments += [(re.escape(line[end:]),), (rb"\r?+\n",)]
    return LearnedPattern(tuple(segments), converters)


class LearningReader:
    """A record parser bound to fields: reads with the pattern it has learned, and learns another when that misses too much."""

    def __init__(self, parser: StrictRecordParser, fields: Sequence[str], drift: FormatDrift | None = None) -> None:
        self._parser = parser
        self._fields = fields
        self._drift = drift
        self._learned = 0
        self._reader = self._reader_of(LearnedPattern(((b"(?!)",), (rb"\n",)), {}))

    def _reader_of(self, learned: LearnedPattern) -> BlockReader:
        pattern = pattern_of(learned.segments, frozenset(self._fields))
        if b"(?P<time>" not in pattern:
            pattern += b"(?P<time>)"
        there = group_names(pattern)
        converters = {field: converter for field, converter in learned.converters.items() if field in there}
        if self._parser.syntax.escaped is None:
            return BlockReader(self._parser, pattern, self._fields, converters, self._drift)
        cautious = _NEGATED.sub(rb"[^\1\\\\]", pattern).replace(
            _NEGATED.sub(rb"[^\1\\\\]", QUOTED), self._parser.syntax.escaped
        )
        return BlockReader(self._parser, pattern, self._fields, converters, self._drift, {}, cautious)

    def __call__(self, block: bytes, horizon: int) -> Columns:
        if not self._learned:
            self._learn(block)
        columns = self._reader(block, horizon)
        if self._reader.missed * 4 > columns.line_count:
            self._learn(block)
        return columns

    def rows(self, block: bytes) -> tuple[list[int], dict[str, Column]]:
        """For each line its second, `NO_TIME` where the present pattern does not match it, and the columns."""
        if not self._learned:
            self._learn(block)
        seconds, values = self._reader.rows(block)
        if seconds.count(NO_TIME) * 4 > len(seconds):
            self._learn(block)
        return seconds, values

    def _learn(self, block: bytes) -> None:
        """Learn from the last line of `block` that the present pattern misses."""
        if self._learned >= LEARNED_PATTERNS_MAX:
            return
        self._learned += 1
        for line in block[-LEARNED_BYTES_MAX:].split(b"\n")[-2:0:-1] or block.split(b"\n")[:1]:
            line = line.removesuffix(b"\r")
            if len(line) > LEARNED_BYTES_MAX or self._reader.matches(line):
                continue
            try:
                self._parser.read_line(line)
            except Malformed:
                continue
            learned = learn(self._parser, line, self._fields)
            if learned is not None:
                reader = self._reader_of(learned)
                if reader.matches(line):
                    self._reader = reader
                    return
