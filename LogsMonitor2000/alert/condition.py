"""Conditions on the fields of an event, as a rule's `where` and `of` state them: `{status = "5xx", path = ["/api/*", "!/api/health"]}`.

A condition is a list of tests of one field: it holds when none of the tests behind a `!` does and, if there are others, one of
those does. All are plain values: equal ones are one column of the log, tested once, and they can cross to worker processes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import ip_network
from operator import eq, ge, gt, le, lt
import re
from typing import Any, NamedTuple

from ..analyze.columns import address_of
from ..config.durations import UNITS
from ..config.table import Table
from ..parse.base import FIELDS
from ..parse.values.fields import seconds_of

NUMBERS = ("status", "size", "duration")
SIZES = {"": 1, "b": 1, "k": 1000, "kb": 1000, "kib": 1 << 10, "m": 10**6, "mb": 10**6, "mib": 1 << 20}
SIZES |= {"g": 10**9, "gb": 10**9, "gib": 1 << 30}

_COMPARISON = re.compile(r"(>=|<=|>|<|)\s*([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([a-zA-Z]{0,3})")
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt, "": eq}
_TURNED = {">=": "__le__", "<=": "__ge__", ">": "__lt__", "<": "__gt__"}
"""A value compares with a limit as the limit does with the value, turned round."""

_STATUS_CLASS = re.compile(r"([1-9])(?:xx)?", re.IGNORECASE)
_EXAMPLES = {"status": "'>=500'", "size": "'<10kB'", "duration": "'>0.5s'"}
_STATUS = re.compile(r"[0-9*?]{1,3}|-")


class Test(NamedTuple):
    """One test of a value: `kind` is equal, class, glob, network, or how numbers compare ("": equal); `argument` what it is held against."""

    kind: str
    argument: Any
    text: str

    def holds(self, value: bytes | None) -> bool:
        """Whether it holds for a value as it stands in the log; nothing holds for one that is missing."""
        if value is None:
            return False
        if self.kind == "equal":
            return bool(value == self.argument)
        if self.kind == "class":
            return len(value) == 3 and value[:1] == self.argument
        if self.kind == "glob":
            return _glob(self.argument).match(value) is not None
        if self.kind == "network":
            return _is_in(value, *self.argument)
        number = _number(value)
        return number is not None and _COMPARISONS[self.kind](number, self.argument)


class Condition(NamedTuple):
    """What is asked of one field."""

    field: str
    any_of: tuple[Test, ...]
    none_of: tuple[Test, ...]

    def holds(self, value: bytes | None) -> bool:
        """Whether it holds for a value as it stands in the log; a size that is missing is 0."""
        if value is None and self.field == "size":
            value = b"0"
        if any(test.holds(value) for test in self.none_of):
            return False
        return not self.any_of or any(test.holds(value) for test in self.any_of)

    def compared(self, texts: Sequence[bytes | None]) -> list[bool] | None:
        """For each of a column of numbers, whether it holds, where it is one comparison; None where it is something else."""
        if self.field not in ("size", "duration") or self.none_of or len(self.any_of) != 1:
            return None
        test = self.any_of[0]
        if test.kind not in _TURNED:
            return None
        if test.kind in (">", ">=") and self.field == "size":
            # Sizes are digits: fewer of them than the limit has are a smaller number. Most limits are on what is rare.
            longest = max(map(len, filter(None, texts)), default=0)
            if longest < len(str(int(test.argument))):
                return [False] * len(texts)
        # What is missing is 0 as a size, and as a duration no number, which nothing compares with. All of it is done in C.
        missing = b"0" if self.field == "size" else b"nan"
        present = [text or missing for text in texts] if None in texts else texts
        try:
            return list(map(getattr(float(test.argument), _TURNED[test.kind]), map(float, present)))  # type: ignore[arg-type]
        except ValueError:
            return None

    @property
    def equals(self) -> bytes | None:
        """The one value that it demands; None where it demands something else."""
        if self.none_of or len(self.any_of) != 1 or self.any_of[0].kind != "equal":
            return None
        value: bytes = self.any_of[0].argument
        return value

    @property
    def key(self) -> str:
        """A text that only equal conditions share, the same in every version: `status=['4xx', '!401']`."""
        return f"{self.field}={ascii([test.text for test in self.any_of] + ['!' + test.text for test in self.none_of])}"

    def __str__(self) -> str:
        words = [" or ".join(test.text for test in self.any_of)] if self.any_of else []
        words += ["not " + " or ".join(test.text for test in self.none_of)] if self.none_of else []
        return f"{self.field} {' but '.join(words)}"


Conditions = tuple[Condition, ...]
"""All of them must hold."""


def read_conditions(table: Table | None) -> Conditions:
    """The conditions of a `where` or `of`."""
    if table is None:
        return ()
    conditions = []
    for field in FIELDS:
        value = table.anything(field, None)
        if value is None:
            continue
        texts = value if isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, (str, int, float)) and not isinstance(text, bool) for text in texts):
            raise table.error(field, f"must be a text, a number, or a list of them, not {value!r}")
        any_of: list[Test] = []
        none_of: list[Test] = []
        for text in map(str, texts):
            negated = text.startswith("!")
            (none_of if negated else any_of).append(_test(table, field, text[1:] if negated else text))
        conditions.append(Condition(field, tuple(any_of), tuple(none_of)))
    table.finish()
    return tuple(conditions)


def _test(table: Table, field: str, text: str) -> Test:
    if text[:1] in ("<", ">") or field in ("size", "duration"):
        return _numeric_test(table, field, text)
    if field == "status_class" or field == "status" and text.lower().endswith("xx"):
        found = _STATUS_CLASS.fullmatch(text)
        if found is None:
            raise table.error(field, f"must be a class like '5xx', not {text!r}")
        return Test("class" if field == "status" else "equal", found[1].encode(), text)
    if field == "status" and not _STATUS.fullmatch(text):
        raise table.error(field, f"must be like 404, '5xx' or '>=500', not {text!r}")
    if field == "source" and "/" in text:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            raise table.error(field, f"must be an address, a glob, or a network like 10.0.0.0/8, not {text!r}") from None
        return Test("network", (network.version, int(network.network_address), network.prefixlen), text)
    raw = text.encode("utf-8", "surrogateescape")
    return Test("glob", raw, text) if b"*" in raw or b"?" in raw else Test("equal", raw, text)


def _numeric_test(table: Table, field: str, text: str) -> Test:
    if field not in NUMBERS:
        raise table.error(field, f"cannot be compared by {text!r}; {', '.join(NUMBERS)} can")
    compared = _COMPARISON.fullmatch(text)
    scale = None if compared is None else _scale(field, compared[3])
    if compared is None or scale is None:
        raise table.error(field, f"must be compared like {_EXAMPLES[field]}, not {text!r}")
    return Test(compared[1], float(compared[2]) * scale, text)


def _scale(field: str, unit: str) -> float | None:
    """What a number with this unit is to be multiplied by, to be in the field's own; None when it is no such unit."""
    if field == "duration":
        return UNITS.get(unit or "s")
    return SIZES.get(unit.lower()) if field == "size" else None if unit else 1


def _number(value: bytes) -> float | None:
    if value.isdigit():
        return int(value) if len(value) < 20 else None
    seconds = seconds_of(value)
    return None if seconds is None else float(seconds)


@lru_cache(maxsize=1024)
def _glob(pattern: bytes) -> re.Pattern[bytes]:
    """`*` is anything, `?` one byte. What a star skips is not tried again with more (`(?>…)`), so that no value takes long."""
    first, *others = [re.escape(piece).replace(rb"\?", b".") for piece in re.sub(rb"\*+", b"*", pattern).split(b"*")]
    if not others:
        return re.compile(rb"(?s:%s)\Z" % first)
    *middle, last = others
    return re.compile(rb"(?s:%s%s.*%s)\Z" % (first, b"".join(b"(?>.*?%s)" % piece for piece in middle), last))


def _is_in(value: bytes, version: int, network: int, length: int) -> bool:
    address = address_of(value)
    if address is None or address.version != version:
        return False
    shift = address.max_prefixlen - length
    return int(address) >> shift == network >> shift
