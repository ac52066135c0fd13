"""A file on disk that is read once, from its start or from a chunk in its middle."""

from __future__ import annotations

import os

from ..errors import InputError
from ..limits import BLOCK_BYTES, CHUNK_BYTES
from .stream import StreamSource


class FileSource(StreamSource):
    """The lines of `path` that begin at byte `start` or later; a `start` inside a line skips to the next one."""

    def __init__(self, path: str, start: int = 0, block_bytes: int = BLOCK_BYTES) -> None:
        try:
            self._file = open(path, "rb", buffering=0)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}") from error
        self._size = os.fstat(self._file.fileno()).st_size
        super().__init__(path, self._line_start(start), block_bytes)

    def progress(self) -> tuple[int, int] | None:
        return self._file.tell(), self._size

    def _line_start(self, start: int) -> int:
        """The first position not before `start` where a line begins, sought for a chunk's length; the file is left there."""
        if start == 0:
            return 0
        position = self._file.seek(start - 1)
        while position < start + CHUNK_BYTES and (data := self._file.read(BLOCK_BYTES)):
            newline = data.find(b"\n") + 1
            if newline:
                return self._file.seek(position + newline)
            position += len(data)
        return max(position, start + CHUNK_BYTES)

    def _read_raw(self, size: int) -> bytes | None:
        try:
            return self._file.read(size)
        except OSError as error:
            raise InputError(f"{self.name}: {error.strerror or error}") from error

    def stop(self) -> None:
        """Whole lines only: what was read of the last one is no end, just where reading was stopped."""
        self.ended = True

    def close(self) -> None:
        super().close()
        self._file.close()
