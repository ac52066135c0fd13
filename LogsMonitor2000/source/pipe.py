"""Standard input, a FIFO or a device: bytes that come when they come, and only once."""

from __future__ import annotations

import os
import select

from ..errors import InputError
from ..limits import BLOCK_BYTES
from .stream import StreamSource


class PipeSource(StreamSource):
    """What can be read from an open descriptor until its end, without ever waiting for it."""

    def __init__(self, name: str, descriptor: int, block_bytes: int = BLOCK_BYTES) -> None:
        super().__init__(name, block_bytes=block_bytes)
        self._descriptor = descriptor
        self._poll = select.poll()  # `select.select` knows no descriptor above 1023
        self._poll.register(descriptor, select.POLLIN)

    def fileno(self) -> int | None:
        return self._descriptor

    def _read_raw(self, size: int) -> bytes | None:
        if not self._poll.poll(0):
            return None
        try:
            return os.read(self._descriptor, size)
        except BlockingIOError:
            return None
        except OSError as error:
            raise InputError(f"{self.name}: {error.strerror or error}") from error

    def close(self) -> None:
        super().close()
        if self._descriptor > 2:
            os.close(self._descriptor)
            self._descriptor = -1
