"""The interface of a report: what it makes of a piece of a log, how two such states merge, and what it shows.

    Piece ── map ──▶ state ─┐
    Piece ── map ──▶ state ─┴─ merge ──▶ state ── result ──▶ plain data ── text, json, html, csv, svg

A report of events derives from `measured.MeasuredReport` and says which measures it wants; one that reads lines by itself overrides
`map` and `merge`. States are plain data that can be pickled, because pieces are mapped in other processes and on other machines.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
import json
from typing import Any, ClassVar

from ..config.option import Option
from ..errors import UsageError
from .piece import Piece

State = Any
"""What a report makes of pieces: plain data, for `merge` to take apart."""


class Report(ABC):
    """One question about finished logs. `settings` are the values of its options by name, without those left at their defaults."""

    name: ClassVar[str]
    title: ClassVar[str] = ""
    options: ClassVar[tuple[Option, ...]] = ()
    """Its own options, declared as those of the monitor are."""
    outputs: ClassVar[tuple[str, ...]] = ("text", "json")
    """The outputs that it renders, the default first."""

    since: int | None = None
    until: int | None = None
    """Only lines of `[since, until)` count, in seconds since the epoch; None where there is no bound."""

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        given = dict(settings or {})
        unknown = set(given) - {option.name for option in self.options}
        if unknown:
            raise UsageError(f"the report {self.name} has no option {', '.join(sorted(unknown))}")
        self.settings = {option.name: given.get(option.name, option.default) for option in self.options}

    def prepare(self, pieces: Sequence[Piece]) -> None:
        """Look at the pieces before they are mapped, to make mapping cheaper; the result must not depend on it."""

    @abstractmethod
    def empty(self) -> State:
        """The state of no lines."""

    @abstractmethod
    def map(self, piece: Piece) -> State:
        """The state of one piece: a pure function of its lines."""

    @abstractmethod
    def merge(self, state: State, other: State) -> State:
        """The state of both, `other` being the later piece; either may be changed and returned."""

    @abstractmethod
    def result(self, state: State) -> dict[str, Any]:
        """What the report says, as JSON can hold it; the first key is `report`, its name."""

    def render(self, result: Mapping[str, Any], output: str) -> bytes:
        """`result` in one of `outputs`, as the bytes of a file. Text of a log is escaped as the medium needs it."""
        if output == "json":
            return (json.dumps(result, ensure_ascii=True) + "\n").encode("ascii")
        if output == "text":
            return self.text(result).encode("utf-8", "backslashreplace")
        raise UsageError(f"the report {self.name} has no output {output!r}; it has {', '.join(self.outputs)}")

    def text(self, result: Mapping[str, Any]) -> str:
        """`result` for a terminal, ending with a line end."""
        from ..text import printable

        return "".join(f"{key}: {printable(str(value).encode('utf-8', 'surrogateescape'))}\n" for key, value in result.items())
