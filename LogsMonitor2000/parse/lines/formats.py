"""The Common Log Format's family and the exercise's CSV, as data: one row each in `FORMATS`, with a fast and a strict parser.

Fast: `segments` are the subpatterns of one pattern that matches a whole line with its end. Each may come in several versions,
cheapest first (`regex.pattern_of`). A subpattern may not backtrack (possessive quantifiers), excludes single characters only
(`[^ ]`, no charset, is what the engine does fastest) and matches nothing that the strict parser reads differently. `size`
captures nothing for "-".

Strict: `read` takes one line, accepts everything the format allows, and says what is wrong with the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import re
from typing import NamedTuple

from ...limits import EPOCH_DIGITS_MAX, SIZE_DIGITS_MAX
from ..base import Malformed
from ..columns import Values
from ..regex import compile_pattern, group_names, pattern_of
from ..values.fields import Converter, without_brackets
from ..values.request import request_values
from ..values.timestamps import ClfTimestamps, EpochTimestamps, Timestamps


class Format(NamedTuple):
    """A row of the table. `fields` follow from the segments; `header` is a line that is no event."""

    name: str
    title: str
    segments: tuple[tuple[bytes, ...], ...]
    read: Callable[[bytes], Values]
    timestamps: type[Timestamps]
    example: bytes
    header: bytes | None = None
    origin: str = "https://httpd.apache.org/docs/2.4/logs.html#accesslog"
    hint: bytes = rb"\[\d\d/\w{3}/\d{4}:"

    @property
    def fields(self) -> frozenset[str]:
        groups = (name for segment in self.segments for name in group_names(segment[-1]))
        return frozenset(groups) - {"time"}

    def pattern(self, fields: frozenset[str]) -> bytes:
        """The pattern of a line that captures `time` and `fields` and nothing else."""
        return pattern_of(self.segments, fields)

    @property
    def converters(self) -> Mapping[str, Converter]:
        """What converts values as they stand in the log: none here needs it."""
        return {}

    @property
    def forwards(self) -> bool:
        return False

    @property
    def examples(self) -> tuple[bytes, ...]:
        return (self.example,)


# Subpatterns that formats share. Only the strict parser takes spaces and quotes in a request's target; a quote after a backslash
# does not end it. After the section comes the rest of the path or the protocol, else the section would end at a space in the
# target. A line's first word is bounded, as host names are: it could run over any number of lines that hold no space.

STATUS = rb"(?P<status>(?P<status_class>\d)\d\d)"
SIZE = rb"(?:(?P<size>\d{1,%d}+)|-)" % SIZE_DIGITS_MAX
REQUEST = (
    rb'[^ ]++ (?P<section>/[^/ ?#"]{0,511}+)(?:[/?#]| HTTP/)[^"]*+(?<!\\)"',
    rb'(?P<method>[^ ]++) (?P<section>/[^/ ?#"]{0,511}+)(?:[/?#]| HTTP/)[^"]*+(?<!\\)"',
    rb'(?P<method>[^ ]++) (?P<target>(?P<path>(?P<section>/[^/ ?#"]{0,511}+)(?:/[^ ?#"]*+)?+)(?:[?#][^ "]*+)?+) (?P<protocol>HTTP/[^ "]*+)(?<!\\)"',
)
CLIENT = (rb'(?!\[)(?P<source>[^ ]{1,255}+) [^ ]++ (?P<user>[^ ]++) \[(?P<time>.{26})\] "',)
VHOST = (rb"(?P<vhost>[^ ]{1,255}+) ",)
CODE = (rb" " + STATUS + rb" " + SIZE,)
LINE_END = (rb"\r?+\n",)
REST = (
    rb" .*+\n",
    rb' "(?P<referrer>[^"]*+)(?<!\\)" "(?P<agent>[^"]*+)(?<!\\)".*+\n',
)


# The Common Log Format and its family: https://httpd.apache.org/docs/2.4/logs.html#accesslog

_CLIENT = rb'(?P<source>[^ ]++) [^ ]++ (?P<user>.+?) \[(?P<time>[^][]*+)\] "'
_COMMON = compile_pattern(_CLIENT)
_VHOST_COMMON = compile_pattern(rb"(?P<vhost>[^ ]++) " + _CLIENT)
_CODE = rb" (?P<status>\d{3}) (?P<size>\d{1,%d}+|-)(?= |\Z)" % SIZE_DIGITS_MAX
_NO_CODE = rb"(?!%s)" % re.sub(rb"\?P<\w+>", b"?:", _CODE)
_ESCAPED = compile_pattern(rb'(?P<request>(?:[^"\\]++|\\.|"%s)*+)"%s' % (_NO_CODE, _CODE))
_UNESCAPED = compile_pattern(rb'(?P<request>(?:[^"]++|"%s)*+)"%s' % (_NO_CODE, _CODE))
_WRONG_CODE = compile_pattern(rb'(?:[^"\\]++|\\.)*+"(?: ([^ ]*+))?+(?: ([^ ]*+))?+')
_NUMBER = compile_pattern(rb"\d++(?:\.\d++)?+\Z")
_EXTRA = compile_pattern(rb' (?:"((?:[^"\\]++|\\.)*+)(?:"|\Z)|([^ ]*+))')


def read_common(line: bytes, client: re.Pattern[bytes] = _COMMON) -> Values:
    """`source ident user [time] "request" status size` and whatever follows; the user may hold spaces."""
    line = line.lstrip(b" ")
    head = client.match(line)
    if head is None:
        raise Malformed("no host, ident, user and [time] before a quoted request")
    # Servers escape a quote inside a request; if that reading finds no end, the one without escapes may.
    core = _ESCAPED.match(line, head.end()) or _UNESCAPED.match(line, head.end())
    if core is None:
        raise Malformed(_what_is_wrong(line, head.end()))
    status, size = core["status"], core["size"]
    values: Values = {"vhost": None, "referrer": b"-", "agent": b"-", **head.groupdict()}
    values["source"] = without_brackets(head["source"])
    values["user"] = _user(head["user"])
    values |= request_values(core["request"])
    values |= {"status": status, "status_class": status[:1], "size": None if size == b"-" else size}
    end = core.end()
    for name in ("referrer", "agent"):
        extra = _EXTRA.match(line, end)
        while extra is not None and extra[2] is not None and _NUMBER.match(extra[2]):  # a time that stands before them
            extra = _EXTRA.match(line, extra.end())
        if extra is None or (extra[1] is None and extra[2] != b"-"):
            break
        values[name] = extra[2] if extra[1] is None else extra[1]
        end = extra.end()
    return values


def _user(text: bytes) -> bytes:
    """A user's name, which may hold spaces. One that ends with a dash as a word of its own is more fields than the format has."""
    if not text.endswith(b" -"):
        return text
    if text.strip(b" -"):
        raise Malformed("too many fields before [time]")
    return b"-"


