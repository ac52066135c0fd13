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
