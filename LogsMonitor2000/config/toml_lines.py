"""On which line of a TOML file each table and key stands: `tomllib` reads values and forgets where they were.

A scanner over text that `tomllib` has accepted, so it only has to distinguish strings, comments and brackets. A path leads from the
top of the file to a value: `("alert", 1, "where", "status")` is the key `status` of the `where` of the second `[[alert]]`.
"""

from __future__ import annotations

from collections.abc import Iterator
import re

Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_INLINE_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}' r"|'''(?:[^']|'(?!''))*'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'", re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}#\n]*")
_LINE_REST = re.compile(r"[^\n]*")


def lines_of(text: str) -> dict[Path, int]:
    """The line of every table, key and element of an array, counted from 1; those of a header are the line of the header."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line, self._counted = 1, 0  # line breaks before `_counted` are in `_line`
        self._elements: dict[Path, int] = {}  # of arrays of tables
        self.lines: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while self._skip(_SPACE) and self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_LINE_REST)  # a comment

    def _header(self) -> Path:
        line = self._here()
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        *parents, last = self._key()
        path: Path = ()
        for part in parents:
            path = self._latest((*path, part))
        path = (*path, last)
        if is_array:
            count = self._elements[path] = self._elements.get(path, 0) + 1
            self.lines.setdefault(path, line)
            path = (*path, count - 1)
        self._note(path, line)
        return path

    def _latest(self, path: Path) -> Path:
        """A table that a header goes into: of an array of tables it is the last one."""
        return (*path, self._elements[path] - 1) if path in self._elements else path

    def _pair(self, table: Path) -> None:
        """A key, which may be dotted, and its value."""
        line = self._here()
        path = table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._skip(_INLINE_SPACE)
        self._at += 1  # the sign between them
        self._value(path)

    def _key(self) -> list[str]:
        """The parts of a key, up to what follows it."""
        parts = []
        while True:
            self._skip(_INLINE_SPACE)
            if (found := _BARE_KEY.match(self._text, self._at)) is not None:
                parts.append(found[0])
            elif (found := _STRING.match(self._text, self._at)) is not None:
                parts.append(_unquoted(found[0]))
            else:
                break
            self._at = found.end()
            self._skip(_INLINE_SPACE)
            if not self._text.startswith(".", self._at):
                break
            self._at += 1
        return parts or [""]

    def _value(self, path: Path) -> None:
        self._skip(_INLINE_SPACE)
        match self._text[self._at : self._at + 1]:
            case "[":
                for number in self._until("]"):
                    self.lines[(*path, number)] = self._here()
                    self._value((*path, number))
            case "{":
                for _ in self._until("}"):
                    self._pair(path)
            case '"' | "'":
                self._skip(_STRING)
            case _:
                self._skip(_SCALAR)

    def _until(self, closing: str) -> Iterator[int]:
        """Once at each element of an array or an inline table, which the caller reads."""
        self._at += 1
        number = 0
        while self._skip(_SPACE) and self._at < len(self._text) and self._text[self._at] != closing:
            begun = self._at
            yield number
            number += 1
            self._skip(_SPACE)
            if self._text.startswith(",", self._at):
                self._at += 1
            elif self._at == begun:  # not TOML after all
                break
        self._at += 1

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path)):
            self.lines.setdefault(path[:length], line)
        self.lines[path] = line

    def _here(self) -> int:
        """The line at which the scanner is."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Move past what `pattern` matches here, if it does; always true, for loops."""
        if (found := pattern.match(self._text, self._at)) is not None:
            self._at = found.end()
        return True


def _unquoted(text: str) -> str:
    if text[0] == "'":
        return text[1:-1]
    import tomllib  # here, because escapes in keys are rare

    return str(tomllib.loads(f"key = {text}")["key"])
