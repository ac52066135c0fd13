"""Results of tests, accumulated over any number of logs: how often each test ended how.

A line that contains `Test: ` begins a test, whose name is the next word; the next line that contains `Result: ` ends it, with the
next word as its result. A test may begin in one piece of a file and end in another, so a state remembers what it begins and ends with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
import re
from typing import Any, NamedTuple

from ..limits import KEY_BYTES_MAX, TESTS_MAX
from ..text import decoded
from .base import Report
from .piece import Piece
from .render.shown import shown_text
from .render.svg import bar_chart

_MARKS = re.compile(rb"t: (?:(?<=(Tes)t: )|(?<=(Resul)t: )) *([^\s]*)[^\n]*")
"""What a line says, by the first `Test: ` or `Result: ` in it. That both end alike lets the engine search for three literal bytes."""

_ITERATION = re.compile(rb"\n# Iteration \d")

OTHER = b"(other)"
"""Counts the tests past the bound on their number."""

TEST, RESULT = b"T", b"R"


class Results(NamedTuple):
    """What some lines amount to: `counts` by name and result. `lead` is a result whose test began before them, `open` a test that
    ends after them; `seen` says whether there was any test, result or border of a file."""

    counts: Counter[tuple[bytes, bytes]]
    files: int = 0
    iterations: int = 0
    malformed: int = 0
    lead: bytes | None = None
    open: bytes | None = None
    seen: bool = False


def _border(files: int) -> Results:
    """Where a file begins or ends: no test continues beyond it. `files` is 1 where one begins."""
    return Results(Counter(), files, seen=True)


class ResultsReport(Report):
    """Counts the results of each test. A test without a result, or a result without a test, is malformed."""

    name = "results"
    title = "results of tests"
    outputs = ("text", "json", "svg", "html")

    def empty(self) -> Results:
        return Results(Counter())

    def map(self, piece: Piece) -> Results:
        state = self.empty()
        for block in piece.blocks():
            state = self.merge(state, _of_block(block))
        if piece.start == 0:
            state = self.merge(_border(1), state)
        return self.merge(state, _border(0)) if piece.is_last else state

    def merge(self, state: Results, other: Results) -> Results:
        counts = state.counts
        malformed = state.malformed + other.malformed
        lead, opened = state.lead, other.open if other.seen else state.open
        if not state.seen:
            lead = other.lead
        elif other.seen and state.open is not None and other.lead is not None:
            counts[state.open, other.lead] += 1
        elif other.seen:
            malformed += (state.open is not None) + (other.lead is not None)
        counts.update(other.counts)
        if len(counts) > TESTS_MAX:
            counts = _bounded(counts)
        return Results(
            counts,
            state.files + other.files,
            state.iterations + other.iterations,
            malformed,
            lead,
            opened,
            state.seen or other.seen,
        )

    def result(self, state: Results) -> dict[str, Any]:
        results: dict[str, dict[str, int]] = {}
        for (name, word), count in sorted(state.counts.items()):
            results.setdefault(decoded(name), {})[decoded(word)] = count
        return {
            "report": self.name,
            "files": state.files,
            "iterations": state.iterations,
            "tests": sum(state.counts.values()),
            "results": results,
            "malformed": state.malformed,
        }

    def render(self, result: Mapping[str, Any], output: str) -> bytes:
        if output in ("svg", "html"):
            chart = self.chart(result)
            if output == "html":
                from .render.html import page

                chart = page(self.title, chart)
            return chart.encode("utf-8", "backslashreplace")
        return super().render(result, output)

    def chart(self, result: Mapping[str, Any]) -> str:
        """The bar chart, as SVG."""
        words = sorted(
            {word for parts in result["results"].values() for word in parts}, key=lambda word: (word != "PASS", word)
        )
        title = f"{result['tests']:,} tests in {result['iterations']:,} iterations"
        return bar_chart(title, result["results"], words)

    def text(self, result: Mapping[str, Any]) -> str:
        lines = []
        for name, parts in result["results"].items():
            lines.append(f"{shown_text(name)}:")
            shown = {"PASSED": parts.get("PASS", 0), "FAILED": parts.get("FAIL", 0)}
            shown |= {shown_text(word): count for word, count in parts.items() if word not in ("PASS", "FAIL")}
            lines += [f"{word}: {count}" for word, count in shown.items()]
        if not lines:
            lines.append("no tests")
        if result["malformed"]:
            lines.append(f"{result['malformed']:,} tests or results without the other are malformed")
        return "\n".join(lines) + "\n"


def _of_block(block: bytes) -> Results:
    marks = _MARKS.findall(block)
    iterations = len(_ITERATION.findall(block)) + (_ITERATION.match(b"\n" + block[:80]) is not None)
    kinds = b"".join([test[:1] or RESULT for test, _, _ in marks])
    words = [word[:KEY_BYTES_MAX] for _, _, word in marks]
    first, end = int(kinds[:1] == RESULT), len(kinds) - (kinds[-1:] == TEST)
    if kinds[first:end] == (TEST + RESULT) * ((end - first) // 2) and all(words):
        counts = Counter(zip(words[first:end:2], words[first + 1 : end : 2]))
        lead, opened = (words[0] if first else None), (words[-1] if end < len(words) else None)
        return Results(counts, iterations=iterations, lead=lead, open=opened, seen=bool(words))
    return _in_order(kinds, words, iterations)


def _in_order(kinds: bytes, words: list[bytes], iterations: int) -> Results:
    """The same where tests and results do not simply alternate."""
    counts: Counter[tuple[bytes, bytes]] = Counter()
    lead: bytes | None = None
    opened: bytes | None = None
    malformed = 0
    seen = False
    for kind, word in zip(kinds, words):
        if not word:  # nothing is named
            malformed += 1 + (opened is not None)
            opened, seen = None, True
            continue
        if kind == TEST[0]:
            malformed += opened is not None
            opened = word
        elif opened is not None:
            counts[opened, word] += 1
            opened = None
        elif not seen:
            lead = word
        else:
            malformed += 1
        seen = True
    return Results(counts, iterations=iterations, malformed=malformed, lead=lead, open=opened, seen=seen)


def _bounded(counts: Counter[tuple[bytes, bytes]]) -> Counter[tuple[bytes, bytes]]:
    """The heavier half of the counts; the lighter ones are counted as those of `OTHER`, by result."""
    kept = Counter(dict(counts.most_common(TESTS_MAX // 2)))
    for (name, word), count in counts.items():
        if (name, word) not in kept:
            kept[OTHER, word] += count
    return kept
