"""Key-value records, whose fields have names in the log itself: JSON, LTSV, logfmt. What they share is here.

Strict parser: a line becomes a record, in which each field is looked for under its synonyms (`synonyms`); the first that is there
and has a value wins.

Fast parser: servers write the same keys in the same order, line after line. So a pattern is learned from a line that the strict
parser has read, which matches the lines that differ from it in their values only (`learned`). A learned pattern matches a line
only if the strict parser reads it the same way, so what has been learned, and when, shows in nothing but speed, and a chunk's
digest is still a function of its bytes alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...event import WebLogEvent
from ...limits import SIZE_DIGITS_MAX
from ..base import FIELDS, FORWARDED, BoundParser, FormatDrift, Malformed, Parser, check_length, invalid_time
from ..columns import Values, event_of
from ..regex import compile_pattern
from ..values.fields import WITHOUT_PORT, seconds_of
from ..values.iso import AnyTimestamps
from ..values.request import path_of, request_values, section_of
from ..values.strftime import StrftimeTimestamps
from ..values.timestamps import NO_TIME, NoTimestamps, Timestamps
from .learned import LearningReader
from .synonyms import SYNONYMS, Place
from .syntax import Found, Syntax

_STATUS = compile_pattern(rb"\d{3}\Z")
_SIZE = compile_pattern(rb"\d{1,%d}\Z" % SIZE_DIGITS_MAX)


class RecordParser(Parser):
    """Reads records of one syntax. `own` overrides where a field is found: `--fields time=ts,status=res.code`.

    `time_format` is how times are written, as in strftime, where that is unusual.
    """

    def __init__(
        self, syntax: Syntax, own: Mapping[str, str] | None = None, time_format: str = "", is_untimed: bool = False
    ) -> None:
        self.name = syntax.name + "_untimed" * is_untimed
        self.syntax = syntax
        self.forwards = True
        self.timestamps: Timestamps = StrftimeTimestamps(time_format) if time_format else AnyTimestamps()
        self.wanted = {**SYNONYMS, **syntax.own}
        if is_untimed:
            self.timestamps = NoTimestamps()
            del self.wanted["time"]
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
        values = self._values(self.find(line))
        timestamp = values["time"]
        second = self.timestamps[timestamp]
        if second == NO_TIME:
            raise invalid_time(timestamp)
        return second, values

    def _values(self, found: Found) -> Values:
        """The fields of an event out of what was found in a record."""
        raw = found.values
        if not raw.keys() & {"request", "target", "status", "method"}:
            raise Malformed("no method, target or status")
        values: Values = dict.fromkeys(FIELDS, b"-")
        values |= {
            "size": None,
            "duration": None,
            "time": raw.get("time", self.timestamps.absent),
            FORWARDED: raw.get(FORWARDED, b"-"),
        }
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

    def find(self, line: bytes) -> Found:
        found = self.syntax.find(line, self.wanted)
        if "request" in found.values:  # it is the whole of which the others are parts
            for name in ("method", "target", "protocol"):
                found.values.pop(name, None)
                found.places.pop(name, None)
        return found

    def bind(self, fields: Sequence[str], drift: FormatDrift | None = None) -> BoundParser:
        self.require(fields)
        return self.fast(fields, drift)

    def fast(self, fields: Sequence[str], drift: FormatDrift | None = None) -> LearningReader:
        """The fast parser of `fields`."""
        return LearningReader(self, fields, drift)
