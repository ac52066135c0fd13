"""What the followed logs of one process share: the clock, the operating system's calls, listings, and bounds on files and polls."""

from __future__ import annotations

from ...runtime.clock import Clock
from .files import Descriptors, Files
from .listing import Listings
from .open_file import Key
from .polling import PollSchedule


class Environment:
    """Tests bring a clock of their own, calls that fail, and few descriptors."""

    def __init__(self, clock: Clock | None = None, files: Files | None = None, descriptors: Descriptors | None = None) -> None:
        self.clock = clock or Clock()
        self.files = files or Files()
        self.descriptors = descriptors or Descriptors()
        self.listings = Listings(self.files, self.clock)
        self.schedule = PollSchedule()
        self.readers: dict[Key, str] = {}
        """Which log, by its identity, reads a file."""
