"""Reads rules from the configuration, `[[alert]]`, and checks them: what is impossible is a `ConfigError` with file, rule and key."""

from __future__ import annotations

from collections.abc import Sequence
import re
from typing import Any

from ..analyze.columns import Derived, Raw, Subnet
from ..config.problems import Errors
from ..config.table import Table
from ..event import SEVERITIES
from ..limits import WINDOW_SECONDS_MAX
from ..parse.base import FIELDS
from .condition import read_conditions
from .kinds import KINDS, kind_of
from .rule import BUILT_IN, Rule

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_SUBNET = re.compile(r"source/([0-9]{1,3})(?:/([0-9]{1,3}))?")


def read_rules(tables: Sequence[Table], built_in: Sequence[Rule] = ()) -> tuple[Rule, ...]:
    """The rules of `[[alert]]`, no two of one name; they stand beside the `built_in` ones."""
    errors = Errors()
    rules: list[tuple[Rule, Table]] = []
    for table in tables:
        with errors:
            rules.append((read_rule(table), table))
    known = {rule.name: rule for rule in (*built_in, *(rule for rule, _ in rules))}
    names = [*known, *(name for table in tables if isinstance(name := table.peek("name"), str) and name not in known)]
    seen: set[str] = set()
    for rule, table in rules:
        with errors:
            _check_names(rule, table, names, known, seen)
    errors.check()
    return tuple(rule for rule, _ in rules)


def _check_names(rule: Rule, table: Table, names: Sequence[str], known: dict[str, Rule], seen: set[str]) -> None:
    """Refuse a name that another rule has, and inhibition by an unknown rule or in a circle."""
    if rule.name == BUILT_IN or rule.name in seen:
        raise table.error("name", f"{rule.name!r} is taken by another rule")
    seen.add(rule.name)
    for other in rule.inhibited_by:
        if other not in names:
            raise table.error("inhibited_by", f"names an unknown rule {other!r}; there are {', '.join(names)}")
    if rule.name in _inhibiting(rule, known):
        raise table.error("inhibited_by", "goes round in a circle")


def _inhibiting(rule: Rule, names: dict[str, Rule]) -> set[str]:
    """The names of the rules that inhibit `rule`, and those that inhibit these, and so on."""
    found: set[str] = set()
    following = list(rule.inhibited_by)
    while following:
        name = following.pop()
        if name in names and name not in found:
            found.add(name)
            following += names[name].inhibited_by
    return found


def read_rule(table: Table) -> Rule:
    """One rule."""
    name = table.text("name", pattern=_NAME, must="be letters, digits, _, - and .")
    measure = table.text("measure")
    kind = kind_of(measure)
    if kind is None:
        raise table.error("measure", f"must be one of {', '.join(KINDS)}, not {measure!r}")
    labels = table.texts("by", ())
    common: dict[str, Any] = {
        "name": name,
        "measure": measure,
        "where": read_conditions(table.table("where", None)),
        "by": tuple(_column(table, label) for label in labels),
        "labels": labels,
        "for_seconds": table.whole_seconds("for", 0, most=WINDOW_SECONDS_MAX),
        "keep_firing": table.whole_seconds("keep_firing", kind.keep_firing, most=WINDOW_SECONDS_MAX),
        "severity": table.text("severity", "warning", choices=SEVERITIES),
        "inhibited_by": table.texts("inhibited_by", ()),
        "dry_run": table.flag("dry_run", kind.dry_run),
        "optional": table.flag("optional", False),
        "description": table.text("description", ""),
    }
    if len(set(labels)) < len(labels):
        table.report("by", "names a field twice")
    own = kind.keys(table, common)
    if "of" not in own and "of" in table:
        table.report("of", "goes with a ratio")
        table.knows("of")
    table.finish()
    return kind(**common | own)


def _column(table: Table, label: str) -> Derived:
    found = _SUBNET.fullmatch(label)
    if found is not None:
        first = int(found[1])
        second = None if found[2] is None else int(found[2])
        v4, v6 = (first, second) if first <= 32 else (None, first)
        if (second is None or first <= 32) and (v6 is None or v6 <= 128):
            return Subnet("source", v4, v6)
    if label not in FIELDS:
        raise table.error(
            "by", f"must be fields ({', '.join(FIELDS)}) or networks like source/24 or source/24/64, not {label!r}"
        )
    return Raw(label)
