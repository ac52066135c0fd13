"""The files that a log may have been rotated to: which names beside it are its own, and the order in which they were written."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
import errno
import os
import re
import stat

from .files import Files
from .listing import Listings

COMPRESSED = (".gz", ".bz2", ".xz")

ROTATED = re.compile(r"[.\-_@]\d[\d.\-_:TZ+]*|[.\-_](?:old|bak|prev|rotated)\d*")
"""A number, a date, or a word: access.log.1, access.log-20240131, access.log.2024-01-31_23:59, access.log.old."""

INSERTED = re.compile(r"\.\d{1,3}|[.\-_@]\d{4}[\d.\-_:TZ+]{2,}")
"""The same in front of the extension, access-20240131.log, where app-1.log may be a log of its own."""

DIGITS = re.compile(r"\d+")
SEQUENCE_DIGITS_MAX = 4
"""A number of more digits than this is a date or a time."""

GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES)
"""A name that cannot be followed to a file: renamed since the directory was listed, or a link to nowhere."""

File = tuple[str, os.stat_result]


def suffix_of(name: str, base: str) -> str | None:
    """What was added to the name `base` of a log to make `name` when it was rotated; None where that is another log's name."""
    stem, extension = os.path.splitext(base)
    if name == base or not name.startswith(stem or base):
        return None
    name = name.removesuffix("~")
    plain = without_compression(name) or name
    if plain.startswith(base):
        suffix = plain[len(base) :]
        return suffix if not suffix or ROTATED.fullmatch(suffix) else None
    if extension and plain.endswith(extension):
        suffix = plain[len(stem) : -len(extension)]
        return suffix if INSERTED.fullmatch(suffix) else None
    return None


def siblings(files: Files, listings: Listings, path: str, failed: Callable[[OSError], None]) -> list[File]:
    """The regular files that `path` was rotated to, the oldest first; `failed` is called with what prevents finding all."""
    directory, base = os.path.split(path)
    try:
        names = listings.names(directory or ".")
    except OSError as error:
        if error.errno not in GONE:
            failed(error)
        return []
    beginning = os.path.splitext(base)[0]
    found: list[tuple[str, File]] = []
    for place in range(bisect_left(names, beginning), len(names)):
        name = names[place]
        if not name.startswith(beginning):
            break
        suffix = suffix_of(name, base)
        if suffix is None:
            continue
        try:
            status = files.stat(os.path.join(directory, name))
        except OSError as error:
            if error.errno not in GONE:
                failed(error)
            continue
        if stat.S_ISREG(status.st_mode):
            found.append((suffix, (os.path.join(directory, name), status)))
    return in_order(found)


def in_order(found: Sequence[tuple[str, File]]) -> list[File]:
    """The files by when they were written, the oldest first; each comes with what its name has more than that of the log.

    Dates in names say it best. Numbers do not: logrotate counts downwards, log4j2 and logback count upwards. So it is the time of
    the last write that decides, and numbers only where that is the same, in the direction in which the other files count.
    """
    if all(_is_date(suffix) for suffix, _ in found):
        return [file for _, file in sorted(found, key=lambda each: (_numbers(each[0]), each[1][1].st_mtime_ns))]
    direction = 1 if _counts_upwards(found) else -1

    def age(each: tuple[str, File]) -> tuple[int, list[int]]:
        return each[1][1].st_mtime_ns, [direction * number for number in _numbers(each[0])]

    return [file for _, file in sorted(found, key=age)]


def _numbers(suffix: str) -> list[int]:
    return [int(digits) for digits in DIGITS.findall(suffix)]


def _is_date(suffix: str) -> bool:
    return len(suffix) > 1 and suffix[1].isdigit() and len(suffix.lstrip(".-_@")) > SEQUENCE_DIGITS_MAX


def _counts_upwards(found: Sequence[tuple[str, File]]) -> bool:
    """Whether higher numbers were written later, more often than not."""
    numbered = sorted((_numbers(suffix), status.st_mtime_ns) for suffix, (_, status) in found if suffix)
    pairs = [(before[1], after[1]) for before, after in zip(numbered, numbered[1:])]
    return sum(after > before for before, after in pairs) > sum(after < before for before, after in pairs)


def is_backup(path: str) -> bool:
    """Whether the name says that someone kept a copy."""
    return re.search(r"(?:~|[.\-_](?:old|bak|prev)\d*(?:\.(?:gz|bz2|xz))?)$", path) is not None


def without_compression(name: str) -> str | None:
    """What `name` was called before it was compressed, None for a name that says nothing of compression."""
    stem, extension = os.path.splitext(name)
    return stem if extension in COMPRESSED else None
