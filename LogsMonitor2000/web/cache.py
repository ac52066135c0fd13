"""Answers that are given again until something changes: asking often costs no more than asking once."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from ..limits import CACHE_BYTES_MAX
from .http import Response


class AnswerCache:
    """Keeps answers by key and version, at most `bytes_max` of them; the ones that were not asked for longest make room."""

    def __init__(self, bytes_max: int = CACHE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._answers: dict[Hashable, tuple[Hashable, Response]] = {}

    def get(self, key: Hashable, version: Hashable, make: Callable[[], Response]) -> Response:
        """The answer to `key` as of `version`, from `make` where it is not known. What `make` raises is not kept."""
        known = self._answers.pop(key, None)
        if known is not None:
            self._bytes -= len(known[1].body)
        response = known[1] if known is not None and known[0] == version else make()
        self._answers[key] = version, response
        self._bytes += len(response.body)
        while self._bytes > self._bytes_max and len(self._answers) > 1:
            oldest = next(iter(self._answers))
            self._bytes -= len(self._answers.pop(oldest)[1].body)
        return response
