"""Values as they stand in a log → values of the field, each distinct text converted once.

Like timestamps (`timestamps`), these are dictionaries that fill their gaps themselves, so that C code converts a whole column.
"""

from __future__ import annotations

from ...limits import CONVERTED_MAX, TIMESTAMP_BYTES_MAX
from ..regex import compile_pattern


class Converter(dict["bytes | None", "bytes | None"]):
    """Fields by their text in the log, at most `CONVERTED_MAX` remembered; a concrete class converts one."""

    def __missing__(self, text: bytes | None) -> bytes | None:
        if text is None:
            return None
        value = self.convert(text)
        if len(text) <= TIMESTAMP_BYTES_MAX:
            if len(self) >= CONVERTED_MAX:
                self.clear()
            self[text] = value
        return value

    def convert(self, text: bytes) -> bytes | None:
        raise NotImplementedError


class Scaled(Converter):
    """A decimal number with its point `shift` places further left: milliseconds → seconds, exactly. Other text counts as missing."""

    def __init__(self, shift: int) -> None:
        super().__init__()
        self.shift = shift

    def convert(self, text: bytes) -> bytes | None:
        return seconds_of(text, self.shift)


class Summed(Converter):
    """`0.001 0.125 0.002` → their sum, exactly; missing where one of them is (-1): then the time is unknown."""

    def convert(self, text: bytes) -> bytes | None:
        total = 0
        for number in text.split(b" "):
            if number[:1] == b"-":
                return None
            whole, _, fraction = number.partition(b".")
            total += int(whole + fraction.ljust(12, b"0"))
        return seconds_of(b"%d.%012d" % divmod(total, 10**12))


class TimeTaken(Converter):
    """W3C's `time-taken`: seconds when it has a point, as CloudFront writes it; else milliseconds, as IIS does."""

    def convert(self, text: bytes) -> bytes | None:
        return seconds_of(text, 0 if b"." in text else 3)


_UNITS = {b"": 0, b"s": 0, b"ms": 3, b"us": 6, b"\xc2\xb5s": 6, b"\xce\xbcs": 6, b"ns": 9}
_DURATION = compile_pattern(rb"(\d{1,18}+)(?:\.(\d{1,18}+))?+(s|ms|us|\xc2\xb5s|\xce\xbcs|ns)?+\Z")


def seconds_of(text: bytes, shift: int = 0) -> bytes | None:
    """Decimal seconds of `12.5`, in a unit that is `shift` places smaller, or of `12.5ms`, which says its own; None for others."""
    found = _DURATION.match(text)
    if found is None:
        return None
    whole, fraction, unit = found[1], found[2] or b"", found[3]
    if unit is not None:
        shift = _UNITS[unit]
    if shift:
        whole = whole.rjust(shift + 1, b"0")
        whole, fraction = whole[:-shift], whole[-shift:] + fraction
    whole = whole.lstrip(b"0") or b"0"
    fraction = fraction.rstrip(b"0")
    return whole + b"." + fraction if fraction else whole


_PORT = compile_pattern(rb"(?:([^:\[\]]*+)|\[([^\]]*+)\])(?::\d{1,5}+)?+\Z")


class WithoutPort(Converter):
    """`192.0.2.7:8080` and `[2001:db8::1]:8080` → the address alone."""

    def convert(self, text: bytes) -> bytes | None:
        found = _PORT.match(text)
        return text if found is None else (found[1] if found[2] is None else found[2]) or text


WITHOUT_PORT = WithoutPort()


def without_brackets(source: bytes) -> bytes:
    """`[2001:db8::1]` and `[2001:db8::1]:443` → the address alone; anything else, also `192.0.2.7:443`, as it stands.

    For formats that write no port: what follows a colon there may be a part of the address. Fast patterns leave brackets to the strict
    parser, as few servers write them.
    """
    return WITHOUT_PORT[source] or source if source[:1] == b"[" else source


class WithoutLastPort(WithoutPort):
    """The same where even an IPv6 address without brackets has a port: `2001:db8::1:8080`."""

    def convert(self, text: bytes) -> bytes | None:
        return text.rpartition(b":")[0] or text if text.count(b":") > 1 and text[:1] != b"[" else super().convert(text)


class LastHop(WithoutPort):
    """`198.51.100.9, 10.0.0.3` → the last address: the one that connected, as far as the list goes."""

    def convert(self, text: bytes) -> bytes | None:
        return super().convert(text.rpartition(b",")[2].strip(b" ")) or b"-"


_LAST_HOP = LastHop()


def source_of(forwarded: bytes | None, peer: bytes | None) -> bytes | None:
    """The last hop of a list, or where there is none, the address that was connected."""
    return WITHOUT_PORT[peer] if forwarded in (None, b"", b"-") else _LAST_HOP[forwarded]


class OrDash(Converter):
    """What a pattern has not captured is "-"."""

    def __missing__(self, text: bytes | None) -> bytes | None:
        return b"-" if text is None else text
