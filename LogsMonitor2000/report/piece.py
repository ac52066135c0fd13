"""What a report is mapped over: the lines that begin in one part of a file.

Plain files are cut at multiples of `PIECE_BYTES`, so that the pieces do not depend on how many processes there are; what cannot be
cut (compressed files, standard input) is one piece. A piece says where its lines are and is read where it is mapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import os
from typing import NamedTuple, Protocol

from ..limits import PIECE_BYTES
from ..parse.choose import Chosen
from ..source.base import Source
from ..source.decompress import compression_of
from ..source.file import FileSource
from ..source.open import STANDARD_INPUT, open_source


class Piece(Protocol):
    """The lines of `path` that begin in `[start, end)`; an `end` of None is the end of the file.

    `is_last` says that no other piece of the file follows; `chosen` reads its format, where a report asked for events.
    """

    @property
    def path(self) -> str: ...

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int | None: ...

    @property
    def is_last(self) -> bool: ...

    @property
    def chosen(self) -> Chosen | None: ...

    @property
    def label(self) -> str:
        """What messages call the file."""

    def blocks(self) -> Iterator[bytes]:
        """Its lines, in blocks of whole ones; an `InputError` where they cannot be read."""


class FilePiece(NamedTuple):
    """A piece of a file of this machine, or of one that is at the same path wherever the piece is mapped."""

    path: str
    start: int = 0
    end: int | None = None
    is_last: bool = True
    chosen: Chosen | None = None
    name: str = ""

    @property
    def label(self) -> str:
        return self.name or self.path

    def blocks(self) -> Iterator[bytes]:
        return blocks_of(open_source(self.path) if self.end is None else FileSource(self.path, self.start), self.end)


problems: list[str] = []
"""What reading pieces ran into in this process, such as a compressed file that is cut off: `engine.map_piece` hands it on."""


def blocks_of(source: Source, end: int | None) -> Iterator[bytes]:
    """The lines of `source` that begin before `end`; what reading ran into is added to `problems`, and the source is closed."""
    try:
        while not source.ended and (end is None or source.offset < end):
            yield from source.chunk(end)
    finally:
        problems.extend(source.warnings)
        source.close()


def pieces_of(paths: Sequence[str]) -> list[FilePiece]:
    """The pieces of the files at `paths`, in order."""
    return [piece for path in paths for piece in _pieces(path)]


def _pieces(path: str) -> list[FilePiece]:
    if path == STANDARD_INPUT or not os.path.isfile(path):
        return [FilePiece(path)]
    with open(path, "rb") as file:
        if compression_of(file.read(6)) is not None:
            return [FilePiece(path)]
    size = os.path.getsize(path)
    return [FilePiece(path, *bounds) for bounds in cuts(size)]


def cuts(size: int) -> list[tuple[int, int, bool]]:
    """(start, end, whether it is the last) of each piece of a file of `size` bytes."""
    return [(start, min(start + PIECE_BYTES, size), start + PIECE_BYTES >= size) for start in range(0, size, PIECE_BYTES)]
