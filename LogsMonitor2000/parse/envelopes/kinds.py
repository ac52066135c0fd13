"""The envelopes by name, and which of them a log may have."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Envelope
from .journal_export import JournalExport
from .json import Beats, Docker, Journal, JsonEnvelope, Loki
from .prefix import AwsLogs, Compose, Cri, Kubectl, Log4j, Stern
from .syslog import Syslog

KINDS: tuple[type[Envelope], ...] = (
    *(Cri, Syslog, Docker, Journal, Beats, Loki, JournalExport),
    *(Compose, Kubectl, Log4j, AwsLogs, Stern),
)
"""The most certain first."""

ENVELOPES: dict[str, type[Envelope]] = {kind.name: kind for kind in KINDS}


def envelopes_of(lines: Sequence[bytes]) -> list[Envelope]:
    """The envelopes that most of `lines` have, the most certain first."""
    found: list[Envelope] = []
    for kind in KINDS:
        if issubclass(kind, JsonEnvelope):
            if lines[0][:1] != b"{" or b'"%s"' % kind.key.encode() not in lines[0]:
                continue
        elif lines[0][:1] == b"{" or (kind is JournalExport) != lines[0].startswith(b"__"):
            continue
        envelope = kind()
        if sum(map(envelope.encloses, lines)) * 2 > len(lines):
            found.append(envelope)
    return found
