"""The streams of a run that follows logs: they arrive while it runs, and continue after a restart where the last run stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..source.several import Sources
from ..source.statistics import ReadStatistics
from .input import Input
from .recogniser import Recogniser
from .stream import DigestStream
from .stream_set import StreamSet


class Following(StreamSet):
    """Makes an input of each source that `sources` finds; `restored` is what an earlier run's `snapshot` said of them."""

    def __init__(self, sources: Sources, recogniser: Recogniser, restored: Mapping[str, Any] | None = None) -> None:
        super().__init__(is_live=True)
        self._sources = sources
        self._recogniser = recogniser
        self._restored = dict(restored) if restored is not None else {}

    def poll(self) -> list[DigestStream]:
        arrived: list[DigestStream] = [Input(source, self._recogniser, tolerant=True) for source in self._sources.poll()]
        for stream in arrived:
            if (snapshot := self._restored.pop(stream.identity, None)) is not None:
                stream.restore(snapshot)
        self.current = [stream for stream in self.current if not stream.ended] + arrived
        return arrived

    def rebind(self, recogniser: Recogniser) -> None:
        """Let all inputs continue with digests as `recogniser` makes them; a `FormatError`, and nothing is changed, if one cannot."""
        inputs = [stream for stream in self.current if isinstance(stream, Input)]
        for stream in inputs:
            if stream.format_name:
                recogniser.recognise(stream.name, [], stream.format_name)
        for stream in inputs:
            stream.rebind(recogniser)
        self._recogniser = recogniser

    @property
    def is_endless(self) -> bool:
        return not self._sources.ended

    @property
    def needs_commit(self) -> bool:
        return self._sources.needs_commit

    def progress(self) -> tuple[int, int]:
        return 0, 0

    def statistics(self) -> ReadStatistics:
        return self._sources.total()

    def report(self) -> list[str]:
        return [f"{name}: {read}" for name, read in self._sources.statistics().items()]

    def snapshot(self) -> dict[str, Any]:
        """The positions of the sources, and what the inputs need besides; those of an earlier run that have not arrived are kept."""
        inputs = self._restored | {stream.identity: stream.snapshot() for stream in self.current}
        return {"position": self._sources.position(), "inputs": inputs}

    def acknowledge(self, snapshot: Mapping[str, Any]) -> None:
        self._sources.acknowledge(snapshot["position"])

    def close(self) -> None:
        self._sources.close()
