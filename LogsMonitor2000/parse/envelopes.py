r"""What log shippers put around a line: a syslog prefix, Docker's json-file record, a journal's export.

A wrapped block is unwrapped as a whole into a block of as many lines, which the parser of the format inside then reads: line
numbers stay what they are. A line that is not wrapped is malformed: formats that are lenient about how a line begins would take
a broken prefix for a client. Only where the format was recognised, one without any trace of a wrapping may be of another format
(`otherwise`).

RFC 3164: `<134>Oct 11 22:14:15 host haproxy[4321]: `, the priority and the host perhaps missing, the time perhaps ISO 8601.
RFC 5424: `<134>1 2003-10-11T22:14:15.003Z host app 4321 ID47 [data] `, a byte-order mark perhaps behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from ..event import WebLogEvent
from ..limits import LINE_BYTES_MAX
from .base import BoundParser, Columns, Malformed, Parser, check_length, is_all_blank, is_blank, joined
from .lines.formats import Values
from .lines.http_log import NO_LINE, BlockReader, count_lines
from .regex import compile_pattern
from .runs import Changes
from .values.timestamps import Stamps

_STAMP = rb"(?:[A-Z][a-z]{2} [ \d]\d(?: \d{4})?+ \d\d:\d\d:\d\d(?:\.\d{1,9}+)?+|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9}+)?+(?:Z|[+-]\d\d:?+\d\d)?+)"
_TAG = rb"[^ \[\]:\n]{1,64}+(?:\[[^\]\n ]{0,32}+\])?+:"
_IPV6 = rb"[\dA-Fa-f]{0,4}+:[\dA-Fa-f]{0,4}+:[\dA-Fa-f:.]*+(?:%\w++)?+"  # its beginning looks like a tag
_RFC3164 = rb"(?:<\d{1,3}+>)?+%s:?+ (?:%s |(?:[^ \n]{1,255}+ )??)%s[ ]?+" % (_STAMP, _IPV6, _TAG)
_ELEMENT = rb'\[(?:[^"\]\\\n]++|"(?:[^"\\\n]++|\\.)*+")*+\]'
_RFC5424 = (
    rb"<\d{1,3}+>\d{1,2}+ [^ \n]++ [^ \n]++ [^ \n]++ [^ \n]++ [^ \n]++ (?:-|(?:%s)++)"
    rb"(?: (?:\xef\xbb\xbf)?+|(?=\r?+(?:\n|\Z)))" % _ELEMENT
)


class Wrapper:
    """A kind of wrapping. `name` comes before the name of the format inside, with a colon."""

    name = ""
    lacks = ""
    """What is wrong with a line that is not wrapped."""
    begins = rb"(?!)"
    """How a line begins that shows a trace of a wrapping."""
    sequential = False

    def wraps(self, line: bytes) -> bool:
        return self.unwrap_line(line) is not None

    def unwrap_line(self, line: bytes) -> bytes | None:
        """What is inside of `line`; None when it is not wrapped."""
        raise NotImplementedError

    def unwrap(self, block: bytes) -> list[bytes | None]:
        """What is inside of each line, with its end; None for those that are not wrapped."""
        return [None if (inside := self.unwrap_line(line)) is None else inside + b"\n" for line in block.split(b"\n")[:-1]]

    def around(self, parser: Parser) -> Parser:
        return WrappedParser(self, parser)


class Syslog(Wrapper):
    name = "syslog"
    lacks = "no syslog prefix, or a broken one"
    begins = rb"<|[A-Z][a-z]++ |\d{4}-\d\d-\d\dT"

    def __init__(self) -> None:
        self._prefix = compile_pattern(rb"(?:%s|%s)" % (_RFC5424, _RFC3164))
        self._lines = compile_pattern(rb"(?m:^)(?:%s|%s)(.*+\n)" % (_RFC5424, _RFC3164))

    def unwrap_line(self, line: bytes) -> bytes | None:
        found = self._prefix.match(line)
        return None if found is None else line[found.end() :]

    def unwrap(self, block: bytes) -> list[bytes | None]:
        lines: list[bytes | None] = self._lines.findall(block)
        return lines if len(lines) == count_lines(block) else super().unwrap(block)


class JsonWrapper(Wrapper):
    """A JSON object a line, the line inside under `key`; the rest of the object is the shipper's."""

    key = ""

    def __init__(self) -> None:
        from json import JSONDecoder

        self._decode = JSONDecoder(strict=False).decode
        # What needs no decoder: no values but texts, nothing escaped but quotes, and the end of the line inside, which is left out.
        # The rest of the record is matched too: it may be cut off.
        key = self.key.encode()
        other = rb'"(?!%s")[^"\\\n]*+":"[^"\\\n]*+"' % key
        text = rb'((?:[^"\\\n]++|\\")*+)(?<!\r)(?:\\n)?+'
        plain = rb'\{"%s":"%s"(?:,%s)*+\}[ \t\r]*+' % (key, text, other)
        self._plain = compile_pattern(plain + rb"\Z")
        self._lines = compile_pattern(plain + rb"\n|.*+\n")

    def unwrap(self, block: bytes) -> list[bytes | None]:
        texts = self._lines.split(block)[1::2]
        if None in texts:
            return super().unwrap(block)
        return [text.replace(b'\\"', b'"') + b"\n" for text in texts]

    def unwrap_line(self, line: bytes) -> bytes | None:
        found = self._plain.match(line)
        if found is not None:
            return found[1].replace(b'\\"', b'"')
        try:
            record = self._decode(line.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            return None
        text = record.get(self.key) if isinstance(record, dict) else None
        if isinstance(text, list):  # the journal's way to write what is no printable UTF-8: one number a byte
            try:
                text = bytes(text).decode("utf-8", "surrogateescape")
            except (TypeError, ValueError):
                return None
        if not isinstance(text, str):
            return None
        text = text.rstrip("\r\n").replace("\n", " ")
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # half of a surrogate pair, escaped
            return text.encode("utf-8", "backslashreplace")


class Docker(JsonWrapper):
    name = "docker"
    key = "log"
    lacks = "is no whole JSON record with a log"


class Journal(JsonWrapper):
    name = "journal"
    key = "MESSAGE"
    lacks = "is no whole JSON record with a MESSAGE"


class JournalExport(Wrapper):
    """`journalctl -o export`: a field a line, `MESSAGE=…` among them, and a blank line behind each record.

    So a field is unwrapped by itself, and those that are no message count as no lines. What is not printable stands, as it is,
    behind the name on a line of its own and eight bytes that tell its length: it goes over lines, and maybe over blocks.
    """

    name = "journal_export"
    lacks = "is no field of a journal's record"
    begins = rb"[A-Z0-9_]++(?:=|\r?+\Z)"
    sequential = True

    def __init__(self) -> None:
        self._line = compile_pattern(rb"(?:MESSAGE=|[A-Z0-9_]{1,64}+(?:=.*+|(?=\r?+\Z))|(?=\r?+\Z))(.*+)\Z")
        self._lines = compile_pattern(rb"(?m:^)(?:MESSAGE=|[A-Z0-9_]{1,64}+=.*+|(?=\r?+\n))(.*+\n)")
        self._name = compile_pattern(rb"[A-Z0-9_]{1,64}+\Z")
        self._field: bytes | None = None
        self._data = bytearray()

    def unwrap_line(self, line: bytes) -> bytes | None:
        found = self._line.match(line)
        return None if found is None else found[1]

    def unwrap(self, block: bytes) -> list[bytes | None]:
        lines: list[bytes | None] = [] if self._field else self._lines.findall(block)
        if len(lines) == count_lines(block):
            return lines
        return [self._next(line) for line in block.split(b"\n")[:-1]]

    def _next(self, line: bytes) -> bytes | None:
        """What is inside of a line behind those before it: nothing, until all of a field's bytes are there."""
        if self._field is None:
            if self._name.match(line):
                self._field = line
                self._data.clear()
                return b"\n"
            inside = self.unwrap_line(line)
            return None if inside is None else inside + b"\n"
        self._data += line + b"\n"
        size = int.from_bytes(self._data[:8], "little")
        if len(self._data) < 8 or 8 + size >= len(self._data) and size <= LINE_BYTES_MAX:
            return b"\n"
        field, self._field = self._field, None
        if len(self._data) != 8 + size + 1:
            return None
        return bytes(self._data[8:-1]).rstrip(b"\r\n").replace(b"\n", b" ") + b"\n" if field == b"MESSAGE" else b"\n"


WRAPPERS: dict[str, Callable[[], Wrapper]] = {kind.name: kind for kind in (Syslog, Docker, Journal, JournalExport)}


class WrappedParser(Parser):
    """Reads what is inside of `wrapper` by `inner`."""

    def __init__(self, wrapper: Wrapper, inner: Parser) -> None:
        self.name = f"{wrapper.name}:{inner.name}"
        self.fields = inner.fields
        self.forwards = inner.forwards
        self.sequential = wrapper.sequential or inner.sequential
        self._wrapper = wrapper
        self._inner = inner

    def skips(self, line: bytes) -> bool:
        inside = self._wrapper.unwrap_line(line)
        return inside is not None and (is_blank(inside) or self._inner.skips(inside))

    def parse_line(self, line: bytes) -> WebLogEvent | None:
        inside = self._wrapper.unwrap_line(line)
        if inside is None:
            raise Malformed(self._wrapper.lacks)
        return self._inner.parse_line(inside)

    def typical(self, lines: Sequence[bytes]) -> int:
        return self._inner.typical([inside for line in lines if (inside := self._wrapper.unwrap_line(line)) is not None])

    def bind(self, fields: Sequence[str]) -> BoundParser:
        self._inner.otherwise = self.otherwise
        wrapper = type(self._wrapper)()  # one's own, as it may remember what came before
        return _Unwrapping(wrapper, self._inner.bind(fields), self.otherwise, fields)


class _Bare:
    """The careful reader of lines that are not wrapped."""

    def __init__(self, lacks: str, otherwise: Changes | None) -> None:
        self.stamps = Stamps()
        self.otherwise = otherwise
        self._lacks = lacks

    def skips(self, line: bytes) -> bool:
        return False

    def read_line(self, line: bytes) -> tuple[int, Values]:
        check_length(line)
        raise Malformed(self._lacks)


class _Unwrapping:
    """A bound parser behind a wrapper, and others for the lines without it: those that show a trace of one, and those that do not."""

    def __init__(self, wrapper: Wrapper, inner: BoundParser, otherwise: Changes | None, fields: Sequence[str]) -> None:
        self.inner = inner
        self._wrapper = wrapper
        self._begins = compile_pattern(wrapper.begins)
        self._broken = BlockReader(_Bare(wrapper.lacks, None), NO_LINE, fields, {})
        self._bare = BlockReader(_Bare(wrapper.lacks, otherwise), NO_LINE, fields, {})
        self._fields = fields

    def __call__(self, block: bytes, horizon: int) -> Columns:
        if is_all_blank(block) and not self._wrapper.sequential:
            return self._bare(block, horizon)
        lines = self._wrapper.unwrap(block)
        if None not in lines:
            return self.inner(b"".join(filter(None, lines)), horizon)
        parts: list[Columns] = []
        for parse, part in groupby(zip(lines, block.split(b"\n")), self._parser_of):
            texts = [line + b"\n" if inside is None else inside for inside, line in part]
            parts.append(parse(b"".join(texts), horizon))
        return joined(parts, self._fields)

    def _parser_of(self, pair: tuple[bytes | None, bytes]) -> BoundParser:
        inside, line = pair
        if inside is not None:
            return self.inner
        return self._broken if self._begins.match(line) else self._bare


def wrapper_of(lines: Sequence[bytes]) -> Wrapper | None:
    """The wrapping that most of `lines` have; None when there is none."""
    first = lines[0][:1]
    if first == b"<" or first.isdigit() or first.isupper():
        syslog = Syslog()
        if sum(map(syslog.wraps, lines)) * 2 > len(lines):
            return syslog
    if first == b"{":
        for kind in (Docker, Journal):
            if b'"%s"' % kind.key.encode() in lines[0]:
                wrapper = kind()
                if sum(map(wrapper.wraps, lines)) * 2 > len(lines):
                    return wrapper
    if lines[0].startswith(b"__"):
        export = JournalExport()
        if sum(map(export.wraps, lines)) * 2 > len(lines):
            return export
    return None
