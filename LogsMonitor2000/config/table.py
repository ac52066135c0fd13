"""TOML files, read key by key, so that what is wrong is reported with file, line, table and key, and what would be right.

A `Table` hands out each key once, checked. What is wrong with a value is noted and reading continues with a stand-in, so that all
that is wrong with a table is reported at once: `finish` raises it, unknown keys first. `read_each` does the same for a list of
tables, `Errors` for parts of any kind. Secrets never stand in such a file: it names a file or an environment variable that has them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
import os
import re
import stat
from typing import Any, TypeVar

from .option import Flag, Number, Option, Seconds, Text, Texts, Whole, closest
from .problems import ConfigError, Errors
from .secret import Secret, read_secret
from .toml_lines import Path, lines_of

T = TypeVar("T")

_MISSING: Any = object()


class Origin:
    """The file that tables are from: its path as messages call it, its text to find lines in, and warnings about it."""

    def __init__(self, path: str, text: str = "") -> None:
        self.path = path
        self.directory = os.path.dirname(path)
        self.warnings: list[str] = []
        self._text = text
        self._lines: dict[Path, int] | None = None

    def line(self, path: Path) -> int | None:
        """The line on which the value at `path` stands, or what it is in; None where no text is known."""
        if self._lines is None:  # few files are wrong
            self._lines = lines_of(self._text)
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path)


class Table:
    """One table of a file. Each method takes the value of a key out, or gives `default`; without a default the key is required.

    `name` is what messages call the table, such as `alert 'errors'`; `path` leads to it from the top of the file.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        origin: Origin | str,
        name: str = "",
        path: Path = (),
        noted: dict[str, str] | None = None,
    ) -> None:
        self.origin = Origin(origin) if isinstance(origin, str) else origin
        self.name = name
        self._path = path
        self.keys = frozenset(values)
        self._all = values
        self._values = dict(values)
        self._known: set[str] = set()
        self._missing: set[str] = set()
        self._noted: dict[str, str] = {} if noted is None else noted  # what is wrong, by where that is

    @property
    def where(self) -> str:
        """What messages call the table: `monitor.toml:7: alert 'errors'`."""
        return self._where(self._path)

    def line_of(self, key: str) -> str:
        """What messages call the place of `key`: `monitor.toml:9: alert 'errors'`."""
        return self._where((*self._path, key))

    @property
    def directory(self) -> str:
        """What relative paths in it are relative to."""
        return self.origin.directory

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def knows(self, *keys: str) -> None:
        """These keys may stand in the table, whether they are asked for or not."""
        self._known |= set(keys)

    def peek(self, key: str) -> Any:
        """The value of `key` as it is, or None, whether it has been taken out or not."""
        return self._all.get(key)

    def one_of(self, *keys: str) -> str:
        """Which of `keys` the table has; it is wrong when that is not exactly one."""
        self.knows(*keys)
        given = [key for key in keys if key in self]
        if not given:
            self._missing.add(keys[0])
            self._note(keys[0], f"is missing: give one of {', '.join(keys)}")
        elif len(given) > 1:
            self._note(given[0], f"and {given[1]} cannot both be given: give one of {', '.join(keys)}")
        return given[0] if given else keys[0]

    def checked(self, key: str, check: Callable[[Any], T], default: Any = _MISSING, stand_in: Any = None) -> T:
        """What `check` makes of the value. The text of its `ValueError` follows on from the key: `must be above 0`."""
        self._known.add(key)
        if key not in self._values:
            if default is _MISSING:
                self._missing.add(key)
                self._note(key, "is missing")
                default = stand_in
            return default  # type: ignore[no-any-return]
        try:
            return check(self._values.pop(key))
        except ValueError as error:
            self._note(key, str(error))
            return stand_in if default is _MISSING else default  # type: ignore[no-any-return]

    def option(self, option: Option) -> Any:
        """The value of an option; a path is relative to the directory that the file is in."""
        value = self.checked(option.name, option.kind.check, stand_in=option.default)
        return self._resolved(value) if isinstance(option.kind, Text) and option.kind.is_path and value else value

    def text(
        self,
        key: str,
        default: Any = _MISSING,
        *,
        choices: Collection[str] = (),
        pattern: re.Pattern[str] | None = None,
        must: str = "",
    ) -> Any:
        """A text: one of `choices`, or one that `pattern` matches, which `must` describes: `be letters and digits`."""
        kind = Text(words=tuple(choices))

        def check(value: Any) -> Any:
            if pattern is not None and not pattern.fullmatch(kind.check(value)):
                raise ValueError(f"must {must}, not {value!r}")
            return kind.check(value)

        return self.checked(key, check, default, next(iter(choices), ""))

    def flag(self, key: str, default: Any = _MISSING) -> Any:
        return self.checked(key, Flag().check, default, False)

    def whole(self, key: str, default: Any = _MISSING, *, least: int = 0, most: int | None = None) -> Any:
        return self.checked(key, Whole(least=least, most=most).check, default, least)

    def number(self, key: str, default: Any = _MISSING, *, least: float | None = None, most: float | None = None) -> Any:
        return self.checked(key, Number(least=least, most=most).check, default, least or 0)

    def seconds(self, key: str, default: Any = _MISSING, *, least: float = 0, most: float | None = None) -> Any:
        """A duration: a number of seconds, or a text like `500ms`, `30s`, `5m`, `4h`, `1d`."""
        return self.checked(key, Seconds(least=least, most=most, whole=False).check, default, least)

    def whole_seconds(self, key: str, default: Any = _MISSING, *, least: int = 0, most: int | None = None) -> Any:
        """A duration in whole seconds, as alerts are evaluated by the second."""
        return self.checked(key, Seconds(least=least, most=most).check, default, least)

    def texts(self, key: str, default: Any = _MISSING) -> Any:
        """A list of texts; one text stands for a list of one."""
        return self.checked(key, Texts().check, default, ())

    def anything(self, key: str, default: Any = _MISSING) -> Any:
        """The value as it is."""
        return self.checked(key, lambda value: value, default)

    def table(self, key: str, default: Any = _MISSING) -> Any:
        """The table under `key`, whose `finish` is up to the caller; what is wrong with it is wrong with this one."""

        def check(value: Any) -> Table:
            if not isinstance(value, dict):
                raise ValueError(f"must be a table, not {value!r}")
            return part(value)

        def part(value: Mapping[str, Any]) -> Table:
            return Table(value, self.origin, f"{self.name}: {key}" if self.name else key, (*self._path, key), self._noted)

        return self.checked(key, check, default, part({}))

    def tables(self, key: str) -> list[Table]:
        """The tables of `[[key]]`, named by their `name`, their `type` or their place."""

        def check(values: Any) -> list[Table]:
            if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
                raise ValueError(
                    f"must be written as [[{key}]]" + (f", not {values!r}" if not isinstance(values, list) else "")
                )
            return [part(number, value) for number, value in enumerate(values)]

        def part(number: int, value: Mapping[str, Any]) -> Table:
            name = value.get("name", value.get("type"))
            title = f"{key} {name if isinstance(name, str) else number + 1!r}"
            return Table(value, self.origin, f"{self.name}: {title}" if self.name else title, (*self._path, key, number))

        return self.checked(key, check, [])

    def path(self, key: str, default: Any = _MISSING) -> Any:
        """The path of a file, relative to the directory that the configuration file is in."""
        value = self.text(key, default)
        return value if value is default else self._resolved(value)

    def secret(self, key: str, default: Any = _MISSING) -> Any:
        """What the file `<key>_file` or the environment variable `<key>_env` holds, as a `Secret`."""
        if key in self._values:
            self.knows(key)
            del self._values[key]
            self._note(key, f"is a secret and must not stand here: give {key}_file or {key}_env")
        path, variable = self.path(key + "_file", None), self.text(key + "_env", None)
        if path is not None and variable is not None:
            self._note(key + "_file", f"and {key}_env cannot both be given")
        elif path is not None:
            try:
                return self._secret_in(path)
            except ValueError as error:
                self._note(key + "_file", str(error))
        elif variable is not None:
            if os.environ.get(variable, "").strip():
                return Secret(os.environ[variable])
            problem = "empty" if variable in os.environ else "not set"
            self._note(key + "_env", f"names the variable {variable}, which is {problem}")
        elif default is not _MISSING:
            return default
        elif not any(place in self._noted for place in (self._place(key), self._place(key + "_file"))):
            self._note(key, "is missing: give {0}_file or {0}_env".format(key))
        return Secret("-")

    def _secret_in(self, path: str) -> Secret:
        secret = read_secret(path)
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode) and mode & stat.S_IROTH:
            self.origin.warnings.append(f"{path}: every user can read this secret; chmod o-r {path}")
        return secret

    def finish(self) -> None:
        """Refuse the keys that no one has asked for, and raise what else was wrong."""
        if messages := self._messages(self._unknown()):
            raise ConfigError(*messages)

    def check(self) -> None:
        """Raise what was wrong so far, for a reader that cannot continue without it."""
        if self._noted:
            raise ConfigError(*self._so_far())

    def report(self, key: str, problem: str) -> None:
        """Note what is wrong with the value of `key`, and read on."""
        self._note(key, problem)

    def error(self, key: str, problem: str) -> ConfigError:
        """What is wrong with the value of `key`, and what was before, ready to be raised."""
        self._note(key, problem)
        return ConfigError(*self._so_far())

    def _unknown(self) -> dict[str, str | None]:
        """The keys that no one has asked for, and what was probably meant by each."""
        return {key: closest(key, self._known) for key in self._values if key not in self._known}

    def _so_far(self) -> list[str]:
        """The messages where not all keys have been asked for: one is surely unknown if it was meant for one that is missing."""
        return self._messages({key: meant for key, meant in self._unknown().items() if meant in self._missing})

    def _messages(self, unknown: Mapping[str, str | None]) -> list[str]:
        """Unknown keys first; a key that is missing because it is misspelled is not said to be missing."""
        messages = []
        for key, meant in unknown.items():
            hint = f"; did you mean {meant}?" if meant else f"; known are {', '.join(sorted(self._known))}"
            messages.append(f"{self.line_of(key)}: unknown key {key!r}{hint}")
        misspelled = {self._place(meant) for meant in unknown.values() if meant in self._missing}
        return messages + [message for place, message in self._noted.items() if place not in misspelled]

    def _note(self, key: str, problem: str) -> None:
        """The first problem of a key is noted: what follows may be a consequence."""
        self._noted.setdefault(self._place(key), f"{self.line_of(key)}: {key} {problem}")

    def _place(self, key: str) -> str:
        return repr((*self._path, key))

    def _where(self, path: Path) -> str:
        line = self.origin.line(path)
        return ": ".join(filter(None, (f"{self.origin.path}:{line}" if line else self.origin.path, self.name)))

    def _resolved(self, path: str) -> str:
        return os.path.join(self.directory, os.path.expanduser(path))


def read_each(tables: Iterable[Table], read: Callable[[Table], T]) -> list[T]:
    """What `read` makes of each table; what is wrong with any of them is raised as one error."""
    errors, found = Errors(), []
    for table in tables:
        with errors:
            found.append(read(table))
    errors.check()
    return found


def matches(name: str, globs: Sequence[str]) -> bool:
    """Whether `name` is one of those that `globs` mean: none of those that begin with `!`, and one of the others, if there are any."""
    wanted = [glob for glob in globs if not glob.startswith("!")]
    if any(fnmatchcase(name, glob[1:]) for glob in globs if glob.startswith("!")):
        return False
    return not wanted or any(fnmatchcase(name, glob) for glob in wanted)
