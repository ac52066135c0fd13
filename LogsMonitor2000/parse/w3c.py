"""The W3C extended log format (IIS, and CloudFront with tabs): a `#Fields:` directive says what the lines behind it are made of.

The directive becomes a template (`template`), from which both paths come, and each new directive another one. So a line means
something only behind the directive before it, maybe megabytes before: the parser is `sequential`, one process reads the whole
input, in order, and a digest here depends on the chunks before it. It still does not depend on how these were cut into blocks.

The target is the stem alone: the query is a field of its own, which nothing counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..event import WebLogEvent
from ..limits import DEFINITION_BYTES_MAX, SAMPLES_MAX, SHAPE_VALUES_MAX
from .changes import Changes
from .formats import Values
from .http_log import BlockReader, HTTPLogParser, event_of
from .iso import IsoStamps
from .parser import BoundParser, Columns, Malformed, Parser, Run, Sample, is_blank
from .template import TemplateFormat

NAMES = {
    "c-ip": "source",
    "cs-username": "user",
    "cs-host": "vhost",
    "cs(host)": "vhost",
    "x-host-header": "vhost",
    "cs-method": "method",
    "cs-uri-stem": "target",
    "cs-uri": "target",
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


class Directive:
    """What one `#Fields:` says: reads the lines behind it, with tabs between their values where there is any, or else with spaces."""

    def __init__(self, line: bytes, otherwise: Changes | None = None) -> None:
        self.otherwise = otherwise
        names = line[:DEFINITION_BYTES_MAX].decode("ascii", "replace").partition(":")[2].lower().split()
        if len(names) > SHAPE_VALUES_MAX or len(line) > DEFINITION_BYTES_MAX:
            names = []
        self.variants = [HTTPLogParser(_format(names, separator)) for separator in (" ", "\t")] if names else []
        self.usable = "date" in names and "time" in names and names.index("time") - names.index("date") == 1
        self.stamps: dict[bytes | None, int] = self.variants[0].stamps if names else IsoStamps()

    def skips(self, line: bytes) -> bool:
        return line.startswith(b"#")

    def read_line(self, line: bytes) -> tuple[int, Values]:
        if not self.usable:
            raise Malformed("no #Fields: directive with date and time came before it")
        return self.variants[b"\t" in line].read_line(line)

    def bind(self, fields: Sequence[str], line: bytes) -> BoundParser:
        """A reader for lines like `line`."""
        if not self.usable:
            return BlockReader(self, b"(?!)(?P<time>)\n", fields, {})
        row = self.variants[b"\t" in line].format
        pattern = row.pattern(frozenset(fields))
        if b"\t" in line:
            return BlockReader(self, pattern, fields, row.converters)
        spaced = pattern.replace(b"[ \\t]", b" ").replace(b"[^", rb"[^\t")  # takes no line with a tab in it
        return BlockReader(self, pattern, fields, row.converters, spaced, b"\t")


def _format(names: Sequence[str], separator: str) -> TemplateFormat:
    values: list[str] = []
    seen: set[str] = set()
    for name in names:
        value = NAMES.get(name, "-")
        if value in seen:
            value = "-"
        if value != "-":
            seen.add(value)
        if name == "time" and values and values[-1] == "{date}" and "{time:date_time}" not in values:
            values[-1] = "{time:date_time}"
        else:
            values.append("{date}" if name == "date" else "{%s}" % value)
    text = separator.join(values).replace("{date}", "{-}")
    return TemplateFormat("w3c", "", text, IsoStamps)


NOTHING = Directive(b"")


class W3cParser(Parser):
    """Reads lines by the `#Fields:` before them. As a parser of single lines it remembers the last directive it was shown."""

    name = "w3c"
    fields = frozenset({name.partition(":")[0].rstrip("?") for name in NAMES.values()} - {"forwarded"}) | {
        *("path", "section", "status_class")
    }
    forwards = True
    sequential = True

    def __init__(self, name: str = "w3c") -> None:
        self.name = name
        self._directive = NOTHING

    def skips(self, line: bytes) -> bool:
        if is_directive(line):
            self._directive = Directive(line)
        return line.startswith(b"#")

    def explains(self, line: bytes) -> bool:
        return is_directive(line)

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
        self._otherwise = otherwise
        self._directive = Directive(b"", otherwise)
        self._read: BoundParser | None = None

    def __call__(self, block: bytes, horizon: int) -> Columns:
        if not block.startswith(b"#") and b"\n#" not in block:
            return self._lines(block, horizon)
        parts: list[Columns] = []
        lines: list[bytes] = []
        for line in block.split(b"\n")[:-1]:
            if is_directive(line):
                parts.append(self._lines(b"".join(lines), horizon))
                lines.clear()
                self._directive, self._read = Directive(line, self._otherwise), None
            lines.append(line + b"\n")
        parts.append(self._lines(b"".join(lines), horizon))
        return joined(parts, self._fields)

    def _lines(self, block: bytes, horizon: int) -> Columns:
        if self._read is None:
            first = next((line for line in block.split(b"\n") if not is_blank(line) and line[:1] != b"#"), b"")
            read = self._directive.bind(self._fields, first)
            if first:
                self._read = read
            return read(block, horizon)
        return self._read(block, horizon)


def is_directive(line: bytes) -> bool:
    return line[:8].lower() == b"#fields:"


def joined(parts: Sequence[Columns], fields: Sequence[str]) -> Columns:
    """The columns of a block that was read in parts."""
    line_count = malformed = 0
    samples: list[Sample] = []
    rows: list[int] = []
    rejected: list[int] = []
    runs: list[Run] = []
    for part in parts:
        rows += [row + line_count for row in (range(part.line_count) if part.rows is None else part.rows)]
        rejected += [row + line_count for row in part.rejected]
        runs += [run._replace(line=run.line + line_count) for run in part.runs]
        samples += [sample._replace(line=sample.line + line_count) for sample in part.samples]
        malformed += part.malformed
        line_count += part.line_count
    seconds = [second for part in parts for second in part.seconds]
    values = {field: [value for part in parts for value in part.values[field]] for field in fields}
    return Columns(line_count, malformed, samples[:SAMPLES_MAX], seconds, sorted(seconds), values, rows, rejected, runs)