def _read_vhost_common(line: bytes) -> Values:
    """The same after `vhost:port `."""
    return read_common(line, _VHOST_COMMON)


def _what_is_wrong(line: bytes, start: int) -> str:
    """Why no status and size were found after the request that begins at `start`."""
    found = _WRONG_CODE.match(line, start)
    if found is None:
        return "the request has no closing quote"
    status, size = found[1] or b"", found[2]
    if len(status) != 3 or not status.isdigit():
        return "the status is not three digits"
    if size is not None and size.isdigit():
        return f"the size has more than {SIZE_DIGITS_MAX} digits"
    return "the size is neither digits nor -"


# The quoted CSV of the HTTP log monitor exercise: "remotehost","rfc931","authuser","date","request","status","bytes"

_CSV_HEADER = b'"remotehost","rfc931","authuser","date","request","status","bytes"'
_CSV_FIELD = compile_pattern(rb'[ \t]*+(?:"((?:[^"]++|"")*+)"[ \t]*+|([^",]*+))(,|\Z)')


def _read_csv(line: bytes) -> Values:
    """Seven fields, each quoted or not, a quote inside doubled; the date in seconds since the epoch."""
    fields: list[bytes] = []
    end, comma = 0, b","
    while comma:
        field = _CSV_FIELD.match(line, end)
        if field is None:
            raise Malformed(f"field {len(fields) + 1} has broken quotes")
        fields.append(field[2].strip() if field[1] is None else field[1].replace(b'""', b'"'))
        end, comma = field.end(), field[3]
        if len(fields) == 7 and comma:
            raise Malformed("more than 7 fields")
    if len(fields) != 7:
        raise Malformed(f"{len(fields)} fields, expected 7")
    source, _, user, time, request, status, size = fields
    if len(status) != 3 or not status.isdigit():
        raise Malformed("the status is not three digits")
    if size != b"-" and not size.isdigit():
        raise Malformed("the size is neither digits nor -")
    if len(size) > SIZE_DIGITS_MAX:
        raise Malformed(f"the size has more than {SIZE_DIGITS_MAX} digits")
    values: Values = {"source": without_brackets(source) or b"-", "user": user or b"-", "time": time}
    values |= request_values(request)
    values |= {"status": status, "status_class": status[:1], "size": None if size == b"-" else size}
    return values


_CSV_CLIENT = (rb'"(?!\[)(?P<source>[^"]{1,255}+)","[^"]*+","(?P<user>[^"]++)",(?P<time>\d{1,%d}+),"' % EPOCH_DIGITS_MAX,)
_CSV_REQUEST = tuple(version.replace(b"[^ ]++", b'[^ "]++') for version in REQUEST)  # here no quote may stand alone
_CSV_CODE = (rb"," + STATUS + rb"," + SIZE,)

_COMMON_EXAMPLE = b'192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326'
_COMBINED_EXAMPLE = _COMMON_EXAMPLE + b' "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'

FORMATS = (
    Format(
        "csv",
        "the HTTP log monitor exercise's quoted CSV, time in epoch seconds",
        (_CSV_CLIENT, _CSV_REQUEST, _CSV_CODE, LINE_END),
        _read_csv,
        EpochTimestamps,
        b'"10.0.0.2","-","apache",1549573860,"GET /api/user HTTP/1.0",200,1234',
        header=_CSV_HEADER,
        origin="the HTTP log monitor exercise",
        hint=rb"(?i)\"remotehost\"|remotehost,|,\"?\d{9,12}",
    ),
    Format(
        "common",
        "Common Log Format: Apache, nginx and most others",
        (CLIENT, REQUEST, CODE, LINE_END),
        read_common,
        ClfTimestamps,
        _COMMON_EXAMPLE,
    ),
    Format(
        "combined",
        "Combined Log Format: common with referrer and user agent; more may follow",
        (CLIENT, REQUEST, CODE, REST),
        read_common,
        ClfTimestamps,
        _COMBINED_EXAMPLE,
    ),
    Format(
        "vhost_common",
        "common after vhost:port",
        (VHOST, CLIENT, REQUEST, CODE, LINE_END),
        _read_vhost_common,
        ClfTimestamps,
        b"www.example.com:443 " + _COMMON_EXAMPLE,
    ),
    Format(
        "vhost_combined",
        "combined after vhost:port",
        (VHOST, CLIENT, REQUEST, CODE, REST),
        _read_vhost_common,
        ClfTimestamps,
        b"www.example.com:443 " + _COMBINED_EXAMPLE,
    ),
)
"""The rows; those of servers are in `servers`, those of records in the registry."""

COMMON = FORMATS[1]
