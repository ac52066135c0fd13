"""What history keeps: the table `[history]` of a configuration.

[history]
fields = ["section", "user"]      # top lists; all that there are without it
keep = { 10s = "2d", 1m = "14d", 1h = "400d" }   # how long buckets of each width are kept; those of a day for ever
off = false
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ...config.table import Table

DAY = 86_400
NAMES = {"10s": 10, "1m": 60, "1h": 3600}
WIDTHS = (10, 60, 3600, DAY)
"""Of buckets, in seconds."""

FIELDS = ("section", "path", "source", "user", "method", "referrer", "agent", "vhost")
"""Fields that have top lists, besides the status."""

KEEP: Mapping[int, int] = MappingProxyType({10: 2 * DAY, 60: 14 * DAY, 3600: 400 * DAY})
"""For how many seconds before the newest event buckets of each width are kept."""


@dataclass(frozen=True)
class HistorySettings:
    """`fields` have top lists; buckets of the widths in `keep` are kept that many seconds, those of a day for ever."""

    fields: tuple[str, ...] = FIELDS
    keep: Mapping[int, int] = field(default_factory=lambda: KEEP)
    off: bool = False

    def __str__(self) -> str:
        return "off" if self.off else f"history of {', '.join(self.fields)}"


def read_history(tables: Sequence[Table]) -> HistorySettings:
    """The settings of the tables `[history]`, of which the last counts; what is wrong with them is reported there."""
    settings = HistorySettings()
    for table in tables:
        fields = table.texts("fields", FIELDS)
        for name in fields:
            if name not in FIELDS:
                table.report("fields", f"{name!r} has no history; there are {', '.join(FIELDS)}")
        keep, given = dict(KEEP), table.table("keep", None)
        if given is not None:
            keep = {width: given.whole_seconds(name, KEEP[width], least=width) for name, width in NAMES.items()}
            given.finish()
        if not keep[10] <= keep[60] <= keep[3600]:
            table.report("keep", "wider buckets must be kept at least as long as narrower ones")
        settings = HistorySettings(tuple(dict.fromkeys(fields)), keep, table.flag("off", False))
        table.finish()
    return settings
