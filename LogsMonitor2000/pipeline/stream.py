"""What the monitor reads: digests, one after the other, wherever they were made.

A log read by this process (`Input`), one whose chunks worker processes digest (`ParallelInput`), and digests that another
machine made are the same to the monitor: each says how far its events have come, and the monitor merges them by event time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ..analyze.digest import Digest
from ..errors import MisfitError
from ..event import MalformedLine, Notice


class DigestStream(ABC):
    """One stream of digests. `name` is what messages call it; `newest` is the newest second that its joined digests have."""

    format_name: str = ""
    """The format of the last event; "" while there was none."""
    line_count: int = 0
    """Lines of the joined digests."""
    chunk: int = 0
    """The number of the chunk that the last joined digest was of."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.newest: int | None = None

    @property
    def identity(self) -> str:
        """What its snapshot is kept under: the same however the user spells the name."""
        return self.name

    @property
    def next_poll(self) -> float:
        """Before this time, by `Clock.elapsed`, it need not be asked for a digest: a quiet file among thousands."""
        return 0.0

    @property
    def misfit(self) -> MisfitError | None:
        """What is wrong if the stream ends here: it has no event, and its first lines are not of the format that was named."""
        return None

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Whether there will never be more."""

    @abstractmethod
    def digest(self, horizon: int, floor: int | None) -> Digest | None:
        """The next digest, exact for what came before it; None when there is nothing now.

        Seconds after `horizon` are in the future, hence malformed. `floor`, if not None, is a second that the stream is taken to
        have reached: what is older than that by more than the buffer time is late. A digest is to be joined before the next.
        """

    @abstractmethod
    def join(self, digest: Digest) -> list[MalformedLine]:
        """Account for `digest`: `newest` and the line number move on. Returns its malformed samples with their line numbers."""

    @property
    def is_incomplete(self) -> bool:
        """Whether not all of it could be read: a notice says why."""
        return False

    def notices(self) -> list[Notice]:
        """What an operator should know about the stream, each notice once."""
        return []

    @property
    def read_bytes(self) -> int:
        """Bytes read."""
        return 0

    def progress(self) -> tuple[int, int] | None:
        """Bytes read and bytes in all, as stored on disk; None where the end is not known."""
        return None

    def fileno(self) -> int | None:
        """A descriptor that becomes readable when there is more; None where it has to be polled."""
        return None

    def snapshot(self) -> Any:
        """What a restart needs besides the position of what is read, as JSON can hold it."""
        return None

    def restore(self, snapshot: Any) -> None:
        """Continue from a snapshot."""

    @abstractmethod
    def stop(self) -> None:
        """End after what is at hand."""

    def close(self) -> None:
        """Release files, processes and connections."""


def latest(*seconds: int | None) -> int | None:
    """The largest of the seconds that are known."""
    return max((second for second in seconds if second is not None), default=None)
