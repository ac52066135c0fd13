"""Pieces of files named by URL (`s3://…`, `hdfs://…`), read by fsspec wherever they are mapped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..errors import InputError, UsageError
from ..limits import BLOCK_BYTES, CHUNK_BYTES
from ..parse.choose import Chosen
from ..report.piece import blocks_of, cuts
from ..source.decompress import MAGIC_BYTES, compression_of
from ..source.stream import StreamSource


class RemotePiece(NamedTuple):
    """The lines of the file at a URL that begin in `[start, end)`; see `report.piece.Piece`."""

    path: str
    start: int = 0
    end: int | None = None
    is_last: bool = True
    chosen: Chosen | None = None

    @property
    def label(self) -> str:
        return self.path

    def blocks(self) -> Iterator[bytes]:
        return blocks_of(RemoteSource(self.path, self.start), self.end)


class RemoteSource(StreamSource):
    """The lines of the file at `url` that begin at byte `start` or later."""

    def __init__(self, url: str, start: int = 0) -> None:
        self._file = _opened(url)
        super().__init__(url, self._line_start(start))

    def _line_start(self, start: int) -> int:
        """The first position not before `start` where a line begins; the file is left there."""
        if start == 0:
            return 0
        position: int = self._file.seek(start - 1)
        while position < start + CHUNK_BYTES and (data := self._file.read(BLOCK_BYTES)):
            newline = data.find(b"\n") + 1
            if newline:
                return int(self._file.seek(position + newline))
            position += len(data)
        return max(position, start + CHUNK_BYTES)

    def _read_raw(self, size: int) -> bytes | None:
        try:
            data: bytes = self._file.read(size)
        except OSError as error:
            raise InputError(f"{self.name}: {error}") from error
        return data

    def close(self) -> None:
        super().close()
        self._file.close()


def remote_pieces(urls: Sequence[str]) -> list[RemotePiece]:
    """The pieces of the files at `urls`, in order; a compressed file is one piece."""
    pieces: list[RemotePiece] = []
    for url in urls:
        file = _opened(url)
        with file:
            packed = compression_of(file.read(MAGIC_BYTES)) is not None
            size = file.seek(0, 2)
        pieces += [RemotePiece(url)] if packed else [RemotePiece(url, *bounds) for bounds in cuts(size)]
    return pieces


def _opened(url: str) -> Any:
    """A file object; an error of the file system is an `InputError`, whatever its library calls it."""
    try:
        import fsspec
    except ImportError as error:
        raise UsageError(f'{url}: needs the package "fsspec": pip install "LogsMonitor2000[cluster]"') from error
    try:
        return fsspec.open(url, "rb").open()
    except ImportError as error:
        raise UsageError(f"{url}: {error}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{url}: {error}") from error
