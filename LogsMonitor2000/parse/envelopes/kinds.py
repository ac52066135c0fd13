"""The envelopes by name, and which of them a log has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .base import Envelope
from .journal_export import JournalExport
from .json import Docker, Journal
from .syslog import Syslog

ENVELOPES: dict[str, Callable[[], Envelope]] = {kind.name: kind for kind in (Syslog, Docker, Journal, JournalExport)}


def envelope_of(lines: Sequence[bytes]) -> Envelope | None:
    """The envelope that most of `lines` have; None when there is none."""
    first = lines[0][:1]
    if first == b"<" or first.isdigit() or first.isupper():
        syslog = Syslog()
        if sum(map(syslog.encloses, lines)) * 2 > len(lines):
            return syslog
    if first == b"{":
        for kind in (Docker, Journal):
            if b'"%s"' % kind.key.encode() in lines[0]:
                envelope = kind()
                if sum(map(envelope.encloses, lines)) * 2 > len(lines):
                    return envelope
    if lines[0].startswith(b"__"):
        export = JournalExport()
        if sum(map(export.encloses, lines)) * 2 > len(lines):
            return export
    return None
