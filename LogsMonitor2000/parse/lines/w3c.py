"""The W3C extended log format (IIS, and CloudFront with tabs): a `#Fields:` directive says what the lines behind it are made of.

The directive becomes a template (`template`), from which both paths come, and each new directive another one. So a line means
something only behind the directive before it, maybe megabytes before: the parser is `sequential`, one process reads the whole
input, in order, and a digest here depends on the chunks before it. It still does not depend on how these were cut into blocks.

Values with spaces in them stand in quotes, in which a quote is doubled. Where lines have no date, a `#Date:` directive tells it: a
log that goes on past midnight needs another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...event import WebLogEvent
from ...limits import DEFINITION_BYTES_MAX, SHAPE_VALUES_MAX
from ..base import BoundParser, Columns, Malformed, Parser, is_all_blank, is_blank, joined
from ..regex import compile_pattern
from ..runs import Changes
from ..values.iso import ClockStamps, IsoStamps
from .formats import Values
from .http_log import NO_LINE, BlockReader, HTTPLogParser, event_of
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
"""What the fields of a directive are called here; of several names for one field the first in the directive counts."""


_DATE = compile_pattern(rb"(?i)#Date: *+(\d{4}-\d\d-\d\d)")
_WORD = compile_pattern(rb'(?:"((?:[^"]++|"")*+)"|([^ ]*+))(?: |\Z)')


class Directive:
    """What a `#Fields:` and the `#Date:` that goes with it say: reads the lines behind them.

    Between values are tabs where there is any in a line, or else spaces.
    """

    def __init__(self, context: bytes, otherwise: Changes | None = None) -> None:
        self.context = context
        self.otherwise = otherwise
        self.day, line = _day_and_fields(context)
        names = line.decode("ascii", "replace").partition(":")[2].lower().split()
        if len(names) > SHAPE_VALUES_MAX:
            names = []
        self.names = names
        self.variants = [self._parser(separator) for separator in (" ", "\t")] if names else []
        self.stamps: dict[bytes | None, int] = self.variants[0].stamps if names else IsoStamps()
        if "date" in names:
            self.usable = "time" in names and names.index("time") - names.index("date") == 1
        else:
            self.usable = "time" in names and bool(self.day)

    def followed_by(self, line: bytes) -> Directive:
        """What holds behind one directive more."""
        return Directive(context_behind(self.context, line), self.otherwise)

    def skips(self, line: bytes) -> bool:
        return line.startswith(b"#")

    def read_line(self, line: bytes) -> tuple[int, Values]:
        if not self.usable:
            raise Malformed("no #Fields: directive with a time behind its date, or behind a #Date:, came before it")
        if b'"' in line and b"\t" not in line:
            try:
                return self.variants[1].read_line(b"\t".join(words_of(line)))
            except Malformed:  # the quote may just be a part of a value
                pass
        return self.variants[b"\t" in line].read_line(line)

    def fits(self, line: bytes) -> bool:
        """Whether `line` is as the directive says."""
        try:
            return bool(self.read_line(line))
        except Malformed:
            return False

    def bind(self, fields: Sequence[str], line: bytes) -> BlockReader:
        """A reader for lines like `line`."""
        if not self.usable:
            return BlockReader(self, NO_LINE, fields, {})
        tabs = b"\t" in line
        quotes = b'"' in line and not tabs
        row = self._parser(" ", words_in_quotes(line) - self._moment()).format if quotes else self.variants[tabs].format
        pattern = row.pattern(frozenset(fields))
        if tabs:
            return BlockReader(self, pattern, fields, row.converters)
        pattern = pattern.replace(b"[ \\t]", b" ")
        # What follows takes no line with a tab in it, and no quotes but around values; in these a backslash is one like any other.
        careful = pattern.replace(rb'[^"]*+)(?<!\\)', rb'[^"]++)').replace(b"[^", rb'[^\t"')
        if quotes:
            return BlockReader(self, careful, fields, row.converters)
        return BlockReader(self, pattern, fields, row.converters, careful, (b"\t", b'"'))

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
            TemplateFormat("w3c", "", text, IsoStamps if "date" in self.names else partial(ClockStamps, self.day))
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
    """Reads lines by the `#Fields:` before them. As a parser of single lines it remembers the last directive it was shown."""

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
        if is_directive(line):
            self._directive = self._directive.followed_by(line)
        return line.startswith(b"#")

    def read_line(self, line: bytes) -> tuple[int, Values]:
        return self._directive.read_line(line)

    def parse_line(self, line: bytes) -> WebLogEvent:
        return event_of(*self.read_line(line))

    def bind(self, fields: Sequence[str]) -> BoundParser:
        self.require(fields)
        return _SequentialReader(fields, self.otherwise)


class _SequentialReader:
    """A parser bound to fields, which goes from directive to directive."""

    def __init__(self, fields: Sequence[str], otherwise: Changes | None) -> None:
        self._fields = fields
        self._directive = Directive(b"", otherwise)
        self._read: BoundParser | None = None

    @property
    def context(self) -> bytes:
        return self._directive.context

    @context.setter
    def context(self, context: bytes) -> None:
        self._directive, self._read = Directive(context, self._directive.otherwise), None

    def __call__(self, block: bytes, horizon: int) -> Columns:
        if not block.startswith(b"#") and b"\n#" not in block:
            return self._lines(block, horizon)
        parts: list[Columns] = []
        lines: list[bytes] = []
        for line in block.split(b"\n")[:-1]:
            if is_directive(line):
                parts.append(self._lines(b"".join(lines), horizon))
                lines.clear()
                self._directive, self._read = self._directive.followed_by(line), None
            lines.append(line + b"\n")
        parts.append(self._lines(b"".join(lines), horizon))
        return joined(parts, self._fields)

    def _lines(self, block: bytes, horizon: int) -> Columns:
        if self._read is None:
            lines = () if is_all_blank(block) else block.split(b"\n")
            first = next((line for line in lines if not is_blank(line) and line[:1] != b"#"), b"")
            read = self._directive.bind(self._fields, first)
            if first:
                self._read = read
            return read(block, horizon)
        return self._read(block, horizon)


def is_directive(line: bytes) -> bool:
    return line[:8].lower() == b"#fields:" or _DATE.match(line) is not None


def context_behind(context: bytes, line: bytes) -> bytes:
    """The directives that are in force behind `line`, which is one, when those in `context` were before it."""
    day, fields = _day_and_fields(context)
    date = _DATE.match(line)
    if date is not None:
        day = date[1]
    else:
        fields = line if len(line) <= DEFINITION_BYTES_MAX else b""
    return b"\n".join([b"#Date: " + day] * bool(day) + [fields] * bool(fields))


def _day_and_fields(context: bytes) -> tuple[bytes, bytes]:
    """What the directives in force are; an empty one where there is none."""
    day = fields = b""
    for line in context.split(b"\n"):
        date = _DATE.match(line)
        if date is not None:
            day = date[1]
        elif is_directive(line):
            fields = line
    return day, fields
