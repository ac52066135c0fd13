"""Messages as text that operators read, in mail and chats. What comes from a log is printable text in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ...action.formatter import MessageFormatter
from ...text import printable
from ..message import Item, Message

OMISSION_CHARACTERS = 80
"""Room for the line that counts what a message does not show."""


def headline(message: Message) -> str:
    """`FIRING: high_traffic`, `RESOLVED: errors (3 alerts), reminder 2`"""
    count = f" ({message.size:,} alerts)" if message.size > 1 else ""
    reminder = f", reminder {message.repeats}" if message.repeats else ""
    return f"{message.status.upper()}: {message.names}{count}{reminder}"


def lines_of(item: Item, formatter: MessageFormatter) -> list[str]:
    """An alert as lines of printable text: its message, its condition, what changed, and raw lines."""
    alert = item.alert
    lines = [visible(formatter.alert(alert))]
    group = [f"{field} {printable(value)}" for field, value in alert.group]
    if group:
        lines[0] += f" ({', '.join(group)})"
    if alert.condition:
        lines.append(f"  {visible(alert.condition)}")
    for field, value, share, is_new in alert.causes:
        lines.append(f"  {field} {printable(value)}: {share:.0%} of the change{', new' if is_new else ''}")
    return lines + [f"  {printable(line)}" for line in alert.lines]


def text_of(message: Message, formatter: MessageFormatter) -> list[str]:
    """The alerts of `message` as lines, then how many it does not show."""
    lines = [line for item in message.items for line in lines_of(item, formatter)]
    return [*lines, f"... {message.omission}"] if message.omitted else lines


def fitting(sizes: Iterable[int], limit: int) -> int:
    """How many things of these sizes, from the first on, `limit` has room for; at least one."""
    count = 0
    for size in sizes:
        limit -= size
        if limit < 0:
            break
        count += 1
    return max(1, count)


def clipped(lines: Sequence[str], escaped: Callable[[str], str], limit: int) -> str:
    """The `escaped` lines as one text of at most `limit` characters.

    What is too long loses the end of long lines, then the lines before the last one, which counts what is not shown.
    """
    kept = [_shortened(line, escaped, limit // 3 - 1) for line in lines]
    while len(kept) > 3 and sum(len(line) + 1 for line in kept) > limit + 1:
        del kept[-2]
    return "\n".join(kept)


def visible(text: str) -> str:
    """`text` as one printable line, in which every control character is an escape that can be seen."""
    try:
        return text if text.isprintable() else printable(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:  # half characters that stand for no byte
        return printable(text.encode("utf-8", "backslashreplace"))


def _shortened(line: str, escaped: Callable[[str], str], limit: int) -> str:
    """`line` escaped, cut where it is longer than `limit`, but never within an escape."""
    if len(text := escaped(line)) <= limit:
        return text
    while len(text := escaped(line + "…")) > limit:
        line = line[: len(line) * 7 // 8]
    return text
