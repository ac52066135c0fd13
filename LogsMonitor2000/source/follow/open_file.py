"""One file, read through a descriptor that may be taken away at any time and is opened again by the file's last known name.

Device and inode say whether a name still leads to it. When the name has passed on to another file and no descriptor is held, every
call raises `FileNotFoundError` until the file is found again and `path` is set.
"""

from __future__ import annotations

import os

from .files import Descriptors, Files

Key = tuple[int, int]
"""Device and inode."""

NO_FILE: Key = (0, 0)


def key_of(status: os.stat_result) -> Key:
    return status.st_dev, status.st_ino


FileState = tuple[int, int, int, int, int]
"""Changes with whatever is done to a file, except within one tick of the kernel's clock."""


def state_of(status: os.stat_result) -> FileState:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev


class OpenFile:
    """Opens `path`, which must lead to the file of `status` where that is given. Raises `OSError`s."""

    def __init__(self, files: Files, descriptors: Descriptors, path: str, status: os.stat_result | None = None) -> None:
        self.path = path
        self._files, self._descriptors = files, descriptors
        self._descriptor: int | None = files.open(path)
        try:
            self.opened_as = files.fstat(self._descriptor)
            self.key = key_of(self.opened_as)
            if status is not None and key_of(status) != self.key:
                raise FileNotFoundError(f"{path}: is another file now")
        except BaseException:
            files.close(self._descriptor)
            raise
        descriptors.use(self)

    @property
    def is_open(self) -> bool:
        """While its descriptor is held, its inode is given to no other file."""
        return self._descriptor is not None

    def status(self) -> os.stat_result:
        """As it is now."""
        if self._descriptor is not None:
            return self._files.fstat(self._descriptor)
        status = self._files.stat(self.path)
        if key_of(status) != self.key:
            raise FileNotFoundError(f"{self.path}: is another file now")
        return status

    def pread(self, size: int, offset: int) -> bytes:
        """What one system call gives: fewer than `size` bytes even where the file has more, as some file systems do."""
        if self._descriptor is None:
            descriptor = self._files.open(self.path)
            try:
                if key_of(self._files.fstat(descriptor)) != self.key:
                    raise FileNotFoundError(f"{self.path}: is another file now")
            except BaseException:
                self._files.close(descriptor)
                raise
            self._descriptor = descriptor
        self._descriptors.use(self)
        return self._files.pread(self._descriptor, size, offset)

    def read_fully(self, size: int, offset: int) -> bytes:
        """All of the `size` bytes at `offset` that the file has."""
        data = self.pread(size, offset)
        while data and len(data) < size and (more := self.pread(size - len(data), offset + len(data))):
            data += more
        return data

    def next_data(self, offset: int) -> int:
        """Where the hole at `offset` ends."""
        return offset if self._descriptor is None else self._files.next_data(self._descriptor, offset)

    def release(self) -> bool:
        """Close the descriptor if the file can be opened again by its name."""
        if self._descriptor is not None:
            try:
                if key_of(self._files.stat(self.path)) != self.key:
                    return False
            except OSError:
                return False
            self.close()
        return True

    def close(self) -> None:
        if self._descriptor is not None:
            self._files.close(self._descriptor)
            self._descriptor = None
        self._descriptors.drop(self)
