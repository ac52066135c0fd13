"""From what a user names to sources that are read once: paths, quoted globs, `-`."""

from __future__ import annotations

from collections.abc import Sequence
import os
import stat

from ..errors import InputError
from .base import Source
from .file import FileSource
from .pipe import PipeSource

STANDARD_INPUT = "-"


def expanded(names: Sequence[str]) -> list[str]:
    """The paths that `names` stand for, each file once, under the name that came first."""
    from glob import glob  # here, because the shell has mostly done it already and start-up counts

    paths: dict[str, str] = {}  # by the file they lead to
    for name in names:
        found = [name] if name == STANDARD_INPUT or os.path.lexists(name) else sorted(glob(name, recursive=True))
        if not found:
            raise InputError(f"{name}: no such file")
        for path in found:
            paths.setdefault(path if path == STANDARD_INPUT else os.path.realpath(path), path)
    return list(paths.values())


def directory_message(path: str) -> str:
    """What to do instead of naming a directory."""
    return f"{path}: is a directory; to read the logs in it, name a quoted glob such as '{os.path.join(path, '*.log')}'"


def open_source(path: str) -> Source:
    """The source of the kind that `path` is; an `InputError` when it cannot be opened."""
    if path == STANDARD_INPUT:
        return PipeSource("standard input", 0)
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise InputError(directory_message(path))
        if not stat.S_ISREG(mode):
            return PipeSource(path, os.open(path, os.O_RDONLY))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    return FileSource(path)
