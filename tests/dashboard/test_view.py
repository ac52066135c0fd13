"""Keys and what they change."""

from __future__ import annotations

import unittest

from LogsMonitor2000.dashboard.chart import scale_for, zoom_for
from LogsMonitor2000.dashboard.grid import Grid
from LogsMonitor2000.dashboard.view import View

from ..logs import START
from .making import model_of, request


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        lines = [
            request(n, b"/%s/x" % (b"api", b"report", b"img")[n % 3], status=500 if n % 5 == 0 else 200) for n in range(100)
        ]
        lines += [request(100 + n // 9, b"/api/x") for n in range(180)]
        lines.append(request(400))
        cls.model = model_of(lines, threshold=5.0)

    def setUp(self) -> None:
        self.view = View(self.model, span=60)

    def press(self, *keys: str) -> View:
        for key in keys:
            self.view.press(key)
        return self.view

    def test_panels(self) -> None:
        names = self.view.names()
        self.assertEqual(names, ["section", "path", "source", "status", "agent", "method", "health"])
        for keys, focused in (
            ((), "section"),
            (("tab",), "path"),
            (("right", "left", "backtab"), "health"),
            (("4",), "status"),
            (("9",), "health"),
        ):
            self.setUp()
            with self.subTest(keys):
                self.assertEqual(self.press(*keys).focused, focused)

    def test_the_cursor_stays_inside(self) -> None:
        for keys, cursor in (
            (("k",), 0),
            (("j",), 1),
            (("down",) * 9, 2),
            (("end",), 2),
            (("end", "home"), 0),
            (("pagedown",), 2),
        ):
            self.setUp()
            with self.subTest(keys):
                self.assertEqual(self.press(*keys).state("section").cursor, cursor)
        self.press("7", "j")  # health has no cursor

    def test_drilling_down_and_back(self) -> None:
        self.press("j", "enter")
        self.assertEqual(self.view.filter_text, "section=/img")
        self.assertEqual([line.value for line in self.view.panel("section").lines], [b"/img"])
        self.press("4", "enter")
        self.assertEqual(self.view.filter_text, "section=/img status=200")
        self.press("backspace")
        self.assertEqual(self.view.filter_text, "section=/img")
        self.press("escape", "escape")
        self.assertEqual((self.view.filter_text, self.view.recent), ("", None))

    def test_a_filter_is_typed(self) -> None:
        self.press("/", *"stattus=500", "enter")
        self.assertIn("unknown field 'stattus'", self.view.message)
        self.assertEqual(self.view.filter_text, "")
        self.press("/", *"status=50x", "backspace", "0", "enter")
        self.assertEqual((self.view.filter_text, self.view.message), ("status=500", ""))
        self.assertEqual(self.view.recent.hits if self.view.recent else None, 20)
        self.press("/", *" q", "escape")
        self.assertEqual((self.view.filter_text, self.view.is_done), ("status=500", False))

    def test_sorting(self) -> None:
        names = [line.value for line in self.view.panel("section").lines]
        self.assertEqual(names[0], b"/api")
        self.press("S")
        self.assertEqual([line.value for line in self.view.panel("section").lines], names[::-1])
        self.press("S", "s", "s")  # by errors
        errors = [line.errors for line in self.view.panel("section").lines]
        self.assertEqual(errors, sorted(errors, reverse=True))
        self.press("s", "s", "s")  # by value
        self.assertEqual([line.value for line in self.view.panel("section").lines], sorted(names))

    def test_modes(self) -> None:
        for key, mode in (("a", "alerts"), ("l", "lines"), ("e", "explain"), ("?", "help")):
            with self.subTest(key):
                self.assertEqual(self.press(key).mode, mode)
                self.assertEqual(self.press(key).mode, "panels")
                self.press(key, "j", "j")
                self.assertEqual(self.view.scroll, 2)
                self.assertEqual(self.press("escape").mode, "panels")

    def test_zoom(self) -> None:
        self.view.span = 4 * 3600
        self.assertEqual(self.press("z").zoom, 600)
        self.assertEqual(self.press("z", "z").zoom, 120)
        self.assertEqual(self.press("Z").zoom, 300)
        self.assertIsNone(self.press(*"Z" * 20).zoom)
        self.view.zoom = 1
        self.assertEqual(self.press("z").zoom, 1)

    def test_the_chart_moves(self) -> None:
        self.assertEqual(self.press("[").shift, 30)
        self.assertEqual(self.press("[", "]").shift, 30)
        self.assertEqual(self.press("]", "]").shift, 0)

    def test_to_alerts(self) -> None:
        (alert,) = (alert for alert in self.model.alerts if alert.state == "firing")
        for key in "nN":
            self.setUp()
            self.assertEqual(self.press(key).shift, START + 400 - alert.time - 30)
        self.view = View(model_of([request(0)]))
        self.assertEqual(self.press("n").message, "no alert has fired")

    def test_copying(self) -> None:
        self.assertEqual(self.press("y").copied, "/api")

    def test_freezing(self) -> None:
        model = model_of([request(0)])
        view = View(model)
        view.refresh()
        self.assertEqual(view.panel("section").total, 1)
        view.press("p")
        model.hits = 77
        model.version += 1
        view.refresh()
        self.assertEqual(view.panel("section").total, 1)
        view.press("p")
        view.refresh()
        self.assertEqual(view.panel("section").total, 77)

    def test_quitting(self) -> None:
        for key in ("q", "hangup"):
            self.setUp()
            self.assertTrue(self.press(key).is_done)
        self.setUp()
        self.assertFalse(self.press("x", "0", "delete", "f").is_done)


class Scales(unittest.TestCase):
    def test_scales_are_round(self) -> None:
        for peak, scale in ((0.3, 0.5), (1, 1), (3, 5), (10, 10), (11, 20), (99, 100), (101, 200)):
            self.assertAlmostEqual(scale_for(peak), scale)

    def test_zooms_fit(self) -> None:
        for seconds, columns, zoom in ((1, 70, 1), (70, 70, 1), (71, 70, 2), (86_400, 70, 1800), (10**9, 70, 86_400)):
            self.assertEqual(zoom_for(seconds, columns), zoom)


class Grids(unittest.TestCase):
    def test_wide_and_combining_characters_keep_their_place(self) -> None:
        grid = Grid(6, 1)
        self.assertEqual(grid.put(0, 0, "日e\u0301x"), 4)
        self.assertEqual(next(grid.lines()), "日e\u0301x")
        grid.put(0, 4, "日本")
        self.assertEqual(next(grid.lines()), "日e\u0301x…")

    def test_runs_have_one_role_each(self) -> None:
        grid = Grid(6, 1)
        grid.runs(0, 0, [("ab", "bold"), ("c", "")])
        grid.paint(0, 1, 1, "reverse")
        self.assertEqual(grid.row(0), [("a", "bold"), ("b", "reverse"), ("c   ", "")])
        grid.put(5, 0, "outside")
        grid.put(0, -1, "outside")


if __name__ == "__main__":
    unittest.main()
