"""The request line that a log quotes, split into method, target, section, protocol. Garbage is allowed and gives "-".

Also its subpatterns for the fast parsers, which match ordinary requests alone.
"""

from __future__ import annotations

from typing import NamedTuple

from ...limits import KEY_BYTES_MAX
from ..regex import compile_pattern

SECTION_MAX = KEY_BYTES_MAX - 1
"""Characters of a section after its slash in the fast parsers, which leave longer ones to the strict one: then their keys are short."""

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
    """Split `METHOD target PROTOCOL`; a target may hold spaces, and the protocol may be missing (HTTP/0.9)."""
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
    """`/` and the first segment of the path, as it stands; "-" for what is not a path (`*`, `host:443`, garbage)."""
    origin = _ORIGIN.match(target)
    if origin:
        target = target[origin.end() :]
        if not target.startswith(b"/"):
            return b"/"
    section = _SECTION.match(target)
    return section[0] if section else b"-"


def path_of(target: bytes) -> bytes:
    """The target without its origin, query and fragment; "-" for what is not a path."""
    origin = _ORIGIN.match(target)
    if origin:
        target = target[origin.end() :]
        if not target.startswith(b"/"):
            return b"/"
    path = _PATH.match(target)
    return path[0] if path else b"-"


def request_values(request: bytes) -> dict[str, bytes | None]:
    """Every field of an event that `request` holds."""
    method, target, section, protocol = split_request(request)
    return {"method": method, "target": target, "path": path_of(target), "section": section, "protocol": protocol}


def request_versions(stop: bytes, absolute: bool = False) -> tuple[bytes, ...]:
    """`METHOD target PROTOCOL` up to a character `stop`, which is not taken; the section's version comes first."""
    section = rb"(?P<section>/[^/ ?#%s]{0,%d}+)" % (stop, SECTION_MAX)
    origin = rb"https?+://[^/?# %s]++(?=/)" % stop
    if not absolute:
        origin = rb"(?:%s)?+" % origin
    method = rb"[^ %s]++ " % stop
    path = rb"(?P<path>%s(?:/[^ ?#%s]*+)?+)" % (section, stop)
    target = rb"(?P<target>%s%s(?:[?#][^ %s]*+)?+)" % (origin, path, stop)
    return (
        method + origin + section + rb"(?:[/?#]| HTTP/)[^%s]*+" % stop,
        rb"(?P<method>[^ %s]++) " % stop + origin + section + rb"(?:[/?#]| HTTP/)[^%s]*+" % stop,
        rb"(?P<method>[^ %s]++) %s (?P<protocol>HTTP/[^ %s]*+)" % (stop, target, stop),
    )


def target_versions(stop: bytes) -> tuple[bytes, ...]:
    """A target that begins with a slash, behind an origin or not, up to a character of `stop`."""
    section = rb"(?P<section>/[^/?#%s]{0,%d}+)" % (stop, SECTION_MAX)
    origin = rb"(?:https?+://[^/?#%s]++(?=/))?+" % stop
    return (
        origin + section + rb"[^%s]*+" % stop,
        rb"(?P<target>%s(?P<path>%s(?:/[^?#%s]*+)?+)(?:[?#][^%s]*+)?+)" % (origin, section, stop, stop),
    )
