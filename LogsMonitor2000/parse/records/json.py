"""JSON, one object a line, as key-value records."""

from __future__ import annotations

from collections.abc import Mapping
from json import JSONDecoder
import re
from typing import Any

from ...limits import PLAN_BYTES_MAX, PLAN_KEYS_MAX, PLANS_MAX
from ..base import Malformed
from ..regex import compile_pattern
from .base import RecordParser
from .synonyms import Path, Place
from .syntax import NUMBER, Found, Scalar, Syntax

_TOKEN = compile_pattern(rb'[ \t\r]*+(?:([{}\[\],:])|"((?:[^"\\]++|\\.)*+)"|([^ \t\r,:{}\[\]"]++))')
_NUMBER = rb"-?+%s(?:[eE][+-]?+\d{1,3}+)?+" % NUMBER
_HEX = compile_pattern(r"(?<!\\)((?:\\\\)*+)\\x([0-9A-Fa-f]{2})")
_ESCAPES = rb'(?:[^"\\]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+'


def _word(text: str) -> str:
    return text


class JsonSyntax(Syntax):
    """`{"time":"…","status":200,…}`; numbers keep their digits, and bytes that are not UTF-8 are kept as they are."""

    name = "json"
    escaped = _ESCAPES

    def __init__(self) -> None:
        # Numbers become text: as they stand in the log, in whatever length.
        self._decode = JSONDecoder(parse_float=_word, parse_int=_word, parse_constant=_word, strict=False).decode
        self._plans: dict[tuple[str, ...], list[tuple[str, list[Place]]]] = {}

    def __reduce__(self) -> tuple[type[JsonSyntax], tuple[()]]:  # a decoder in C cannot be pickled
        return JsonSyntax, ()

    def find(self, line: bytes, wanted: Mapping[str, tuple[Place, ...]]) -> Found:
        if line.lstrip(b" \t\r")[:1] != b"{":
            raise Malformed("not a JSON object")
        text = line.decode("utf-8", "surrogateescape")
        try:
            record = self._decode(text)
        except (ValueError, RecursionError):
            try:  # nginx without escape=json writes quotes and controls as \xNN
                record = self._decode(_HEX.sub(r"\1\\u00\2", text))
            except RecursionError:
                raise Malformed("nested too deeply") from None
            except ValueError as error:
                raise Malformed(f"not JSON: {error}"[:80]) from None
        if type(record) is not dict:
            raise Malformed("not a JSON object")
        keys = tuple(record)
        plan = self._plans.get(keys)
        if plan is None:
            plan = _plan(record, wanted)
            if len(keys) <= PLAN_KEYS_MAX and sum(map(len, keys)) <= PLAN_BYTES_MAX:
                if len(self._plans) >= PLANS_MAX:
                    self._plans.clear()
                self._plans[keys] = plan
        places: dict[str, Place] = {}
        values: dict[str, bytes] = {}
        for name, candidates in plan:
            for place in candidates:
                value: Any = record
                for key in place.path:
                    if type(value) is dict:
                        value = value.get(key)
                    elif type(value) is list and key == 0 and value:
                        value = value[0]
                    else:
                        value = None
                        break
                if type(value) is str:
                    places[name] = place
                    values[name] = _raw(value)
                    break
        return Found(places, values)

    def scalars(self, line: bytes) -> list[Scalar] | None:
        found: list[Scalar] = []
        stack: list[list[str | int]] = []  # for each open container the key, or the number, of the element that is being read
        seen: set[Path] = set()
        expect_key = False
        end = 0
        while end < len(line):
            token = _TOKEN.match(line, end)
            if token is None:
                return None if line[end:].strip() else found
            end = token.end()
            mark, text, word = token.groups()
            if mark in (b"{", b"["):
                stack.append(["" if mark == b"{" else 0])
                expect_key = mark == b"{"
            elif mark in (b"}", b"]"):
                stack.pop()
                expect_key = False
            elif mark == b",":
                element = stack[-1][0]
                expect_key = isinstance(element, str)
                if isinstance(element, int):
                    stack[-1][0] = element + 1
            elif mark == b":":
                expect_key = False
            elif expect_key:
                if text is None or b"\\" in text:
                    return None
                stack[-1][0] = text.decode("utf-8", "surrogateescape")
                path = tuple(level[0] for level in stack)
                if path in seen:
                    return None
                seen.add(path)
            else:
                path = tuple(level[0] for level in stack)
                if text is not None:
                    found.append(Scalar(path, token.start(2), token.end(2), True))
                elif word != b"null":  # which is not a value, so another line must have none there either
                    found.append(Scalar(path, token.start(3), token.end(3), False))
        return found

    def plain(self, text: bytes, stop: bytes) -> bytes | None:
        if text in (b"true", b"false"):
            return b"(?:true|false)"
        return _NUMBER if re.fullmatch(_NUMBER, text) else None


def _plan(record: dict[str, object], wanted: Mapping[str, tuple[Place, ...]]) -> list[tuple[str, list[Place]]]:
    """The places that may be in a record with these keys."""
    plan = []
    for name, places in wanted.items():
        there = [p for p in places if p.path[0] in record and (p.needs is None or p.needs in record)]
        if there:
            plan.append((name, there))
    return plan


def _raw(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair, escaped
        return text.encode("utf-8", "backslashreplace")


class JsonParser(RecordParser):
    def __init__(self, own: Mapping[str, str] | None = None, time_format: str = "", is_untimed: bool = False) -> None:
        super().__init__(JsonSyntax(), own, time_format, is_untimed)
