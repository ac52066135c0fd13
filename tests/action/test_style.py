"""What a stream can show decides how text is dressed."""

from __future__ import annotations

import io
import os
import pty
import unittest

from LogsMonitor2000.action.style import Style, columns, width_of
from LogsMonitor2000.event import Alert

ALERT = Alert("busy", "firing", 100, 2.0, 1.0, 10, 100, 2.0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Streams(unittest.TestCase):
    def test_colours_and_marks_are_for_eyes(self) -> None:
        for out, color, environ, colored, marked in (
            (io.StringIO(), "auto", {}, False, False),
            (io.StringIO(), "always", {"NO_COLOR": "1"}, True, True),
            (Terminal(), "auto", {}, True, True),
            (Terminal(), "auto", {"NO_COLOR": "1"}, False, True),
            (Terminal(), "auto", {"NO_COLOR": ""}, True, True),
            (Terminal(), "auto", {"TERM": "dumb"}, False, True),
            (Terminal(), "never", {}, False, True),
        ):
            with self.subTest(color=color, environ=environ):
                shown = Style.of(out, color, environ).alert(ALERT, "message")
                self.assertEqual("\x1b" in shown, colored)
                self.assertEqual("▲" in shown, marked)

    def test_an_encoding_without_the_glyphs_gets_ascii(self) -> None:
        for encoding in ("ascii", "latin-1", "cp1252"):
            out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
            style = Style.of(out, "always", {})
            with self.subTest(encoding):
                self.assertTrue((style.bar(0.5, 10) + style.dash + style.ellipsis + style.alert(ALERT, "m")).isascii())

    def test_columns(self) -> None:
        self.assertEqual(columns(io.StringIO(), {}), 80)
        self.assertEqual(width_of(io.StringIO())(), columns(io.StringIO()))
        self.assertEqual(width_of(Terminal())(), columns(Terminal()))
        for named, expected in (("120", 120), ("7", 40), ("0", 80), ("", 80), ("wide", 80), ("²", 80)):
            self.assertEqual(columns(io.StringIO(), {"COLUMNS": named}), expected)

    def test_columns_of_a_terminal(self) -> None:
        ours, theirs = pty.openpty()
        with open(ours, "rb"), open(theirs, "w") as out:
            import fcntl
            import struct
            import termios

            for size, expected in ((132, 132), (20, 40), (0, 80)):
                fcntl.ioctl(out.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", 24, size, 0, 0))
                self.assertEqual(columns(out, {}), expected)
        self.assertTrue(out.closed)
        with self.assertRaises(OSError):
            os.fstat(theirs)


class Alerts(unittest.TestCase):
    def test_severity_colours_what_fires_and_suppression_dims_everything(self) -> None:
        style = Style(color=True, marks=True)
        for alert, expected in (
            (ALERT, "\x1b[1;33m▲ m\x1b[0m"),
            (ALERT._replace(severity="error"), "\x1b[1;31m▲ m\x1b[0m"),
            (ALERT._replace(severity="critical"), "\x1b[1;7;31m▲ m\x1b[0m"),
            (ALERT._replace(severity="info"), "\x1b[1;36m▲ m\x1b[0m"),
            (ALERT._replace(state="resolved", severity="critical"), "\x1b[1;32m▽ m\x1b[0m"),
            (ALERT._replace(state="pending"), "\x1b[33m△ m\x1b[0m"),
            (ALERT._replace(suppressed="muted"), "\x1b[2m∅ m\x1b[0m"),
        ):
            with self.subTest(expected):
                self.assertEqual(style.alert(alert, "m"), expected)
        self.assertEqual(Style().alert(ALERT, "m"), "m")


class Bars(unittest.TestCase):
    def test_bars(self) -> None:
        for share, width, expected in (
            (0, 8, ""),
            (1, 8, "████████"),
            (0.5, 8, "████"),
            (0.51, 4, "██"),
            (0.55, 4, "██▎"),
            (0.0001, 8, "▏"),
            (7, 2, "██"),
            (1, 1, "█"),
            (0.5, 1, "▄"),
            (0.001, 1, "▁"),
            (0, 1, ""),
        ):
            with self.subTest(share=share, width=width):
                self.assertEqual(Style().bar(share, width), expected)
        self.assertEqual([Style(unicode=False).bar(share, 4) for share in (0, 0.01, 0.5, 1)], ["", "#", "##", "####"])


if __name__ == "__main__":
    unittest.main()
