"""A file that is being written: read to its end, and on as it grows."""

from __future__ import annotations

from .file import FileSource
from .source import Source


class FollowSource(FileSource):
    """Never ends by itself. When it is stopped, what has come of an unfinished last line counts as a line."""

    def progress(self) -> tuple[int, int] | None:
        return None

    def stop(self) -> None:
        Source.stop(self)

    def _read_raw(self, size: int) -> bytes | None:
        return super()._read_raw(size) or None
