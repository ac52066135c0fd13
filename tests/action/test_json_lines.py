"""The JSON output: its keys, its order, and that nothing in it is ever raw."""

from __future__ import annotations

import io
import json
from typing import Any, NamedTuple
import unittest

from LogsMonitor2000.action.json_lines import JsonLines
from LogsMonitor2000.event import Alert, AlertTotal, Event, MalformedLine, Notice, Peak, Stats, Summary

STATS = Stats(1549573860, 10, 89, 109824, [(b"/api", 58)], [(b"10.0.0.1", 22)], {b"2": 75, b"4": 14})


def written(*events: Event, verbose: bool = False) -> tuple[list[Any], str, str]:
    """The objects, and the raw text of both streams."""
    out, errors = io.StringIO(), io.StringIO()
    action = JsonLines(out, errors, verbose=verbose)
    for event in events:
        action.notify(event)
    action.close()
    return [json.loads(line) for line in out.getvalue().splitlines()], out.getvalue(), errors.getvalue()


class TestJsonLines(unittest.TestCase):
    def test_statistics(self) -> None:
        _, text, errors = written(STATS)
        self.assertEqual(
            text,
            '{"event":"stats","time":1549573860,"interval":10,"hits":89,"bytes":109824,"sections":[["/api",58]],'
            '"sources":[["10.0.0.1",22]],"statuses":{"2xx":75,"4xx":14}}\n',
        )
        self.assertEqual(errors, "")

    def test_alerts(self) -> None:
        firing = Alert("high_traffic", "firing", 1549573956, 10.05, 10.0, 120, 1549573956, 10.05)
        resolved = firing._replace(state="resolved", time=1549574043, value=1198 / 120, peak=12.5)
        (first, second), _, _ = written(firing, resolved)
        self.assertEqual(
            first,
            {
                **{"event": "alert", "name": "high_traffic", "state": "firing", "time": 1549573956},
                **{"value": 10.05, "threshold": 10.0, "window": 120},
                **{"group": {}, "severity": "warning", "measure": "rate"},
                "message": "High traffic generated an alert - hits 10.05, triggered at 2019-02-07T21:12:36+00:00",
            },
        )
        self.assertEqual(
            second,
            {
                **{"event": "alert", "name": "high_traffic", "state": "resolved", "time": 1549574043},
                **{"value": 9.983333333333333, "threshold": 10.0, "window": 120, "started": 1549573956, "peak": 12.5},
                **{"group": {}, "severity": "warning", "measure": "rate"},
                "message": "Traffic is now back to normal as of 2019-02-07T21:14:03+00:00 (after 87 s, peak 12.50 hits/s)",
            },
        )

    def test_alerts_of_rules(self) -> None:
        alert = Alert("errors", "firing", 100, 0.5, 0.05, 60, 90, 0.75, (("section", b"/\xff"),), "critical", "muted: night")
        alert = alert._replace(
            measure="ratio", condition="c", change=2.0, causes=(("source", b"10.0.0.9", 0.87654, True),), lines=(b"\x1b[2J",)
        )
        (told,), _, _ = written(alert)
        del told["message"]
        self.assertEqual(
            told,
            {
                **{"event": "alert", "name": "errors", "state": "firing", "time": 100, "value": 0.5, "threshold": 0.05},
                **{"window": 60, "started": 90, "peak": 0.75, "group": {"section": "/\\xff"}, "severity": "critical"},
                **{"held": "muted: night", "measure": "ratio", "condition": "c", "change": 2.0, "lines": ["\x1b[2J"]},
                "causes": [{"field": "source", "value": "10.0.0.9", "share": 0.8765, "new": True}],
            },
        )

    def test_the_summary(self) -> None:
        totals = (4711, {b"2": 7, b"5": 1}, ((b"/\xff", 6), (b"-", 2)), ((b"10.0.0.1", 8),))
        summary = Summary(10, 7, 2, 1, 9, 100, 200, *totals, Peak(0.5, 110, 120), (AlertTotal("errors", 2, 26, True),))
        (found,), text, _ = written(summary)
        numbers = {"lines": 10, "events": 7, "malformed": 2, "late": 1, "max_lateness": 9, "first": 100, "last": 200}
        lists = {"sections": [["/\\xff", 6], ["-", 2]], "sources": [["10.0.0.1", 8]]}
        peak = {"peak": {"value": 0.5, "time": 110, "window": 120}}
        alerts = {"alerts": [{"name": "errors", "fired": 2, "seconds": 26, "firing": True}]}
        expected = {"event": "summary", **numbers, "bytes": 4711, "statuses": {"2xx": 7, "5xx": 1}, **lists, **peak, **alerts}
        self.assertEqual(found, expected)
        self.assertEqual(list(found), list(expected))
        (found,), _, _ = written(Summary())
        self.assertEqual([key for key, value in found.items() if value is None], ["first", "last", "peak"])

    def test_what_a_log_says_is_never_raw(self) -> None:
        nasty = b'/\x1b[31m\r\n"\\\xff\xc2\x9b\xe2\x80\xae'
        stats = STATS._replace(sections=[(nasty, 1)], sources=[(nasty, 1)])
        (told,), text, errors = written(stats, MalformedLine("log", 3, "bad", nasty))
        self.assertEqual(text.count("\n"), 1)
        self.assertTrue(text.isascii() and text.replace("\n", "").isprintable())
        self.assertEqual(told["sections"][0][0], '/\x1b[31m\r\n"\\\\xff\x9b\u202e')
        self.assertTrue(errors.startswith("log:3: malformed, bad: ") and errors.endswith("\n"))
        self.assertTrue(errors.removesuffix("\n").isprintable(), errors)

    def test_problems_go_to_the_other_stream(self) -> None:
        _, text, errors = written(MalformedLine("log", 3, "bad", b"x"), Notice("broke off"), Notice("detail", verbose=True))
        self.assertEqual((text, errors), ("", "log:3: malformed, bad: x\nbroke off\n"))
        _, _, errors = written(Notice("detail", verbose=True), verbose=True)
        self.assertEqual(errors, "detail\n")

    def test_events_of_somebody_else(self) -> None:
        class Own(NamedTuple):
            time: int
            key: bytes
            order: tuple[int, int] = (5, 0)

        class Textual:
            order = (5, 0)

            def __str__(self) -> str:
                return "a \x1b text"

        told, text, _ = written(Own(5, b"\xff\x1b"), Textual())
        self.assertEqual(told[0], {"event": "Own", "time": 5, "key": "\\xff\x1b", "order": [5, 0]})
        self.assertEqual(told[1], {"event": "Textual", "text": "a \x1b text"})
        self.assertNotIn("\x1b", text)

    def test_every_line_is_there_at_once(self) -> None:
        class Flushed(io.StringIO):
            flushed = ""

            def flush(self) -> None:
                self.flushed = self.getvalue()

        out = Flushed()
        action = JsonLines(out, io.StringIO())
        action.notify(STATS)
        action.progress(1, 2, 3)
        self.assertEqual(out.flushed.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
