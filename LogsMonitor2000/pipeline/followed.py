"""The inputs of a run that follows logs: they come while it runs, and go on after a restart where the last run was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..source.follow.source_set import SourceSet
from ..source.statistics import ReadStatistics
from .input import Input, Recognise


class Following:
    """Makes an input of each source that `sources` finds; `restored` is what an earlier run's `snapshot` said of them."""

    def __init__(self, sources: SourceSet, recognise: Recognise, restored: Mapping[str, Any] | None = None) -> None:
        self._sources = sources
        self._recognise = recognise
        self._restored = dict(restored) if restored is not None else {}
        self._inputs: dict[str, Input] = {}

    def look(self) -> list[Input]:
        """The inputs that have come since the last look."""
        arrived = [Input(source, self._recognise) for source in self._sources.look()]
        for source in arrived:
            if (snapshot := self._restored.pop(source.name, None)) is not None:
                source.restore(snapshot)
            self._inputs[source.name] = source
        if len(self._inputs) > len(self._sources.sources):  # some were given up
            names = {source.name for source in self._sources.sources}
            self._inputs = {name: source for name, source in self._inputs.items() if name in names}
        return arrived

    @property
    def is_over(self) -> bool:
        """All sources have ended and no more can be found."""
        return self._sources.ended

    def position(self) -> dict[str, object]:
        """Where the sources are, as plain values for JSON."""
        return self._sources.position()

    def acknowledge(self, position: Mapping[str, object]) -> None:
        """Everything that was read up to `position` is safely kept."""
        self._sources.acknowledge(position)

    def snapshot(self) -> dict[str, Any]:
        """What the inputs need besides that. Those that an earlier run knew are remembered until they come again."""
        return self._restored | {name: source.snapshot() for name, source in self._inputs.items()}

    def statistics(self) -> ReadStatistics:
        """What reading has come to, all logs together."""
        return self._sources.total()

    def report(self) -> list[str]:
        """A line on each name: lines, bytes, and what happened to its files."""
        return [f"{name}: {read}" for name, read in self._sources.statistics().items()]

    def close(self) -> None:
        self._sources.close()
