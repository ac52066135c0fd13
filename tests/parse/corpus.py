"""Lines that parsers trip over, for every format, and what makes more of them by mutation."""

from __future__ import annotations

import random
import re

from LogsMonitor2000.parse.lines.formats import FORMATS, Format

REQUESTS = (
    b"GET /api/user HTTP/1.0",
    b"GET /api/user?x=1 HTTP/2.0",
    b"GET / HTTP/1.1",
    b"GET /report?x=1",
    b"GET /api",
    b"GET /a b c HTTP/1.1",
    b"GET /a b/c?d e HTTP/1.1",
    b"GET /api/x HTTP/1.0 HTTP/1.1",
    b"GET /api http/1.1",
    b"GET /api/v1 http/1.1",
    b"GET /api\tHTTP/1.1",
    b"GET /api\\ HTTP/1.1",
    b"GET //x HTTP/1.1",
    b"GET /#top HTTP/1.1",
    b"GET /%41%2f%20/b HTTP/1.1",
    b"GET http://h/pages/create HTTP/1.1",
    b"GET http://h HTTP/1.1",
    b"GET http://h?x HTTP/1.1",
    b"CONNECT host:443 HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"OPTIONS *",
    b"-",
    b"",
    b" ",
    b" /api HTTP/1.1",
    b"  /api HTTP/1.1",
    b"GET  /api HTTP/1.1",
    b"GET /api  HTTP/1.1",
    b"GET /api ",
    b"GET /api HTTP/",
    b"GET /api HTTP/1.1 ",
    b"GET /api HTTP/1.1\\",
    b"GET /api HTTP/1.1\\\\",
    b'GET /a\\"b HTTP/1.1',
    b'GET /api?q=\\"x\\" HTTP/1.1',
    b'GET /a"b HTTP/1.1',
    b'GET /api/"b" HTTP/1.1',
    b'GET /api?" HTTP/1.1',
    b'GET /api?" 200 5 HTTP/1.1',
    b'GET /api?\\" 200 5 HTTP/1.1',
    b'GET /api?\\\\" 200 5 HTTP/1.1',
    b'GET /api" 200 - "x',
    b'G"ET /api HTTP/1.1',
    b'"GET /api HTTP/1.1"',
    b'\\" /api HTTP/1.1',
    b'GET /a""b HTTP/1.1',
    b'""',
    b"\\x16\\x03\\x01\\x02\\x00\\x01",
    b"\x16\x03\x01\x02\x00 /\x01\xfc\x03\x03",
    b"GET /\xd9\xa1\xff\xfe/x HTTP/1.1",
    b"GET /a\0b HTTP/1.1",
    b"GET /a\rb HTTP/1.1",
    b"GET /a\xe2\x80\xa8b HTTP/1.1",
    b"GET /a\x0b\x0c\x1c\x85b HTTP/1.1",
    b"PRI * HTTP/2.0",
    b"GET /[x] - [y] HTTP/1.1",
    b"SSH-2.0-Go",
    b"GET /a,b,c HTTP/1.1",
)
STATUSES = (
    b"200",
    b"408",
    b"000",
    b"2000",
    b"20",
    b"abc",
    b"2x0",
    b"",
    b"-",
    b"\xd9\xa2\xd9\xa0\xd9\xa0",
    b"+20",
    b"1_0",
    b" 200",
)
SIZES = (
    *(
        b"0",
        b"-",
        b"",
        b"5",
        b"-5",
        b"123-",
        b"--",
        b"1_000",
        b"1,000",
        b"1.5",
        b"\xd9\xa1\xd9\xa2",
        b"0x10",
        b"5 ",
        b"5\t",
        b"5\r",
    ),
    *(b"9" * 18, b"9" * 19, b"7" * 5_000),
)
CLF_TIMES = (
    b"10/Oct/2000:13:55:36 -0700",
    b"10/Oct/2000:13:55:37 -0700",
    b"29/Feb/2000:00:00:00 +0000",
    b"29/Feb/2001:00:00:00 +0000",
    b"10/Xxx/2000:13:55:36 -0700",
    b"10/Oct/2000:13:55:36 +2500",
    b"10/Oct/2000:13:55:60 +0000",
    b"10/Oct/2000:13:55:61 +0000",
    b"10/Oct/2000:24:55:36 +0000",
    b"10/Oct/2000:13:55:36  0700",
    b"10/Oct/2000:13:55:36",
    b"10/oct/2000:13:55:36 -0700",
    b"10/Oct/2000:13:55:36 +0530",
    b"32/Oct/2000:13:55:36 -0700",
    b"10/Oct/9999:13:55:36 -0700",
    b"10/Oct/0000:13:55:36 -0700",
    b"1[/Oct/2000:13:55:36 -0700",
    b"",
    b"-",
)
EPOCH_TIMES = (
    *(b"1549573860", b"1549573861", b"1549573860.25", b"1549573860.", b".5", b"0", b"-1", b"+5", b" 1549573860", b"1_0"),
    *(b"9" * 12, b"9" * 13, b"1e9", b"", b"-", b"\xd9\xa1", b"253402300799"),
)
SOURCES = (
    b"10.0.0.1",
    b"::1",
    b"2001:db8::1",
    b"[2001:db8::1]",
    b"[::1]:443",
    b"[::1",
    b"host.example.com",
    b"-",
    b"",
    b'"',
    b"a\xffb",
    b"\0",
    b"\r",
    b'"x"',
    b"a,b",
    b"1.1.1.1,",
)
USERS = (
    b"-",
    b"frank",
    b"frank the tank",
    b"",
    b"[x]",
    b"a [b",
    b'"',
    b'""',
    b"\\",
    b"\xff",
    b'a] "b',
    b" ",
    b"x [10/Oct/2000:13:55:36 -0700",
)
TAILS = (
    b"",
    b" ",
    b' "-" "-"',
    b' "http://h/a b" "Mozilla/5.0 (X11; Linux)"',
    b' "-" "agent" "10.0.0.9" 0.003 rt=1',
    b' "a\\"b" "c\\"d"',
    b' "a\\" "b"',
    b' "a\\\\" "b\\\\"',
    b' "no end',
    b' "-" "no end',
    b" - -",
    b' "" ""',
    b' """ """',
    b'  "-" "-"',
    b' "-"  "-"',
    b' "-""-"',
    b"\t",
    b" \r",
    b'"',
    b' "GET /x HTTP/1.1" 200 5',
)
WHOLE = (
    b"",
    b" ",
    b"\t \r",
    b"\r",
    b"#Fields: date time",
    b'"remotehost","rfc931","authuser","date","request","status","bytes"',
    b"remotehost, rfc931, authuser, date, request, status, bytes",
    b"[Wed Oct 11 14:32:52 2000] [error] [client 127.0.0.1] client denied by server configuration: /export/home",
    b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
    b'{"time": 1549573860, "request": "GET / HTTP/1.1", "status": 200}',
    b'""""""',
    b",,,,,,",
    b'"","","",,"",,',
    b"a,b,c,1549573860,GET /x HTTP/1.1,200,5",
    b' "a" , "b" , "c" , 1549573860 , "GET /x HTTP/1.1" , 200 , 5 ',
    b'"a","b","c","1549573860","GET /x HTTP/1.1","200","5"',
    b'"a","b","c",1549573860,"GET /x HTTP/1.1",200,5,6',
    b'"a"x,"b","c",1549573860,"GET /x HTTP/1.1",200,5',
    b"\0" * 30,
    b"\xff\xfe" * 20,
)


