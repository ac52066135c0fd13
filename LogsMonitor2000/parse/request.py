"""The request line that a log quotes, taken apart: method, target, section, protocol. Garbage is allowed and gives "-"."""

from __future__ import annotations

import re
from typing import NamedTuple

_PROTOCOL = re.compile(rb"(?i) HTTP/")
_LAST_PROTOCOL = re.compile(rb" [A-Za-z]++/\d[\d.]*+\Z")
_ORIGIN = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*+://[^/?#]*+")
_SECTION = re.compile(rb"/[^/?#]*+")


class Request(NamedTuple):
    method: bytes
    target: bytes
    section: bytes
    protocol: bytes


def split_request(request: bytes) -> Request:
    """Take `METHOD target PROTOCOL` apart; a target may hold spaces, and the protocol may be missing (HTTP/0.9)."""
    method, space, rest = request.partition(b" ")
    if not space:
        return Request(method or b"-", b"-", b"-", b"-")
    protocol = b"-"
    found = _PROTOCOL.search(rest) or _LAST_PROTOCOL.search(rest)
    if found:
        protocol = rest[found.start() + 1 :]
        rest = rest[: found.start()]
    return Request(method or b"-", rest or b"-", section_of(rest), protocol)


def section_of(target: bytes) -> bytes:
    """`/` and the first segment of the path, as it stands; "-" for what is no path (`*`, `host:443`, garbage)."""
    origin = _ORIGIN.match(target)
    if origin:
        target = target[origin.end() :]
        if not target.startswith(b"/"):
            return b"/"
    section = _SECTION.match(target)
    return section[0] if section else b"-"
