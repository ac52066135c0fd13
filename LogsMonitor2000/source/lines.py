"""Bytes as they come in, whole lines as they go out.

A line that is longer than the limit is cut to just over it, so that the parser, which knows the limit too, calls it
malformed; the rest of it is dropped as it comes. Nothing else is ever dropped or changed but a byte-order mark at the start.
"""

from __future__ import annotations

from ..limits import LINE_BYTES_MAX

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

OVER_LONG = len(BYTE_ORDER_MARK) + len(b"\r") + 1
"""How far beyond the limit a line is kept: without its mark and its carriage return it must still be too long."""


class LineFramer:
    """`feed` it bytes, `take` whole lines until there are none, `feed` again; `finish` ends the last line.

    `offset` is the position in the stream of the next line to be taken, counting every byte that was fed.
    """

    def __init__(self, offset: int = 0, line_bytes_max: int | None = None) -> None:
        self.offset = offset
        self._line_bytes_max = LINE_BYTES_MAX if line_bytes_max is None else line_bytes_max
        self._ready = b""  # whole lines
        self._ready_dropped = 0  # bytes that the first of them has lost
        self._partial: list[bytes] = []  # the beginning of a line, in the pieces it came in
        self._partial_bytes = 0
        self._partial_dropped = 0
        self._at_start = offset == 0
        self.long_lines = 0
        """Lines that were longer than the limit."""

    @property
    def partial_bytes(self) -> int:
        """Bytes of the unfinished last line that were fed but not yet taken."""
        return self._partial_bytes + self._partial_dropped

    def feed(self, data: bytes) -> None:
        """Add the bytes that follow; all ready lines must have been taken."""
        first = data.find(b"\n") + 1
        if not first:
            self._keep(data)
            return
        last = data.rfind(b"\n") + 1
        if self._partial:
            self._keep(data[: first - 1])
            self.long_lines += self._partial_bytes > self._line_bytes_max
            self._ready = b"".join((*self._partial, b"\n", memoryview(data)[first:last]))
            self._ready_dropped = self._partial_dropped
            self._partial.clear()
            self._partial_bytes = self._partial_dropped = 0
        else:
            self._ready = data[:last] if last < len(data) else data
        if self._at_start:
            self._strip_mark()
        if last < len(data):
            self._keep(data[last:])

    def finish(self) -> None:
        """The stream has ended: an unfinished last line counts as a line."""
        if self._partial:
            ready = self._ready
            self.feed(b"\n")
            self._ready = ready + self._ready

    def skip(self, count: int) -> None:
        """The next `count` bytes of the stream belong to no line; nothing of a line may have been fed."""
        self.offset += count

    def take(self, room: int) -> bytes:
        """The ready lines that begin within the next `room` bytes."""
        lines = self._ready
        room = max(room - self._ready_dropped, 1)  # the other lines begin that much further on than they lie here
        if len(lines) > room:
            cut = lines.find(b"\n", room - 1) + 1
            self._ready = lines[cut:]
            lines = lines[:cut]
        else:
            self._ready = b""
        if lines:
            self.offset += len(lines) + self._ready_dropped
            self._ready_dropped = 0
        return lines

    def _keep(self, piece: bytes) -> None:
        room = self._line_bytes_max + OVER_LONG - self._partial_bytes
        if len(piece) > room:
            self._partial_dropped += len(piece) - room
            piece = piece[:room]
        if piece:
            self._partial.append(piece)
            self._partial_bytes += len(piece)
            if len(self._partial) > 1024:  # a line that arrives byte by byte: keep it in few pieces
                self._partial = [b"".join(self._partial)]

    def _strip_mark(self) -> None:
        self._at_start = False
        if self._ready.startswith(BYTE_ORDER_MARK):
            self._ready = self._ready[len(BYTE_ORDER_MARK) :]
            self._ready_dropped += len(BYTE_ORDER_MARK)
