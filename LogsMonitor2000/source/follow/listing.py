"""Names in directories: a directory is read again only when it has changed, so that a glob costs one `stat` while nothing happens.

A directory's time of modification changes with every name that appears or goes. Where it is so recent that the next change might
not show, and every `RELIST_SECONDS` in case a file system does not keep it, the directory is read all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
import fnmatch
import os
import re
import stat

from ...limits import RACY_SECONDS, RELIST_SECONDS
from ...runtime.clock import Clock
from .files import Files

MAGIC = re.compile("[*?[]")


class Listings:
    """What was read of directories; for an unchanged directory `names` returns the same list object."""

    def __init__(self, files: Files, clock: Clock) -> None:
        self._files, self._clock = files, clock
        self._known: dict[str, tuple[tuple[int, int, int], float, list[str]]] = {}  # stamp, when to read again, names

    def names(self, directory: str) -> list[str]:
        """The sorted names in `directory`, not to be changed. Raises `OSError`."""
        now = self._clock.elapsed()
        try:
            status = self._files.stat(directory)
            stamp = (status.st_dev, status.st_ino, status.st_mtime_ns)
            known = self._known.get(directory)
            if known is not None and known[0] == stamp and now < known[1]:
                return known[2]
            names = sorted(self._files.listdir(directory))
        except OSError:
            self._known.pop(directory, None)
            raise
        if known is not None and known[2] == names:
            names = known[2]
        is_racy = self._clock.now() - status.st_mtime <= RACY_SECONDS
        self._known[directory] = stamp, now if is_racy else now + RELIST_SECONDS, names
        return names

    def is_directory(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(self._files.stat(path).st_mode)
        except OSError:
            return False


def has_magic(pattern: str) -> bool:
    return MAGIC.search(pattern) is not None


class Glob:
    """The paths that `pattern` stands for, as `glob.glob(pattern, recursive=True)` has them."""

    def __init__(self, listings: Listings, pattern: str) -> None:
        self._listings = listings
        self._root = "/" if pattern.startswith("/") else ""
        self._parts = [part for part in pattern.split("/") if part]
        self._used: dict[str, list[str] | None] = {}  # the directories that the paths were found in
        self._paths: list[str] | None = None

    def paths(self) -> list[str]:
        """Sorted; the same list object as before while no directory has changed."""
        if self._paths is None or any(self._listed(directory) is not names for directory, names in self._used.items()):
            self._used = {}
            self._paths = sorted(dict.fromkeys(self._expand(self._root, self._parts)))
        return self._paths

    def _listed(self, directory: str) -> list[str] | None:
        try:
            return self._listings.names(directory or ".")
        except OSError:
            return None

    def _names(self, directory: str) -> list[str]:
        self._used[directory] = names = self._listed(directory)
        return names or []

    def _expand(self, directory: str, parts: list[str]) -> Iterator[str]:
        part, rest = parts[0], parts[1:]
        if part == "**":
            for below in self._directories(directory, set()):
                yield from self._expand(below, rest or ["*"])
            return
        if rest and not has_magic(part):
            yield from self._expand(os.path.join(directory, part), rest)
            return
        names = self._names(directory)
        if has_magic(part):
            found = [name for name in fnmatch.filter(names, part) if part.startswith(".") or not name.startswith(".")]
        else:
            found = [part] if part in names else []
        for name in found:
            path = os.path.join(directory, name)
            if rest:
                yield from self._expand(path, rest)
            else:
                yield path

    def _directories(self, directory: str, seen: set[str]) -> Iterator[str]:
        """`directory` and all below it that are not hidden, each once though links may lead round in circles."""
        real = os.path.realpath(directory or ".")
        if real in seen:
            return
        seen.add(real)
        yield directory
        for name in self._names(directory):
            path = os.path.join(directory, name)
            if not name.startswith(".") and self._listings.is_directory(path):
                yield from self._directories(path, seen)
