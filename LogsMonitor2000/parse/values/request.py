"""The request line that a log quotes, taken apart: method, target, section, protocol. Garbage is allowed and gives "-"."""

from __future__ import annotations

from typing import NamedTuple

from ..regex import compile_pattern

_PROTOCOL = compile_pattern(rb"(?i) HTTP/")
_LAST_PROTOCOL = compile_pattern(rb" [A-Za-z]++/\d[\d.]*+\Z")
_ORIGIN = compile_pattern(rb"[A-Za-z][A-Za-z0-9+.-]*+://[^/?#]*+")
_PATH = compile_pattern(rb"/[^?#]*+")
_SECTION = compile_pattern(rb"/[^/?#]*+")


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


def path_of(target: bytes) -> bytes:
    """The target without its origin, query and fragment; "-" for what is no path."""
    origin = _ORIGIN.match(target)
    if origin:
        target = target[origin.end() :]
        if not target.startswith(b"/"):
            return b"/"
    path = _PATH.match(target)
    return path[0] if path else b"-"


def request_values(request: bytes) -> dict[str, bytes | None]:
    """Every field of an event that `request` tells."""
    method, target, section, protocol = split_request(request)
    return {"method": method, "target": target, "path": path_of(target), "section": section, "protocol": protocol}
