"""What is kept over a restart: one snapshot in a directory, replaced as a whole, and read with suspicion.

The snapshot is written to a temporary file, synced, renamed over the old one, and the directory is synced: whenever the machine
or the process dies, there is the old one or the new one. It says in its first bytes whose it is and in which version, and holds a
checksum of the rest. One process at a time holds the directory, by a lock that the system lets go of when the process ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os

from ..errors import InputError, UsageError
from ..limits import STATE_BYTES_MAX

MAGIC = "LogsMonitor2000 state"
STATE_VERSION = 1
SNAPSHOT, LOCK = "snapshot.json", "lock"


class StateDirectory:
    """The directory `path`, made if need be, private to the user, and locked until `close`.

    `failures` counts the snapshots that could not be written; `warnings` are for a person, whoever shows them clears them.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.failures = 0
        self.warnings: list[str] = []
        self._failing = False
        try:
            os.makedirs(path, mode=0o700, exist_ok=True)
            self._lock = self._open_lock(path)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise UsageError(f"{path}: another monitor keeps its state there") from error
        except OSError:
            self.warnings.append(f"{path}: cannot be locked here; make sure that only one monitor uses it")

    @staticmethod
    def _open_lock(path: str) -> int:
        """The lock file, or where it cannot be written, the directory itself."""
        try:
            os.chmod(path, 0o700)
            return os.open(os.path.join(path, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            try:
                return os.open(os.path.join(path, LOCK), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def load(self) -> dict[str, object] | None:
        """What was saved last; None where nothing was, or where it cannot be trusted, with a warning."""
        name = os.path.join(self.path, SNAPSHOT)
        try:
            with open(name, "rb") as file:
                data = file.read(STATE_BYTES_MAX + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            return self._refuse(f"cannot be read ({error.strerror or error})")
        if len(data) > STATE_BYTES_MAX:
            return self._refuse("is too large")
        header, _, body = data.partition(b"\n")
        try:
            fields = json.loads(header)
            magic, version, checksum = fields["magic"], fields["version"], fields["checksum"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return self._refuse("is damaged, or something else")
        if magic != MAGIC:
            return self._refuse("is something else")
        if version != STATE_VERSION:
            return self._refuse(f"was written by another version (its format is {version!r}, this one knows {STATE_VERSION})")
        if checksum != _checksum(body):
            return self._refuse("is damaged")
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            return self._refuse("is damaged")
        return content if isinstance(content, dict) else self._refuse("is something else")

    def save(self, content: dict[str, object]) -> bool:
        """Replace the snapshot. A failure is counted, and told when it begins; the old snapshot is still there then."""
        temporary = os.path.join(self.path, SNAPSHOT + ".new")
        body = json.dumps(content, separators=(",", ":")).encode("ascii")
        header = json.dumps({"magic": MAGIC, "version": STATE_VERSION, "checksum": _checksum(body)}).encode("ascii")
        try:
            self._write(temporary, header + b"\n" + body)
            os.rename(temporary, os.path.join(self.path, SNAPSHOT))
            self._sync_directory()
        except OSError as error:
            self.failures += 1
            if not self._failing:
                self.warnings.append(f"{self.path}: the state cannot be saved ({error.strerror or error}); going on without")
            self._failing = True
            return False
        self._failing = False
        return True

    def close(self) -> None:
        """Let another process have the directory."""
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1

    def _refuse(self, why: str) -> dict[str, object] | None:
        self.warnings.append(f"{os.path.join(self.path, SNAPSHOT)}: {why}; starting afresh")
        return None

    @staticmethod
    def _write(name: str, data: bytes) -> None:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "wb", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
            os.fsync(descriptor)

    def _sync_directory(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _checksum(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()
