"""Text from a log, made safe to show: a log is written by strangers, and a terminal obeys control characters."""

from __future__ import annotations


def decoded(raw: bytes) -> str:
    """As UTF-8, bytes that are none shown as `\\xNN`."""
    return raw.decode("utf-8", "backslashreplace")


def printable(raw: bytes) -> str:
    """As one line for a terminal: every character that does not print (controls, separators, bidirectional marks) escaped."""
    text = decoded(raw)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


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
