"""The live page in a real browser, on the real command: skipped where Debian's chromium and chromium-driver are not installed."""

from __future__ import annotations

from datetime import datetime, timezone
import os
import signal
import time
import unittest

from ..running import Running
from ..support import TemporaryFiles
from .browser import IS_INSTALLED, Browser
from .test_action import free_port

HOSTILE = (
    "/<script>document.title='owned'</script>/x",
    '/"><img/src=x/onerror=document.title="owned">/y',
    "/\u202eevil/z",
    "/" + "w" * 7000,
)


def line(second: float, path: str, status: int = 200, source: str = "10.0.0.1") -> str:
    stamp = datetime.fromtimestamp(second, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'{source} - - [{stamp}] "GET {path} HTTP/1.1" {status} 100\n'


@unittest.skipUnless(IS_INSTALLED, "chromium and chromium-driver are not installed")
class LivePage(TemporaryFiles):
    browser: Browser

    @classmethod
    def setUpClass(cls) -> None:
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self) -> None:
        super().setUp()
        self.log = os.path.join(self.directory, "access.log")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.begin = int(time.time()) - 600
        self.grow(
            [
                line(self.begin + at, "/api", 503 if at % 5 == 0 else 200)
                for at in range(590)
                for _ in range(1 + 20 * (at > 500))
            ]
        )
        self.grow([line(self.begin + 590, path, 404) for path in HOSTILE])
        self.browser.size(1280, 900)

    def grow(self, lines: list[str]) -> None:
        with open(self.log, "a", encoding="utf-8") as file:
            file.writelines(lines)

    def monitor(self) -> Running:
        arguments = ("--follow", self.log, "--listen", f"127.0.0.1:{self.port}", "--output", "json", "--stats_interval", "1")
        running = self.enterContext(Running(*arguments))
        running.read_until(lambda: b"listening on" in running.errors)
        return running

    def load(self, fragment: str = "") -> None:
        self.browser.open("about:blank")
        self.browser.open(self.url + fragment)
        self.assertTrue(self.browser.wait(lambda: self.rate("hits in all") not in ("", "0")), self.browser.text("body"))

    def rate(self, name: str) -> str:
        return self.browser.text(f'[data-rate="{name}"]')

    def column(self, panel: str) -> list[str]:
        found: list[str] = self.browser.js(
            "[...document.querySelectorAll(arguments[0])].map(each => each.textContent)", f"#panel-{panel} tbody th"
        )
        return found

    def test_it_loads_and_follows_the_log_and_shows_its_text_as_text(self) -> None:
        self.monitor()
        self.load()
        browser = self.browser
        before = int(self.rate("hits in all").replace(",", ""))
        self.grow([line(time.time(), "/new", 200, "192.0.2.7") for _ in range(50)])
        self.assertTrue(browser.wait(lambda: int(self.rate("hits in all").replace(",", "")) == before + 50))
        self.assertTrue(browser.wait(lambda: "/new" in self.column("sections")))
        self.assertIn("FIRING high_traffic", browser.text("#banner"))
        sections = self.column("sections")
        self.assertTrue({"/<script>document.title='owned'<", "/\\u202eevil"} <= set(sections), sections)
        self.assertNotIn("owned", browser.js("document.title"))
        self.assertEqual(browser.js("document.querySelectorAll('#app script, #app img').length"), 0)
        self.assertEqual(browser.problems(), [])
        for width in (360, 1600):
            for scheme in ("light", "dark"):
                with self.subTest(width=width, scheme=scheme):
                    browser.size(width, 900)
                    browser.scheme(scheme)
                    self.assertLessEqual(browser.js("document.documentElement.scrollWidth"), width)
        self.assertEqual(browser.js("getComputedStyle(document.documentElement).backgroundColor"), "rgb(20, 23, 26)")
        browser.scheme("light")

    def test_it_sorts_filters_zooms_and_has_all_of_it_in_the_fragment(self) -> None:
        self.monitor()
        self.load()
        browser = self.browser
        self.assertEqual(self.column("sections")[0], "/api")
        browser.click('#panel-sections [data-key="value"] button')
        self.assertEqual(browser.js("document.querySelector('#panel-sections [aria-sort]').dataset.key"), "value")
        self.assertEqual(
            browser.js("document.querySelector('#panel-sections [aria-sort]').getAttribute('aria-sort')"), "ascending"
        )
        self.assertEqual(self.column("sections"), sorted(self.column("sections")))
        browser.click('#panel-status [data-id="5xx"]')
        self.assertIn("status=5xx", browser.text("#chips"))
        browser.drag("#chart svg", -200, 200)
        self.assertTrue(browser.wait(lambda: "from=" in browser.js("location.hash")))
        fragment = browser.js("location.hash")
        self.load(fragment)
        self.assertEqual(browser.js("location.hash"), fragment)
        self.assertEqual(browser.js("document.querySelectorAll('#chips button').length"), 2)
        browser.click("#chips button")
        self.assertNotIn("status=", browser.js("location.hash"))
        browser.js("history.back()")
        self.assertTrue(browser.wait(lambda: "status=5xx" in browser.text("#chips")))
        browser.js("document.querySelector('#chart').focus()")
        browser.keys("0")
        self.assertTrue(browser.wait(lambda: "range=0" in browser.js("location.hash")))
        browser.click("#details summary")
        self.assertTrue(browser.wait(lambda: bool(browser.text("#data-table tbody"))))
        browser.click("#panel-alerts tbody button")
        self.assertIn("threshold 10", browser.text("#explain"))

    def test_it_says_that_it_is_stale_and_goes_on_after_a_restart(self) -> None:
        first = self.monitor()
        self.load()
        browser = self.browser
        first.signal(signal.SIGKILL)
        self.assertTrue(browser.wait(lambda: "not updating since" in browser.text("#connection")))
        self.assertNotEqual(self.rate("hits in all"), "", "the values stay")
        self.grow([line(time.time(), "/again") for _ in range(7)])
        self.monitor()
        self.assertTrue(browser.wait(lambda: "/again" in self.column("sections")), browser.text("#connection"))
        self.assertTrue(browser.wait(lambda: "live" in browser.text("#connection")))

    def test_totals_without_javascript(self) -> None:
        self.monitor()
        self.load()
        self.browser.devtools("Emulation.setScriptExecutionDisabled", {"value": True})
        self.addCleanup(self.browser.devtools, "Emulation.setScriptExecutionDisabled", {"value": False})
        self.browser.open(self.url)
        text = self.browser.visible_text()
        for part in ("FIRING", "2xx", "/api", "10.0.0.1", "malformed"):
            self.assertIn(part, text)


if __name__ == "__main__":
    unittest.main()
