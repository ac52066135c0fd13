"""Compressed input read as what it holds, detected from its first bytes and never from its name.

One small class over the three decompressors of the standard library. Output is asked for in bounded pieces, so a
file that expands a thousandfold costs time but no memory. A stream that is cut off or damaged, or is followed by something else,
yields all that can be read, and then a warning that says how far that was.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol
import zlib

SIGNATURES = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}

DAMAGE = (zlib.error, OSError, EOFError, ValueError)
"""What the decompressors raise for damaged data."""

MAGIC_BYTES = 6
"""The length of the longest signature."""


class _Codec(Protocol):
    """What `bz2.BZ2Decompressor` and `lzma.LZMADecompressor` have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib's decompressor with the interface of the other two: it keeps the input that did not fit.

    Where data is damaged, zlib discards what it had made of the sound bytes before; a copy makes that again.
    """

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)
        self._full = False  # the last output may have left some inside
        self._error: zlib.error | None = None

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    @property
    def needs_input(self) -> bool:
        return not (self._zlib.unconsumed_tail or self._full or self._error)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if self._error:
            raise self._error
        data = self._zlib.unconsumed_tail + data
        before = self._zlib.copy()
        try:
            output = self._zlib.decompress(data, max_length)
        except zlib.error as error:
            self._error = error
            return _until_error(before, data)
        self._full = len(output) == max_length
        return output


def _until_error(decompressor: zlib._Decompress, data: bytes) -> bytes:
    """What `data`, which is damaged somewhere, holds before that."""
    pieces: list[bytes] = []
    with suppress(zlib.error):
        for position in range(len(data)):
            pieces.append(decompressor.decompress(data[position : position + 1]))
    return b"".join(pieces)


def compression_of(head: bytes) -> str | None:
    """ "gzip", "bzip2" or "xz" for the first bytes of a stream, None when it is none of them."""
    for signature, kind in SIGNATURES.items():
        if head.startswith(signature):
            return kind
    return None


def may_be_compressed(head: bytes) -> bool:
    """Whether the first bytes of a stream, which are all that have come, could be the beginning of a signature."""
    return any(signature.startswith(head) for signature in SIGNATURES)


def _new_codec(kind: str) -> _Codec:
    if kind == "gzip":
        return _Gzip()
    if kind == "bzip2":
        import bz2  # here, because few runs need it and start-up counts

        return bz2.BZ2Decompressor()
    import lzma

    return lzma.LZMADecompressor()


class Decompressor:
    """Reads raw bytes with `read_raw` and yields what they hold; members that follow one another are one stream.

    `warn` is called, once at most, with the reason why not everything could be read. `read` follows `StreamSource._read_raw`.
    """

    def __init__(self, kind: str, read_raw: Callable[[int], bytes | None], head: bytes, warn: Callable[[str], None]) -> None:
        self._kind = kind
        self._raw = read_raw
        self._raw_bytes, self._bytes = len(head), 0  # what came in and what went out
        self._pending = head
        self._warn = warn
        self._codec: _Codec | None = _new_codec(kind)

    def read(self, size: int) -> bytes | None:
        """At most `size` decompressed bytes; None when there are none now; b"" at the end."""
        while self._codec is not None:
            if self._codec.eof and not self._next_member(size):
                return b"" if self._codec is None else None
            if not self._pending and self._codec.needs_input:
                raw = self._read_raw(size)
                if raw is None:
                    return None
                if not raw:
                    return self._stop(f"compressed data is cut off after {self._raw_bytes:,} bytes")
                self._pending = raw
            try:
                data = self._codec.decompress(self._pending, size)
            except Exception as error:
                if (
                    not isinstance(error, DAMAGE) and type(error).__name__ != "LZMAError"
                ):  # lzma is imported only where it is used
                    raise
                return self._stop(f"compressed data is damaged ({error})")
            self._pending = b""
            if data:
                self._bytes += len(data)
                return data
        return b""

    def _read_raw(self, size: int) -> bytes | None:
        raw = self._raw(size)
        self._raw_bytes += len(raw or b"")
        return raw

    def _next_member(self, size: int) -> bool:
        """After the end of a member: begin the next one. False at the end of all, or when no more has arrived."""
        assert self._codec is not None
        # zero bytes after the end are padding, as gzip(1) has it
        rest = (self._pending or self._codec.unused_data).lstrip(b"\0")
        while len(rest) < 6:
            more = self._read_raw(size)
            if more is None:
                self._pending = rest
                return False
            if not more:
                break
            rest = (rest + more).lstrip(b"\0")
        if not rest:
            self._codec = None
            return False
        if compression_of(rest) != self._kind:
            self._stop("something else follows the compressed data")
            return False
        self._codec = _new_codec(self._kind)
        self._pending = rest
        return True

    def _stop(self, why: str) -> bytes:
        self._codec = None
        self._warn(f"{why}; {self._bytes:,} bytes of log were read before that")
        return b""
