"""The W3C extended log format (IIS, and CloudFront with tabs): a `#Fields:` directive names the fields of the lines after it.

The directive becomes a template (`template`), which makes both parsers, and each new directive another one. So a line depends on
the directive before it, maybe megabytes before: the parser is `sequential`, one process reads the whole input, in order, and a
digest depends on the chunks before it. It still does not depend on how these were cut into blocks.

Values with spaces in them stand in quotes, in which a quote is doubled. Where lines have no date, a `#Date:` directive has it: a
log that continues past midnight needs another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from ...event import WebLogEvent
from ...limits import DEFINITION_BYTES_MAX, DIRECTIVES_MAX, LEARNED_VALUES_MAX, LINE_BYTES_MAX
from ..base import BoundParser, FormatDrift, Malformed, Parser, is_all_blank, is_blank
from ..blocks import NO_LINE, BlockReader
from ..columns import Columns, Values, event_of, joined
from ..regex import compile_pattern
from ..values.iso import ClockTimestamps, IsoTimestamps
from .http_log import HTTPLogParser
from .template import TemplateFormat

TARGETS = ("cs-uri", "cs-uri-stem", "cs-uri-path")
"""Of these only the first holds the query too."""
NAMES = {
    "c-ip": "source",
    "cs-username": "user",
    "cs-host": "vhost",
    "cs(host)": "vhost",
    "x-host-header": "vhost",
    "cs-method": "method",
    **dict.fromkeys(TARGETS, "target"),
    "cs-uri-query": "query",
    "cs-version": "protocol",
    "cs-protocol-version": "protocol",
    "sc-status": "status?",
    "sc-bytes": "size",
    "cs(referer)": "referrer",
    "cs(user-agent)": "agent",
    "time-taken": "duration:taken",
    "x-forwarded-for": "forwarded",
}
"""The fields of a directive by name; of several names for one field the first in the directive counts."""


_DATE = compile_pattern(rb"(?i)#Date: *+(\d{4}-\d\d-\d\d)")
_WORD = compile_pattern(rb'(?:"((?:[^"]++|"")*+)"|([^ ]*+))(?: |\Z)')


class Directive:
    """A `#Fields:` and the `#Date:` that goes with it: the strict parser of the lines after them.

    Between values are tabs where a line has any, or else spaces.
    """

    def __init__(self, directives: bytes) -> None:
        self.directives = directives
        self.day, line = _day_and_fields(directives)
        names = line.decode("ascii", "replace").partition(":")[2].lower().split()
        if len(names) > LEARNED_VALUES_MAX:
            names = []
        self.names = names
        self.variants = [self._parser(separator) for separator in (" ", "\t")] if names else []
        self.timestamps: Mapping[bytes | None, int] = self.variants[0].timestamps if names else IsoTimestamps()
        if "date" in names:
            self.usable = "time" in names and names.index("time") - names.index("date") == 1
        else:
            self.usable = "time" in names and bool(self.day)

    def skips(self, line: bytes) -> bool:
        return line.startswith(b"#")

    def read_line(self, line: bytes) -> tuple[int, Values]:
        if not self.usable:
            raise Malformed("no #Fields: directive with a date and time before it")
        if b'"' in line and b"\t" not in line:
            try:
                return self.variants[1].read_line(b"\t".join(words_of(line)))
            except Malformed:  # the quote may just be a part of a value
                pass
        return self.variants[b"\t" in line].read_line(line)

    def matches(self, line: bytes) -> bool:
        """Whether `line` has the fields of the directive."""
        try:
            return bool(self.read_line(line))
        except Malformed:
            return False

    def bind(self, fields: Sequence[str], line: bytes, drift: FormatDrift | None = None) -> BlockReader:
        """The fast parser of lines like `line`."""
        if not self.usable:
            return BlockReader(self, NO_LINE, fields, {}, drift)
        tabs = b"\t" in line
        quotes = b'"' in line and not tabs
        row = self._parser(" ", words_in_quotes(line) - self._moment()).format if quotes else self.variants[tabs].format
        pattern = row.pattern(frozenset(fields))
        if tabs:
            return BlockReader(self, pattern, fields, row.converters, drift)
        pattern = pattern.replace(b"[ \\t]", b" ")
        # What follows matches no line with a tab in it, and no quotes but around values; in these a backslash is just a character.
        cautious = pattern.replace(rb'[^"]*+)(?<!\\)', rb'[^"]++)').replace(b"[^", rb'[^\t"')
        if quotes:
            return BlockReader(self, cautious, fields, row.converters, drift)
        return BlockReader(self, pattern, fields, row.converters, drift, {}, cautious, (b"\t", b'"'))

    def _moment(self) -> set[int]:
        """Where date and time are, which are never looked for in quotes."""
        return {number for number, name in enumerate(self.names) if name in ("date", "time")}

    def _parser(self, separator: str, quoted: frozenset[int] = frozenset()) -> HTTPLogParser:
        """A parser of lines with `separator` between their values, of which those numbered in `quoted` are in quotes."""
        values: list[str] = []
        seen = set() if next((name for name in self.names if name in TARGETS), "cs-uri") != "cs-uri" else {"query"}
        for number, name in enumerate(self.names):
            value = NAMES.get(name, "-")
            if value in seen:
                value = "-"
            if value != "-":
                seen.add(value)
            if name == "time" and "time" not in seen and ("date" not in self.names or values[-1:] == ["{date}"]):
                seen.add("time")
                if "date" in self.names:
                    values.pop()
                value = "time:date_time" if "date" in self.names else "time:clock"
            text = "{date}" if name == "date" else "{%s}" % value
            values.append(f'"{text}"' if number in quoted else text)
        text = separator.join(values).replace("{date}", "{-}")
        return HTTPLogParser(
            TemplateFormat("w3c", "", text, IsoTimestamps if "date" in self.names else partial(ClockTimestamps, self.day))
        )


def words_of(line: bytes) -> list[bytes]:
    """The values between single spaces, out of their quotes; an empty one is "-"."""
    words = []
    for found in _WORD.finditer(line.strip(b" ")):
        quoted, plain = found.groups()
        words.append(plain if quoted is None else quoted.replace(b'""', b'"') or b"-")
    return words[:-1]


def words_in_quotes(line: bytes) -> frozenset[int]:
    """Which of a line's values stand in quotes, counted from 0."""
    words = _WORD.finditer(line.strip(b" \r"))
    return frozenset(number for number, found in enumerate(words) if found[1] is not None)


