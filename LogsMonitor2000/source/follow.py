"""A file that is being written: read to its end, and on as it grows."""

from __future__ import annotations

from .file import FileSource


class FollowSource(FileSource):
    """Never ends by itself."""

    def progress(self) -> tuple[int, int] | None:
        return None

    def _read_raw(self, size: int) -> bytes | None:
        return super()._read_raw(size) or None
