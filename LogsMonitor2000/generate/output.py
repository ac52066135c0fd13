"""Where generated lines go: standard output, or a file that whole lines are appended to and that is rotated by size."""

from __future__ import annotations

from collections.abc import Sequence
import os
from typing import BinaryIO

from ..errors import InputError

ROTATED_MAX = 1000
"""How many rotated files are kept: more is a mistake in `--rotate_bytes`."""


class Output:
    """Appends whole lines to the file at `path`, or writes them to `out`: one of the two is given.

    Past `rotate_bytes` (0: never) the file becomes `path.1`, that one `path.2` and so on, as logrotate does it.
    """

    def __init__(self, path: str | None, out: BinaryIO | None = None, header: bytes = b"", rotate_bytes: int = 0) -> None:
        self._path = path
        self._header = header
        self._rotate_bytes = rotate_bytes
        if path is not None:
            self._file = self._opened(path)
        else:
            assert out is not None
            self._file = out
            out.write(header)

    def write(self, lines: Sequence[bytes]) -> None:
        """Write `lines` at once: a reader sees all of them, or whole ones of them."""
        self._file.write(b"".join(lines))
        if self._path is not None:
            self._file.flush()
            if 0 < self._rotate_bytes <= self._file.tell():
                self._rotate(self._path)

    def close(self) -> None:
        """Flush what was written, and close the file."""
        if self._path is None:
            self._file.flush()
        else:
            self._file.close()

    def _opened(self, path: str) -> BinaryIO:
        try:
            file = open(path, "ab")
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}") from error
        if not file.tell():
            file.write(self._header)
        return file

    def _rotate(self, path: str) -> None:
        self._file.close()
        rotated = [f"{path}.{number}" for number in range(1, ROTATED_MAX + 1) if os.path.exists(f"{path}.{number}")]
        for old in reversed(rotated):
            base, _, number = old.rpartition(".")
            os.replace(old, f"{base}.{int(number) + 1}")
        os.replace(path, f"{path}.1")
        self._file = self._opened(path)
