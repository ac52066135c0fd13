"""The interface of a parser: a block of whole lines in, columns out.

A parser is first bound to the fields that calculators ask for and then called with block after block. The one method that a
parser must have is `parse_line`; the built-in ones bring a faster `bind`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from ..errors import FormatError
from ..event import WebLogEvent
from ..limits import LINE_BYTES_MAX, REASON_CHARACTERS_MAX
from .columns import Column, Columns, Rejects, Rows, Run, values_of

Result = TypeVar("Result")

FIELDS = (
    *("source", "user", "vhost", "method", "target", "path", "section", "protocol"),
    *("status", "status_class", "size", "referrer", "agent", "duration"),
)
"""Every field an event can have besides its time; `status_class` is the first digit of the status, `duration` decimal seconds."""

FORWARDED = "forwarded"

LINE = "line"
"""The raw line, which measures can ask for like a field; no parser has to provide it, as it says of each event which line it is."""


class Malformed(Exception):
    """A line does not have the structure of the format; the text is the reason."""


BoundParser = Callable[[bytes, int], Columns]
"""Takes a block of whole lines and the horizon: the last second that is not in the future."""


class ActiveDirectives(Protocol):
    """Knows the lines that give meaning to the lines after them, such as a `#Fields:` or a test that has begun.

    `directives` are those in force now, joined by newlines; setting them resumes after them.
    """

    directives: bytes


class FormatDrift(Protocol):
    """Reads lines that are not of the format `name`, because the log may have changed its format.

    `directives` are those in force; `asked` is set by `read`, whose result may depend on them.
    """

    name: str
    directives: bytes
    asked: bool

    def read(self, lines: Sequence[bytes], fields: Sequence[str]) -> Rows:
        """What the successive `lines` are in other formats, with `fields`."""
        ...

    def runs(self, kept: Sequence[bool], seconds: Sequence[int], names: Mapping[int, str]) -> list[Run]:
        """Where the format changes among the rows that are `kept`; `names` has the formats of rows that are not of `name`."""
        ...


def directives_of(parse: BoundParser) -> ActiveDirectives | None:
    """What knows the directives of `parse`: itself, or the one that it wraps (`inner`); None where there are none."""
    while not hasattr(parse, "directives"):
        if not hasattr(parse, "inner"):
            return None
        parse = parse.inner
    found: ActiveDirectives = parse
    return found


class Parser(ABC):
    """Reads one format. `name` is what messages call it; `fields` are those of `FIELDS` that it has."""

    name: str = ""
    fields: frozenset[str] = frozenset(FIELDS)
    forwards: bool = False
    """Whether it has an `X-Forwarded-For`, by the name `forwarded`, which `bind` takes like a field."""
    sequential: bool = False
    """Whether a line depends on those before it: then one process reads them all, in order, and each once."""

    @abstractmethod
    def parse_line(self, line: bytes) -> WebLogEvent | None:
        """The event of `line` (without its end); None, or `Malformed` with a reason, when it does not match the format."""

    def skips(self, line: bytes) -> bool:
        """Whether `line` is the format's own header or directive, and so does not count as a line."""
        return False

    def try_lines(self, lines: Sequence[bytes]) -> tuple[int, int]:
        """How many of `lines` are events, and how many of them count as lines at all."""
        read = count = 0
        for line in lines:
            if self.skips(line):
                continue
            count += 1
            try:
                check_length(line)
                read += strictly(self.parse_line, line) is not None
            except Malformed:
                continue
        return read, count

    def typical(self, lines: Sequence[bytes]) -> int:
        """How many of `lines` are as the format's lines usually are: distinguishes similar formats."""
        return self.try_lines(lines)[0]

    def bind(self, fields: Sequence[str], drift: FormatDrift | None = None) -> BoundParser:
        """A function from a block of lines to the columns `fields`; `FormatError` when the format lacks one of them.

        `drift` reads the lines that do not match; it is given to built-in parsers alone, where the format was detected.
        """
        self.require(fields)
        return LineByLine(self, fields)

    def require(self, fields: Sequence[str]) -> None:
        """Raise a `FormatError` that names what is missing."""
        missing = [field for field in fields if field not in self.fields and not (field == FORWARDED and self.forwards)]
        if missing:
            raise FormatError(
                f"the format {self.name or type(self).__name__} has no {', '.join(missing)}"
                f" (it has {', '.join(field for field in FIELDS if field in self.fields)})"
            )


class LineByLine:
    """A parser that has nothing but `parse_line`, bound to fields."""

    def __init__(self, parser: Parser, fields: Sequence[str]) -> None:
        self._parser = parser
        self._fields = fields

    def __call__(self, block: bytes, horizon: int) -> Columns:
        rejects = Rejects()
        seconds: list[int] = []
        numbers: list[int] = []
        rows: list[list[bytes | None]] = []
        lines = block.split(b"\n")[:-1]
        for number, line in enumerate(lines):
            line = line.removesuffix(b"\r")
            try:
                if is_blank(line) or strictly(self._parser.skips, line):
                    continue
                second, row = strictly(self._row, line)
                check_horizon(second, horizon)
            except Malformed as error:
                rejects.add(number, str(error), line)
                continue
            seconds.append(second)
            numbers.append(number)
            rows.append(row)
        columns: list[Column] = [list(column) for column in zip(*rows)] if rows else [[] for _ in self._fields]
        values = dict(zip(self._fields, columns))
        return Columns(len(lines), rejects.count, rejects.samples, seconds, sorted(seconds), values, numbers, rejects.numbers)

    def _row(self, line: bytes) -> tuple[int, list[bytes | None]]:
        check_length(line)
        event = self._parser.parse_line(line)
        if event is None:
            raise Malformed(f"does not match the format {self._parser.name or type(self._parser).__name__}")
        return int(event.time), values_of(event, self._fields)


def strictly(read: Callable[[bytes], Result], line: bytes) -> Result:
    """`read(line)`, in which an exception that the parser did not expect makes the line malformed rather than end the run."""
    try:
        return read(line)
    except Malformed:
        raise
    except Exception as error:  # the code of a third party, perhaps, and a line that it does not expect
        text = f"parser failed: {type(error).__name__}: {error}"
        raise Malformed(text[:REASON_CHARACTERS_MAX]) from error


def is_blank(line: bytes) -> bool:
    return not line.strip(b" \t\r")


def is_all_blank(block: bytes) -> bool:
    """Whether `block` has nothing but blank lines; decides most blocks by their first byte."""
    return block[:1] in (b"\n", b" ", b"\t", b"\r") and not block.translate(None, b" \t\r\n")


def check_length(line: bytes) -> None:
    if len(line) > LINE_BYTES_MAX:
        raise Malformed(f"longer than {LINE_BYTES_MAX:,} bytes")


def check_horizon(second: int, horizon: int) -> None:
    if second > horizon:
        raise Malformed("future")


def invalid_time(text: bytes | None) -> Malformed:
    """The reason of a line whose time is `text`, None where it has none."""
    if text is None:
        return Malformed("no time field")
    return Malformed(f"invalid time '{text[:40].decode('ascii', 'backslashreplace')}'")
