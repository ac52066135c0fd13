"""The directory that keeps what a run remembers: private, one process's own, and never reached through a prepared link.

What it holds decides what is counted and who is notified, so another user must not be able to put anything there: a directory that
others can write to is refused, and so is one that holds something else, whose permissions are not ours to change. Files are opened
without following symbolic links. A lock, which the system releases when the process ends, keeps a second process out.
"""

from __future__ import annotations

import fcntl
import os
import stat

from ..errors import InputError, UsageError

DATABASE, LOCK = "state.sqlite3", "lock"
SNAPSHOT, NOTE, DELIVERIES = "snapshot.json", "told", "deliveries.sqlite3"
"""What earlier versions kept there; they are migrated."""

_SIGNS = (DATABASE, SNAPSHOT)
"""A directory with one of these is ours, whatever else is in it."""

_OURS = frozenset({*_SIGNS, LOCK, NOTE, DELIVERIES, SNAPSHOT + ".new", "lost+found"})


class StateDirectory:
    """The directory `path`, created if need be, and locked until `close`. `warnings` are for the operator."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.warnings: list[str] = []
        try:
            os.makedirs(path, mode=0o700, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}") from error
        self._lock = -1
        try:
            self._check()
            self._lock = self._locked()
        except OSError as error:
            self.close()
            raise InputError(f"{path}: {error.strerror or error}") from error
        except UsageError:
            self.close()
            raise

    def file(self, name: str) -> str:
        """The path of the file `name` in the directory. An existing one must be a regular file, and no link to one."""
        path = os.path.join(self.path, name)
        try:
            mode = os.lstat(path).st_mode
        except FileNotFoundError:
            return path
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}") from error
        if not stat.S_ISREG(mode):
            raise UsageError(f"{path}: not a regular file; remove it or choose another --state directory")
        return path

    def create(self, name: str) -> None:
        """Create the file `name`, private to the user, unless it exists. An `OSError` where that is not possible."""
        os.close(self._open(name, os.O_RDWR | os.O_CREAT))

    def sync(self) -> None:
        """Make durable which files there are."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Release the directory to another process."""
        for descriptor in (self._lock, self._descriptor):
            if descriptor >= 0:
                os.close(descriptor)
        self._lock = self._descriptor = -1

    def _open(self, name: str, flags: int) -> int:
        return os.open(name, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600, dir_fd=self._descriptor)

    def _check(self) -> None:
        """Refuse a directory that others can write to, or that holds something else."""
        status = os.fstat(self._descriptor)
        if status.st_uid not in (os.geteuid(), 0) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise UsageError(
                f"{self.path}: other users can write to this directory, so its content cannot be trusted;"
                f" choose another --state directory, or chown it and run chmod go-w"
            )
        names = set(os.listdir(self._descriptor))
        foreign = sorted(name for name in names - _OURS if not name.startswith((DATABASE, DELIVERIES, SNAPSHOT)))
        if foreign and not names.intersection(_SIGNS):
            raise UsageError(f"{self.path}: holds other files ({foreign[0]}, …); --state needs a directory of its own")

    def _locked(self) -> int:
        """The locked lock file, or where it cannot be written, the locked directory."""
        try:
            lock = self._open(LOCK, os.O_RDWR | os.O_CREAT)
        except OSError:
            try:
                lock = self._open(LOCK, os.O_RDONLY)
            except FileNotFoundError:
                lock = os.dup(self._descriptor)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = os.pread(lock, 20, 0) if stat.S_ISREG(os.fstat(lock).st_mode) else b""
            os.close(lock)
            holder = f" (pid {int(pid)})" if pid.strip().isdigit() else ""
            raise UsageError(f"{self.path}: locked by another process{holder}; each monitor needs its own --state") from error
        except OSError:
            self.warnings.append(f"{self.path}: locks do not work here; make sure that only one monitor uses the directory")
        try:
            os.ftruncate(lock, 0)
            os.pwrite(lock, b"%d\n" % os.getpid(), 0)
        except OSError:
            pass  # it cannot be written, or is the directory: only the message of another process will lack the number
        return lock
