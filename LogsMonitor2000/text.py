"""Text from a log made safe to show, and quantities as people read them.

A log is written by strangers, and a terminal obeys control characters: what comes from a log is shown through `printable`.
"""

from __future__ import annotations

from collections.abc import Iterable
import unicodedata


def decoded(raw: bytes) -> str:
    """As UTF-8; invalid bytes are shown as `\\xNN`."""
    return raw.decode("utf-8", "backslashreplace")


def printable(raw: bytes) -> str:
    """As one line for a terminal: every non-printing character (controls, separators, bidirectional marks) is escaped."""
    text = decoded(raw)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def cells(text: str) -> int:
    """How many cells of a terminal `text` takes: two for a wide character, none for a combining one."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def elided(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells, the middle replaced by `ellipsis` where it is longer: both ends of a path matter."""
    if cells(text) <= width:
        return text
    room = max(0, width - cells(ellipsis))
    tail = _fitting(reversed(text), room // 2)[::-1]
    return _fitting(text, room - cells(tail)) + ellipsis + tail


def clipped(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells, its end replaced by `ellipsis` where it is longer."""
    return text if cells(text) <= width else _fitting(text, width - cells(ellipsis)) + ellipsis if width > 0 else ""


def _fitting(characters: Iterable[str], width: int) -> str:
    fitting = []
    for character in characters:
        width -= _cells_of(character)
        if width < 0:
            break
        fitting.append(character)
    return "".join(fitting)


def counted(number: int, noun: str) -> str:
    """`1 hit`, `1,289 hits`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(count: float) -> str:
    """`812 B`, `107.2 KiB`, `3.4 GiB`."""
    if count < 1024:
        return f"{count:.0f} B"
    amount = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        amount /= 1024
        if amount < 1023.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1024:.1f} PiB"


def duration(seconds: int) -> str:
    """`87 s`, `12 min 5 s`, `3 h 0 min`, `2 d 4 h`: the two largest units."""
    for name, size, smaller, part in (("d", 86_400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if seconds >= 2 * size:
            return f"{seconds // size} {name} {seconds % size // part} {smaller}"
    return f"{seconds} s"


def step(seconds: int) -> str:
    """The length of an interval, in its largest whole unit: `10 s`, `2 min`, `12 h`, `1 d`."""
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def share(part: float, whole: float) -> str:
    """`91.7 %`; `<0.1 %` for what is there but would round to nothing."""
    percent = 100 * part / whole if whole else 0.0
    return "<0.1 %" if 0 < percent < 0.05 else f"{percent:.1f} %"
