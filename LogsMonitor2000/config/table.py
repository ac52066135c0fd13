"""Files of settings: TOML, read key by key, so that what is wrong is told with file, table and key, and what would be right.

A `Table` hands out each key once, checked; `finish` refuses what nobody asked for. Secrets never stand in such a file: it names
a file or an environment variable that has them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
import os
import tomllib
from typing import Any

from ..errors import InputError, UsageError
from ..limits import CONFIG_BYTES_MAX
from .secret import Secret, read_secret

UNITS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
NUMBER_MAX = 1e300
"""A larger number is none that anybody means."""

_MISSING: Any = object()


class ConfigError(UsageError):
    """A file of settings says something impossible."""


class Table:
    """One table of a file. Each method takes the value of a key out, or gives `default`; without a default the key is required."""

    def __init__(self, values: Mapping[str, Any], where: str, directory: str = "") -> None:
        self.where = where
        """What messages call the table: `monitor.toml: alert 'errors'`."""
        self.directory = directory
        """What relative paths in it are relative to."""
        self._values = dict(values)
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        self._known.append(key)
        return key in self._values

    def text(self, key: str, default: Any = _MISSING, *, choices: Collection[str] = ()) -> Any:
        value = self._take(key, default, str, "a text")
        if choices and value is not default and value not in choices:
            raise self.error(key, f"must be one of {', '.join(choices)}, not {value!r}")
        return value

    def flag(self, key: str, default: Any = _MISSING) -> Any:
        return self._take(key, default, bool, "true or false")

    def whole(self, key: str, default: Any = _MISSING, *, least: int = 0, most: int | None = None) -> Any:
        value = self._take(key, default, int, "a whole number")
        return self._bounded(key, value, default, least, most)

    def number(self, key: str, default: Any = _MISSING, *, least: float | None = None, most: float | None = None) -> Any:
        value = self._take(key, default, (int, float), "a number")
        return self._bounded(key, value, default, least, most)

    def seconds(self, key: str, default: Any = _MISSING, *, least: float = 0, most: float | None = None) -> Any:
        """A time: a number of seconds, or a text like `500ms`, `30s`, `5m`, `4h`, `1d`."""
        value = self._take(key, default, (int, float, str), "seconds, or a text like '5m'")
        if isinstance(value, str) and value is not default:
            number = value.rstrip("abcdefghijklmnopqrstuvwxyz")
            unit = value[len(number) :]
            try:
                value = float(number) * UNITS[unit or "s"]
            except (ValueError, KeyError):
                raise self.error(key, f"must be seconds, or a text like '30s', '5m', '4h', '1d', not {value!r}") from None
        value = self._bounded(key, value, default, least, most)
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def whole_seconds(self, key: str, default: Any = _MISSING, *, least: int = 0, most: int | None = None) -> Any:
        """A time in whole seconds, as alerts are evaluated by the second."""
        value = self.seconds(key, default, least=least, most=most)
        if isinstance(value, float):
            raise self.error(key, f"must be whole seconds, not {value}")
        return value

    def texts(self, key: str, default: Any = _MISSING) -> Any:
        """A list of texts; one text stands for a list of one."""
        value = self._take(key, default, (str, list), "a text or a list of texts")
        if value is default:
            return default
        value = [value] if isinstance(value, str) else value
        if not all(isinstance(part, str) for part in value):
            raise self.error(key, "must be a text or a list of texts")
        return tuple(value)

    def anything(self, key: str, default: Any = _MISSING) -> Any:
        """The value as it is."""
        return self._take(key, default, object, "")

    def table(self, key: str, default: Any = _MISSING) -> Any:
        """The table under `key`, whose `finish` is the caller's business."""
        value = self._take(key, default, dict, "a table")
        return default if value is default else Table(value, f"{self.where}: {key}", self.directory)

    def tables(self, key: str) -> list[Table]:
        """The tables of `[[key]]`, named by their `name` or their place."""
        values = self._take(key, [], list, f"written as [[{key}]]")
        tables = []
        for number, value in enumerate(values, 1):
            if not isinstance(value, dict):
                raise self.error(key, f"must be written as [[{key}]]")
            name = value.get("name", value.get("type"))
            tables.append(Table(value, f"{self.where}: {key} {name if isinstance(name, str) else number!r}", self.directory))
        return tables

    def path(self, key: str, default: Any = _MISSING) -> Any:
        """The path of a file, relative to the directory that the file of settings is in."""
        value = self.text(key, default)
        return value if value is default else os.path.join(self.directory, os.path.expanduser(value))

    def secret(self, key: str, default: Any = _MISSING) -> Any:
        """What the file `<key>_file` or the environment variable `<key>_env` holds, as a `Secret`."""
        if key in self._values:
            raise self.error(key, f"is a secret and must not stand here: give {key}_file or {key}_env")
        path, variable = self.path(key + "_file", None), self.text(key + "_env", None)
        if path is not None and variable is not None:
            raise self.error(key + "_file", f"and {key}_env cannot both be given")
        if path is not None:
            try:
                return read_secret(path)
            except ValueError as problem:
                raise self.error(key + "_file", str(problem)) from None
        if variable is not None:
            if variable not in os.environ:
                raise self.error(key + "_env", f"names the variable {variable}, which is not set")
            if not (value := os.environ[variable]).strip():
                raise self.error(key + "_env", f"names the variable {variable}, which is empty")
            return Secret(value)
        if default is _MISSING:
            raise ConfigError(f"{self.where}: {key}_file or {key}_env is missing")
        return default

    def finish(self) -> None:
        """Refuse the keys that nobody has asked for."""
        for key in self._values:
            close = get_close_matches(key, self._known, 1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise ConfigError(f"{self.where}: {key} is not known; {hint}allowed are {', '.join(sorted(set(self._known)))}")

    def error(self, key: str, problem: str) -> ConfigError:
        """What is wrong with the value of `key`, ready to be raised."""
        return ConfigError(f"{self.where}: {key} {problem}")

    def _take(self, key: str, default: Any, kind: Any, wanted: str) -> Any:
        self._known.append(key)
        if key not in self._values:
            if default is _MISSING:
                raise ConfigError(f"{self.where}: {key} is missing")
            return default
        value = self._values.pop(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, object)):
            raise self.error(key, f"must be {wanted}, not {value!r}")
        return value

    def _bounded(self, key: str, value: Any, default: Any, least: float | None, most: float | None) -> Any:
        if value is default:
            return value
        if not abs(value) < NUMBER_MAX:
            raise self.error(key, "must be a finite number" + (f", not {value}" if isinstance(value, float) else ""))
        if least is not None and value < least:
            raise self.error(key, f"must be at least {_shown(least)}, not {_shown(value)}")
        if most is not None and value > most:
            raise self.error(key, f"must be at most {_shown(most)}, not {_shown(value)}")
        return value


def _shown(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def read_config(path: str) -> Table:
    """The file at `path`."""
    try:
        with open(path, "rb") as file:
            text = file.read(CONFIG_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    if len(text) > CONFIG_BYTES_MAX:
        raise ConfigError(f"{path}: is larger than {CONFIG_BYTES_MAX:,} bytes")
    return parse_config(text, path)


def parse_config(text: bytes, path: str) -> Table:
    """The file that consists of `text`; messages call it `path`, and paths in it are relative to where that is."""
    try:
        return Table(tomllib.loads(text.decode("utf-8")), path, os.path.dirname(path))
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8") from None
    except (ValueError, RecursionError) as error:  # a TOMLDecodeError, or a number of too many digits
        raise ConfigError(f"{path}: {error}") from None


def matches(name: str, globs: Sequence[str]) -> bool:
    """Whether `name` is one of those that `globs` mean: none of those behind a `!`, and one of the others, if there are any."""
    wanted = [glob for glob in globs if not glob.startswith("!")]
    if any(fnmatchcase(name, glob[1:]) for glob in globs if glob.startswith("!")):
        return False
    return not wanted or any(fnmatchcase(name, glob) for glob in wanted)
