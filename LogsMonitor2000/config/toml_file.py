"""Reads TOML files as a `Table`."""

from __future__ import annotations

import os
import re
import stat
import tomllib

from ..errors import InputError
from ..limits import CONFIG_BYTES_MAX, KEY_PARTS_MAX
from .problems import ConfigError
from .table import Origin, Table

_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DEEP_KEY = re.compile(rf"""(?:^|[\[{{,])[ \t]*+({_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{KEY_PARTS_MAX}}})""", re.MULTILINE)


def read_config(path: str) -> Table:
    """The file at `path`."""
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(CONFIG_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    if len(text) > CONFIG_BYTES_MAX:
        raise ConfigError(f"{path}: larger than {CONFIG_BYTES_MAX:,} bytes")
    table = parse_config(text, path)
    if stat.S_ISREG(mode) and mode & stat.S_IWOTH:
        table.origin.warnings.append(f"{path}: every user can change this configuration; chmod o-w {path}")
    return table


def parse_config(raw: bytes, path: str) -> Table:
    """The file that consists of `raw`; messages call it `path`, and paths in it are relative to where that is."""
    try:
        text = raw.decode("utf-8").replace("\r\n", "\n")
        if (deep := _DEEP_KEY.search(text)) is not None:  # `tomllib` takes a time that grows with the square of the parts
            line = text.count("\n", 0, deep.start(1)) + 1
            raise ConfigError(f"{path}:{line}: a key of more than {KEY_PARTS_MAX} parts")
        return Table(tomllib.loads(text), Origin(path, text))
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8") from None
    except (ValueError, RecursionError) as error:  # a TOMLDecodeError, or a number of too many digits
        raise ConfigError(f"{path}: {error}") from None
