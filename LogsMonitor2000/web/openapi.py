"""The description of the interface, OpenAPI 3.1, written by hand. Tests hold the routes to it, and their answers to its schemas."""

from __future__ import annotations

from typing import Any

from ..limits import POINTS_MAX, TOP_VALUES_MAX
from ..version import VERSION

Json = dict[str, Any]


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Json, **more: Any) -> Json:
    """An object that has exactly these properties."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False, **more}


def _list_of(schema: Json) -> Json:
    return {"type": "array", "items": schema}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _parameter(name: str, description: str, schema: Json, **more: Any) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema, "required": False, **more}


COUNT: Json = {"type": "integer", "minimum": 0}
NUMBER: Json = {"type": "number"}
TEXT: Json = {"type": "string"}
SECOND: Json = {"type": "integer", "description": "epoch seconds"}
LATENCY: Json = {"type": ["number", "null"], "description": "seconds; null where the format of the log has no durations"}
COUNTS: Json = {"type": "object", "additionalProperties": COUNT}

TIME: Json = {"type": "string", "examples": ["1549573860", "2019-02-07T21:11:00Z"]}
FROM = _parameter("from", "the begin of the range, included: epoch seconds or ISO 8601, UTC where it has no offset", TIME)
UNTIL = _parameter("until", "the end of the range, not included", TIME)
STEP = _parameter(
    "step",
    f"the length of a step in seconds, a multiple of 10; at most {POINTS_MAX:,} steps",
    {"type": "integer", "minimum": 10, "multipleOf": 10, "default": 60},
)
FIELD = _parameter(
    "field", "section, path, source, user, …: those that the format of the log has", {**TEXT, "default": "section"}
)
LIMIT = _parameter("limit", "how many values", {"type": "integer", "minimum": 1, "maximum": TOP_VALUES_MAX, "default": 10})
FROM_DATE = _parameter("from_date", "the first day, from 00:00 UTC on; not in the future", {"type": "string", "format": "date"})
USER: Json = {"name": "user", "in": "path", "description": "the user as the log names it", "schema": TEXT, "required": True}

USAGE: Json = {
    "total_requests": COUNT,
    "successful_requests": {**COUNT, "description": "with a status below 400"},
    "failed_requests": {**COUNT, "description": "with a status of 400 and above"},
    "uptime": {"type": ["number", "null"], "description": "the share of successful requests in percent"},
    "average_latency": LATENCY,
    "median_latency": LATENCY,
    "p99_latency": LATENCY,
}
ALERT: Json = {
    "name": TEXT,
    "group": {"type": "object", "additionalProperties": TEXT},
    "severity": {"type": "string", "enum": ["info", "warning", "error", "critical"]},
    "started": SECOND,
    "ended": {"type": ["integer", "null"], "description": "epoch seconds; null while it fires"},
    "peak": NUMBER,
    "threshold": NUMBER,
    "message": TEXT,
}
STATUS: Json = {
    "version": TEXT,
    "instance": {**TEXT, "description": "another one after each restart"},
    "time": {**NUMBER, "description": "when the run stood like this, epoch seconds"},
    "inputs": _list_of(
        _object(
            {
                "name": TEXT,
                "format": {"type": ["string", "null"]},
                "lines": COUNT,
                "lag": {"type": ["number", "null"], "description": "how old its newest event is, in seconds"},
            }
        )
    ),
    **{name: COUNT for name in ("lines", "events", "malformed", "late")},
    "first": {"type": ["integer", "null"], "description": "the second of the first event"},
    "last": {"type": ["integer", "null"], "description": "the second of the newest event"},
    "rules": _list_of({"type": "object", "additionalProperties": TEXT}),
    "firing": _list_of(_ref("Alert")),
}
SCHEMAS: Json = {
    "Error": _object({"detail": TEXT}),
    "Alert": _object(ALERT),
    "Status": _object(STATUS),
    "Live": _object(
        {
            **STATUS,
            "totals": _object(
                {
                    "hits": COUNT,
                    "bytes": COUNT,
                    "statuses": COUNTS,
                    "sections": _list_of(_ref("Value")),
                    "sources": _list_of(_ref("Value")),
                    "distinct": COUNTS,
                    "peak": _or_null(_object({"value": NUMBER, "time": SECOND, "window": COUNT})),
                }
            ),
            "intervals": {
                **_list_of(_list_of({"type": "integer"})),
                "description": "time, seconds, bytes, 2xx, 3xx, 4xx, 5xx, others",
            },
            "alerts": _list_of(_ref("Alert")),
        }
    ),
    "Value": _object(
        {
            "value": TEXT,
            "hits": COUNT,
            "now": {
                "type": ["integer", "null"],
                "description": "hits in the last interval; null where it was not among the top",
            },
        }
    ),
    "Durations": _object({"count": COUNT, **{name: NUMBER for name in ("mean", "p50", "p90", "p99", "max")}}),
    "Point": _object(
        {"time": SECOND, "hits": COUNT, "bytes": COUNT, "statuses": COUNTS, "duration": _or_null(_ref("Durations"))}
    ),
    "Traffic": _object({"from": SECOND, "until": SECOND, "step": COUNT, "points": _list_of(_ref("Point"))}),
    "Top": _object(
        {
            "field": TEXT,
            "total": COUNT,
            "error": {**COUNT, "description": "by how much a count may be too low"},
            "values": _list_of(_object({"value": TEXT, "hits": COUNT, "bytes": COUNT, "errors": COUNT})),
            "other": COUNT,
        }
    ),
    "Usage": _object({**USAGE, "daily": _list_of(_object({"date": {"type": "string", "format": "date"}, **USAGE}))}),
}


def _answer(description: str, schema: Json, kind: str = "application/json") -> Json:
    return {"description": description, "content": {kind: {"schema": schema}}}


ERRORS: Json = {
    "400": _answer("not understood", _ref("Error")),
    "401": _answer("the token is missing or wrong", _ref("Error")),
    "404": _answer("not there", _ref("Error")),
    "422": _answer("a parameter makes no sense", _ref("Error")),
}


def _get(summary: str, answer: Json, *parameters: Json, tag: str = "monitor", errors: tuple[str, ...] = tuple(ERRORS)) -> Json:
    operation = {"summary": summary, "tags": [tag], "responses": {"200": answer, **{code: ERRORS[code] for code in errors}}}
    return {"get": {**operation, "parameters": list(parameters)} if parameters else operation}


PLAIN = {"type": "string"}
STREAM = (
    "Types of events are `snapshot`, `stats`, `alert` and `notice`. A client that sends `Last-Event-ID` gets what it has missed, or "
    "a snapshot where that is no longer known. A comment comes every 15 s."
)
LAST_ID: Json = {"name": "Last-Event-ID", "in": "header", "description": "the id of the last event received", "schema": TEXT}

PATHS: Json = {
    "/api/v1/status": _get("How the run stands.", _answer("the status", _ref("Status"))),
    "/api/v1/live": _get(
        "What the live page shows: the status, totals, the last intervals from `from` on, and alerts of this run.",
        _answer("the run", _ref("Live")),
        *(FROM, UNTIL),
    ),
    "/api/v1/traffic": _get(
        "Hits, bytes, statuses and durations over time; steps without events are left out.",
        _answer("the steps", _ref("Traffic")),
        *(FROM, UNTIL, STEP),
        tag="history",
    ),
    "/api/v1/top": _get(
        "The heaviest values of a field.", _answer("the values", _ref("Top")), *(FIELD, FROM, UNTIL, LIMIT), tag="history"
    ),
    "/api/v1/alerts": _get(
        "Alerts that fired at any time of the range, from start to end.",
        _answer("the alerts", _list_of(_ref("Alert"))),
        *(FROM, UNTIL),
        tag="history",
    ),
    "/customers/stats": _get(
        "Availability and latency of all users, in all and by day.",
        _answer("the usage", _ref("Usage")),
        FROM_DATE,
        tag="customers",
    ),
    "/customers/{user}/stats": _get(
        "Availability and latency of one user, in all and by day.",
        _answer("the usage", _ref("Usage")),
        *(USER, FROM_DATE),
        tag="customers",
    ),
    "/events": {
        "get": {
            "summary": "Events as they happen, as server-sent events.",
            "description": STREAM,
            "tags": ["monitor"],
            "parameters": [LAST_ID],
            "responses": {
                "200": _answer("a stream without end", PLAIN, "text/event-stream"),
                **{code: ERRORS[code] for code in ("400", "401", "422")},
                "503": _answer("too many clients read events already", _ref("Error")),
            },
        }
    },
    "/metrics": _get("Metrics for Prometheus.", _answer("text format 0.0.4", PLAIN, "text/plain"), errors=("401", "404")),
    "/healthz": {
        "get": {
            "summary": "Whether the monitor is at work. Needs no token.",
            "tags": ["monitor"],
            "security": [],
            "responses": {
                "200": _answer("it is", PLAIN, "text/plain"),
                "503": _answer("nothing has come from the reading thread for a minute", PLAIN, "text/plain"),
            },
        }
    },
    "/openapi.json": _get("This description.", _answer("OpenAPI 3.1", {"type": "object"}), errors=("400", "401", "422")),
    "/docs": _get("This description to read.", _answer("a page", PLAIN, "text/html"), errors=("400", "401", "422")),
}

DESCRIPTION: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "LogsMonitor2000",
        "version": VERSION,
        "summary": "Traffic, alerts and history of HTTP access logs.",
        "description": "GET and HEAD only. Times in answers are epoch seconds; ranges are half-open. Errors are "
        '`{"detail": "…"}`. Answers have an `ETag` and may be asked for with `If-None-Match`.',
        "license": {"name": "MIT", "identifier": "MIT"},
    },
    "servers": [{"url": "/"}],
    "security": [{"bearer": []}, {"basic": []}, {}],
    "tags": [
        {"name": "monitor", "description": "the run as it is now"},
        {"name": "history", "description": "what was counted; needs --state"},
        {"name": "customers", "description": "by the user that the log names"},
    ],
    "paths": PATHS,
    "components": {
        "schemas": SCHEMAS,
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "basic": {"type": "http", "scheme": "basic", "description": "any user, with the token as password"},
        },
    },
}
