"""Which format an input has, told from its first lines.

Every format's careful path reads every sampled line. The format that reads the most wins, if that is at least half;
among those that read nearly as many, so that no single odd line decides, the one whose fast pattern, which takes only typical
lines, matches the most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..errors import FormatError
from ..limits import DETECT_LINES_MAX, SAMPLE_BYTES_MAX
from ..text import printable
from .formats import FORMATS
from .http_log import HTTPLogParser
from .parser import Malformed, is_blank


class Score(NamedTuple):
    """How many lines of the sample a format reads, of how many."""

    read: int
    lines: int
    parser: HTTPLogParser

    def __str__(self) -> str:
        return f"{self.parser.name} ({self.read} of {self.lines} lines)"


def parser_named(name: str) -> HTTPLogParser:
    """The parser of the format `name`, or a `FormatError` that lists the names there are."""
    for log_format in FORMATS:
        if log_format.name == name:
            return HTTPLogParser(log_format)
    raise FormatError(f"no log format is called {name!r}; there are: auto, {', '.join(row.name for row in FORMATS)}")


def detect(name: str, blocks: Iterable[bytes]) -> Score | None:
    """The best format for the input `name` that begins with `blocks`; None while there is nothing but blank lines.

    A `FormatError` shows the first line and what was tried when nothing fits.
    """
    lines = _sample(blocks)
    if not lines:
        return None
    scores = [_score(HTTPLogParser(row), lines) for row in FORMATS]
    most = max(score.read for score in scores)
    near = [score for score in scores if score.read * 4 >= most * 3]
    best = max(near, key=lambda score: (score.parser.typical(lines), score.read)) if len(near) > 1 else near[0]
    if best.read * 2 < best.lines or not best.lines:
        if not best.lines:  # only a header: it tells the format by itself
            return next((score for score in scores if any(map(score.parser.skips, lines))), None)
        raise FormatError(
            f"{name}: no known log format fits; first line: {printable(lines[0][:SAMPLE_BYTES_MAX])};"
            f" tried: {', '.join(map(str, scores))} (name one with --log_format)"
        )
    return best


def _sample(blocks: Iterable[bytes]) -> list[bytes]:
    lines: list[bytes] = []
    for block in blocks:
        lines += (line.removesuffix(b"\r") for line in block.split(b"\n") if not is_blank(line))
        if len(lines) >= DETECT_LINES_MAX:
            return lines[:DETECT_LINES_MAX]
    return lines


def _score(parser: HTTPLogParser, lines: Sequence[bytes]) -> Score:
    read = count = 0
    for line in lines:
        if parser.skips(line):
            continue
        count += 1
        try:
            parser.read_line(line)
        except Malformed:
            continue
        read += 1
    return Score(read, count, parser)
