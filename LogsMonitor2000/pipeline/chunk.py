"""The digest of a chunk of a plain file, by whichever process."""

from __future__ import annotations

from ..analyze.digest import Digest, Digester
from ..limits import CHUNK_BYTES
from ..source.file import FileSource


def digest_chunk(
    digester: Digester, path: str, chunk: int, horizon: int, directives: bytes = b"", newest: int | None = None
) -> Digest:
    """The digest of the lines that begin in chunk number `chunk` of a file."""
    source = FileSource(path, chunk * CHUNK_BYTES)
    try:
        return digester.digest(source.chunk((chunk + 1) * CHUNK_BYTES), horizon, newest, directives)
    finally:
        source.close()
