"""LTSV (`label:value` between tabs) and logfmt (`key=value key="quoted value"`) as key-value records."""

from __future__ import annotations

from collections.abc import Mapping
import re

from ..base import Malformed
from ..regex import compile_pattern
from .base import RecordParser
from .synonyms import Path, Place, places_of
from .syntax import Found, Scalar, Syntax

_LTSV = compile_pattern(rb"([^:\t]++):([^\t]*+)(?:\t|\Z)")
_LOGFMT = compile_pattern(rb'([^ ="]++)(?:=(?:"((?:[^"\\]++|\\.)*+)"|([^ "]*+)))?+(?: ++|\Z)')
_UNESCAPED = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}
_ESCAPE = compile_pattern(rb"\\(.)")


class KeyValueSyntax(Syntax):
    """What the two have in common: a line is a sequence of keys and values, found by one pattern."""

    pair: re.Pattern[bytes]
    missing = ""
    """What a line that is not a record lacks."""
    bare_dash = True

    def pairs(self, line: bytes) -> list[re.Match[bytes]]:
        """The pairs of a line; `Malformed` where there is anything else."""
        pairs: list[re.Match[bytes]] = []
        end = 0
        while end < len(line):
            pair = self.pair.match(line, end)
            if pair is None:
                raise Malformed(f"{self.missing} at byte {end + 1}")
            pairs.append(pair)
            end = pair.end()
        return pairs

    def find(self, line: bytes, wanted: Mapping[str, tuple[Place, ...]]) -> Found:
        record: dict[Path, bytes] = {}
        for pair in self.pairs(line):
            value = pair[2]
            if value is not None and self.escaped and b"\\" in value:
                value = _ESCAPE.sub(_unescape, value)
            elif value is None and pair.lastindex == 3:
                value = pair[3]
            if value is not None:
                record.setdefault((pair[1].decode("utf-8", "surrogateescape"),), value)
        places: dict[str, Place] = {}
        values: dict[str, bytes] = {}
        for name, candidates in wanted.items():
            for place in candidates:
                found = record.get(place.path)
                if found is not None and (place.needs is None or (place.needs,) in record):
                    places[name], values[name] = place, found
                    break
        return Found(places, values)

    def scalars(self, line: bytes) -> list[Scalar] | None:
        found: list[Scalar] = []
        seen: set[bytes] = set()
        for pair in self.pairs(line):
            key = pair[1]
            if key in seen:
                return None
            seen.add(key)
            group = 2 if pair[2] is not None else 3
            if pair.lastindex is not None and pair.lastindex > 1:
                path = (key.decode("utf-8", "surrogateescape"),)
                quoted = pair.re is _LOGFMT and group == 2
                found.append(Scalar(path, pair.start(group), pair.end(group), quoted))
        return found


def _unescape(escape: re.Match[bytes]) -> bytes:
    return _UNESCAPED.get(escape[1], escape[1])


class LtsvSyntax(KeyValueSyntax):
    name = "ltsv"
    pair = _LTSV
    missing = "no label:value"
    stop = rb"\t"
    # Here a key has one meaning, http://ltsv.org: the host is the client.
    own = {"source": places_of("host", "remote_addr", "client", "ip"), "vhost": places_of("vhost", "server_name")}


class LogfmtSyntax(KeyValueSyntax):
    name = "logfmt"
    pair = _LOGFMT
    missing = "no key=value"
    stop = rb'\ "'
    escaped = rb'(?:[^"\\]++|\\.)*+'


class LtsvParser(RecordParser):
    def __init__(self, own: Mapping[str, str] | None = None, time_format: str = "", is_untimed: bool = False) -> None:
        super().__init__(LtsvSyntax(), own, time_format, is_untimed)


class LogfmtParser(RecordParser):
    def __init__(self, own: Mapping[str, str] | None = None, time_format: str = "", is_untimed: bool = False) -> None:
        super().__init__(LogfmtSyntax(), own, time_format, is_untimed)
