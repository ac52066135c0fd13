"""All streams of a run: those named at its start, or with `Following`, also those that arrive while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..action.base import InputStatus
from ..errors import MisfitError
from ..source.statistics import ReadStatistics
from .stream import DigestStream


class StreamSet:
    """The streams `current`, which do not change here."""

    def __init__(self, streams: Sequence[DigestStream] = (), *, is_live: bool = False) -> None:
        self.current: list[DigestStream] = list(streams)
        self.is_live = is_live
        """Whether the streams are read as they grow."""

    @property
    def is_endless(self) -> bool:
        """Whether more streams may arrive although all that are here have ended."""
        return False

    @property
    def needs_commit(self) -> bool:
        """Whether no more may come until what was read has been committed."""
        return False

    @property
    def is_incomplete(self) -> bool:
        """Whether a stream could not be read as a whole."""
        return any(stream.is_incomplete for stream in self.current)

    @property
    def misfit(self) -> MisfitError | None:
        """The error of the first stream of which its named format reads nothing."""
        return next((stream.misfit for stream in self.current if stream.misfit is not None), None)

    def status(self) -> tuple[InputStatus, ...]:
        """How each stream stands."""
        return tuple(InputStatus(each.name, each.format_name, each.line_count, each.newest) for each in self.current)

    def poll(self) -> list[DigestStream]:
        """The streams that have arrived since the last poll: they are among the current ones now, and those that ended are not."""
        return []

    def unended(self) -> list[DigestStream]:
        """The streams that may have more, the one furthest behind first."""
        unended = [stream for stream in self.current if not stream.ended]
        return sorted(unended, key=lambda stream: (stream.newest is not None, stream.newest or 0))

    def statistics(self) -> ReadStatistics:
        """The read statistics of all streams together; here no more than the bytes."""
        read = ReadStatistics()
        read.bytes = sum(stream.read_bytes for stream in self.current)
        return read

    def progress(self) -> tuple[int, int]:
        """Bytes read and bytes in all; (0, 0) where the end of a stream is not known."""
        known = [progress for stream in self.current if (progress := stream.progress()) is not None]
        if len(known) < len(self.current):
            return 0, 0
        return sum(read for read, _ in known), sum(total for _, total in known)

    def report(self) -> list[str]:
        """A line on each stream, for an operator."""
        return []

    def snapshot(self) -> dict[str, Any]:
        """Where a restart continues, as JSON can hold it."""
        return {}

    def acknowledge(self, snapshot: Mapping[str, Any]) -> None:
        """`snapshot` has been saved: what came before it will not be read again."""

    def close(self) -> None:
        for stream in self.current:
            stream.close()
