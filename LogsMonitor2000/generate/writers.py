"""One writer a format: a request and a time in, a line out.

Formats that are templates are written by the template that reads them, so that reader and writer cannot disagree; a test reads back
what each of them writes. A line is rendered in two parts, before and after its timestamp, because requests are rendered once
and written at many times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import partial
import json
from typing import NamedTuple

from ..parse.lines.subpatterns import Value
from ..parse.lines.template import TemplateFormat
from ..parse.registry import LINES
from .traffic import Request

Parts = tuple[bytes, bytes]
"""A line without its timestamp: what is before it, and what is after it, the line end included."""


class Writer(NamedTuple):
    """Writes the format `name`: `parts` renders a request, `timestamp` a time in seconds since the epoch.

    `header` comes once, at the beginning of a file; `heading`, where there is one, before the lines of each second.
    """

    name: str
    parts: Callable[[Request], Parts]
    timestamp: Callable[[float], bytes]
    header: bytes = b""
    heading: Callable[[int], bytes] | None = None
    has_duration: bool = False


def writer_for(name: str) -> Writer | None:
    """The writer of the format `name`; None where it has none."""
    make = _WRITERS.get(name)
    return None if make is None else make()


def writable() -> tuple[str, ...]:
    """The names of the formats that have a writer."""
    return tuple(_WRITERS)


# Timestamps


def _moment(time: float) -> datetime:
    return datetime.fromtimestamp(time, timezone.utc)


def _clf(time: float) -> bytes:
    return _moment(time).strftime("%d/%b/%Y:%H:%M:%S +0000").encode()


def _clf_local(time: float) -> bytes:
    return _moment(time).strftime("%d/%b/%Y:%H:%M:%S.000").encode()


def _iso(time: float) -> bytes:
    return _moment(time).strftime("%Y-%m-%dT%H:%M:%SZ").encode()


def _iso_space(time: float) -> bytes:
    return _moment(time).strftime("%Y-%m-%d %H:%M:%S").encode()


def _epoch(time: float) -> bytes:
    return b"%d" % int(time)


_TIMES: Mapping[str, Callable[[float], bytes]] = {
    "clf": _clf,
    "clf_local": _clf_local,
    "iso": _iso,
    "iso_space": _iso_space,
    "epoch": _epoch,
    "epoch_any": _epoch,
}


# Templates


def _text(value: Value, request: Request) -> str:
    """What stands in the place of `value`."""
    size = "-" if request.size is None else str(request.size)
    match value.field, value.kind:
        case ("source", "port" | "port_last") | ("peer", _):
            return f"{request.source}:49152"
        case "source" | "forwarded", _:
            return request.source
        case "request", "absolute":
            return f"{request.method} http://{request.vhost}{request.target} {request.protocol}"
        case "request", _:
            return f"{request.method} {request.target} {request.protocol}"
        case "target", "or_host":
            return f"http://{request.vhost}{request.target}"
        case "size", _:
            return size
        case "duration", "ms" | "us" | "ns" as unit:
            return str(round(request.duration * {"ms": 1e3, "us": 1e6, "ns": 1e9}[unit]))
        case "duration", "unit":
            return f"{request.duration:.3f}s"
        case "duration", "sum":
            return f"0.000 {request.duration:.3f} 0.000"
        case "duration", _:
            return f"{request.duration:.3f}"
        case "-", "scheme":
            return "http"
        case ("-", "braces" | "pad") | ("rest" | "time", _):
            return ""
        case "-", _:
            return "-"
        case field, _:
            return str(getattr(request, field))


def _template_writer(row: TemplateFormat, header: bytes = b"") -> Writer:
    values = row.values
    place = next(index for index, value in enumerate(values) if value.field == "time")
    kind = values[place].kind

    def parts(request: Request) -> Parts:
        texts = [value.before if index == 0 else b"" for index, value in enumerate(values)]
        rendered = [before + _text(value, request).encode() + value.after for before, value in zip(texts, values)]
        before = b"".join(rendered[:place]) + texts[place]
        return before, values[place].after + b"".join(rendered[place + 1 :]) + b"\n"

    return Writer(row.name, parts, _TIMES[kind], header, has_duration=any(value.field == "duration" for value in values))


# Records


def _fields(request: Request) -> dict[str, object]:
    """A request under the names of nginx's variables."""
    return {
        "remote_addr": request.source,
        "remote_user": request.user,
        "http_host": request.vhost,
        "request": f"{request.method} {request.target} {request.protocol}",
        "status": request.status,
        "body_bytes_sent": request.size or 0,
        "request_time": request.duration,
        "http_referer": request.referrer,
        "http_user_agent": request.agent,
    }


def _json() -> Writer:
    def parts(request: Request) -> Parts:
        return b'{"time":"', b'",' + json.dumps(_fields(request), separators=(",", ":")).encode()[1:] + b"\n"

    return Writer("json", parts, _iso, has_duration=True)


