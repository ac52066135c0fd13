"""Which format an input has, detected from its first lines.

Every format whose hint is found in the sampled lines has its strict parser read all of them. The format that reads the most wins,
if that is at least half. Among those that read nearly as many, so that no single odd line decides, those win whose fast
pattern, which matches only typical lines, matches nearly the most; and of these the one with the most fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
import re
from typing import TYPE_CHECKING, NamedTuple

from ..errors import FormatError, MisfitError
from ..limits import DETECT_BYTES_MAX, DETECT_LINES_MAX, SAMPLE_BYTES_MAX
from ..text import printable
from .base import Parser, is_all_blank, is_blank
from .columns import Values
from .lines.formats import Format
from .lines.http_log import HTTPLogParser
from .plausibility import address_count, doubts, is_sound
from .registry import LINES, NAMES, RECORDS, UNTIMED, make_parser

if TYPE_CHECKING:
    from .envelopes.base import Envelope

NO_FIELDS: Mapping[str, str] = {}

ALIASES = {
    **dict.fromkeys(("nginx", "apache", "apache2", "httpd"), "combined"),
    **dict.fromkeys(("clf", "ncsa"), "common"),
    **dict.fromkeys(("iis", "elf"), "w3c"),
    **dict.fromkeys(("caddy", "gcp"), "json"),
}
"""Formats by what users may call them."""


RESULTS = "test_results"


class Score(NamedTuple):
    """How many lines of the sample a format reads, of how many."""

    read: int
    lines: int
    parser: Parser

    def __str__(self) -> str:
        return f"{self.parser.name} ({self.read} of {self.lines} lines)"

    @property
    def is_half(self) -> bool:
        return self.lines > 0 and self.read * 2 >= self.lines


def parser_named(name: str, fields: Mapping[str, str] = NO_FIELDS, time_format: str = "") -> Parser:
    """The parser of the format `name` or of the definition that `name` is; a `FormatError` suggests what was meant.

    `fields` are the keys of fields in a record; `time_format` is how it, or a definition, writes times, as in strftime.
    """
    from .envelopes.kinds import ENVELOPES  # here, as those below, because few runs need it and start-up counts
    from .lines.definitions import defined, is_definition

    envelope, _, inside = name.partition(":")
    if envelope in ENVELOPES and inside:
        from .envelopes.base import EnvelopeParser

        return EnvelopeParser(ENVELOPES[envelope](), parser_named(inside, fields, time_format))
    if is_definition(name):
        return HTTPLogParser(defined(name, time_format=time_format))
    parser = make_parser(name, fields, time_format)
    if parser is None and name.endswith(UNTIMED):
        parser = make_parser(name.removesuffix(UNTIMED), fields, is_untimed=True)
    if parser is None:
        from difflib import get_close_matches

        close = (
            [ALIASES[name.lower()]] if name.lower() in ALIASES else get_close_matches(name.lower(), ["auto", "list", *NAMES], 1)
        )
        meant = f"; did you mean {close[0]!r}?" if close else f"; known: auto, {', '.join(NAMES)}"
        raise FormatError(f"unknown log format {name!r}{meant}")
    return parser


def detect(name: str, blocks: Iterable[bytes], fields: Mapping[str, str] = NO_FIELDS, time_format: str = "") -> Score | None:
    """The best format for the input `name` that begins with `blocks`; None while there are only blank lines.

    When none fits, the `FormatError` has the first line, the nearest format, and ways out.
    """
    lines = sample_of(blocks)
    if not lines:
        return None
    if (encoding := other_encoding(lines)) is not None:
        raise FormatError(f"{name}: {encoding}")
    best = best_of(lines, fields, time_format)
    if best is not None and (best.is_half or not best.lines):  # a header alone identifies the format
        return best
    first = _first_of_several(lines, fields, time_format)
    if first is None:
        from .advice import advice  # here, because few runs need it and start-up counts

        shown = printable(lines[0][:SAMPLE_BYTES_MAX])
        raise FormatError(f"{name}: no known log format fits; first line: {shown}; {advice(lines)}")
    return first


def misfit(name: str, parser: Parser, lines: Sequence[bytes], fields: Mapping[str, str] = NO_FIELDS) -> MisfitError | None:
    """The error of an input in which the named format `parser` reads nothing; None when it reads one of its first `lines`."""
    read, count = parser.try_lines(lines)
    if read or not count:
        return None
    best = best_of(lines, fields)
    if (encoding := other_encoding(lines)) is not None:
        looks = encoding
    elif best is not None and best.is_half:
        looks = f"it looks like {best.parser.name}: try --log_format {best.parser.name}"
    else:
        from .advice import advice

        looks = f"no known log format fits; first line: {printable(lines[0][:SAMPLE_BYTES_MAX])}; {advice(lines)}"
    return MisfitError(f"{name}: no line is of the format {parser.name}; {looks}")


def best_of(lines: Sequence[bytes], fields: Mapping[str, str] = NO_FIELDS, time_format: str = "") -> Score | None:
    """The score of the format that fits `lines` best; None when no format's hint is found in them."""
    enveloped = _enveloped(lines, fields, time_format)
    if enveloped is not None:
        return enveloped
    scores = _scores(lines, fields, time_format)
    if not scores:
        return None
    header = next((score for score in scores if not score.lines and any(map(score.parser.skips, lines))), None)
    return header or _preferred(_around_results(scores, lines), lines)


