"""Classes of the user's own, by their name."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import UsageError


def load_class(name: str, kind: type) -> Any:
    """An object of the class that `package.module:Class` names."""
    module_name, _, class_name = name.partition(":")
    try:
        loaded = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError, TypeError, SyntaxError) as error:
        raise UsageError(f"{name}: cannot be loaded ({error}); give it as package.module:Class") from error
    if not (isinstance(loaded, type) and issubclass(loaded, kind)):
        raise UsageError(f"{name}: is not a {kind.__name__}")
    try:
        return loaded()
    except TypeError as error:
        raise UsageError(f"{name}: cannot be made without arguments ({error})") from error
