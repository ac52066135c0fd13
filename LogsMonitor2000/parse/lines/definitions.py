r"""A server's own definition of its log, pasted: an nginx `log_format` string, Apache's `LogFormat` or GoAccess's → a template.

nginx writes variables with `$`, Apache and GoAccess directives with `%`; only GoAccess has `%^`, and dates and times apart.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import re

from ...errors import FormatError
from ...limits import DEFINITION_BYTES_MAX
from ..regex import compile_pattern
from ..values.iso import AnyTimestamps
from ..values.strftime import StrftimeTimestamps, strftime_pattern
from ..values.timestamps import Timestamps
from .template import TemplateFormat

NGINX = {
    **dict.fromkeys(("remote_addr", "realip_remote_addr", "proxy_protocol_addr"), "source"),
    "remote_user": "user",
    "time_local": "time:clf",
    "time_iso8601": "time:iso",
    "msec": "time:epoch",
    "request": "request",
    "request_method": "method",
    **dict.fromkeys(("request_uri", "uri", "document_uri"), "target"),
    "server_protocol": "protocol",
    "status": "status?",
    **dict.fromkeys(("body_bytes_sent", "bytes_sent"), "size"),
    "http_referer": "referrer",
    "http_user_agent": "agent",
    "request_time": "duration",
    "http_x_forwarded_for": "forwarded",
    **dict.fromkeys(("host", "http_host", "server_name"), "vhost"),
}
APACHE = {
    **dict.fromkeys("ha", "source"),
    "u": "user",
    "t": "time:clf",
    "r": "request",
    "m": "method",
    "U": "target",
    "H": "protocol",
    "s": "status?",
    **dict.fromkeys("bBO", "size"),
    "T": "duration",
    "D": "duration:us",
    **dict.fromkeys("vV", "vhost"),
}
GOACCESS = {
    "x": "time:any",
    "h": "source",
    "e": "user",
    "v": "vhost",
    "r": "request",
    "m": "method",
    "U": "target",
    "H": "protocol",
    "s": "status?",
    "b": "size",
    "R": "referrer",
    "u": "agent",
    "D": "duration:us",
    "T": "duration",
    "L": "duration:ms",
    "n": "duration:ns",
}
APACHE_HEADERS = {"referer": "referrer", "user-agent": "agent", "x-forwarded-for": "forwarded", "host": "vhost"}
UNITS = {"s": "s", "ms": "ms", "us": "us"}

_NGINX = compile_pattern(r"\$(?:\{(\w+)\}|(\w+))")
_APACHE = compile_pattern(r"%(?:[!<>,\d]*)(?:\{([^}]*)\})?(\^?[a-zA-Z%]{1,2}?)")
_APACHE_TIMES = compile_pattern(r"%\{(?:begin:)?([^}]*)\}t([^%]{0,3})%\{(?:begin:)?([^}]*)\}t")
_STRFTIME = {"%d/%b/%Y:%H:%M:%S %z": "clf", "%Y-%m-%dT%H:%M:%S%z": "iso", "%Y-%m-%d %H:%M:%S": "iso_space", "%FT%T%z": "iso"}
_STRFTIME |= {"%Y-%m-%dT%H:%M:%S": "iso", "%s": "epoch", "sec": "epoch", "msec": "epoch_any", "usec": "epoch_any"}
_FRACTIONS = {"msec_frac": "%f", "usec_frac": "%f", "sec": "%s"}
_GOACCESS = compile_pattern(r"%(\^|[a-zA-Z])|~h\{([^}]*)\}")
_CADDY = ("{common_log}", "{request>", "{ts}")


def is_definition(text: str) -> bool:
    """Whether the text given to --log_format is a definition rather than a name."""
    return "$" in text or "%" in text or any(mark in text for mark in _CADDY)


def defined(text: str, name: str = "", time_format: str = "") -> TemplateFormat:
    """The format that a definition describes; a `FormatError` says what it lacks.

    `time_format` is how times are written, in the notation of strftime, where it is not one of the usual ways.
    """
    text = text.strip()
    if len(text) > DEFINITION_BYTES_MAX:
        raise FormatError(f"the definition is longer than {DEFINITION_BYTES_MAX} bytes")
    quoted = re.fullmatch(r"""LogFormat\s+"((?:[^"\\]|\\.)*)"(?:\s+(\S+))?""", text)
    if quoted:
        text, name = quoted[1], name or quoted[2] or ""
    if text.startswith("log_format"):
        from .nginx_conf import nginx_formats

        formats = nginx_formats(text if text.endswith(";") else text + ";")
        if formats:
            name, text = next(iter(formats.items()))
    kind, template, found_format = _template_of(text)
    time_format = time_format or found_format
    if time_format:
        template = re.sub(r"\{time(?::[a-z_]+)?\}", "{time:own}", template)
    timestamps: Callable[[], Timestamps] = partial(StrftimeTimestamps, time_format) if time_format else AnyTimestamps
    row = TemplateFormat(
        name or kind,
        f"as defined: {text}",
        template,
        timestamps,
        examples=(b"",),
        time_pattern=strftime_pattern(time_format) if time_format else b"",
        has_empty_values=True,
    )
    if "time" not in [value.field for value in row.values]:
        raise FormatError(f"the definition has no time variable: {text}")
    if not all(value.is_apart for value in row.values):
        raise FormatError(f"the definition has two values with nothing between them: {text}")
    return row