def _around_results(scores: Sequence[Score], lines: Sequence[bytes]) -> Sequence[Score]:
    """The scores, or that of another format alone where test results have been printed into its log, however many they are."""
    others = [score for score in scores if score.parser.name != RESULTS]
    if others and len(others) < len(scores):
        first = _preferred(others, lines)
        if first.read > 1 and first.parser.typical(lines[:1]):
            return [first._replace(lines=first.read)]  # what is between tests does not count
    return scores


def _enveloped(lines: Sequence[bytes], fields: Mapping[str, str], time_format: str) -> Score | None:
    """The score of the format inside of the envelope of `lines`; None where they have none, or no format fits what is inside."""
    from .envelopes.kinds import envelopes_of

    doubtful = None
    for envelope in envelopes_of(lines):
        found = _inside(envelope, lines, fields, time_format)
        if found is not None and not doubts(found.parser, lines):
            return found
        doubtful = doubtful or found
    return doubtful


def _inside(envelope: Envelope, lines: Sequence[bytes], fields: Mapping[str, str], time_format: str) -> Score | None:
    """The score of the format inside of `envelope`; None where none fits, or it is no better than one without a weak envelope."""
    # What is blank inside is not a line; what has no envelope is one that nothing reads, or may be part of something longer.
    inside = envelope.open(b"".join(line + b"\n" for line in lines))  # joins what comes in parts
    kept = [
        b"" if text is None else text.removesuffix(b"\n")
        for text in inside
        if (not envelope.sequential if text is None else not is_blank(text.removesuffix(b"\n")))
    ]
    inner = best_of(kept or [b""], fields, time_format)
    if inner is None or not inner.is_half:
        inner = _untimed(kept, fields) if any(map(envelope.time_of, lines)) else None
        if inner is None:
            return None
    if envelope.is_weak and not is_sound(inner.parser, kept):
        return None
    from .envelopes.base import EnvelopeParser

    return inner._replace(parser=EnvelopeParser(envelope, inner.parser))


def _untimed(lines: Sequence[bytes], fields: Mapping[str, str]) -> Score | None:
    """The score of the records that fit `lines` best, though they have no time; None when none fits half of them."""
    scores = [
        _score(record.make(fields, is_untimed=True), lines)
        for record in RECORDS
        if record.has_keys and any(re.search(record.hint, line) for line in lines)
    ]
    best = max(scores, key=lambda score: score.read, default=None)
    return best if best is not None and best.is_half else None


def _preferred(scores: Sequence[Score], lines: Sequence[bytes]) -> Score:
    """The best of scores that are nearly the same."""
    most = max(score.read for score in scores)
    near = [score for score in scores if score.read * 4 >= most * 3]
    best = _most_typical(near, lines)
    return best if len(near) == 1 or is_sound(best.parser, lines) else _most_typical(_plausible(near, lines), lines)