def line_of(
    log_format: Format,
    random_choice: random.Random | None = None,
    *,
    source: bytes = b"10.0.0.1",
    user: bytes = b"-",
    time: bytes | None = None,
    request: bytes = b"GET /api/user HTTP/1.0",
    status: bytes = b"200",
    size: bytes = b"5",
    tail: bytes | None = None,
) -> bytes:
    """One line in the shape of `log_format`, of the parts given, or with `random_choice` of parts drawn from the lists above."""
    csv = log_format.name == "csv"
    if random_choice is not None:
        draw = random_choice
        # Most parts stay plain, else hardly a line would get past its first one.
        source, user, status, size = (
            draw.choice(parts) if draw.random() < 0.1 else plain
            for parts, plain in ((SOURCES, source), (USERS, user), (STATUSES, status), (SIZES, size))
        )
        request = draw.choice(REQUESTS)
        tail = draw.choice(TAILS)
        if draw.random() < 0.2:
            time = draw.choice(EPOCH_TIMES if csv else CLF_TIMES)
    if csv:
        return b'"%s","-","%s",%s,"%s",%s,%s' % (source, user, EPOCH_TIMES[0] if time is None else time, request, status, size)
    if tail is None:
        tail = b' "-" "agent"' if log_format.name.endswith("combined") else b""
    vhost = b"www.example.com:443 " if log_format.name.startswith("vhost") else b""
    if time is None:
        time = CLF_TIMES[0]
    return vhost + b'%s - %s [%s] "%s" %s %s' % (source, user, time, request, status, size) + tail