class W3cParser(Parser):
    """Reads lines by the `#Fields:` before them. As a parser of single lines it remembers the last directive that it was given."""

    name = "w3c"
    fields = frozenset({name.partition(":")[0].rstrip("?") for name in NAMES.values()} - {"forwarded", "query"}) | {
        *("path", "section", "status_class")
    }
    forwards = True
    sequential = True

    def __init__(self, name: str = "w3c") -> None:
        self.name = name
        self._directive = Directive(b"")

    def skips(self, line: bytes) -> bool:
        return line.startswith(b"#")

    def parse_line(self, line: bytes) -> WebLogEvent | None:
        """The event of `line`; None for a directive, which is in force for the lines after it."""
        if self.skips(line):
            if is_directive(line):
                self._directive = Directive(directives_after(self._directive.directives, line))
            return None
        return event_of(*self.read_line(line))

    def read_line(self, line: bytes) -> tuple[int, Values]:
        """Second and fields of one line after the last directive."""
        return self._directive.read_line(line)

    def try_lines(self, lines: Sequence[bytes]) -> tuple[int, int]:
        directive = Directive(b"")
        read = count = 0
        for line in lines:
            if is_directive(line):
                directive = Directive(directives_after(directive.directives, line))
            elif not self.skips(line):
                count += 1
                read += len(line) <= LINE_BYTES_MAX and directive.matches(line)
        return read, count

    def bind(self, fields: Sequence[str], drift: FormatDrift | None = None) -> BoundParser:
        self.require(fields)
        return _SequentialReader(fields, drift)


class _SequentialReader:
    """A parser bound to fields, which parses the lines between two directives at a time.

    A directive that changes nothing does not end a part: some servers repeat it every few lines.
    """

    def __init__(self, fields: Sequence[str], drift: FormatDrift | None) -> None:
        self._fields = fields
        self._drift = drift
        self._readers: dict[bytes, BlockReader] = {}  # by the directives in force
        self.directives = b""

    def __call__(self, block: bytes, horizon: int) -> Columns:
        if not block.startswith(b"#") and b"\n#" not in block:
            return self._lines(block, horizon)
        parts: list[Columns] = []
        lines: list[bytes] = []
        for line in block.split(b"\n")[:-1]:
            if is_directive(line):
                directives = directives_after(self.directives, line)
                if directives != self.directives:
                    parts.append(self._lines(b"".join(lines), horizon))
                    lines.clear()
                    self.directives = directives
            lines.append(line + b"\n")
        parts.append(self._lines(b"".join(lines), horizon))
        return joined(parts, self._fields)

    def _lines(self, block: bytes, horizon: int) -> Columns:
        reader = self._readers.get(self.directives)
        if reader is None:
            lines = () if is_all_blank(block) else block.split(b"\n")
            first = next((line for line in lines if not is_blank(line) and line[:1] != b"#"), b"")
            reader = Directive(self.directives).bind(self._fields, first, self._drift)
            if first:
                if len(self._readers) >= DIRECTIVES_MAX:
                    self._readers.clear()
                self._readers[self.directives] = reader
        return reader(block, horizon)


def is_directive(line: bytes) -> bool:
    return line[:8].lower() == b"#fields:" or _DATE.match(line) is not None


def directives_after(directives: bytes, line: bytes) -> bytes:
    """What is in force after the directive `line`, when `directives` were before it."""
    day, fields = _day_and_fields(directives)
    date = _DATE.match(line)
    if date is not None:
        day = date[1]
    else:
        fields = line if len(line) <= DEFINITION_BYTES_MAX else b""
    return b"\n".join([b"#Date: " + day] * bool(day) + [fields] * bool(fields))


def _day_and_fields(directives: bytes) -> tuple[bytes, bytes]:
    """The day of the `#Date:` and the line of the `#Fields:`; empty where there is none."""
    day = fields = b""
    for line in directives.split(b"\n"):
        date = _DATE.match(line)
        if date is not None:
            day = date[1]
        elif is_directive(line):
            fields = line
    return day, fields
