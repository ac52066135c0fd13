"""Messages out of what syslog senders transmit: each becomes one line, with its priority and header for the parser to read.

A datagram is a message. A stream is cut by newlines, or by a length before each message (octet counting, RFC 6587): the sender's
first bytes say which.
"""

from __future__ import annotations

import re

from ..limits import LINE_BYTES_MAX

COUNTED = re.compile(rb"([1-9][0-9]{0,8}) <")
MAY_BE_COUNTED = re.compile(rb"[1-9][0-9]{0,8} ?\Z")
LENGTH_BYTES_MAX = 10
"""A length and the space after it."""


def line_of(message: bytes) -> bytes:
    """One line for one message, empty for an empty one. Newlines inside are written as rsyslog does."""
    message = message.rstrip(b"\r\n\0")
    if b"\n" in message:
        message = message.replace(b"\n", b"#012")
    return message + b"\n" if message else b""


class StreamFrames:
    """Cuts the stream of one sender. `long_messages` counts those that were longer than the bound, and were cut to just over it."""

    def __init__(self) -> None:
        self.long_messages = 0
        self.is_broken = False
        """A length was expected and something else came: no message can be found any more."""
        self._is_counted: bool | None = None
        self._buffer = bytearray()
        self._drop = 0  # bytes of an over-long counted message that are still to come
        self._is_dropping = False  # up to the next newline

    @property
    def waiting_bytes(self) -> int:
        """Of messages that are not complete."""
        return len(self._buffer)

    def feed(self, data: bytes) -> bytes:
        """The messages that `data` completes, as whole lines."""
        self._buffer += data
        if self._is_counted is None:
            if MAY_BE_COUNTED.match(self._buffer):
                return b""
            self._is_counted = COUNTED.match(self._buffer) is not None
        return self._counted() if self._is_counted else self._by_newline()

    def finish(self) -> tuple[bytes, int]:
        """At the end of the stream: the last message if it is complete enough to be a line, and how many bytes of one were lost."""
        rest, self._buffer = bytes(self._buffer), bytearray()
        if not self._is_counted:
            return b"" if self._is_dropping else line_of(rest), 0
        return b"", len(rest)

    def _by_newline(self) -> bytes:
        buffer = self._buffer
        if self._is_dropping:
            end = buffer.find(b"\n") + 1
            del buffer[: end or len(buffer)]
            self._is_dropping = not end
        end = buffer.rfind(b"\n") + 1
        lines = bytes(buffer[:end])
        del buffer[:end]
        first = lines.find(b"\n")
        if first > LINE_BYTES_MAX:  # only the first can be so long: the others have come at once
            lines = lines[: LINE_BYTES_MAX + 1] + lines[first:]
            self.long_messages += 1
        if b"\0" in lines or b"\n\n" in lines or lines.startswith(b"\n"):
            lines = b"".join(map(line_of, lines.split(b"\n")))
        if len(buffer) > LINE_BYTES_MAX:
            lines += line_of(bytes(buffer[: LINE_BYTES_MAX + 1]))
            buffer.clear()
            self.long_messages += 1
            self._is_dropping = True
        return lines

    def _counted(self) -> bytes:
        buffer = self._buffer
        lines: list[bytes] = []
        position = 0
        while not self.is_broken:
            if self._drop:
                dropped = min(self._drop, len(buffer) - position)
                position += dropped
                self._drop -= dropped
            space = buffer.find(b" ", position, position + LENGTH_BYTES_MAX)
            if space < 0 or self._drop:
                self.is_broken = len(buffer) - position >= LENGTH_BYTES_MAX
                break
            digits = bytes(buffer[position:space])
            if not digits.isdigit():
                self.is_broken = True
                break
            length = int(digits)
            kept = min(length, LINE_BYTES_MAX + 1)
            if len(buffer) < space + 1 + kept:
                break
            lines.append(line_of(bytes(buffer[space + 1 : space + 1 + kept])))
            position = space + 1 + kept
            self._drop = length - kept
            self.long_messages += length > kept
        del buffer[:position]
        return b"".join(lines)
