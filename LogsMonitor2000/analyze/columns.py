"""Columns that measures look at: a field as it stands in the log, or something derived from it.

A column is a plain value, so that equal ones are computed once and can cross to worker processes. Its `key` is stable text, by which
states of measures are found again after a restart. What a column makes of a text is cached, as the same texts come again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import ceil, log
from typing import TYPE_CHECKING, Any

from ..limits import CONVERTED_BYTES_MAX, CONVERTED_MAX, CONVERTED_TEXT_BYTES_MAX, KEY_BYTES_MAX
from ..parse.regex import compile_pattern

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address
    import re

MICRO = 1_000_000
"""Durations are summed in millionths of a second, as whole numbers: what is added can be taken away exactly."""

RELATIVE_ERROR = 0.005
"""How far a value may be from the middle of its bin: half a percent."""

_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GAMMA = log(_GAMMA)
BIN_ZERO = -(1 << 20)
"""The bin of values too small to have one."""

SMALLEST = 1e-7
LARGEST = 1e18
"""More than any size or duration that a log can hold."""

SHORT = frozenset({"status", "status_class", "size"})
"""Fields of a few digits."""


class Derived:
    """A column made of `field`. `key` is stable text that no other column has; `is_text` says whether values may be as long as a line."""

    def __init__(self, field: str, key: str, is_text: bool = False) -> None:
        self.field = field
        self.key = key
        self.is_text = is_text

    def convert(self, text: bytes | None) -> Any:
        """What it makes of the text in the log."""
        raise NotImplementedError

    def column(self, texts: Sequence[bytes | None]) -> Sequence[Any]:
        """What it makes of each of `texts`."""
        return remembered(self, texts)

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return self.key


class Raw(Derived):
    """The field as it stands in the log."""

    def __init__(self, field: str) -> None:
        super().__init__(field, field, field not in SHORT)

    def convert(self, text: bytes | None) -> bytes | None:
        return text

    def column(self, texts: Sequence[bytes | None]) -> Sequence[bytes | None]:
        return texts


class Subnet(Derived):
    """The network of an address: its first `v4` bits, or of an IPv6 address the first `v6`; None leaves it whole, as what is not an address.

    An IPv4 address that is written as an IPv6 one (`::ffff:192.0.2.7`) is an IPv4 address.
    """

    def __init__(self, field: str, v4: int | None, v6: int | None) -> None:
        lengths = ["-" if length is None else str(length) for length in (v4, v6)]
        super().__init__(field, f"{field}/{'/'.join(lengths)}", is_text=True)
        self.v4 = v4
        self.v6 = v6

    def convert(self, text: bytes | None) -> bytes | None:
        if self.v4 in (8, 16, 24) and text is not None and _ipv4().match(text):  # what `ipaddress` takes 10 µs for
            kept = self.v4 // 8
            return b".".join([*text.split(b".")[:kept], *[b"0"] * (4 - kept)]) + b"/%d" % self.v4
        address = address_of(text)
        if address is None:
            return text
        length = self.v4 if address.version == 4 else self.v6
        if length is None:
            return text
        from ipaddress import ip_network  # here, because few runs need it and start-up counts

        return str(ip_network((address, length), strict=False)).encode()


class Bin(Derived):
    """The logarithmic bin of a positive number; None where it is missing, but a size that is missing is 0.

    Bin `i` holds `(gamma**(i-1), gamma**i]`, and its middle is within `RELATIVE_ERROR` of each of these: DDSketch (Masson, Rim and
    Lee, VLDB 2019). Counts of bins can be added and taken away.
    """

    def __init__(self, field: str) -> None:
        super().__init__(field, f"bin({field})")

    def convert(self, text: bytes | None) -> int | None:
        try:
            value = float(text or b"")
        except ValueError:
            return BIN_ZERO if self.field == "size" else None
        if not SMALLEST <= value:
            return BIN_ZERO
        return ceil(log(min(value, LARGEST)) / _LOG_GAMMA)


class Number(Derived):
    """The field as a whole number: a size in bytes, where a missing one is 0, or a duration in millionths of a second, None if missing."""

    def __init__(self, field: str) -> None:
        super().__init__(field, f"number({field})")

    def convert(self, text: bytes | None) -> int | None:
        if self.field != "duration":
            return int(text or 0)
        try:
            return round(float(text or b"") * MICRO)
        except (ValueError, OverflowError):
            return None

    def column(self, texts: Sequence[bytes | None]) -> Sequence[int | None]:
        if self.field == "duration" and not any(texts):
            return [None] * len(texts)  # a log without that field
        return list(map(self.convert, texts))  # sizes and durations hardly ever come again: a cache does not pay


class ServerError(Derived):
    """Whether the status is 500 or above."""

    def __init__(self) -> None:
        super().__init__("status", "server_error")

    def convert(self, text: bytes | None) -> bool:
        return text is not None and text >= b"500"  # three digits compare as the number does; "-" is below all of them


@lru_cache(maxsize=1)
def _ipv4() -> re.Pattern[bytes]:
    return compile_pattern(rb"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?=\d)|\Z)){4}\Z")


def address_of(text: bytes | None) -> IPv4Address | IPv6Address | None:
    """The address that `text` is, without its zone; None if it is not one."""
    from ipaddress import ip_address  # here, because few runs need it and start-up counts

    try:
        address = ip_address((text or b"").partition(b"%")[0].decode("ascii"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def middle(number: int) -> float:
    """The value that stands for all of a bin."""
    return 0.0 if number == BIN_ZERO else 2 * _GAMMA**number / (_GAMMA + 1)


class _Converted(dict["bytes | None", Any]):
    """What a column makes of texts, filled as they are met. All of these together are bounded in bytes."""

    ENTRY_BYTES = 200  # of a text and a value, besides their content
    used = 0  # by all of them

    def __init__(self, column: Derived) -> None:
        super().__init__()
        self._column = column

    def __missing__(self, text: bytes | None) -> Any:
        value = self._column.convert(text)
        length = 0 if text is None else len(text)
        if length > CONVERTED_TEXT_BYTES_MAX:
            return value
        if len(self) >= CONVERTED_MAX or _Converted.used >= CONVERTED_BYTES_MAX:
            clear_converted()
        _Converted.used += length + self.ENTRY_BYTES
        self[text] = value
        return value


_caches: list[_Converted] = []


@lru_cache(maxsize=1024)
def _converted(column: Derived) -> _Converted:
    """The one cache of `column` in this process."""
    _caches.append(_Converted(column))
    return _caches[-1]


def clear_converted() -> None:
    """Forget what columns made of texts: they will make it again."""
    for cache in _caches:
        cache.clear()
    _Converted.used = 0


def cache_stats() -> dict[str, int]:
    """Of all the caches of columns: `entries`, and `bytes`, as far as these are estimated."""
    return {"entries": sum(map(len, _caches)), "bytes": _Converted.used}


def remembered(column: Derived, texts: Iterable[bytes | None]) -> Sequence[Any]:
    """What `column` makes of each of `texts`, from the cache where they came before."""
    return list(map(_converted(column).__getitem__, texts))


class Derivations(dict[Any, Sequence[Any]]):
    """The columns of a block by field, and those derived from them: by column, or for several columns together by the tuple of them."""

    longest = KEY_BYTES_MAX + 1
    """Bytes of the longest line that they are from, where that is known."""

    def __missing__(self, wanted: Derived | tuple[Derived, ...]) -> Sequence[Any]:
        if isinstance(wanted, tuple):
            made: Sequence[Any] = list(zip(*[self[column] for column in wanted]))
        else:
            made = wanted.column(self[wanted.field])
        self[wanted] = made
        return made