def nasty_lines(log_format: Format) -> list[bytes]:
    """Every nasty part in an otherwise plain line, every other format's example, and lines of no format at all."""
    times = EPOCH_TIMES if log_format.name == "csv" else CLF_TIMES
    lines = [*WHOLE, *(row.example for row in FORMATS)]
    lines += (line_of(log_format, source=part) for part in SOURCES)
    lines += (line_of(log_format, user=part) for part in USERS)
    lines += (line_of(log_format, time=part) for part in times)
    lines += (line_of(log_format, request=part) for part in REQUESTS)
    lines += (line_of(log_format, status=part) for part in STATUSES)
    lines += (line_of(log_format, size=part) for part in SIZES)
    lines += (line_of(log_format, tail=part) for part in TAILS)
    lines += (line_of(log_format, tail=b"") + b"\r" for _ in range(1))
    return lines


TOKENS = (
    *(
        b'"',
        b'\\"',
        b"\\",
        b"\\\\",
        b" ",
        b"  ",
        b"[",
        b"]",
        b'] "',
        b'" ',
        b'" 200 5 ',
        b'" 200 5',
        b" HTTP/1.1",
        b" HTTP/",
        b"/",
        b"?",
    ),
    *(
        b",",
        b'","',
        b'",',
        b',"',
        b'""',
        b"\r",
        b"\0",
        b"\xff",
        b"-",
        b"0",
        b"\xe2\x80\xa8",
        b"\x85",
        b"\x0b",
        b"#",
        b"GET ",
        b" - ",
    ),
    *(b"10/Oct/2000:13:55:36 -0700", b"1549573860", b"\t", b"\x1c", b"://", b"_", b"+", b"*"),
)
_PARTS = re.compile(rb'[^ ",\[\]/\\]+|.', re.DOTALL)


def mutated(draw: random.Random, lines: list[bytes]) -> bytes:
    """A line out of `lines` with a few bytes or tokens deleted, inserted, replaced, doubled, or spliced with another line."""
    line = draw.choice(lines)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        kind = draw.randrange(7)
        start = draw.randrange(len(line) + 1)
        if kind == 0:
            line = line[:start] + line[start + 1 :]
        elif kind == 1:
            line = line[:start] + draw.choice(TOKENS) + line[start:]
        elif kind == 2:
            line = line[:start] + bytes([draw.choice(b'" \\[]/,-0aZ\r\0\xff')]) + line[start + 1 :]
        elif kind == 3:
            other = draw.choice(lines)
            line = line[:start] + other[draw.randrange(len(other) + 1) :]
        else:
            parts = _PARTS.findall(line) or [b""]
            at = draw.randrange(len(parts))
            if kind == 4:
                del parts[at]
            elif kind == 5:
                parts.insert(at, parts[draw.randrange(len(parts))])
            else:
                parts[at] = draw.choice(TOKENS)
            line = b"".join(parts)
    return line.replace(b"\n", b" ")
