"""Columns that are made of a field: what tallies count by.

A derived column is a plain value, so that equal ones are one, and can cross to worker processes; what it makes of each text is
remembered, as the same texts come again and again. (Named tuples would not do: those of two kinds can be equal.)
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from math import ceil, log
from typing import Any, Protocol

from ..limits import CONVERTED_MAX, KEY_BYTES_MAX
from ..parse.regex import compile_pattern

RELATIVE_ERROR = 0.005
"""How far a value may be from the middle of its bin: half a percent."""

_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GAMMA = log(_GAMMA)
BIN_ZERO = -(1 << 20)
"""The bin of values too small to have one."""

_IPV4 = compile_pattern(rb"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?=\d)|\Z)){4}\Z")

SMALLEST = 1e-7
LARGEST = 1e18
"""More than any size or duration that a log can tell."""


class Derived(Hashable, Protocol):
    """A column made of `field`."""

    @property
    def field(self) -> str: ...

    def convert(self, text: bytes | None) -> Any:
        """What it makes of the text in the log."""

    def column(self, texts: Sequence[bytes | None]) -> Sequence[Any]:
        """What it makes of each of `texts`."""


@dataclass(frozen=True)
class Raw:
    """The field as it stands in the log."""

    field: str

    def convert(self, text: bytes | None) -> bytes | None:
        return text

    def column(self, texts: Sequence[bytes | None]) -> Sequence[bytes | None]:
        return texts


@dataclass(frozen=True)
class Subnet:
    """The network of an address: its first `v4` bits, or of an IPv6 address the first `v6`; None leaves it whole, as what is no address.

    An IPv4 address that is written as an IPv6 one (`::ffff:192.0.2.7`) is an IPv4 address.
    """

    field: str
    v4: int | None
    v6: int | None

    def convert(self, text: bytes | None) -> bytes | None:
        if self.v4 in (8, 16, 24) and text is not None and _IPV4.match(text):  # what `ipaddress` takes 10 µs for
            kept = self.v4 // 8
            return b".".join([*text.split(b".")[:kept], *[b"0"] * (4 - kept)]) + b"/%d" % self.v4
        address = address_of(text)
        if address is None:
            return text
        length = self.v4 if address.version == 4 else self.v6
        return text if length is None else str(ip_network((address, length), strict=False)).encode()

    def column(self, texts: Sequence[bytes | None]) -> Sequence[Any]:
        return remembered(self, texts)


@dataclass(frozen=True)
class Bin:
    """The logarithmic bin of a positive number; None where it is missing, but a size that is missing is 0.

    Bin `i` holds `(gamma**(i-1), gamma**i]`, and its middle is within `RELATIVE_ERROR` of each of these: DDSketch (Masson, Rim and
    Lee, VLDB 2019). Counts of bins can be added and taken away.
    """

    field: str

    def convert(self, text: bytes | None) -> int | None:
        try:
            value = float(text or b"")
        except ValueError:
            return BIN_ZERO if self.field == "size" else None
        if not SMALLEST <= value:
            return BIN_ZERO
        return ceil(log(min(value, LARGEST)) / _LOG_GAMMA)

    def column(self, texts: Sequence[bytes | None]) -> Sequence[Any]:
        return remembered(self, texts)


def address_of(text: bytes | None) -> IPv4Address | IPv6Address | None:
    """The address that `text` is, without its zone; None when it is none."""
    try:
        address = ip_address((text or b"").partition(b"%")[0].decode("ascii"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def middle(number: int) -> float:
    """The value that stands for all of a bin."""
    return 0.0 if number == BIN_ZERO else 2 * _GAMMA**number / (_GAMMA + 1)


class _Converted(dict["bytes | None", Any]):
    """What a column makes of texts, filled as they are met."""

    def __init__(self, column: Derived) -> None:
        super().__init__()
        self._column = column

    def __missing__(self, text: bytes | None) -> Any:
        value = self._column.convert(text)
        if len(self) >= CONVERTED_MAX:
            self.clear()
        self[text] = value
        return value


@lru_cache(maxsize=1024)
def _converted(column: Derived) -> _Converted:
    """The one memory of `column` in this process."""
    return _Converted(column)


def remembered(column: Derived, texts: Iterable[bytes | None]) -> Sequence[Any]:
    """What `column` makes of each of `texts`, of those that came before by memory."""
    return list(map(_converted(column).__getitem__, texts))


class Derivations(dict[Any, Sequence[Any]]):
    """The columns of a block by field, and those made of them by what makes them: a derived column, or several together as keys."""

    longest = KEY_BYTES_MAX + 1
    """Bytes of the longest line that they are from, where somebody has looked."""

    def __missing__(self, wanted: Derived | tuple[Derived, ...]) -> Sequence[Any]:
        if isinstance(wanted, tuple):
            made: Sequence[Any] = list(zip(*[self[column] for column in wanted]))
        else:
            made = wanted.column(self[wanted.field])
        self[wanted] = made
        return made
