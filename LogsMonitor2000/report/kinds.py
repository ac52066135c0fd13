"""The kinds of reports that can be asked for by name. To add one, write its class and add a line."""

from __future__ import annotations

from importlib import import_module

from ..errors import UsageError
from .base import Report

KINDS = {
    "traffic": ("traffic", "TrafficReport"),
    "connections": ("connections", "ConnectionsReport"),
    "results": ("results", "ResultsReport"),
}
"""Name → module of this package, and the class in it."""


def report_class(kind: str) -> type[Report]:
    """The class of a built-in kind, or the one that `package.module:Class` names; a `UsageError` where there is none."""
    if kind in KINDS:
        module, name = KINDS[kind]
        found: type[Report] = getattr(import_module(f".{module}", __package__), name)
        return found
    module, colon, name = kind.partition(":")
    if not colon:
        raise UsageError(f"unknown report {kind!r}; there are {', '.join(KINDS)}, and package.module:Class for one of your own")
    try:
        loaded = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError, SyntaxError) as error:
        raise UsageError(f"{kind}: cannot be loaded ({error}); give it as package.module:Class") from error
    if not (isinstance(loaded, type) and issubclass(loaded, Report)):
        raise UsageError(f"{kind} does not subclass Report")
    return loaded
