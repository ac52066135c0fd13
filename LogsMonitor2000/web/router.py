"""Routes: which function answers a path, what it is asked, and how wrong questions are answered.

A query is read key by key, each checked; what was not asked for is refused, with what was probably meant. All errors have one form,
`{"detail": "…"}`: 400 for what is not understood at all, 404, 405, 401, 421, and 422 for values that make no sense.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timezone
from difflib import get_close_matches
import json
import re
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

from ..limits import QUERY_FIELDS_MAX
from .http import Answer, Request, Response

JSON = "application/json"
EPOCH_DIGITS_MAX = 12
SECOND_MAX = 253_402_300_800
"""The end of the year 9999."""


class ApiError(Exception):
    """A question that is answered with an error."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def as_json(content: Any, cache: str = "no-cache") -> Response:
    """`content` as an answer; a number that JSON does not have is a mistake, and raises `ValueError`."""
    return Response(200, json.dumps(content, separators=(",", ":"), allow_nan=False).encode() + b"\n", JSON, cache=cache)


def failure(status: int, detail: str) -> Response:
    """An error as an answer."""
    return Response(status, json.dumps({"detail": detail}).encode() + b"\n", JSON)


class Query:
    """The parameters of a request. Each method takes one, or gives `default`; `finish` refuses those that were not asked for."""

    def __init__(self, text: str) -> None:
        try:
            pairs = parse_qsl(
                text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=QUERY_FIELDS_MAX, errors="strict"
            )
        except (ValueError, UnicodeDecodeError):
            raise ApiError(400, "the query is not valid") from None
        self._values = dict(pairs)
        if len(self._values) < len(pairs):
            raise ApiError(422, "a parameter is given twice")
        self._known: list[str] = []

    def text(self, name: str, default: str = "", choices: Collection[str] = ()) -> str:
        value = self._take(name)
        if value is None:
            return default
        if choices and value not in choices:
            raise ApiError(422, f"{name} must be one of {', '.join(choices)}, not {shown(value)}")
        return value

    def optional(self, name: str) -> str | None:
        """The text as it was given, which may be empty; None if it was not."""
        return self._take(name)

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        value = self._take(name)
        if value is None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,15}", value) or not least <= int(value) <= most:
            raise ApiError(422, f"{name} must be a whole number from {least} to {most}, not {shown(value)}")
        return int(value)

    def second(self, name: str) -> int | None:
        """A time: epoch seconds or ISO 8601, UTC where it has no offset. None if it was not given."""
        value = self._take(name)
        return None if value is None else second_of(name, value)

    def range(self) -> tuple[int | None, int | None]:
        """`from` and `until`, which must not be earlier."""
        since, until = self.second("from"), self.second("until")
        if since is not None and until is not None and until < since:
            raise ApiError(422, "until must not be before from")
        return since, until

    def finish(self) -> None:
        for name in self._values:
            close = get_close_matches(name, self._known, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            allowed = f"known are {', '.join(self._known)}" if self._known else "there are none here"
            raise ApiError(422, f"unknown parameter {shown(name)}{hint} ({allowed})")

    def _take(self, name: str) -> str | None:
        self._known.append(name)
        return self._values.pop(name, None)


def second_of(name: str, value: str) -> int:
    """The second that the parameter `name` means."""
    if re.fullmatch(r"[0-9]{1,12}", value) and int(value) <= SECOND_MAX:
        return int(value)
    text = re.sub(r"(?<=\d) (?=\d\d:?\d\d$)", "+", value) if "T" in value else value  # a `+` that was sent unescaped
    try:
        moment = datetime.fromisoformat(text)
        second = int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())
    except (ValueError, OverflowError):
        second = -1
    if not 0 <= second <= SECOND_MAX:
        raise ApiError(422, f"{name} must be epoch seconds or ISO 8601 from 1970 on, not {shown(value)}")
    return second


def shown(value: str) -> str:
    """`value`, which a stranger sent, for a message."""
    return repr(value if len(value) <= 100 else value[:100] + "…")


Handler = Callable[[Query, Mapping[str, bytes], Request], Answer]
"""Answers a request from its query and the segments of its path that the pattern names."""


class Route(NamedTuple):
    """`pattern` is a path whose segments may be `{name}`; `summary` says in a line what is there."""

    pattern: str
    handler: Handler
    summary: str


class Router:
    """Finds the route of a path. Segments are compared as they were sent, and those that a pattern names are percent-decoded."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._exact = {route.pattern: route for route in routes if "{" not in route.pattern}
        self._patterns = [(route.pattern.split("/"), route) for route in routes if "{" in route.pattern]

    def answer(self, request: Request) -> Answer:
        """What `request` is answered with; an `ApiError` is one of the answers."""
        try:
            route, segments = self._find(request.path)
            query = Query(request.query)
            return route.handler(query, segments, request)
        except ApiError as error:
            return failure(error.status, error.detail)

    def _find(self, path: str) -> tuple[Route, dict[str, bytes]]:
        if path in self._exact:
            return self._exact[path], {}
        parts = path.split("/")
        for pattern, route in self._patterns:
            if len(pattern) == len(parts) and all(each == part or each[:1] == "{" for each, part in zip(pattern, parts)):
                pairs = [(each[1:-1], part) for each, part in zip(pattern, parts) if each[:1] == "{"]
                if all(part and not re.search(r"%(?![0-9A-Fa-f]{2})", part) for _, part in pairs):
                    return route, {name: unquote_to_bytes(part) for name, part in pairs}
        raise ApiError(404, "there is nothing at this path; see /docs")
