"""The format of a message: whole lines, plain or gzip, and headers that say which lines they are.

`host` and `file` name the input. `position` is the number of bytes that `sender` has sent of it before, so that a sender that repeats
lines after a crash gives them the same positions; `sender` is a text that a sender keeps as long as its positions. A message without
these headers is of an input named after the queue, or after its first line if that looks like a name; it cannot be told from its repeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import gzip
import re
from typing import Any
import zlib

from ..limits import BROKER_MESSAGE_BYTES_MAX, BROKER_NAME_LENGTH_MAX

GZIP = "gzip"
NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.\-]{0,199}\r?\n")
"""A first line that is a name: one word, which no line of a log is."""
POSITION_MAX = 1 << 62


class PoisonError(ValueError):
    """The message is none that can be read, now or ever; its text says why."""


@dataclass(frozen=True, slots=True)
class Message:
    """Whole `lines` of `file` on `host`; `position` is None where the sender does not say."""

    host: str
    file: str
    sender: str
    position: int | None
    lines: bytes

    @property
    def name(self) -> str:
        """What messages call the input."""
        return f"{self.host}:{self.file}" if self.host else self.file


def encode(message: Message, *, compress: bool = False) -> tuple[dict[str, Any], str | None, bytes]:
    """Headers, content encoding and body."""
    headers = {"host": message.host, "file": message.file, "sender": message.sender, "position": message.position}
    if not compress:
        return headers, None, message.lines
    return headers, GZIP, gzip.compress(message.lines, 1, mtime=0)


def decode(headers: Mapping[str, Any] | None, encoding: str | None, body: bytes, queue: str) -> Message:
    """The message that came from `queue`. Raises `PoisonError`."""
    lines = _plain(encoding, body)
    given = {name: value for name in ("host", "file", "position") if (value := (headers or {}).get(name)) is not None}
    if not given:
        if (name := NAME.match(lines)) is not None and name.end() < len(lines):
            return Message("", name[0].strip().decode("ascii"), "", None, lines[name.end() :])
        return Message("", queue, "", None, lines)
    if len(given) < 3:
        raise PoisonError(f"of the headers host, file and position it has only {' and '.join(given)}")
    position = given["position"]
    if type(position) is not int or not 0 <= position <= POSITION_MAX:
        raise PoisonError("its header position is not a number of bytes")
    sender = (headers or {}).get("sender") or ""
    return Message(_text("host", given["host"]), _text("file", given["file"]), _text("sender", sender), position, lines)


def _plain(encoding: str | None, body: bytes) -> bytes:
    if len(body) > BROKER_MESSAGE_BYTES_MAX:
        raise PoisonError(f"it has more than {BROKER_MESSAGE_BYTES_MAX:,} bytes")
    if encoding in (None, "", "identity"):
        return body
    if encoding != GZIP:
        raise PoisonError("its content encoding is neither gzip nor none")
    unpacker = zlib.decompressobj(31)
    try:
        lines = unpacker.decompress(body, BROKER_MESSAGE_BYTES_MAX + 1)
    except zlib.error:
        raise PoisonError("it is not gzip, or damaged") from None
    if len(lines) > BROKER_MESSAGE_BYTES_MAX:
        raise PoisonError(f"it has more than {BROKER_MESSAGE_BYTES_MAX:,} bytes when unpacked")
    if not unpacker.eof or unpacker.unused_data:
        raise PoisonError("its gzip stream is cut off, or something follows it")
    return lines


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > BROKER_NAME_LENGTH_MAX or (name != "sender" and not value):
        raise PoisonError(f"its header {name} is not a text of 1 to {BROKER_NAME_LENGTH_MAX:,} characters")
    return value
