"""The journal's export format, in which a record is many lines."""

from __future__ import annotations

from ...limits import LINE_BYTES_MAX
from ..blocks import count_lines
from ..regex import compile_pattern
from .base import Envelope


class JournalExport(Envelope):
    """`journalctl -o export`: a field a line, `MESSAGE=…` among them, and a blank line after each record.

    So each field is opened by itself, and those that are not a message do not count as lines. What is not printable follows the
    name on a line of its own and eight bytes that hold its length: it may continue over lines and blocks.
    """

    name = "journal_export"
    missing = "not a field of a journal export"
    begins = rb"[A-Z0-9_]++(?:=|\r?+\Z)"
    sequential = True

    def __init__(self) -> None:
        self._line = compile_pattern(rb"(?:MESSAGE=|[A-Z0-9_]{1,64}+(?:=.*+|(?=\r?+\Z))|(?=\r?+\Z))(.*+)\Z")
        self._lines = compile_pattern(rb"(?m:^)(?:MESSAGE=|[A-Z0-9_]{1,64}+=.*+|(?=\r?+\n))(.*+\n)")
        self._name = compile_pattern(rb"[A-Z0-9_]{1,64}+\Z")
        self._field: bytes | None = None
        self._data = bytearray()

    def open_line(self, line: bytes) -> bytes | None:
        found = self._line.match(line)
        return None if found is None else found[1]

    def open(self, block: bytes) -> list[bytes | None]:
        lines: list[bytes | None] = [] if self._field else self._lines.findall(block)
        if len(lines) == count_lines(block):
            return lines
        return [self._next(line) for line in block.split(b"\n")[:-1]]

    def _next(self, line: bytes) -> bytes | None:
        """What is inside of the next line: nothing, until all of a field's bytes are there."""
        if self._field is None:
            if self._name.match(line):
                self._field = line
                self._data.clear()
                return b"\n"
            inside = self.open_line(line)
            return None if inside is None else inside + b"\n"
        self._data += line + b"\n"
        size = int.from_bytes(self._data[:8], "little")
        if len(self._data) < 8 or 8 + size >= len(self._data) and size <= LINE_BYTES_MAX:
            return b"\n"
        field, self._field = self._field, None
        if len(self._data) != 8 + size + 1:
            return None
        return bytes(self._data[8:-1]).rstrip(b"\r\n").replace(b"\n", b" ") + b"\n" if field == b"MESSAGE" else b"\n"
