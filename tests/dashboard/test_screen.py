"""Whole screens at a fixed clock, against files that were looked at and kept.

After an intended change, `python -m tests.dashboard.test_screen` writes them anew; read the difference before you keep it.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
import unittest

from LogsMonitor2000.action.base import InputStatus, Status
from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.action.style import Style
from LogsMonitor2000.dashboard.grid import Grid
from LogsMonitor2000.dashboard.model import LiveModel
from LogsMonitor2000.dashboard.screen import Moment, Screen
from LogsMonitor2000.dashboard.view import View
from LogsMonitor2000.event import MalformedLine, Notice, Summary
from LogsMonitor2000.source.statistics import ReadStatistics
from LogsMonitor2000.text import cells

from ..logs import START
from .making import model_of, request

FOLDER = Path(__file__).resolve().parent / "screens"

# Name, size, keys that are pressed, whether it is live, whether the terminal has Unicode.
CASES = (
    ("finished_80x24", (80, 24), "", False, True),
    ("finished_40x12", (40, 12), "", False, True),
    ("finished_130x44", (130, 44), "", False, True),
    ("finished_ascii_80x24", (80, 24), "", False, False),
    ("live_80x24", (80, 24), "", True, True),
    ("tiny_30x5", (30, 5), "", True, True),
    ("filtered_80x24", (80, 24), "j\r", False, True),
    ("full_80x24", (80, 24), "2+s", False, True),
    ("zoomed_80x24", (80, 24), "zzzN", False, True),
    ("alerts_80x24", (80, 24), "a", False, True),
    ("explain_80x24", (80, 24), "e", False, True),
    ("lines_80x24", (80, 24), "l", False, True),
    ("help_80x24", (80, 24), "?", False, True),
    ("entering_80x24", (80, 24), "/status=5", False, True),
    ("health_80x24", (80, 24), "7+", False, True),
)


def model() -> LiveModel:
    """Eight minutes with a burst that raises an alert, errors, and names that nobody should trust."""
    rng = Random(8)
    lines = []
    for second in range(480):
        for _ in range(6 if 200 <= second < 290 else rng.randrange(3)):
            target = rng.choice((b"/api/user", b"/api/help", b"/report", b"/img/%d.png" % rng.randrange(40)))
            lines.append(
                request(second, target, b"10.0.0.%d" % rng.randrange(1, 9), rng.choice((200, 200, 200, 304, 404, 500)))
            )
        if second % 100 == 7:
            lines.append(request(second, "/<script>\u202e日本語のとても長いページ\x1b[2J".encode(), b"2001:db8::1"))
    made = model_of(lines, threshold=4.0, window=30)
    made.add(MalformedLine("access.log", 17, "no timestamp", b"garbage \x1b[2J"))
    made.add(Notice("access.log: rotated"))
    return made


def press(view: View, keys: str) -> None:
    for key in keys:
        view.press("enter" if key == "\r" else key)


def screen_of(made: LiveModel, size: tuple[int, int], keys: str, is_live: bool, unicode: bool) -> Grid:
    view = View(made, is_live=is_live)
    press(view, keys)
    screen = Screen(MessageFormatter(), Style(unicode=unicode), "access.log", 4.0)
    counted = Summary(1_000, 990, 3, 7, 12, START, START + 479)
    status = Status(counted, ReadStatistics(), (), (InputStatus("access.log", "combined", 1_000, START + 479),))
    return screen.draw(view, *size, Moment(START + 483.5, status, 0.5))


def drawn(case: tuple[str, tuple[int, int], str, bool, bool], made: LiveModel) -> str:
    _, size, keys, is_live, unicode = case
    return "\n".join(screen_of(made, size, keys, is_live, unicode).lines()) + "\n"


class Screens(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.made = model()

    def test_every_case(self) -> None:
        for case in CASES:
            with self.subTest(case[0]):
                self.assertEqual(drawn(case, self.made), (FOLDER / f"{case[0]}.txt").read_text("utf-8"))

    def test_every_size_and_mode_fits(self) -> None:
        for width in (1, 39, 40, 81, 120, 300):
            for height in (1, 11, 12, 24, 50):
                for keys in ("", "a", "e", "l", "?", "+", "/x", "j\r", "7"):
                    grid = screen_of(self.made, (width, height), keys, True, True)
                    lines = list(grid.lines())
                    with self.subTest(width=width, height=height, keys=keys):
                        self.assertEqual(len(lines), height)
                        self.assertLessEqual(max(map(cells, lines)), width)
                        self.assertTrue("".join(lines).isprintable())

    def test_without_unicode_there_is_nothing_but_ascii(self) -> None:
        for keys in ("", "a", "?", "+", "7"):
            text = "".join(screen_of(self.made, (120, 40), keys, False, False).lines())
            self.assertTrue(text.isascii(), text)

    def test_before_the_first_line(self) -> None:
        for size in ((80, 24), (40, 12)):
            text = "\n".join(screen_of(LiveModel(), size, "", True, True).lines())
            self.assertIn("no line yet", text)

    def test_silence_is_said(self) -> None:
        screen = Screen(MessageFormatter(), Style(), "access.log")
        grid = screen.draw(View(self.made, is_live=True), 80, 24, Moment(START + 3600.0))
        self.assertIn("silent since 21:18:59", next(grid.lines()))

    def test_a_firing_alert_is_in_the_second_line(self) -> None:
        made = model_of((request(n // 5) for n in range(300)), threshold=2.0)
        lines = list(screen_of(made, (80, 24), "", True, True).lines())
        self.assertRegex(lines[1], r"▲ FIRING high_traffic \d+ s  rate 2\.5 \(above 2/s over 10 s\)")


if __name__ == "__main__":
    seen = model()
    FOLDER.mkdir(exist_ok=True)
    for each in CASES:
        (FOLDER / f"{each[0]}.txt").write_text(drawn(each, seen), "utf-8")
