"""The files that a log may have been rotated to: which names beside it are its own, and in which order they came to be."""

from __future__ import annotations

from collections.abc import Sequence
import os
import re
import stat

from .files import Files

COMPRESSED = (".gz", ".bz2", ".xz")

ROTATED = re.compile(r"[.\-_@]\d[\d.\-_:TZ+]*|[.\-_](?:old|bak|prev|rotated)\d*")
"""A number, a date, or a word: access.log.1, access.log-20240131, access.log.2024-01-31_23:59, access.log.old."""

INSERTED = re.compile(r"\.\d{1,3}|[.\-_@]\d{4}[\d.\-_:TZ+]{2,}")
"""The same in front of the extension, access-20240131.log, where app-1.log may be a log of its own."""

File = tuple[str, os.stat_result]


def age_of(name: str, base: str) -> str | None:
    """What was added to the name `base` of a log to make `name` when it was rotated; None where that is another log's name."""
    stem, extension = os.path.splitext(base)
    if name == base or not name.startswith(stem or base):
        return None
    name = name.removesuffix("~")
    plain = without_compression(name) or name
    if plain.startswith(base):
        age = plain[len(base) :]
        return age if not age or ROTATED.fullmatch(age) else None
    if extension and plain.endswith(extension):
        age = plain[len(stem) : -len(extension)]
        return age if INSERTED.fullmatch(age) else None
    return None


def siblings(files: Files, path: str) -> list[File]:
    """The regular files that `path` was rotated to, the oldest first; empty where the directory cannot be read."""
    directory, base = os.path.split(path)
    try:
        names = files.listdir(directory or ".")
    except OSError:
        return []
    beginning = os.path.splitext(base)[0]
    aged: list[tuple[str, File]] = []
    for name in names:
        age = age_of(name, base) if name.startswith(beginning) else None  # most are another log's, and told so at once
        if age is None:
            continue
        try:
            status = files.stat(os.path.join(directory, name))
        except OSError:
            continue  # renamed or deleted between the two calls; the next look will tell
        if stat.S_ISREG(status.st_mode):
            aged.append((age, (os.path.join(directory, name), status)))
    return _ordered(aged)


def _ordered(aged: Sequence[tuple[str, File]]) -> list[File]:
    """By the numbers or dates in the names where all have such, since those say it best; by the time of change otherwise."""
    dated = [(age.lstrip(".-_@"), file) for age, file in aged if age]
    others = sorted((file for age, file in aged if not age), key=lambda file: file[1].st_mtime_ns)
    if all(age.isdigit() and len(age) <= 4 for age, _ in dated):
        dated.sort(key=lambda pair: -int(pair[0]))
    elif all(age[0].isdigit() and len(age) > 4 for age, _ in dated):
        dated.sort(key=lambda pair: pair[0])
    else:
        dated.sort(key=lambda pair: pair[1][1].st_mtime_ns)
    return [file for _, file in dated] + others


def is_backup(path: str) -> bool:
    """Whether the name says that somebody kept a copy."""
    return re.search(r"(?:~|[.\-_](?:old|bak|prev)\d*(?:\.(?:gz|bz2|xz))?)$", path) is not None


def without_compression(name: str) -> str | None:
    """What `name` was called before it was compressed, None for a name that says nothing of compression."""
    stem, extension = os.path.splitext(name)
    return stem if extension in COMPRESSED else None
