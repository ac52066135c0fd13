"""The states of an alert, in one place: everything that reads `Alert.state` compares with these.

They are strings, so that they are written to JSON, databases and snapshots as they read, and what is read back compares equal.
"""

from __future__ import annotations

from enum import StrEnum


class AlertState(StrEnum):
    """inactive → pending → firing → resolved, as in Prometheus; a pending alert that never fires becomes inactive unreported."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"
