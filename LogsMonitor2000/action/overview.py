"""A finished log for people: nothing is written before its end shows how long it is.

Up to half an hour is shown as blocks, a longer log as a table of at most 48 rows. Either way alerts stand between the intervals
by their time. What waits for the end is bounded: intervals are folded as they come, messages beyond a mebibyte are on disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
import marshal
import os
from typing import IO, Any

from ..event import Event, Notice, Stats, Summary
from ..limits import SPOOL_BYTES_MAX
from ..text import counted, printable, step
from .folding import StatsFolder
from .intervals import entries
from .terminal import TerminalNotifier

NAMED_MAX = 5
"""More logs are not named one by one."""

BLOCKS_SECONDS_MAX = 1800
"""A log that spans more is shown as rows."""


class OverviewNotifier(TerminalNotifier):
    """A `TerminalNotifier` of named, finished logs, for statistics of `--stats_interval auto`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._blocks: list[Stats] = []
        self._is_long = False  # too long for blocks
        self._folder = StatsFolder()
        self._messages = _Spool()
        self._final: list[Notice] = []
        self._is_shown = False

    def close(self) -> None:
        if not self._is_shown:  # an error ended the run: show what there is
            self._show(None)
        self._messages.close()
        super().close()

    def _stats(self, stats: Stats) -> None:
        self._folder.add(stats)
        if not self._is_long:
            self._blocks.append(stats)
            self._is_long = stats.time - self._blocks[0].time > BLOCKS_SECONDS_MAX
            if self._is_long:
                self._blocks.clear()

    def _message(self, second: int, text: str) -> None:
        self._messages.add(second, text)

    def notify(self, event: Event) -> None:
        if isinstance(event, Notice) and event.final:
            self._final.append(event)
        else:
            super().notify(event)

    def _summary(self, summary: Summary) -> None:
        self._show(summary)
        for notice in self._final:
            super().notify(notice)
        super()._summary(summary)

    def _show(self, summary: Summary | None) -> None:
        """Write the intervals and the messages between them."""
        self._is_shown = True
        known = summary is not None and summary.first is not None and summary.last is not None
        first, last = (summary.first, summary.last) if summary is not None and known else (0, 1 << 62)
        assert first is not None and last is not None
        if self._is_long or (known and last - first >= BLOCKS_SECONDS_MAX):
            intervals = self._rows(first, last)
        else:
            intervals = self._block_texts(first, last)
        if summary is not None:  # an input that failed cannot be asked any more
            self._write(self._formats())
        for _, _, text in merge(intervals, ((second, 1, text) for second, text in self._messages)):
            self._write(text)

    def _formats(self) -> str:
        """`access.log: combined`, in as many lines as there are few logs."""
        inputs = () if self._run is None else self._run.status().inputs
        if len(inputs) > NAMED_MAX:
            names = ", ".join(sorted({each.format for each in inputs if each.format}))
            return self._style.paint(f"{len(inputs):,} logs: {names}", "dim") + "\n" if names else ""
        return "".join(
            self._style.paint(f"{printable(os.fsencode(each.name))}: {each.format}", "dim") + "\n"
            for each in inputs
            if each.format
        )

    def _block_texts(self, first: int, last: int) -> Iterator[tuple[int, int, str]]:
        """The blocks, each at the second at which it ends."""
        for stats in self._blocks:
            yield stats.time + stats.interval, 0, self._block(stats, first, last)

    def _rows(self, first: int, last: int) -> Iterator[tuple[int, int, str]]:
        """The rows, each at the second at which it begins, so that what happened in it follows it."""
        rows = self._folder.rows()
        if not rows:
            return
        begin = self._formatter.time(max(min(rows), first))
        end = self._formatter.time(min(max(rows) + self._folder.step - 1, last))
        heading = entries(
            "", [begin, "to", end, f"({counted(len(rows), 'row')} of {step(self._folder.step)})"], self._width(), " ", ""
        )
        yield min(rows), 0, self._style.paint(heading.rstrip("\n"), "bold") + "\n"
        for start, text in self._text.rows(rows, self._folder.step, first, last, self._width()):
            yield start, 0, text


class _Spool:
    """Texts with the second that they are about, in the order in which they are added; on disk where they are many."""

    def __init__(self) -> None:
        self._texts: list[tuple[int, str]] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None

    def add(self, second: int, text: str) -> None:
        self._texts.append((second, text))
        self._bytes += len(text)
        if self._bytes > SPOOL_BYTES_MAX:
            self._spill()

    def _spill(self) -> None:
        from tempfile import TemporaryFile  # here, because few logs have so many alerts and start-up counts

        self._file = self._file or TemporaryFile()
        for second, text in self._texts:
            marshal.dump((second, text), self._file)
        self._texts, self._bytes = [], 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        if self._file is not None:
            self._spill()
            end = self._file.tell()
            self._file.seek(0)
            while self._file.tell() < end:
                yield marshal.load(self._file)
        yield from self._texts

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
