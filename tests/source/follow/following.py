"""What the tests of following share: a directory, a clock that stands still, and the things that happen to logs."""

from __future__ import annotations

from collections.abc import Mapping
import errno
import gzip
import os
import shutil
import tempfile
import time
from typing import Any
import unittest

from LogsMonitor2000.limits import GRACE_SECONDS, SEARCH_SECONDS
from LogsMonitor2000.source.follow.environment import Environment
from LogsMonitor2000.source.follow.files import Descriptors, Files
from LogsMonitor2000.source.follow.tail import FollowSource
from LogsMonitor2000.testing import ManualClock


class FailingFiles(Files):
    """The real calls, except for those named to `fail`: the call, the error, how many times."""

    def __init__(self) -> None:
        self._failures: dict[str, list[int]] = {}
        self.open_now: set[int] = set()
        self.most_open = 0
        self.calls = 0

    def fail(self, call: str, number: int, times: int = 1) -> None:
        self._failures[call] = [number] * times

    def _may_fail(self, call: str) -> None:
        self.calls += 1
        if self._failures.get(call):
            number = self._failures[call].pop()
            raise OSError(number, os.strerror(number))

    def stat(self, path: str) -> os.stat_result:
        self._may_fail("stat")
        return super().stat(path)

    def fstat(self, descriptor: int) -> os.stat_result:
        self._may_fail("fstat")
        return super().fstat(descriptor)

    def listdir(self, path: str) -> list[str]:
        self._may_fail("listdir")
        return super().listdir(path)

    def open(self, path: str) -> int:
        self._may_fail("open")
        descriptor = super().open(path)
        self.open_now.add(descriptor)
        self.most_open = max(self.most_open, len(self.open_now))
        return descriptor

    def close(self, descriptor: int) -> None:
        self.open_now.discard(descriptor)
        super().close(descriptor)

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        self._may_fail("pread")
        return super().pread(descriptor, size, offset)


class FollowCase(unittest.TestCase):
    """`self.log` is the path that is followed; `self.new()` is what has been read since it was last asked."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.log = os.path.join(self.directory, "access.log")
        self.clock = ManualClock(time.time())
        self.files = FailingFiles()
        self.source: FollowSource | None = None
        self.addCleanup(self.close)

    def close(self) -> None:
        if self.source is not None:
            self.source.close()
            self.source = None

    def follow(self, path: str | None = None, position: Mapping[str, object] | None = None, **options: Any) -> FollowSource:
        self.close()
        options = {"environment": self.environment(), **options}
        self.source = FollowSource(path or self.log, position=position, **options)
        return self.source

    def environment(self, limit: int = 100) -> Environment:
        """That of a new process."""
        return Environment(self.clock, self.files, Descriptors(limit))

    def new(self) -> bytes:
        assert self.source is not None
        found = b""
        while blocks := list(self.source.chunk()):
            found += b"".join(blocks)
        return found

    def later(self, seconds: float = GRACE_SECONDS + 1) -> bytes:
        """What comes while the clock goes on in small steps."""
        found = b""
        while seconds > 0:
            self.clock.advance(SEARCH_SECONDS)
            seconds -= SEARCH_SECONDS
            found += self.new()
        return found

    def stop(self) -> tuple[bytes, dict[str, object]]:
        """What a clean stop brings, and the position after it."""
        assert self.source is not None
        self.source.stop()
        found = self.new()
        self.assertTrue(self.source.ended)
        position = self.source.position()
        self.close()
        return found, position

    # ---- what happens to logs

    def path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def stamp(self, path: str) -> None:
        """The file was written now, by the clock that stands still."""
        now = int(self.clock.now() * 1e9)
        os.utime(path, ns=(now, now))

    def write(self, data: bytes, path: str | None = None) -> None:
        with open(path or self.log, "ab") as file:
            file.write(data)
        self.stamp(path or self.log)

    def overwrite(self, data: bytes) -> None:
        """Truncate and fill again."""
        with open(self.log, "wb") as file:
            file.write(data)
        self.stamp(self.log)

    def copy(self, path: str) -> None:
        """As the first half of logrotate's copytruncate."""
        shutil.copyfile(self.log, path)
        self.stamp(path)

    def rotate(self) -> None:
        """As logrotate does without `create`: every number goes up by one."""
        for number in range(9, 0, -1):
            for ending in ("", ".gz"):
                if os.path.exists(name := f"{self.log}.{number}{ending}"):
                    os.rename(name, f"{self.log}.{number + 1}{ending}")
        if os.path.exists(self.log):
            os.rename(self.log, self.log + ".1")

    def compress(self, number: int = 1) -> None:
        name = f"{self.log}.{number}"
        with open(name, "rb") as file, gzip.open(name + ".gz", "wb") as packed:
            shutil.copyfileobj(file, packed)
        shutil.copystat(name, name + ".gz")  # as gzip does
        os.unlink(name)

    def counts(self) -> dict[str, int]:
        assert self.source is not None
        return self.source.statistics().as_json()


EIO, ESTALE, EACCES = errno.EIO, errno.ESTALE, errno.EACCES
