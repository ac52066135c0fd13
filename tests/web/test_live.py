"""What the live page is sent: the same totals as the summary, and text of the log only as text."""

from __future__ import annotations

from html.parser import HTMLParser
import json
import os
import re
from typing import Any
import unittest

from LogsMonitor2000.event import Peak, Stats, Summary
from LogsMonitor2000.web import static
from LogsMonitor2000.web.http import Response
from LogsMonitor2000.web.live import Intervals, filled, totals

from .test_api import FIRING, NOON, ApiTest

HOSTILE = [
    b"/<script>alert(1)</script>",
    b'/"><img src=x onerror=alert(1)>',
    "/\u202egnp.exe".encode(),
    b"/\0\xff",
    b"/<!--data-->",
]


class Parsed(HTMLParser):
    """Tags, attributes and text of a page; what is in a script is kept apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = self.script = ""
        self._is_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._is_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._is_script = False

    def handle_data(self, data: str) -> None:
        if self._is_script:
            self.script += data
        else:
            self.text += data


class Page(ApiTest):
    def filled(self) -> Parsed:
        answer = self.answer("/")
        assert isinstance(answer, Response)
        self.assertLessEqual(len(answer.body), 64_000)
        self.assertIn("script-src 'self'", dict(answer.headers)["Content-Security-Policy"])
        self.assertNotIn("unsafe", dict(answer.headers)["Content-Security-Policy"])
        return Parsed(answer.body.decode())

    def publish_totals(self, summary: Summary) -> None:
        self.publish()
        assert self.site.published is not None
        self.site.publish(self.site.published.status, {}, summary)

    def test_before_anything_is_known(self) -> None:
        found = self.filled()
        self.assertIn("No line yet", found.text)
        self.assertEqual(json.loads(found.script), None)

    def test_totals_are_there_without_javascript(self) -> None:
        statuses, sections = {b"2": 4000, b"5": 1000}, ((b"/api", 3000), (b"/x", 2000))
        self.publish_totals(Summary(bytes=2048, statuses=statuses, sections=sections, sources=((b"10.0.0.1", 5000),)))
        self.site.hand_over(FIRING)
        self.site.take_in()
        text = self.filled().text
        for part in (
            "7 lines: 5 events, 2 malformed",
            "5,000 hits, 2.0 KiB",
            "✗ 5xx",
            "1,00020.0 %",
            "/api3,00060.0 %",
            "▲ FIRING",
        ):
            with self.subTest(part):
                self.assertIn(part, text)

    def test_text_of_the_log_is_text_wherever_it_stands(self) -> None:
        plain = {tag for tag, _ in self.filled().tags}
        pairs = tuple((key, 10 - place) for place, key in enumerate(HOSTILE))
        self.publish_totals(Summary(statuses={b"2": 40}, sections=pairs, sources=pairs))
        self.site.hand_over(FIRING._replace(group=tuple(("section", key) for key in HOSTILE[:1])))
        self.site.take_in()
        found = self.filled()
        self.assertLessEqual(
            {tag for tag, _ in found.tags} - plain, {"table", "caption", "thead", "tbody", "tr", "th", "td", "strong"}
        )
        self.assertIn("/<script>alert(1)</script>", found.text)
        self.assertIn("/\\u202egnp.exe", found.text)
        for _, attributes in found.tags:
            self.assertFalse([value for value in attributes.values() if "alert(1)" in (value or "")])
        live = json.loads(found.script)
        self.assertEqual([each["value"] for each in live["totals"]["sections"]][:2], [key.decode() for key in HOSTILE[:2]])

    def test_live_is_as_described_and_begins_where_it_is_asked_to(self) -> None:
        self.refused("nothing has been read yet", "/api/v1/live", 404)
        self.publish_totals(
            Summary(statuses={b"2": 3}, sections=((b"/a", 3),), peak=Peak(1.5, NOON, 60), distinct={"sections": 1})
        )
        for time in (NOON, NOON + 10, NOON + 20):
            self.site.hand_over(Stats(time, 10, 3, 300, [(b"/a", 3)], [], {b"2": 1, b"1": 2}))
        self.site.hand_over(FIRING)
        self.site.take_in()
        found = self.ask("/api/v1/live")
        self.assertEqual(found["intervals"][0], [NOON, 10, 300, 1, 0, 0, 0, 2])
        self.assertEqual((len(found["intervals"]), found["totals"]["hits"], found["totals"]["sections"][0]["now"]), (3, 3, 3))
        self.assertEqual([each["name"] for each in found["alerts"]], ["errors"])
        self.assertEqual(
            [row[0] for row in self.ask("/api/v1/live", **{"from": NOON + 10})["intervals"]], [NOON + 10, NOON + 20]
        )


class Parts(unittest.TestCase):
    def test_the_oldest_intervals_are_dropped(self) -> None:
        intervals = Intervals(3)
        for time in range(5):
            intervals.add(Stats(time, 1, 1, 10, [], [], {b"2": 1}))
        self.assertEqual([row[0] for row in intervals.since(None)], [2, 3, 4])
        self.assertEqual([row[0] for row in intervals.since(4)], [4])

    def test_a_long_value_is_cut_in_the_middle(self) -> None:
        found: dict[str, Any] = totals(Summary(statuses={b"2": 1}, sections=((b"/" + b"w" * 10_000, 1),)), None)
        self.assertLessEqual(len(found["sections"][0]["value"]), 500)

    def test_a_template_without_marks_stays_as_it_is(self) -> None:
        self.assertEqual(filled("<p>x</p>", None), b"<p>x</p>")

    def test_files_of_the_page_ask_for_nothing_elsewhere(self) -> None:
        names = sorted(static.files())
        self.assertEqual(names, ["draw.js", "index.html", "page.css", "page.js"])
        self.assertLess(sum(len(each.body) for each in static.files().values()), 60_000, "100 KB with the data of a run")
        for name in names:
            text = static.files()[name].body.decode()
            with self.subTest(name):
                found = set(re.findall(r"https?://[^\"' ]+", text))
                self.assertLessEqual(found, {"http://www.w3.org/2000/svg"})
                for forbidden in (
                    "innerHTML",
                    "outerHTML",
                    "insertAdjacentHTML",
                    "document.write",
                    "eval(",
                    "style=",
                    "@import",
                ):
                    self.assertNotIn(forbidden, text)
                self.assertNotRegex(text, r"(?:href|src)=\"/", "relative only: any prefix of a proxy works")

    def test_there_need_be_no_page(self) -> None:
        self.assertIsNone(static.template(os.path.dirname(__file__)))


if __name__ == "__main__":
    unittest.main()