def _ltsv() -> Writer:
    labels = "host user vhost req status size reqtime referer ua".split()

    def parts(request: Request) -> Parts:
        fields = "\t".join(f"{label}:{value}" for label, value in zip(labels, _fields(request).values()))
        return b"time:[", f"]\t{fields}\n".encode()

    return Writer("ltsv", parts, _clf, has_duration=True)


def _logfmt() -> Writer:
    def parts(request: Request) -> Parts:
        fields = {
            "level": "info",
            "method": request.method,
            "path": request.target,
            "status": request.status,
            "size": request.size or 0,
            "duration": f"{request.duration:.3f}s",
            "ip": request.source,
            "host": request.vhost,
            "user": request.user,
            "ua": request.agent,
        }
        return b"ts=", (" " + " ".join(f"{key}={_logfmt_text(str(value))}" for key, value in fields.items()) + "\n").encode()

    return Writer("logfmt", parts, _iso, has_duration=True)


def _logfmt_text(text: str) -> str:
    return json.dumps(text) if set(text) & set(' "=') else text


def _w3c() -> Writer:
    header = (
        b"#Version: 1.0\n#Fields: date time c-ip cs-username cs(Host) cs-method cs-uri-stem cs-uri-query sc-status sc-bytes"
        b" time-taken cs(Referer) cs(User-Agent)\n"
    )

    def parts(request: Request) -> Parts:
        stem, _, query = request.target.partition("?")
        words = [request.source, request.user, request.vhost, request.method, stem, query or "-", str(request.status)]
        words += [
            str(request.size or 0),
            str(round(request.duration * 1000)),
            request.referrer,
            request.agent.replace(" ", "+"),
        ]
        return b"", (" " + " ".join(words) + "\n").encode()

    return Writer("w3c", parts, _iso_space, header, has_duration=True)


# The formats of tests and connections


def _results() -> Writer:
    """A block of lines a test, which has no time of its own; each second of log time is an iteration."""

    def parts(request: Request) -> Parts:
        name = request.target.strip("/").partition("?")[0].replace("/", "_").replace(".", "_") or "root"
        result = "FAIL" if request.status >= 500 else "PASS"
        text = f"# Test: {name} {request.method}\nrequesting {request.target}\nanswered {request.status}\n# Result: {result}\n"
        return text.encode(), b""

    return Writer("test_results", parts, lambda time: b"", heading=lambda number: b"# Iteration %d\n" % (number + 1))


_HOSTS = (
    "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo".split()
)


def _connections() -> Writer:
    """Connections are between hosts of one small network, so that each host has many."""
    row = next(row for row in LINES if row.name == "connections")
    assert isinstance(row, TemplateFormat)
    plain = _template_writer(row)

    def parts(request: Request) -> Parts:
        host, other = (_HOSTS[hash_of % len(_HOSTS)] for hash_of in (sum(request.source.encode()), len(request.target)))
        return plain.parts(request._replace(source=host, vhost=other))

    return plain._replace(parts=parts)


def _api_requests() -> Writer:
    """Requests of customers: each line has one."""
    row = next(row for row in LINES if row.name == "api_requests")
    assert isinstance(row, TemplateFormat)
    plain = _template_writer(row)

    def parts(request: Request) -> Parts:
        user = f"cust_{sum(request.source.encode()) % 50 + 1}" if request.user == "-" else request.user
        return plain.parts(request._replace(user=user))

    return plain._replace(parts=parts)


_COMMON = '{source} {-} {user} [{time}] "{request}" {status} {size}'
_COMBINED = _COMMON + ' "{referrer}" "{agent}"'
_PLAIN = {
    "csv": '"{source}","{-}","{user}",{time:epoch},"{request}",{status},{size}',
    "common": _COMMON,
    "combined": _COMBINED,
    "vhost_common": "{vhost} " + _COMMON,
    "vhost_combined": "{vhost} " + _COMBINED,
}
"""What the formats whose patterns are written by hand look like."""


def _writers() -> dict[str, Callable[[], Writer]]:
    found: dict[str, Callable[[], Writer]] = {}
    for row in LINES:
        if row.name in _PLAIN:
            template = TemplateFormat(row.name, row.title, _PLAIN[row.name])
            header = b"" if row.header is None else row.header + b"\n"
            found[row.name] = partial(_template_writer, template, header)
        elif isinstance(row, TemplateFormat) and not row.time_pattern:  # whose times have a notation of their own
            found[row.name] = partial(_template_writer, row)
    return found | {
        "json": _json,
        "ltsv": _ltsv,
        "logfmt": _logfmt,
        "w3c": _w3c,
        "test_results": _results,
        "api_requests": _api_requests,
        "connections": _connections,
    }


_WRITERS = _writers()
