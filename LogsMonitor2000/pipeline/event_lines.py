"""Events as data: the lines of a source as JSON objects, one an event, in the order of the file, late ones too.

The keys are always the same; what the format or the line does not have is `null`, and numbers are numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import json
from typing import Any

from ..errors import FormatError
from ..limits import BLOCK_BYTES, SAMPLES_MAX
from ..parse.base import BoundParser
from ..parse.choose import Choice
from ..parse.columns import Column, Sample
from ..source.base import Source
from ..text import decoded

FIELDS = (
    *("source", "user", "vhost", "method", "target", "path", "section", "protocol"),
    *("status", "size", "referrer", "agent", "duration"),
)
"""The keys of an object after `time`."""

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode


class EventLines:
    """Turns the blocks of one source into lines of JSON. `horizon` is the second after which a time is in the future."""

    def __init__(self, source: Source, choice: Choice, horizon: Callable[[], int]) -> None:
        self.malformed = 0
        self.samples: list[tuple[int, Sample]] = []
        """The first malformed lines: number in the source, and what is wrong."""
        self._source = source
        self._choice = choice
        self._horizon = horizon
        self._parse: BoundParser | None = None
        self._waiting: list[bytes] = []  # lines whose format is not known yet
        self._line_count = 0

    def of(self, blocks: Iterable[bytes]) -> bytes:
        """The objects of the next `blocks`, as lines; nothing while the format is not known. Raises `FormatError` when nothing fits."""
        self._waiting += blocks
        if self._parse is None and not self._recognise():
            return b""
        made = b"".join(map(self._of_block, self._waiting))
        self._waiting.clear()
        return made

    def _recognise(self) -> bool:
        try:
            chosen = self._choice.choose(self._source.name, self._waiting)
        except FormatError:
            if self._source.ended or sum(map(len, self._waiting)) >= BLOCK_BYTES:
                raise
            return False
        if chosen is not None:
            self._parse = chosen.bind(FIELDS, frozenset())
        return chosen is not None

    def _of_block(self, block: bytes) -> bytes:
        assert self._parse is not None
        parsed = self._parse(block, self._horizon())
        for sample in parsed.samples[: SAMPLES_MAX - len(self.samples)]:
            self.samples.append((self._line_count + sample.line + 1, sample))
        self._line_count += parsed.line_count
        self.malformed += parsed.malformed
        columns = [_plain(field, parsed.values[field]) for field in FIELDS]
        rows = zip(parsed.seconds, *columns)
        names = ("time", *FIELDS)
        return "".join([_encode(dict(zip(names, row))) + "\n" for row in rows]).encode("ascii")


def _plain(field: str, column: Column) -> list[Any]:
    """A column as JSON has it: null for what is missing, numbers as numbers."""
    if field in ("status", "size"):
        return [int(text) if text is not None and text.isdigit() else None for text in column]
    if field == "duration":
        return [_number(text) for text in column]
    return [None if text is None or text == b"-" else decoded(text) for text in column]


def _number(text: bytes | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