def _most_typical(near: Sequence[Score], lines: Sequence[bytes]) -> Score:
    """Of scores that are nearly the same, that of the format whose typical lines most of `lines` are, and of these the richest."""
    if len(near) == 1:
        return near[0]
    typical = [score.parser.typical(lines) for score in near]
    if not any(typical):  # then there is no sign that they have what is more than in a plainer format
        near = [score for score in near if not (isinstance(score.parser, HTTPLogParser) and score.parser.falls_back)] or near
        typical = [0] * len(near)
    usual = [(score, count) for score, count in zip(near, typical) if count * 10 >= max(typical) * 9]
    return max(usual, key=lambda pair: (len(pair[0].parser.fields) + pair[0].parser.forwards, pair[1], pair[0].read))[0]


def _plausible(scores: Sequence[Score], lines: Sequence[bytes]) -> list[Score]:
    """The scores of formats whose columns hold what they should, if there are any; then of those with the most addresses as source."""
    plausible = [score for score in scores if not doubts(score.parser, lines)] or list(scores)
    counts = [address_count(score.parser, lines) for score in plausible]
    return [score for score, count in zip(plausible, counts) if count * 10 >= max(counts) * 9]


def _first_of_several(lines: Sequence[bytes], fields: Mapping[str, str], time_format: str) -> Score | None:
    """The format of the first of `lines` when they change it soon, and together the formats read at least half; else None."""
    parsers = [score.parser for score in _scores(lines, fields, time_format) if score.read]
    read = sum(any(parser.try_lines([line])[0] for parser in parsers) for line in lines)
    while len(lines) > 1 and read * 2 >= len(lines):
        lines = lines[: len(lines) // 2]
        best = best_of(lines, fields, time_format)
        if best is not None and best.is_half:
            return best
        read = len(lines)
    return None


def other_encoding(lines: Sequence[bytes]) -> str | None:
    """What the lines are if not text in ASCII or UTF-8, and what to do about it; UTF-16 has a zero byte next to every line end."""
    from ..source.decompress import compression_of

    sample = b"\n".join(lines)[:DETECT_BYTES_MAX]
    zeros = sample[0::2].count(b"\0"), sample[1::2].count(b"\0")  # letters have them all in the same half
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")) or (max(zeros) * 3 > len(sample) and min(zeros) * 20 < len(sample)):
        return "UTF-16 text is not supported; convert it first: iconv -f UTF-16 -t UTF-8"
    controls = len(sample) - len(sample.translate(None, bytes(c for c in range(32) if c not in b"\t\n\r\x1b")))
    if controls and compression_of(sample):  # one compression is off already
        return "compressed twice; decompress it once first"
    if controls * 10 > len(sample):
        return f"binary data, not text; first bytes: {printable(sample[:40])}"
    return None


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


def _scores(lines: Sequence[bytes], fields: Mapping[str, str], time_format: str = "") -> list[Score]:
    """The score of each format whose hint is found in the lines."""
    text = b"\n".join(line[:DETECT_BYTES_MAX] for line in lines)
    scores: dict[str, Score] = {}
    by_strict_parser: dict[Callable[[bytes], Values], Score] = {}
    for row in LINES:
        if re.search(row.hint, text) is None:
            continue
        parser = HTTPLogParser(row)
        # Formats that share a strict parser, or fall back on it, read the same lines.
        strict = row.read if isinstance(row, Format) or row.reads_more else row.fallback or row.read
        known = by_strict_parser.get(strict)
        score = by_strict_parser[strict] = _score(parser, lines) if known is None else known._replace(parser=parser)
        scores[row.name] = score
    for record in RECORDS:
        if re.search(record.hint, text) is not None:
            scores[record.name] = _score(record.make(fields, time_format), lines)
    return list(scores.values())


def _score(parser: Parser, lines: Sequence[bytes]) -> Score:
    return Score(*parser.try_lines(lines), parser)
