"""Which format an input has, told from its first lines.

Every format whose hint is found in the sampled lines has its careful path read all of them. The format that reads the most wins,
if that is at least half. Among those that read nearly as many, so that no single odd line decides, those win whose fast
pattern, which takes only typical lines, matches nearly the most; and of these the one that tells the most fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
import re
from typing import NamedTuple

from ..errors import FormatError
from ..limits import DETECT_BYTES_MAX, DETECT_LINES_MAX, SAMPLE_BYTES_MAX
from ..text import printable
from .base import Parser, is_all_blank, is_blank
from .lines.formats import Format, Values
from .lines.http_log import HTTPLogParser
from .registry import LINES, NAMES, RECORDS, make_parser

NO_FIELDS: Mapping[str, str] = {}


class Score(NamedTuple):
    """How many lines of the sample a format reads, of how many."""

    read: int
    lines: int
    parser: Parser

    def __str__(self) -> str:
        return f"{self.parser.name} ({self.read} of {self.lines} lines)"


def parser_named(name: str, fields: Mapping[str, str] = NO_FIELDS) -> Parser:
    """The parser of the format `name` or of the definition that `name` is, or a `FormatError` that lists the names there are.

    `fields` are the keys of fields in a record.
    """
    from .envelopes import WRAPPERS
    from .lines.definitions import defined, is_definition

    wrapper, _, inside = name.partition(":")
    if wrapper in WRAPPERS and inside:
        return WRAPPERS[wrapper]().around(parser_named(inside, fields))
    if is_definition(name):
        return HTTPLogParser(defined(name))
    parser = make_parser(name, fields)
    if parser is None:
        raise FormatError(f"no log format is called {name!r}; there are: auto, {', '.join(NAMES)}")
    return parser


def detect(name: str, blocks: Iterable[bytes], fields: Mapping[str, str] = NO_FIELDS) -> Score | None:
    """The best format for the input `name` that begins with `blocks`; None while there is nothing but blank lines.

    A `FormatError` shows the first line and what was tried when nothing fits.
    """
    lines = sample_of(blocks)
    if not lines:
        return None
    refuse_other_encodings(name, lines)
    best = best_of(lines, fields)
    if best is None or best.read * 2 < best.lines or not best.lines:
        if best is not None and not best.lines:  # only a header: it tells the format by itself
            return best
        if (first := _first_of_several(lines, fields)) is not None:
            return first
        raise FormatError(
            f"{name}: no known log format fits; first line: {printable(lines[0][:SAMPLE_BYTES_MAX])};"
            f" tried: {_tried(lines)} (name one with --log_format)"
        )
    return best


def best_of(lines: Sequence[bytes], fields: Mapping[str, str] = NO_FIELDS) -> Score | None:
    """The score of the format that fits `lines` best; None when there is no sign of any."""
    from .envelopes import wrapper_of

    wrapper = wrapper_of(lines)
    if wrapper is not None:
        # What is blank inside is no line; what is not wrapped is one that nothing reads, or may be a part of something longer.
        inside = [wrapper.unwrap_line(line) for line in lines]
        kept = [text or b"" for text in inside if (not wrapper.sequential if text is None else not is_blank(text))]
        inner = best_of(kept or [b""], fields)
        if inner is not None and inner.read * 2 >= inner.lines and inner.lines:
            return inner._replace(parser=wrapper.around(inner.parser))
    scores = _scores(lines, fields)
    if not scores:
        return None
    header = next((score for score in scores if not score.lines and any(map(score.parser.skips, lines))), None)
    if header is not None:
        return header
    most = max(score.read for score in scores)
    near = [score for score in scores if score.read * 4 >= most * 3]
    if len(near) == 1:
        return near[0]
    typical = [score.parser.typical(lines) for score in near]
    if not any(typical):  # then nothing says that they have what is more than in a plainer format
        near = [score for score in near if not (isinstance(score.parser, HTTPLogParser) and score.parser.falls_back)] or near
        typical = [0] * len(near)
    usual = [(score, count) for score, count in zip(near, typical) if count * 10 >= max(typical) * 9]
    return max(usual, key=lambda pair: (len(pair[0].parser.fields) + pair[0].parser.forwards, pair[1], pair[0].read))[0]


def _first_of_several(lines: Sequence[bytes], fields: Mapping[str, str]) -> Score | None:
    """The format of the first of `lines` when they change it soon, and together the formats read at least half; else None."""
    parsers = [score.parser for score in _scores(lines, fields) if score.read]
    read = sum(any(parser.try_lines([line])[0] for parser in parsers) for line in lines)
    while len(lines) > 1 and read * 2 >= len(lines):
        lines = lines[: len(lines) // 2]
        best = best_of(lines, fields)
        if best is not None and best.lines and best.read * 2 >= best.lines:
            return best
        read = len(lines)
    return None


def refuse_other_encodings(name: str, lines: Sequence[bytes]) -> None:
    """Raise a `FormatError` for UTF-16 and UTF-32, which have a zero byte in or next to every line end, and for what is no text."""
    from ..source.decompress import compression_of

    sample = b"\n".join(lines)[:DETECT_BYTES_MAX]
    zeros = sample[0::2].count(b"\0"), sample[1::2].count(b"\0")  # letters have them all in the same half
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")) or (max(zeros) * 3 > len(sample) and min(zeros) * 20 < len(sample)):
        raise FormatError(f"{name}: is UTF-16 text, which is not read; convert it first: iconv -f UTF-16 -t UTF-8")
    controls = len(sample) - len(sample.translate(None, bytes(c for c in range(32) if c not in b"\t\n\r\x1b")))
    if controls and compression_of(sample):  # one compression is off already
        raise FormatError(f"{name}: is compressed twice; unpack it once first")
    if controls * 10 > len(sample):
        raise FormatError(f"{name}: is no text but binary data; first bytes: {printable(sample[:40])}")


def sample_of(blocks: Iterable[bytes]) -> list[bytes]:
    """The first lines that are not blank."""
    lines: list[bytes] = []
    for block in blocks:
        if is_all_blank(block):
            continue
        lines += (line.removesuffix(b"\r") for line in block.split(b"\n") if not is_blank(line))
        if len(lines) >= DETECT_LINES_MAX:
            return lines[:DETECT_LINES_MAX]
    return lines


def _scores(lines: Sequence[bytes], fields: Mapping[str, str]) -> list[Score]:
    """What each format that the lines hint at makes of them."""
    text = b"\n".join(line[:DETECT_BYTES_MAX] for line in lines)
    scores: dict[str, Score] = {}
    by_reader: dict[Callable[[bytes], Values], Score] = {}
    for row in LINES:
        if re.search(row.hint, text) is None:
            continue
        parser = HTTPLogParser(row)
        # Formats that are read by one careful reader, or fall back on it, read the same lines.
        reader = row.read if isinstance(row, Format) else row.fallback or row.read
        known = by_reader.get(reader)
        score = by_reader[reader] = _score(parser, lines) if known is None else known._replace(parser=parser)
        scores[row.name] = score
    for record in RECORDS:
        if re.search(record.hint, text) is not None:
            scores[record.name] = _score(record.make(fields), lines)
    return list(scores.values())


def _score(parser: Parser, lines: Sequence[bytes]) -> Score:
    return Score(*parser.try_lines(lines), parser)


def _tried(lines: Sequence[bytes]) -> str:
    """The names of all formats, by how many lines they read."""
    read = {score.parser.name: score.read for score in _scores(lines, NO_FIELDS)}
    by_count: dict[int, list[str]] = {}
    for name in NAMES:
        by_count.setdefault(read.get(name, 0), []).append(name)
    return "; ".join(
        f"{' / '.join(names)} ({count} of {len(lines)} lines)" for count, names in sorted(by_count.items(), reverse=True)
    )
