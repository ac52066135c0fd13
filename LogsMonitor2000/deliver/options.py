"""The keys that every delivery has, whatever its receiver: grouping, timing, time-outs, redaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ..action.base import Action
from ..config.table import Table
from .channels.base import Channel
from .redaction import SECRET_PARAMETERS, Redactor
from .spec import ActionSpec, AlertFilter, Context
from .timing import Timing


class Receiver(NamedTuple):
    """A receiver as its table describes it: `where` it is, without secrets; how to make its channel; its own defaults of timing.

    `fixed` are the keys that its table does not have.
    """

    where: str
    channel: Callable[[Context], Channel]
    timing: Timing = Timing()
    fixed: tuple[str, ...] = ()


EACH_ALERT = Timing(group_by=None, interval=0, repeat=0)
"""For receivers that take alerts one by one."""


def delivery(table: Table, kind: str, name: str, alerts: AlertFilter, receiver: Receiver) -> ActionSpec:
    """The action that delivers to `receiver`, with the keys of `table` that all deliveries have."""
    timing = _read_timing(table, receiver.timing, receiver.fixed)
    timeout = table.seconds("timeout", 10, least=0.1, most=300)
    flush = table.seconds("flush", 5, most=300)
    redact = Redactor(table.texts("mask", SECRET_PARAMETERS))

    def build(context: Context) -> Action:
        from .delivery import Delivery
        from .dispatch import Dispatch

        channel = receiver.channel(context)
        return Delivery(
            Dispatch(name, timing, context.outbox(name), fit=channel.fit, redact=redact),
            channel,
            context.errors,
            alerts.wants,
            timeout=timeout,
            flush=flush,
            clock=context.clock,
            firing=context.firing,
        )

    return ActionSpec(kind, name, f"{name}: {kind} to {receiver.where}{alerts}", build)


def text_table(table: Table, key: str) -> Mapping[str, str]:
    """The table under `key`, all of whose values are text."""
    values = table.anything(key, {})
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise table.error(key, "must be a table whose values are texts")
    return values


def header_value(table: Table, key: str, text: str) -> str:
    """`text`, which goes into a header."""
    if not (text.isascii() and text.isprintable()):
        raise table.error(key, "must be one line of ASCII")
    return text


def _read_timing(table: Table, usual: Timing, fixed: Sequence[str]) -> Timing:
    values = usual._asdict()
    for key, field in (("group_wait", "wait"), ("group_interval", "interval"), ("repeat", "repeat"), ("max_age", "max_age")):
        if key not in fixed:
            values[field] = table.seconds(key, values[field])
    if "group_by" not in fixed:
        group_by = table.texts("group_by", values["group_by"])
        values["group_by"] = None if group_by == ("...",) else group_by
    values["deadline"] = table.seconds("deadline", values["deadline"])
    if "resolved" not in fixed:
        values["resolved"] = table.flag("resolved", values["resolved"])
    return Timing(**values)
