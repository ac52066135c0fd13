"""Events as plain values that JSON can hold, and back.

The project's own types go by their name. A type of another author is a named tuple of plain values, goes by `module:qualname`, and
is loaded only if it was declared (`StreamCalculator.yields`): nothing that stands in a file ever chooses what is imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from .event import Alert, Event, MalformedLine, Notice, Stats

OWN: tuple[type[Any], ...] = (Alert, MalformedLine, Notice, Stats)


class EventCodec:
    """Dumps and loads events of the project's types and of those `declared`, other authors' named tuples."""

    def __init__(self, declared: Iterable[type[Any]] = ()) -> None:
        self._types = {kind.__name__: kind for kind in OWN}
        for kind in declared:
            if not (issubclass(kind, tuple) and hasattr(kind, "_fields")):
                raise TypeError(f"{kind.__module__}:{kind.__qualname__} is not a named tuple")
            self._types[f"{kind.__module__}:{kind.__qualname__}"] = kind
        self._names = {kind: name for name, kind in self._types.items()}

    def dump(self, event: Event) -> list[Any] | None:
        """The event as plain values; None for a type that is not declared or holds other values."""
        name = self._names.get(type(event))
        try:
            return None if name is None else [name, *(_plain(value) for value in cast(tuple[Any, ...], event))]
        except TypeError:
            return None

    def load(self, dumped: Any) -> Event:
        """The event that was dumped; a `ValueError` for anything else."""
        try:
            name, *values = dumped
            return cast(Event, self._types[name](*(_rich(value) for value in values)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"not an event: {error!r}") from error


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if isinstance(value, dict):
        return {"dict": [[_plain(key), _plain(part)] for key, part in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_plain(part) for part in value]}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    raise TypeError(type(value).__name__)


def _rich(value: Any) -> Any:
    if isinstance(value, dict):
        if "bytes" in value:
            return value["bytes"].encode("latin-1")
        if "tuple" in value:
            return tuple(_rich(part) for part in value["tuple"])
        return {_rich(key): _rich(part) for key, part in value["dict"]}
    if isinstance(value, list):
        return [_rich(part) for part in value]
    return value
