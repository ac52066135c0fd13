"""The calls of the operating system that following makes, and how many files it holds open.

They are in one place so that a test can make one of them fail; everything else works on real files.
"""

from __future__ import annotations

from collections import OrderedDict
import os
import resource
from typing import Protocol

from ...limits import DESCRIPTORS_MAX


class Files:
    """What `os` offers; failures are its `OSError`s."""

    def stat(self, path: str) -> os.stat_result:
        return os.stat(path)

    def fstat(self, descriptor: int) -> os.stat_result:
        return os.fstat(descriptor)

    def listdir(self, path: str) -> list[str]:
        return os.listdir(path)

    def open(self, path: str) -> int:
        """Without waiting, should it have become a FIFO in the meantime."""
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        return os.pread(descriptor, size, offset)

    def next_data(self, descriptor: int, offset: int) -> int:
        """Where the hole at `offset` ends; `offset` where the file system does not know."""
        try:
            return os.lseek(descriptor, offset, os.SEEK_DATA)
        except (OSError, AttributeError):
            return offset

    def close(self, descriptor: int) -> None:
        os.close(descriptor)


class Holder(Protocol):
    """What holds a descriptor that may be taken from it, to be opened again when it is needed."""

    def release(self) -> bool:
        """Close the descriptor; False when the file could not be opened again."""


class Descriptors:
    """A bound on the files held open by all sources that share it: the one that was not used for longest is closed."""

    def __init__(self, limit: int | None = None) -> None:
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.limit = limit or max(1, min(DESCRIPTORS_MAX, soft // 2))
        self._holders: OrderedDict[Holder, None] = OrderedDict()

    def use(self, holder: Holder) -> None:
        """`holder` has a descriptor, and has just used it."""
        self._holders[holder] = None
        self._holders.move_to_end(holder)
        if len(self._holders) > self.limit:
            self.relieve()

    def drop(self, holder: Holder) -> None:
        """`holder` has closed its descriptor."""
        self._holders.pop(holder, None)

    def relieve(self) -> None:
        """Close what can be closed, down to the limit and at least one, but not what was used last."""
        excess = max(1, len(self._holders) - self.limit)
        for holder in list(self._holders)[:-1]:
            if excess and holder.release():
                excess -= 1
