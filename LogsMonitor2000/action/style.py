"""How text is dressed for one stream: colours, marks and bars, as far as the stream can show them.

One scheme everywhere: a status class and a severity that mean the same have the same of the terminal's own sixteen colours.
A colour is never alone: each class has its name, each alert state its mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import os
from typing import TextIO

from ..event import Alert

RESET = "\x1b[0m"
CODES = {
    "bold": "1",
    "dim": "2",
    "2xx": "32",
    "3xx": "36",
    "4xx": "33",
    "5xx": "31",
    "info": "1;36",
    "warning": "1;33",
    "error": "1;31",
    "critical": "1;7;31",
    "resolved": "1;32",
    "pending": "33",
}
"""Select Graphic Rendition by role; a role that is not here is shown plain."""

MARKS = {"firing": "▲", "pending": "△", "resolved": "▽", "suppressed": "∅"}
ASCII_MARKS = {"firing": "!", "pending": "?", "resolved": "-", "suppressed": "x"}
EIGHTHS = " ▏▎▍▌▋▊▉█"
LEVELS = "▁▂▃▄▅▆▇█"
GLYPHS = "".join(MARKS.values()) + EIGHTHS + LEVELS + "–…≈"
"""All that is not ASCII: an encoding has them all, or none is used."""

WIDTH = 80
"""Columns where no one says how many there are."""

WIDTH_MIN = 40


class Style:
    """`color` and `marks` say whether to use them; without `unicode` everything is ASCII."""

    def __init__(self, *, color: bool = False, unicode: bool = True, marks: bool = False) -> None:
        self.color = color
        self.unicode = unicode
        self._marks = (MARKS if unicode else ASCII_MARKS) if marks else {}
        self.dash = "–" if unicode else "-"
        self.ellipsis = "…" if unicode else "..."

    @classmethod
    def of(cls, out: TextIO, color: str = "auto", environ: Mapping[str, str] = os.environ) -> Style:
        """What `out` can show; `color` is `auto`, `always` or `never`. Marks are for eyes: what goes to a program has none."""
        is_terminal = out.isatty()
        is_colored = color == "always" or (
            color == "auto" and is_terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        )
        return cls(color=is_colored, unicode=_has_glyphs(out), marks=is_terminal or is_colored)

    def paint(self, text: str, role: str) -> str:
        """`text` in the colour of `role`."""
        return f"\x1b[{CODES[role]}m{text}{RESET}" if self.color and role in CODES else text

    def mark(self, alert: Alert) -> str:
        """The mark of an alert's state, whether or not text is marked."""
        return (MARKS if self.unicode else ASCII_MARKS)["suppressed" if alert.suppressed else alert.state]

    def alert(self, alert: Alert, text: str) -> str:
        """The message of an alert, marked and coloured by its state and severity; dim where it is suppressed."""
        shown = "suppressed" if alert.suppressed else alert.state
        role = {"suppressed": "dim", "firing": alert.severity}.get(shown, shown)
        mark = self._marks.get(shown)
        return self.paint(f"{mark} {text}" if mark else text, role)

    def bar(self, share: float, width: int) -> str:
        """A bar of `share` of `width` cells, not padded; of anything above 0 there is something to see."""
        share = min(max(share, 0.0), 1.0)
        if not self.unicode:
            return "#" * (max(1, round(share * width)) if share else 0)
        if width == 1:
            return LEVELS[max(0, round(share * 8) - 1)] if share else ""
        eighths = max(1, round(share * width * 8)) if share else 0
        return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _has_glyphs(out: TextIO) -> bool:
    try:
        GLYPHS.encode(out.encoding or "utf-8")
    except (UnicodeError, LookupError):
        return False
    return True


def width_of(out: TextIO) -> Callable[[], int]:
    """What says how wide `out` is: a terminal is asked each time, as it may be resized."""
    if out.isatty():
        return lambda: columns(out)
    width = columns(out)
    return lambda: width


def columns(out: TextIO, environ: Mapping[str, str] = os.environ) -> int:
    """How wide `out` is now: `COLUMNS`, else the terminal's width, else 80; never below 40, where nothing fits."""
    named = environ.get("COLUMNS", "")
    if named.isascii() and named.isdigit() and int(named):
        return max(WIDTH_MIN, int(named))
    try:
        return max(WIDTH_MIN, os.get_terminal_size(out.fileno()).columns or WIDTH)
    except (OSError, ValueError):  # not a terminal; `io.StringIO` has no descriptor
        return WIDTH