def _template_of(text: str) -> tuple[str, str, str]:
    """The notation of a definition, its template, and the format of its time where that is not a usual one."""
    if any(mark in text for mark in _CADDY):
        raise FormatError(
            "Caddy's transform encoder is not read from its definition: {common_log} writes the format common"
            " (--log_format common), and Caddy's own JSON is detected"
        )
    if "$" in text:
        return "nginx", _joined(_from_nginx(text)), ""
    text = text.replace('\\"', '"').replace("\\t", "\t")
    if "%^" in text or "~h{" in text or ("%d" in text and re.search("%t|%x", text)):
        return "goaccess", _joined(_from_goaccess(text)), ""
    while times := _APACHE_TIMES.search(text):  # one time in several parts
        first, between, last = times.groups()
        joined = _FRACTIONS.get(first, first) + between + _FRACTIONS.get(last, last)
        text = text[: times.start()] + "%{" + joined + "}t" + text[times.end() :]
    template, time_format = _from_apache(text)
    return "apache", _joined(template), time_format


def _joined(template: str) -> str:
    """Skipped values with nothing between them are one."""
    return re.sub(r"(?:\{-(?::list)?\}){2,}", "{-}", template)


class _Once:
    """Names each field of a template once: the first value that has it."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def token(self, value: str | None) -> str:
        name = (value or "-").partition(":")[0].rstrip("?")
        if value is None or name in self._seen:
            return "{-}"
        self._seen.add(name)
        if name == "request":
            self._seen |= {"method", "target", "protocol"}
        return "{%s}" % value


def _from_nginx(text: str) -> str:
    names = {found[1] or found[2] for found in _NGINX.finditer(text)}
    once = _Once()
    plain = _plain(text)

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name == "time_local":
            before, after = plain[found.start() - 1 : found.start()], plain[found.end() : found.end() + 1]
            return once.token("time:clf" if (before, after) == ("[", "]") else "time:clf_bare")
        return "{-:list}" if name.startswith("upstream_") else once.token(_nginx(name, names))

    return _NGINX.sub(value, plain)


def _nginx(name: str, names: set[str]) -> str | None:
    if "request" in names and name in ("request_method", "request_uri", "uri", "document_uri", "server_protocol"):
        return None  # the request line has it
    if name == "bytes_sent" and "body_bytes_sent" in names:
        return None
    if name in ("server_name", "host") and "http_host" in names:
        return None
    if name in ("http_x_real_ip", "http_cf_connecting_ip") and "remote_addr" not in names:
        return "source"
    return NGINX.get(name)


def _plain(text: str) -> str:
    """A text whose braces mean nothing to the template."""
    return re.sub(r"(?<!\$)\{(?=[a-z_-]+[?:}])", "{ ", text)


def _from_apache(text: str) -> tuple[str, str]:
    """The template, and the format of its time where that is not a usual one."""
    once = _Once()
    request = "%r" in text or re.search(r"%[!<>,\d]*r", text) is not None
    time_format = ""

    def time(argument: str | None) -> str:
        nonlocal time_format
        if argument is None:
            return "[" + once.token("time:clf") + "]"
        written = argument.removeprefix("begin:").removeprefix("end:")
        token = once.token("time:" + _STRFTIME.get(written, "own"))
        if token == "{time:own}":
            strftime_pattern(written)
            time_format = written
        return token

    def value(found: re.Match[str]) -> str:
        argument, letter = found[1], found[2]
        if letter == "%":
            return "%"
        if letter == "t":
            return time(argument)
        if letter == "i":
            return once.token(APACHE_HEADERS.get((argument or "").lower()))
        if letter == "T" and argument is not None:
            return once.token("duration:" + UNITS.get(argument, "s"))
        if letter == "h" or (letter == "a" and "%h" not in text):
            return once.token("source")
        if letter == "r":
            return once.token("request")
        if request and letter in "mUH":
            return "{-}"
        if letter == "q":
            return once.token(None)
        return once.token(APACHE.get(letter) if argument is None or letter in "s" else None)

    return _APACHE.sub(value, re.sub(r"%U%q", "%U", text)), time_format


def _from_goaccess(text: str) -> str:
    """GoAccess's notation with its usual date and time formats; a date and a time together are one value."""
    once = _Once()
    text = text.replace("%~", "{-:pad}")
    text = re.sub(r"%d:%t %\^", "{time:clf}", text)
    text = re.sub(r"%dT%t(?:%\^)?", "{time:iso}", text)
    text = re.sub(r"%d %t", "{time:iso_space}", text)

    def value(found: re.Match[str]) -> str:
        letter = found[1] or "h"
        if letter in "dt":
            raise FormatError(
                f"GoAccess definition: %{letter} alone is not supported; give %d:%t %^, %dT%t, %d %t or %x: {text}"
            )
        return once.token(GOACCESS.get(letter))

    return _GOACCESS.sub(value, text)
