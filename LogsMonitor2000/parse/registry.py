"""The table of all formats that can be named or detected: one row each.

`LINES` are those whose lines one pattern matches (`formats`, `servers`, `proxies`); `RECORDS` are those whose fields have names in the log
itself, and those that need more than one line. The latter's modules are imported when a log looks like one of them, because
start-up counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import NamedTuple, cast

from .base import Parser
from .lines.formats import FORMATS, Format
from .lines.http_log import HTTPLogParser
from .lines.proxies import PROXIES
from .lines.servers import SERVERS
from .lines.template import TemplateFormat

LINES: tuple[Format | TemplateFormat, ...] = (*FORMATS, *SERVERS, *PROXIES)
"""The formats whose lines one pattern matches."""


UNTIMED = "_untimed"
"""Comes after the name of a format of key-value records without a time."""


class RecordFormat(NamedTuple):
    """A row for a format with a parser of its own: the class `parser` in the module `module`, made with `arguments`."""

    name: str
    title: str
    module: str
    parser: str
    examples: tuple[bytes, ...]
    origin: str
    hint: bytes
    arguments: tuple[object, ...] = ()

    @property
    def example(self) -> bytes:
        return self.examples[0]

    def make(self, fields: Mapping[str, str] | None = None, time_format: str = "", is_untimed: bool = False) -> Parser:
        """A parser; `fields` are the keys of fields, where the format has keys, and `time_format` is how it writes times.

        With `is_untimed` its records have no time: events take the one of their envelope, or the newest before them.
        """
        kind = cast(Callable[..., Parser], getattr(import_module(f".{self.module}", __package__), self.parser))
        return kind(fields, time_format, is_untimed) if self.has_keys else kind(*self.arguments)

    @property
    def has_keys(self) -> bool:
        return self.name in ("json", "ltsv", "logfmt")


RECORDS: tuple[RecordFormat, ...] = (
    RecordFormat(
        "json",
        "one JSON object a line: nginx, Caddy, Traefik, Envoy, Google Cloud, ECS and others",
        "records.json",
        "JsonParser",
        (
            b'{"time":"2024-01-01T12:00:00+00:00","remote_addr":"192.0.2.7","request":"GET /a/b?c=d HTTP/1.1","status":"200",'
            b'"body_bytes_sent":"512","request_time":"0.125","http_referrer":"-","http_user_agent":"curl/8.5.0"}',
            b'{"level":"info","ts":1585597114.7687502,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":'
            b'"192.0.2.7","method":"GET","host":"example.com","uri":"/a/b?c=d","proto":"HTTP/2.0","headers":{"User-Agent":'
            b'["curl/8.5.0"],"Accept":["*/*"]}},"duration":0.000929675,"size":10900,"status":200}',
            b'{"ClientHost":"192.0.2.7","DownstreamContentSize":19,"DownstreamStatus":404,"Duration":125000,"RequestHost":"a.b",'
            b'"RequestMethod":"GET","RequestPath":"/a/b","RequestProtocol":"HTTP/1.1","level":"info","time":"2024-01-01T12:00:00Z"}',
            b'{"start_time":"2024-01-01T12:00:00.310Z","method":"GET","path":"/a/b","protocol":"HTTP/1.1","response_code":200,'
            b'"response_flags":"-","bytes_sent":135,"duration":3,"downstream_remote_address":"192.0.2.7:41854","authority":"a.b"}',
            b'{"httpRequest":{"latency":"0.125s","remoteIp":"192.0.2.7","requestMethod":"GET","requestUrl":"https://a.b/a/b",'
            b'"responseSize":"512","status":200,"userAgent":"curl"},"timestamp":"2024-01-01T12:00:00.123456Z"}',
            b'{"@timestamp":"2024-01-01T12:00:00.123Z","source":{"ip":"192.0.2.7"},"http":{"request":{"method":"GET"},"response":'
            b'{"status_code":200,"body":{"bytes":512}},"version":"1.1"},"url":{"original":"/a/b"},"event":{"duration":125000000}}',
        ),
        "https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format",
        rb"(?m)^\s*+\{",
    ),
    RecordFormat(
        "ltsv",
        "label:value between tabs",
        "records.key_value",
        "LtsvParser",
        (
            b"time:[10/Oct/2000:13:55:36 -0700]\thost:192.0.2.7\treq:GET /a/b?c=d HTTP/1.0\tstatus:200\tsize:2326\treqtime:0.125",
            b"host:192.0.2.7\ttime:10/Oct/2000:13:55:36 -0700\tmethod:GET\turi:/a/b\tprotocol:HTTP/1.1\tstatus:200\tsize:-\tua:x y",
        ),
        "http://ltsv.org/",
        rb"(?m)^[\w-]++:[^\t\n]*+\t[\w-]++:",
    ),
    RecordFormat(
        "logfmt",
        'keys and values with equals signs: key=value key="quoted value"',
        "records.key_value",
        "LogfmtParser",
        (
            b'ts=2024-01-01T12:00:00.123Z level=info method=GET path="/a/b?c=d" status=200 size=512 duration=12.5ms ip=192.0.2.7',
            b'time="2024-01-01T12:00:00+02:00" remote_addr=192.0.2.7 method=GET uri=/a/b status=200 size=512 ua="a \\"b\\""',
        ),
        "https://brandur.org/logfmt",
        rb"(?m)^[\w.@-]++=[^\n]*? [\w.@-]++=",
    ),
    RecordFormat(
        "cloudfront",
        "CloudFront's standard log: w3c between tabs",
        "lines.w3c",
        "W3cParser",
        (
            b"#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer)"
            b" cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes"
            b" time-taken x-forwarded-for\n2024-01-01\t12:00:00\tFRA2\t512\t192.0.2.7\tGET\td1.cloudfront.net\t/a/b\t200\t-"
            b"\tcurl/8.5.0\tc=d\t-\tHit\tabc==\twww.example.com\thttps\t23\t0.125\t-",
        ),
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html",
        rb"(?mi)^#Fields: [^\n]*?x-edge-",
        ("cloudfront",),
    ),
    RecordFormat(
        "w3c",
        "W3C extended: IIS and others; #Fields: says what the lines hold",
        "lines.w3c",
        "W3cParser",
        (
            b"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer)"
            b" sc-status sc-substatus sc-win32-status sc-bytes time-taken\n2024-01-01 12:00:00 10.0.0.1 GET /a/b c=d 80 - 192.0.2.7"
            b" curl/8.5.0 - 200 0 0 512 125",
        ),
        "https://www.w3.org/TR/WD-logfile.html",
        rb"(?mi)^#Fields: ",
    ),
    RecordFormat(
        "test_results",
        "blocks of # Test: NAME and # Result: PASS or FAIL, at the time of reading",
        "lines.results",
        "ResultsParser",
        (b"# Test: login_works in a browser\nopening the page\n# Result: PASS",),
        "this project's mission",
        rb"(?m)^# Result: (?:PASS|FAIL)",
    ),
)

NAMES: tuple[str, ...] = tuple(row.name for row in (*LINES, *RECORDS))
"""What may be given to --log_format, besides auto, list, a definition, and an envelope such as `syslog:` before any of these."""


def make_parser(
    name: str, fields: Mapping[str, str] | None = None, time_format: str = "", is_untimed: bool = False
) -> Parser | None:
    """A parser of the format `name`; None when there is no such format."""
    for row in LINES:
        if row.name == name:
            return None if is_untimed else HTTPLogParser(row)
    for record in RECORDS:
        if record.name == name:
            return record.make(fields, time_format, is_untimed)
    return None
