"""From what a user names to sources: paths, quoted globs, `-` for standard input, URLs of syslog and of queues."""

from __future__ import annotations

from collections.abc import Sequence
import os
import stat

from ..errors import InputError
from .base import Source
from .file import FileSource
from .pipe import PipeSource

STANDARD_INPUT = "-"
SYSLOG_SCHEMES = ("syslog+udp:", "syslog+tcp:", "syslog+unix:")
QUEUE_SCHEMES = ("amqp:", "amqps:")


def is_path(name: str) -> bool:
    """Whether a name stands for files, rather than for standard input or an address."""
    return name != STANDARD_INPUT and not name.startswith((*SYSLOG_SCHEMES, *QUEUE_SCHEMES))


def is_queue(name: str) -> bool:
    """Whether a name is the URL of a broker's queue."""
    return name.startswith(QUEUE_SCHEMES)


def expanded(names: Sequence[str]) -> list[str]:
    """The paths that `names` stand for, each file once, under the name that came first."""
    from glob import glob  # here, because the shell has mostly done it already and start-up counts

    paths: dict[str, str] = {}  # by the file they lead to
    for name in names:
        found = [name] if not is_path(name) or os.path.lexists(name) else sorted(glob(name, recursive=True))
        if not found:
            raise InputError(f"{name}: no such file")
        for path in found:
            paths.setdefault(os.path.realpath(path) if is_path(path) else path, path)
    return list(paths.values())


def directory_message(path: str) -> str:
    """What to do instead of naming a directory."""
    return f"{path}: is a directory; to read the logs in it, name a quoted glob such as '{os.path.join(path, '*.log')}'"


def open_source(path: str) -> Source:
    """The source of the kind that `path` is; an `InputError` when it cannot be opened."""
    if path == STANDARD_INPUT:
        return PipeSource("standard input", 0)
    if is_queue(path):
        raise InputError("a queue is read by `watch` with --follow and --state DIR, alone")
    if not is_path(path):
        from .syslog import open_syslog  # here, because few runs need it and start-up counts

        return open_syslog(path)
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise InputError(directory_message(path))
        if not stat.S_ISREG(mode):
            return PipeSource(path, os.open(path, os.O_RDONLY))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    return FileSource(path)
