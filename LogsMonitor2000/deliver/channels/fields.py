"""Messages as data for programs: fields, labels, annotations, and JSON that no value from a log can break or colour."""

from __future__ import annotations

from datetime import datetime, timezone
import json
import math
from typing import Any

from ...action.formatter import MessageFormatter
from ...action.json_lines import alert_fields
from ...event import Alert
from ...text import printable
from ..message import Item
from .text import visible


def item_fields(item: Item, formatter: MessageFormatter) -> dict[str, Any]:
    """An alert as JSON: the keys of `--output json`, its `id`, its `fingerprint`, and when it `started` and `ended`.

    Control characters in it are visible text (`\\x1b`), for a receiver that prints what it gets.
    """
    alert = item.alert
    fields = {"id": item.id, "fingerprint": item.fingerprint, **alert_fields(alert, formatter), "started": alert.started}
    shown: dict[str, Any] = _visible(fields if item.is_firing else {**fields, "ended": alert.time})
    return shown


def annotations_of(alert: Alert, formatter: MessageFormatter) -> dict[str, str]:
    """What an alert says besides its labels, as text; for Alertmanager and what takes its messages."""
    texts = {
        "summary": visible(formatter.alert(alert)),
        "value": f"{alert.value:g}",
        "threshold": f"{alert.threshold:g}",
        "peak": f"{alert.peak:g}",
        "measure": alert.measure,
        "condition": visible(alert.condition),
        "causes": "\n".join(f"{field} {printable(value)} {share:.0%}" for field, value, share, _ in alert.causes),
        "lines": "\n".join(printable(line) for line in alert.lines),
    }
    return {name: text for name, text in texts.items() if text}


def to_json(body: Any) -> bytes:
    """As ASCII; infinities and NaN, which JSON does not have, as null."""
    try:
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        return json.dumps(_finite(body), separators=(",", ":")).encode()


def rfc3339(second: float) -> str:
    """`2019-02-07T21:12:36Z`; the last second there is for one that has no date."""
    try:
        return datetime.fromtimestamp(int(second), timezone.utc).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return "9999-12-31T23:59:59Z"


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {key: _visible(part) for key, part in value.items()}
    return [_visible(part) for part in value] if isinstance(value, list) else value


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
