"""The interface of a parser: a block of whole lines in, columns out.

A parser is first bound to the fields that somebody asks for and then called with block after block. The one method a
parser must have is `parse_line`; the built-in ones bring a faster `bind`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..errors import FormatError
from ..event import WebLogEvent
from ..limits import LINE_BYTES_MAX, SAMPLE_BYTES_MAX, SAMPLES_MAX

if TYPE_CHECKING:
    from .runs import Changes

FIELDS = (
    *("source", "user", "vhost", "method", "target", "path", "section", "protocol"),
    *("status", "status_class", "size", "referrer", "agent", "duration"),
)
"""Every field an event can have besides its time; `status_class` is the first digit of the status, `duration` decimal seconds."""

FORWARDED = "forwarded"

LINE = "line"
"""The raw line, which measures can ask for like a field; no parser has to tell it, as it says of each event which line it is."""

Column = list["bytes | None"]
"""One field of successive events as it stands in the log; None where the log says "-" for a number."""


class Malformed(Exception):
    """A line does not have the structure of the format; the text says in which way."""


class Sample(NamedTuple):
    """A malformed line: its number within the block, counted from 0, why, and how it begins."""

    line: int
    reason: str
    text: bytes


class Run(NamedTuple):
    """Rows of one format: the first one's line, within the block, its second, and what the format is called."""

    line: int
    second: int
    name: str


class Columns(NamedTuple):
    """What a block of lines says: row `i` is the event at `seconds[i]` with the values `values[field][i]`.

    `line_count` counts all lines, also blank ones, so that a sample's number can be made absolute; `malformed` counts all the
    malformed ones, of which `samples` shows the first few. Rows are in the order of the file; `ascending` is `seconds`, sorted.
    `rows` are the numbers of the lines that are the events, None when every line is one; `rejected` those of malformed lines.
    """

    line_count: int
    malformed: int
    samples: list[Sample]
    seconds: list[int]
    ascending: list[int]
    values: dict[str, Column]
    rows: Sequence[int] | None = None
    rejected: Sequence[int] = ()
    runs: Sequence[Run] = ()
    """Where rows begin to be of another format than those before, the first one included; empty where nobody looks for others."""


BoundParser = Callable[[bytes, int], Columns]
"""Takes whole lines and the horizon: the last second that is not in the future."""


class Keeper(Protocol):
    """Knows the lines that those behind them mean something because of, where there are any: a `#Fields:`, a test that is begun.

    These lines, as many as are in force, are the `context`. To set it is to go on behind them.
    """

    context: bytes


def keeper_of(parse: BoundParser) -> Keeper | None:
    """What knows the context of `parse`: itself, or the one that it is put around (`inner`); None where it has none."""
    while not hasattr(parse, "context"):
        if not hasattr(parse, "inner"):
            return None
        parse = parse.inner
    keeper: Keeper = parse
    return keeper


class Parser(ABC):
    """Reads one format. `name` is what messages call it; `fields` are those of `FIELDS` that it can tell."""

    name: str = ""
    fields: frozenset[str] = frozenset(FIELDS)
    forwards: bool = False
    """Whether it tells an `X-Forwarded-For`, by the name `forwarded`, which `bind` takes like a field."""
    sequential: bool = False
    """Whether a line means something only behind those before it: then one process reads them all, in order, and none twice."""

    otherwise: Changes | None = None
    """What reads the lines that do not fit, because the log may have changed its format; None: they are malformed."""

    @abstractmethod
    def parse_line(self, line: bytes) -> WebLogEvent | None:
        """The event that `line` (without its end) tells; None, or `Malformed` with a reason, when it does not fit."""

    def skips(self, line: bytes) -> bool:
        """Whether `line` is the format's own header or directive, and so no line that counts."""
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
                read += self.parse_line(line) is not None
            except Malformed:
                continue
        return read, count

    def typical(self, lines: Sequence[bytes]) -> int:
        """How many of `lines` are as the format's lines usually are: tells alike formats apart."""
        return self.try_lines(lines)[0]

    def bind(self, fields: Sequence[str]) -> BoundParser:
        """A function from a block of lines to the columns `fields`; `FormatError` when the format lacks one of them."""
        self.require(fields)
        return lambda block, horizon: self._columns(block, horizon, fields)

    def require(self, fields: Sequence[str]) -> None:
        """Raise a `FormatError` that names what is missing."""
        missing = [field for field in fields if field not in self.fields and not (field == FORWARDED and self.forwards)]
        if missing:
            raise FormatError(
                f"the format {self.name or type(self).__name__} has no {', '.join(missing)}"
                f" (it has {', '.join(field for field in FIELDS if field in self.fields)})"
            )

    def _columns(self, block: bytes, horizon: int, fields: Sequence[str]) -> Columns:
        rejects = Rejects()
        seconds: list[int] = []
        numbers: list[int] = []
        rows: list[list[bytes | None]] = []
        lines = block.split(b"\n")[:-1]
        for number, line in enumerate(lines):
            line = line.removesuffix(b"\r")
            if is_blank(line) or self.skips(line):
                continue
            try:
                check_length(line)
                event = self.parse_line(line)
                if event is None:
                    raise Malformed(f"does not fit the format {self.name or type(self).__name__}")
                check_horizon(event.time, horizon)
            except Malformed as error:
                rejects.add(number, str(error), line)
                continue
            seconds.append(event.time)
            numbers.append(number)
            rows.append([_field(event, field) for field in fields])
        columns: list[Column] = [list(column) for column in zip(*rows)] if rows else [[] for _ in fields]
        values = dict(zip(fields, columns))
        return Columns(len(lines), rejects.count, rejects.samples, seconds, sorted(seconds), values, numbers, rejects.numbers)


class Rejects:
    """The malformed lines of one block: all counted, the first few kept."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.samples: list[Sample] = []

    @property
    def count(self) -> int:
        return len(self.numbers)

    def add(self, line: int, reason: str, text: bytes) -> None:
        self.numbers.append(line)
        if len(self.samples) < SAMPLES_MAX:
            self.samples.append(Sample(line, reason, text[:SAMPLE_BYTES_MAX]))


def is_blank(line: bytes) -> bool:
    return not line.strip(b" \t\r")


def is_all_blank(block: bytes) -> bool:
    """Whether there are only blank lines in `block`: a quick look."""
    return block[:1] in (b"\n", b" ", b"\t", b"\r") and not block.translate(None, b" \t\r\n")


def check_length(line: bytes) -> None:
    if len(line) > LINE_BYTES_MAX:
        raise Malformed(f"longer than {LINE_BYTES_MAX:,} bytes")


def check_horizon(second: int, horizon: int) -> None:
    if second > horizon:
        raise Malformed("future")


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
    return Columns(line_count, malformed, samples[:SAMPLES_MAX], seconds, sorted(seconds), values, rows, rejected, runs or ())


def _field(event: WebLogEvent, field: str) -> bytes | None:
    """A field of an event as a log would write it."""
    if field == "size":
        return b"%d" % event.size
    if field == "duration":
        return None if event.duration is None else f"{event.duration:.9f}".encode()
    if field in ("status", "status_class"):
        status = b"-" if event.status is None else b"%03d" % event.status
        return status if field == "status" else status[:1]
    text: str = getattr(event, field)
    return text.encode("utf-8", "surrogateescape")
