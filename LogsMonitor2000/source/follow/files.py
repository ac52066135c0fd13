"""The operating system's calls that following makes, and the bound on the files it holds open.

They are in one place so that a test can inject faults into them; everything else works on real files.
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
        """Without blocking, should it have become a FIFO in the meantime."""
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
    """Holds a descriptor that may be taken away, since the file can be opened again."""

    def release(self) -> bool:
        """Close the descriptor; False when the file could not be opened again."""


class Descriptors:
    """A bound on the files that all sources hold open together: the least recently used one is closed."""

    def __init__(self, limit: int | None = None) -> None:
        self.allowed = _allowed()
        """Descriptors that the system allows this process (`ulimit -n`)."""
        self.limit = limit or max(1, min(DESCRIPTORS_MAX, self.allowed // 2))
        self._holders: OrderedDict[Holder, None] = OrderedDict()

    @property
    def is_scarce(self) -> bool:
        """The system allows fewer than following would use."""
        return self.limit < DESCRIPTORS_MAX

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
        """Close down to the limit, at least one if possible, but not the one used last."""
        excess = max(1, len(self._holders) - self.limit)
        for holder in list(self._holders)[:-1]:
            if excess and holder.release():
                excess -= 1


def _allowed() -> int:
    """The soft limit, which is raised as far as following can use it and the hard limit permits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * DESCRIPTORS_MAX
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    except (OSError, ValueError):
        return soft
    return raised
