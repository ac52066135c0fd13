r"""What log shippers put around a line: a syslog prefix, Docker's json-file record, a journal's export.

A wrapped block is unwrapped as a whole into a block of as many lines, which the parser of the format inside then reads: line
numbers stay what they are. A line that is not wrapped is left as it is.

RFC 3164: `<134>Oct 11 22:14:15 host haproxy[4321]: `, the priority and the host perhaps missing, the time perhaps ISO 8601.
RFC 5424: `<134>1 2003-10-11T22:14:15.003Z host app 4321 ID47 [data] `, a byte-order mark perhaps behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..event import WebLogEvent
from .parser import BoundParser, Columns, Parser
from .regex import compile_pattern

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

    def wraps(self, line: bytes) -> bool:
        raise NotImplementedError

    def unwrap_line(self, line: bytes) -> bytes:
        raise NotImplementedError

    def unwrap(self, block: bytes) -> bytes:
        """The block of what is inside, a line for a line."""
        return b"".join([self.unwrap_line(line) + b"\n" for line in block.split(b"\n")[:-1]])

    def around(self, parser: Parser) -> Parser:
        return WrappedParser(self, parser)


class Syslog(Wrapper):
    name = "syslog"

    def __init__(self) -> None:
        self._prefix = compile_pattern(rb"(?:%s|%s)" % (_RFC5424, _RFC3164))
        self._lines = compile_pattern(rb"(?:%s|%s)?+(.*+\n)" % (_RFC5424, _RFC3164))

    def wraps(self, line: bytes) -> bool:
        return self._prefix.match(line) is not None

    def unwrap_line(self, line: bytes) -> bytes:
        found = self._prefix.match(line)
        return line if found is None else line[found.end() :]

    def unwrap(self, block: bytes) -> bytes:
        return b"".join(self._lines.findall(block))


class JsonWrapper(Wrapper):
    """A JSON object a line, the line inside under `key`; the rest of the object is the shipper's."""

    key = ""

    def __init__(self) -> None:
        from json import JSONDecoder

        self._decode = JSONDecoder(strict=False).decode
        # What needs no decoding; the end of the line inside is left out.
        self._plain = compile_pattern(rb'\{"%s":"([^"\\]*+)(?:\\n)?+",' % self.key.encode())

    def wraps(self, line: bytes) -> bool:
        return self.unwrap_line(line) is not line

    def unwrap_line(self, line: bytes) -> bytes:
        found = self._plain.match(line)
        if found is not None:
            return found[1]
        try:
            record = self._decode(line.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            return line
        text = record.get(self.key) if isinstance(record, dict) else None
        if isinstance(text, list):  # the journal's way to write what is no printable UTF-8: one number a byte
            try:
                text = bytes(text).decode("utf-8", "surrogateescape")
            except (TypeError, ValueError):
                return line
        if not isinstance(text, str):
            return line
        text = text.rstrip("\r\n").replace("\n", " ")
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # half of a surrogate pair, escaped
            return text.encode("utf-8", "backslashreplace")


class Docker(JsonWrapper):
    name = "docker"
    key = "log"


class Journal(JsonWrapper):
    name = "journal"
    key = "MESSAGE"


WRAPPERS: dict[str, Callable[[], Wrapper]] = {"syslog": Syslog, "docker": Docker, "journal": Journal}


class WrappedParser(Parser):
    """Reads what is inside of `wrapper` by `inner`."""

    def __init__(self, wrapper: Wrapper, inner: Parser) -> None:
        self.name = f"{wrapper.name}:{inner.name}"
        self.fields = inner.fields
        self.forwards = inner.forwards
        self.sequential = inner.sequential
        self._wrapper = wrapper
        self._inner = inner

    def skips(self, line: bytes) -> bool:
        return self._inner.skips(self._wrapper.unwrap_line(line))

    def explains(self, line: bytes) -> bool:
        return self._inner.explains(self._wrapper.unwrap_line(line))

    def parse_line(self, line: bytes) -> WebLogEvent | None:
        return self._inner.parse_line(self._wrapper.unwrap_line(line))

    def typical(self, lines: Sequence[bytes]) -> int:
        return self._inner.typical([self._wrapper.unwrap_line(line) for line in lines])

    def bind(self, fields: Sequence[str]) -> BoundParser:
        self._inner.otherwise = self.otherwise
        return _Unwrapping(self._wrapper, self._inner.bind(fields))


class _Unwrapping:
    """A bound parser behind a wrapper."""

    def __init__(self, wrapper: Wrapper, parse: BoundParser) -> None:
        self._wrapper = wrapper
        self._parse = parse

    def __call__(self, block: bytes, horizon: int) -> Columns:
        return self._parse(self._wrapper.unwrap(block), horizon)


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
    return None
