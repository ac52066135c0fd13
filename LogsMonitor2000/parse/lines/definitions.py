r"""A server's own definition of its log, pasted: an nginx `log_format` string or an Apache `LogFormat` string → a template.

nginx writes variables with `$`, Apache directives with `%`, and that distinguishes them.
"""

from __future__ import annotations

import re

from ...errors import FormatError
from ...limits import DEFINITION_BYTES_MAX
from ..regex import compile_pattern
from ..values.iso import AnyTimestamps
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
APACHE_HEADERS = {"referer": "referrer", "user-agent": "agent", "x-forwarded-for": "forwarded", "host": "vhost"}
UNITS = {"s": "s", "ms": "ms", "us": "us"}

_NGINX = compile_pattern(r"\$(?:\{(\w+)\}|(\w+))")
_APACHE = compile_pattern(r"%(?:[!<>,\d]*)(?:\{([^}]*)\})?(\^?[a-zA-Z%]{1,2}?)")
_STRFTIME = {"%d/%b/%Y:%H:%M:%S %z": "clf", "%Y-%m-%dT%H:%M:%S%z": "iso", "%Y-%m-%d %H:%M:%S": "iso_space", "%FT%T%z": "iso"}
_STRFTIME |= {"%Y-%m-%dT%H:%M:%S": "iso", "%s": "epoch", "sec": "epoch", "msec": "epoch_any", "usec": "epoch_any"}


def is_definition(text: str) -> bool:
    """Whether the text given to --log_format is a definition rather than a name."""
    return "$" in text or "%" in text


def defined(text: str, name: str = "") -> TemplateFormat:
    """The format that a definition describes; a `FormatError` says what it lacks."""
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
    kind = "nginx" if "$" in text else "apache"
    template = _from_nginx(text) if kind == "nginx" else _from_apache(text.replace('\\"', '"').replace("\\t", "\t"))
    row = TemplateFormat(name or kind, f"as defined: {text}", template, AnyTimestamps, examples=(b"",))
    found = [value.field for value in row.values]
    doubled = next((value for value in row.values[:-1] if not value.after and value.kind != "pad"), None)
    if "time" not in found:
        raise FormatError(f"the definition has no time variable: {text}")
    if doubled is not None:
        raise FormatError(f"the definition has two values with nothing between them: {text}")
    return row


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
    for name in ("request",) if "request" in names else ():
        once.token(None)
    return _NGINX.sub(lambda found: once.token(_nginx(found[1] or found[2], names)), _plain(text))


def _nginx(name: str, names: set[str]) -> str | None:
    if "request" in names and name in ("request_method", "request_uri", "uri", "document_uri", "server_protocol"):
        return None  # the request line has it
    if name == "bytes_sent" and "body_bytes_sent" in names:
        return None
    if name in ("server_name", "host") and "http_host" in names:
        return None
    return NGINX.get(name)


def _plain(text: str) -> str:
    """A text whose braces mean nothing to the template."""
    return re.sub(r"(?<!\$)\{(?=[a-z_-]+[?:}])", "{ ", text)


def _from_apache(text: str) -> str:
    once = _Once()
    request = "%r" in text or re.search(r"%[!<>,\d]*r", text) is not None

    def value(found: re.Match[str]) -> str:
        argument, letter = found[1], found[2]
        if letter == "%":
            return "%"
        if letter == "t":
            if argument is None:
                return "[" + once.token("time:clf") + "]"
            timestamp = argument.removeprefix("begin:").removeprefix("end:")
            if timestamp not in _STRFTIME:
                raise FormatError(f"the time format %{{{argument}}}t is not supported; known: {', '.join(_STRFTIME)}")
            return once.token("time:" + _STRFTIME[timestamp])
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

    return _APACHE.sub(value, re.sub(r"%U%q", "%U", text))
