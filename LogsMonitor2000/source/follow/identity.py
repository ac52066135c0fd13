"""Under which name a position is kept, and how a file is recognised by what was kept of it under another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import os

from .fingerprint import Fingerprint, Probe


def identity_of(path: str) -> str:
    """The same for `a.log`, `./a.log` and the absolute path. A symbolic link is a name of its own: it may be pointed elsewhere."""
    directory, base = os.path.split(path)
    return os.path.join(os.path.realpath(directory or "."), base)


def recognised(fingerprints: Sequence[Fingerprint], probe: Probe) -> Fingerprint | None:
    """The fingerprint of the file of `probe` among those of files that were read.

    Only a compressed file is known by its content alone: two logs may well begin with the same lines.
    """
    for known in reversed(fingerprints):
        if known.own and known.seen and (known.key == probe.key or probe.kind) and probe.agrees(known):
            return known
    return None


class KeptPosition:
    """The position of a log that an earlier run followed and this one does not: kept for a later run, or for the file's new name."""

    def __init__(self, position: Mapping[str, object]) -> None:
        self._position = position
        values = position.get("fingerprints")
        found = [Fingerprint.from_json(value) for value in values] if isinstance(values, list) else []
        self._fingerprints = [known for known in found if known is not None]

    def as_json(self) -> dict[str, object]:
        return {**self._position, "fingerprints": [known.as_json() for known in self._fingerprints]}

    def fingerprint_of(self, probe: Probe) -> Fingerprint | None:
        return recognised(self._fingerprints, probe)

    def hand_over(self, known: Fingerprint) -> dict[str, object]:
        """The position from which a source reads that file on."""
        self._fingerprints.remove(known)
        until = self._position.get("known_until")
        return {"begun": True, "offset": known.offset, "known_until": until, "fingerprints": [known.as_json()]}
