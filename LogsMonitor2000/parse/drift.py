"""Format drift: a server is given another log format, and its log continues in it.

Lines that do not match the format of their input are tried in all others (`alternatives`), where the format was detected rather
than named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import TYPE_CHECKING

from .columns import Rows, Run

if TYPE_CHECKING:  # few logs need it and start-up counts
    from .alternatives import Alternatives


class Drift:
    """Reads the lines of one input that do not match the format `name`; a `FormatDrift` (see there)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.directives = b""
        self.asked = False
        self._alternatives: dict[tuple[str, ...], Alternatives] = {}

    def read(self, lines: Sequence[bytes], fields: Sequence[str]) -> Rows:
        """What the successive `lines` are in other formats, with `fields`."""
        self.asked = True
        alternatives = self._alternatives.get(tuple(fields))
        if alternatives is None:
            from .alternatives import Alternatives

            alternatives = self._alternatives[tuple(fields)] = Alternatives(fields, self.name)
        rows, self.directives = alternatives.read(lines, self.directives)
        return rows

    def runs(self, kept: Sequence[bool], seconds: Sequence[int], names: Mapping[int, str]) -> list[Run]:
        """Where the format changes among the rows that are `kept`; `names` has the formats of rows that are not of `name`."""
        if not names:
            return [Run(row, seconds[row], self.name) for row in (kept.index(True),)] if True in kept else []
        found: list[Run] = []
        for row in compress(range(len(kept)), kept):
            name = names.get(row, self.name)
            if not found or name != found[-1].name:
                found.append(Run(row, seconds[row], name))
        return found
