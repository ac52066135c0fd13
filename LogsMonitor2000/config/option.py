"""An option of the monitor as data: what values it takes, and its help.

The settings declare each option once (`settings.py`). What reads an option, from a TOML file or a
command line, and what lists them, help, completion and the man page, works from that declaration. A kind turns text or a TOML value into the
option's value, and raises a `ValueError` that reads on after the option's name: `must be at least 1, not 0`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import MISSING, Field, field
from typing import Any, NamedTuple

from .durations import duration_of

AUTO = "auto"
NUMBER_MAX = 1e300
"""No one means a larger number."""

CLOSE = 0.65
"""How alike a word must be to one that was probably meant: `tpo` is to `top`, `rules` is not to `files`."""


class Kind:
    """What values an option takes. With `auto` there is one more, None, which is written as `auto`."""

    def __init__(self, metavar: str = "", *, auto: bool = False) -> None:
        self.metavar = metavar
        self.auto = auto

    @property
    def choices(self) -> tuple[str, ...]:
        """The words it can be, where these are few."""
        return (AUTO,) if self.auto else ()

    @property
    def is_list(self) -> bool:
        """Whether giving it again adds to it."""
        return False

    def parse(self, text: str) -> Any:
        """The value that a command line means by `text`."""
        return self.check(text)

    def check(self, value: Any) -> Any:
        """The value that `value`, of TOML or of code, means."""
        return None if self.auto and value in (AUTO, None) else self._check(value)

    def _check(self, value: Any) -> Any:
        raise NotImplementedError


class Text(Kind):
    """Any text, or one of `words`. `completes` says what a shell offers: files, directories or nothing."""

    def __init__(self, metavar: str = "", *, words: tuple[str, ...] = (), completes: str = "", optional: bool = False) -> None:
        super().__init__(metavar)
        self.words = words
        self.completes = completes
        self.optional = optional

    @property
    def choices(self) -> tuple[str, ...]:
        return self.words

    @property
    def is_path(self) -> bool:
        """Whether it is a path, which in a file is relative to that file."""
        return self.completes in ("file", "directory")

    def _check(self, value: Any) -> Any:
        if self.optional and value in (None, ""):
            return value
        if not isinstance(value, str):
            raise ValueError(f"must be a string, not {value!r}")
        if self.words and value not in self.words:
            raise ValueError(f"must be {either(self.words)}, not {value!r}{did_you_mean(value, self.words)}")
        return value


class Texts(Kind):
    """A list of texts; in a file one text stands for a list of one."""

    def __init__(self, metavar: str = "", *, completes: str = "") -> None:
        super().__init__(metavar)
        self.completes = completes

    @property
    def is_list(self) -> bool:
        return True

    def parse(self, text: str) -> Any:
        return text

    def _check(self, value: Any) -> Any:
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, (list, tuple)) or not all(isinstance(part, str) for part in values):
            raise ValueError(f"must be a string or a list of strings, not {value!r}")
        return tuple(values)


class Flag(Kind):
    """On or off; on a command line it is on when it is named."""

    def _check(self, value: Any) -> Any:
        if not isinstance(value, bool):
            raise ValueError(f"must be true or false, not {value!r}")
        return value


class Number(Kind):
    """A finite number; `least` and `most` are the bounds it may reach."""

    def __init__(self, metavar: str = "", *, auto: bool = False, least: float | None = None, most: float | None = None) -> None:
        super().__init__(metavar, auto=auto)
        self.least = least
        self.most = most

    def parse(self, text: str) -> Any:
        if self.auto and text == AUTO:
            return None
        try:
            return self.check(float(text))
        except ValueError as error:
            raise error if str(error).startswith("must") else ValueError(f"must be {self.what}, not {text!r}") from None

    @property
    def what(self) -> str:
        """What it is, in words."""
        return f"{'auto or ' if self.auto else ''}a number"

    def _check(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"must be {self.what}, not {value!r}")
        return self._bounded(value)

    def _bounded(self, value: float) -> float:
        if not abs(value) < NUMBER_MAX:
            raise ValueError("must be a finite number" + (f", not {value}" if isinstance(value, float) else ""))
        if self.least is not None and value < self.least:
            raise ValueError(f"must be at least {shown(self.least)}, not {shown(value)}")
        if self.most is not None and value > self.most:
            raise ValueError(f"must be at most {shown(self.most)}, not {shown(value)}")
        return value


class Real(Number):
    """A number that is a float, however it was written."""

    def _check(self, value: Any) -> Any:
        return float(super()._check(value))


class Whole(Number):
    """A whole number."""

    def parse(self, text: str) -> Any:
        if self.auto and text == AUTO:
            return None
        try:
            value = int(text)
        except ValueError:
            raise ValueError(f"must be {self.what}, not {text!r}") from None
        return self.check(value)

    @property
    def what(self) -> str:
        return f"{'auto or ' if self.auto else ''}a whole number"

    def _check(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"must be {self.what}, not {value!r}")
        return self._bounded(value)


class Seconds(Number):
    """A duration: a number of seconds, or a text like `90s`, `5m`, `2h`; `whole` ones are an `int`."""

    def __init__(
        self,
        metavar: str = "",
        *,
        auto: bool = False,
        least: float | None = None,
        most: float | None = None,
        whole: bool = True,
    ) -> None:
        super().__init__(metavar, auto=auto, least=least, most=most)
        self.whole = whole

    @property
    def what(self) -> str:
        return f"{'auto, ' if self.auto else ''}seconds, or a duration like 90s, 5m or 2h"

    def parse(self, text: str) -> Any:
        return self.check(text)

    def _check(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                value = duration_of(value)
            except ValueError:
                raise ValueError(f"must be {self.what}, not {value!r}") from None
        seconds = super()._check(value)
        if isinstance(seconds, float) and seconds.is_integer():
            seconds = int(seconds)
        if self.whole and isinstance(seconds, float):
            raise ValueError(f"must be whole seconds, not {shown(seconds)}")
        return seconds


class Option(NamedTuple):
    """One option: its name as in `--name`, its default, the kind of its values, what it is for."""

    name: str
    default: Any
    kind: Kind
    help: str
    short: str = ""


def option(default: Any, kind: Kind, help: str, *, short: str = "") -> Any:
    """A field of a settings class that is an option."""
    return field(default=default, metadata={"kind": kind, "help": help, "short": short})


def option_of(declared: Field[Any]) -> Option | None:
    """The option that a field declares; None for any other field."""
    if "kind" not in declared.metadata:
        return None
    assert declared.default is not MISSING
    return Option(
        declared.name,
        declared.default,
        declared.metadata["kind"],
        declared.metadata["help"],
        declared.metadata["short"],
    )


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """`; did you mean json?`, or nothing where no word is close."""
    close = closest(word, words)
    return f"; did you mean {close}?" if close is not None else ""


def closest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that was probably meant by `word`."""
    from difflib import get_close_matches  # here, because few runs need it and start-up counts

    found = get_close_matches(word, list(words), 1, CLOSE)
    return found[0] if found else None


def either(words: Sequence[str]) -> str:
    """`text or json`, `one of auto, always, never`."""
    return f"one of {', '.join(words)}" if len(words) > 2 else " or ".join(words)


def shown(value: float) -> str:
    """A number as a message has it."""
    return f"{value:g}" if isinstance(value, float) else str(value)
