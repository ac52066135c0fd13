"""What to do about a log that no known format fits: the nearest format and where it stops matching, or the keys that look right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import re

from ..limits import ADVICE_KEYS_MAX, DETECT_BYTES_MAX
from ..text import printable
from .base import Malformed, strictly
from .lines.http_log import HTTPLogParser
from .lines.template import TemplateFormat
from .registry import LINES

WAYS_OUT = "give its definition (--log_format '$remote_addr …'), or see: formats --explain LINE"

_LOOKS: Mapping[str, str] = {
    "time": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*|\d{10}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?|\[?\d\d/\w{3}/\d{4}:.*",
    "status": r"[1-5]\d\d",
    "target": r"/[^ ]*|https?://[^ ]+",
    "source": r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|[\dA-Fa-f]*:[\dA-Fa-f]*:[\dA-Fa-f:.]*",
    "method": r"GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS",
}
"""What values of a record look like, field by field."""


def advice(lines: Sequence[bytes]) -> str:
    """A few words for the end of the message that nothing fits `lines`."""
    if lines[0].lstrip()[:1] == b"{":
        return _keys(lines[0])
    nearest = _nearest(lines)
    return f"nearest: {nearest}; {WAYS_OUT}" if nearest else WAYS_OUT


def _nearest(lines: Sequence[bytes]) -> str:
    """The format that matches most of the first line, and why it does not match the rest."""
    line = lines[0][:DETECT_BYTES_MAX]
    best, most = "", 0
    for row in LINES:
        if re.search(row.hint, line) is None or (isinstance(row, TemplateFormat) and row.fallback is not None):
            continue  # what falls back on a plainer format stops where that does
        try:
            strictly(HTTPLogParser(row).parse_line, line)
        except Malformed as error:
            matched = row.matched(line) if isinstance(row, TemplateFormat) else len(line) // 2
            if matched > most:
                best, most = f"{row.name} ({printable(str(error).encode())})", matched
    return best


def _keys(line: bytes) -> str:
    """The keys of a record whose values look like those of a request, as an option to copy."""
    from json import loads

    try:
        record = loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        return f"not JSON: {str(error)[:80]}; {WAYS_OUT}"
    found: dict[str, str] = {}
    for path, value in _scalars(record, ""):
        for field, look in _LOOKS.items():
            if field not in found and re.fullmatch(look, str(value)):
                found[field] = path
                break
    if not found.keys() & {"status", "target", "method"} or "time" not in found:
        missing = "time" if "time" not in found else "status, path or method"
        return f"no key looks like a {missing}; if there is one, name it: --log_format json --fields time=KEY,status=KEY,target=KEY"
    pairs = ",".join(f"{field}={path}" for field, path in found.items())
    return f"these keys look right: --log_format json --fields {printable(pairs.encode('utf-8', 'replace'))}"


def _scalars(record: object, prefix: str, depth: int = 0) -> Iterator[tuple[str, object]]:
    if isinstance(record, dict) and depth < 4:
        for key, value in list(record.items())[:ADVICE_KEYS_MAX]:
            yield from _scalars(value, f"{prefix}.{key}" if prefix else str(key), depth + 1)
    elif isinstance(record, (str, int, float)) and not isinstance(record, bool):
        yield prefix, record
