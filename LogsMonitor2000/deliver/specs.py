"""`[[action]]` tables: what each may say, checked when the file of settings is read, before anything is opened.

Keys that all deliveries have are read here; each type reads its own (`kinds.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
import re

from ..action.base import Action
from ..config.table import Table, read_each
from ..event import SEVERITIES
from .dispatch import Timing
from .kinds import CHANNELS, LOCAL
from .spec import ActionSpec, Context, Filter

_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)


def read_actions(tables: Sequence[Table]) -> tuple[ActionSpec, ...]:
    """The actions that `tables` ask for; a `ConfigError` for what makes no sense."""
    names: set[str] = set()

    def read(table: Table) -> ActionSpec:
        kind = table.text("type", choices=sorted([*LOCAL, *CHANNELS]))
        table.check()  # the other keys depend on it
        name = table.text("name", kind, pattern=_NAME, must="consist of letters, digits and _ . -")
        if name in names:
            table.report("name", f"{name!r} is that of two actions; give each its own")
        names.add(name)
        wanted = _read_filter(table)
        spec = LOCAL[kind](table, name, wanted) if kind in LOCAL else _read_delivery(table, kind, name, wanted)
        table.finish()
        return spec

    return tuple(read_each(tables, read))


def _read_delivery(table: Table, kind: str, name: str, wanted: Filter) -> ActionSpec:
    """The keys that all deliveries have, around those of their kind."""
    channel = CHANNELS[kind](table)
    timing = _read_timing(table, channel.timing, channel.fixed)
    timeout = table.seconds("timeout", 10, least=0.1, most=300)
    flush = table.seconds("flush", 5, most=300)

    def make(context: Context) -> Action:
        from .delivery import Delivery
        from .dispatch import Dispatch
        from .outbox import Outbox, StoredOutbox

        outbox = Outbox() if context.state is None else StoredOutbox(context.state, name)
        return Delivery(
            Dispatch(name, timing, outbox),
            channel.make(context),
            context.errors,
            wanted.wants,
            timeout=timeout,
            flush=flush,
            clock=context.clock,
            is_firing=context.is_firing,
        )

    return ActionSpec(kind, name, f"{name}: {kind} to {channel.where}{wanted}", wanted, make)


def _read_filter(table: Table) -> Filter:
    severities = table.texts("severity", ())
    for severity in severities:
        if severity not in SEVERITIES:
            table.report("severity", f"must be of {', '.join(SEVERITIES)}, not {severity!r}")
    return Filter(table.texts("alerts", ()), severities)


def _read_timing(table: Table, usual: Timing, fixed: Sequence[str]) -> Timing:
    """`fixed` are the keys that this kind does not have."""
    values = usual._asdict()
    for key, name in (("group_wait", "wait"), ("group_interval", "interval"), ("repeat", "repeat"), ("max_age", "max_age")):
        if key not in fixed:
            values[name] = table.seconds(key, values[name])
    if "group_by" not in fixed:
        group_by = table.texts("group_by", values["group_by"])
        values["group_by"] = None if group_by == ("...",) else group_by
    values["deadline"] = table.seconds("deadline", values["deadline"])
    if "resolved" not in fixed:
        values["resolved"] = table.flag("resolved", values["resolved"])
    return Timing(**values)
