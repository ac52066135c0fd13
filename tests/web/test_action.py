"""The server as it is used: an action of real runs, the real command, promtool, and a real Prometheus; the last two where installed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
import io
import json
import os
from random import Random
import shutil
import signal
import socket
import subprocess
import threading
import time
from typing import Any
import unittest
from unittest import mock
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from LogsMonitor2000.action.base import Action, Status
from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.config.secret import Secret
from LogsMonitor2000.config.settings import Settings
from LogsMonitor2000.event import Alert, BucketClosed, Event, Stats, Summary
from LogsMonitor2000.limits import METRICS_PAUSE_SECONDS, STATUS_SECONDS
from LogsMonitor2000.pipeline.wiring import build
from LogsMonitor2000.source.statistics import ReadStatistics
from LogsMonitor2000.testing import Collecting, ManualClock
from LogsMonitor2000.web.action import WebAction
from LogsMonitor2000.web.settings import HttpSettings

from ..running import SECONDS_MAX, Running, chunks_of_bytes, in_process, wait_until
from ..support import SCALE, TemporaryFiles, clf_line
from .test_events import frames
from .test_exposition import read
from .test_metrics import traffic

START = 1_600_000_000
FIRING = Alert("errors", "firing", START, 5.0, 1.0, 60, START, 5.0, (("section", b'/\xff"\n'),), "critical")
TRAFFIC = traffic({(b"/api", b"2"): 40, (b'/"} 1\nforged 1\n', b"4"): 2}, {b"/api": 9000})
STATS = Stats(START, 10, 1, 2, [(b"/a", 1)], [], {b"2": 1})
PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")


def url_at(action: WebAction, path: str) -> str:
    host, port = action.address
    return f"http://{host}:{port}{path}"


def fetched(action: WebAction, path: str) -> bytes:
    with urlopen(url_at(action, path), timeout=SECONDS_MAX) as answer:
        body: bytes = answer.read()
    return body


def scrape(action: WebAction) -> bytes:
    return fetched(action, "/metrics")


def values(text: bytes) -> dict[tuple[str, ...], float]:
    """The value of each series, by name and values of labels."""
    return {(name.removeprefix("logsmonitor2000_"), *labels.values()): float(value) for name, labels, value in read(text)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Standing:
    """A run as an action sees it."""

    def __init__(self, *actions: Action, firing: Sequence[Alert] = ()) -> None:
        self.actions = actions
        self.summary = Summary(lines=7, events=5, malformed=2, last=START)
        self._firing = firing

    def status(self) -> Status:
        return Status(self.summary, ReadStatistics.from_json({"bytes": 1234, "rotations": 1}), tuple(self._firing), ())

    def totals(self, top: int) -> Summary:
        return self.summary


class WebActionTest(unittest.TestCase):
    settings = HttpSettings(port=0)

    def setUp(self) -> None:
        self.clock = ManualClock(START)
        self.errors = io.StringIO()
        self.action = WebAction(self.settings, MessageFormatter(), self.errors, clock=self.clock)
        self.addCleanup(self.action.close)

    def later(self) -> None:
        """So long after that everything is shown anew."""
        self.clock.advance(max(STATUS_SECONDS, METRICS_PAUSE_SECONDS))
        self.action.progress(0, 0, 0)


class Serving(WebActionTest):
    def test_what_it_is_notified_of_and_what_the_run_says(self) -> None:
        class Delivering(Collecting):
            name = "hook"
            counts = Counter({("sent", ""): 3, ("failed", "timeout"): 1})

        class Nameless(Collecting):
            counts = Counter({("sent", ""): 9})

        standing = Standing(self.action, Delivering(), Nameless(), firing=[FIRING._replace(group=())])
        self.action.start(standing)
        self.action.progress(0, 0, 7)
        for event in (TRAFFIC, FIRING, standing.summary):
            self.action.notify(event)
        before = values(scrape(self.action))
        standing.summary = Summary(lines=9)
        self.later()
        after = values(scrape(self.action))
        group = 'section=/\\xff"\\n'
        for series, value in {
            ("hits_total", "/api", "2xx"): 40,
            ("hits_total", '/"} 1\\nforged 1\\n', "4xx"): 2,
            ("response_bytes_total", "/api"): 9000,
            ("alert_state", "errors", "critical"): 1,
            ("alert_state", "errors", "critical", group): 1,
            ("alert_transitions_total", "errors", "firing"): 1,
            ("lines_total",): 7,
            ("read_bytes_total",): 1234,
            ("rotations_total",): 1,
            ("deliveries_total", "hook", "sent"): 3,
            ("deliveries_total", "hook", "failed", "timeout"): 1,
        }.items():
            with self.subTest(series=series):
                self.assertEqual(before[series], value)
        self.assertEqual(
            [key for key in before if key[0] == "deliveries_total"], [key for key in after if key[0] == "deliveries_total"]
        )
        self.assertEqual((after["lines_total",], after["http_replies_total", "200"]), (9, 1))

    def test_the_actions_are_read_by_the_thread_that_notifies_them(self) -> None:
        threads = []

        class Watched(Collecting):
            name = "hook"

            @property
            def counts(self) -> Counter[tuple[str, str]]:
                threads.append(threading.current_thread())
                return Counter({("sent", ""): len(threads)})

        self.action.start(Standing(self.action, Watched()))
        self.action.progress(0, 0, 0)
        for _ in range(5):
            scrape(self.action)
        self.assertEqual(set(threads), {threading.main_thread()})

    def test_a_mistake_in_an_answer_is_reported_and_ends_nothing(self) -> None:
        self.action.start(Standing(self.action))
        self.action.progress(0, 0, 0)
        with mock.patch("LogsMonitor2000.web.api.exposition", side_effect=ValueError("a \x1b mistake")):
            with self.assertRaises(HTTPError) as caught:
                scrape(self.action)
        with caught.exception as answer:
            self.assertEqual((answer.code, answer.read()), (500, b'{"detail":"internal error"}\n'))
        self.action.progress(0, 0, 0)
        self.assertIn("server: ValueError: a \\x1b mistake\n", self.errors.getvalue())
        self.assertEqual(values(scrape(self.action))["lines_total",], 7)

    def test_it_says_where_it_listens(self) -> None:
        self.action.start(Standing(self.action))
        for _ in range(3):
            self.action.progress(0, 0, 0)
        self.assertEqual(
            self.errors.getvalue(),
            f"listening on {self.action.url} (metrics: {self.action.url}metrics, interface: {self.action.url}docs)\n",
        )

    def test_events_reach_a_browser_as_they_happen(self) -> None:
        self.action.start(Standing(self.action))
        self.action.progress(0, 0, 0)
        with urlopen(url_at(self.action, "/events"), timeout=SECONDS_MAX) as stream:
            begin = b""
            while not begin.endswith(b"\n\n") or b"snapshot" not in begin:
                begin += stream.read1()
            for event in (STATS, FIRING):
                self.action.notify(event)
            data = b""
            while data.count(b"\n\n") < 2:
                data += stream.read1()
        self.assertEqual([name for name, _, _ in frames(data)], ["stats", "alert"])

    def test_nothing_waits_for_the_server(self) -> None:
        self.action.start(Standing(self.action))
        begun = time.process_time()
        for _ in range(3000):  # it has not been started yet
            self.action.notify(FIRING)
        self.assertLess(time.process_time() - begun, 10)
        self.action.progress(0, 0, 0)
        self.assertEqual(values(scrape(self.action))["alert_transitions_total", "errors", "firing"], 3000)

    def test_a_page_of_a_stranger_learns_nothing(self) -> None:
        self.action.start(Standing(self.action))
        self.action.progress(0, 0, 0)
        with self.assertRaises(HTTPError) as caught:
            urlopen(Request(url_at(self.action, "/metrics"), headers={"Host": "evil.example"}), timeout=SECONDS_MAX)
        with caught.exception as answer:
            self.assertEqual(answer.code, 421)

    @unittest.skipUnless(PROMTOOL, "promtool is not installed")
    def test_promtool_finds_nothing_wrong(self) -> None:
        assert PROMTOOL is not None
        self.action.start(Standing(self.action))
        self.action.progress(0, 0, 0)
        for event in (TRAFFIC, FIRING):
            self.action.notify(event)
        checked = subprocess.run(
            [PROMTOOL, "check", "metrics"], input=scrape(self.action), capture_output=True, timeout=SECONDS_MAX
        )
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, b"", b""))


class WithToken(WebActionTest):
    settings = HttpSettings(port=0, token=Secret("s3cret"), cors=("https://dash.example",))

    def test_it_is_asked_for_and_never_shown(self) -> None:
        self.action.start(Standing(self.action))
        self.action.progress(0, 0, 0)
        for headers, status in (({}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": "Bearer s3cret"}, 200)):
            for path in ("/metrics", "/api/v1/status", "/events", "/nowhere"):
                asked = Request(url_at(self.action, path), headers=headers, method="HEAD")
                with self.subTest(headers=headers, path=path):
                    self.assertEqual(self.status_of(asked), 404 if (status, path) == (200, "/nowhere") else status)
        with urlopen(url_at(self.action, "/healthz"), timeout=SECONDS_MAX) as answer:
            self.assertEqual(answer.status, 200)
        self.assertNotIn("s3cret", self.errors.getvalue())

    @staticmethod
    def status_of(asked: Request) -> int:
        try:
            with urlopen(asked, timeout=SECONDS_MAX) as answer:
                status: int = answer.status
                return status
        except HTTPError as error:
            with error:
                return error.code

    def test_origins_that_may_read(self) -> None:
        self.action.start(Standing(self.action))
        self.action.progress(0, 0, 0)
        headers = {"Authorization": "Bearer s3cret", "Origin": "https://dash.example"}
        with urlopen(Request(url_at(self.action, "/metrics"), headers=headers), timeout=SECONDS_MAX) as answer:
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "https://dash.example")


class Scraping(Action):
    """Scrapes after each step of a run."""

    def __init__(self, action: WebAction) -> None:
        self._action = action
        self.scrapes: list[dict[tuple[str, ...], float]] = []

    def notify(self, event: Event) -> None:
        pass

    def progress(self, read: int, total: int, lines: int) -> None:
        self.scrapes.append(values(scrape(self._action)))


class Runs(TemporaryFiles):
    def test_counters_only_grow_and_end_at_what_was_counted(self) -> None:
        rng = Random(8)
        lines = [b"garbage\n"]
        for number in range(1_500):
            second = START + number // 40 + rng.choice((0, 0, 0, -1, -2, -30))
            target, status = rng.choice((b"/api/x", b"/report", b"/%d" % number)), rng.choice((200, 404, 500))
            lines.append(clf_line(second, target=target, status=status, size=b"10"))
        log = self.path(content=b"".join(lines))
        always = [
            mock.patch(f"LogsMonitor2000.web.{name}", 0) for name in ("api.METRICS_PAUSE_SECONDS", "action.STATUS_SECONDS")
        ]
        for patch in always:
            self.enterContext(patch)
        for jobs in (1, 2):
            with self.subTest(jobs=jobs), chunks_of_bytes(20_000):
                http = HttpSettings(port=0, sections=8)
                settings = Settings.of(files=(log,), log_format="common", jobs=jobs, listen="127.0.0.1:0", http=http)
                monitor = build(settings, io.StringIO(), io.StringIO())
                (action,) = (action for action in monitor.actions if isinstance(action, WebAction))
                monitor.actions += (scraping := Scraping(action),)
                summary = monitor.run()
                self.assertGreater(len(scraping.scrapes), 5)
                for earlier, later in zip(scraping.scrapes, scraping.scrapes[1:]):
                    for series, value in earlier.items():
                        self.assertTrue(not series[0].endswith("_total") or later[series] >= value, series)
                last = scraping.scrapes[-1]
                self.assertEqual(sum(value for series, value in last.items() if series[0] == "hits_total"), summary.events)
                sizes = [value for series, value in last.items() if series[0] == "response_bytes_total"]
                self.assertEqual((sum(sizes), len(sizes)), (summary.events * 10, 9))
                self.assertEqual(
                    [last[name + "_total",] for name in ("lines", "events", "malformed_lines", "late_lines", "read_bytes")],
                    [*summary[:4], os.path.getsize(log)],
                )
                self.assertEqual(last["newest_event_timestamp_seconds",], summary.last)
                self.assertGreater(summary.late, 100)

    def test_traffic_is_counted_only_where_it_is_served(self) -> None:
        class Buckets(Collecting):
            wants = frozenset({BucketClosed})

        log = self.path(content=clf_line(START) * 3)
        for listen in (None, "127.0.0.1:0"):
            monitor = build(Settings.of(files=(log,), log_format="common", listen=listen), io.StringIO(), io.StringIO())
            monitor.actions += (buckets := Buckets(),)
            monitor.run()
            self.assertEqual(bool(buckets.events), listen is not None)

    def test_an_address_that_is_taken_is_said_in_one_line(self) -> None:
        port = free_port()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", port))
            taken.listen()
            status, out, errors = in_process(self.path(content=b""), "--listen", f"127.0.0.1:{port}")
        self.assertEqual((status, out), (2, ""))
        self.assertEqual(errors, f"LogsMonitor2000: cannot listen on 127.0.0.1:{port}: address already in use\n")

    def test_the_command_serves_while_it_follows(self) -> None:
        log, port = self.path(content=clf_line(int(time.time()))), free_port()
        with Running("--follow", log, "--listen", f"127.0.0.1:{port}") as running:

            def status() -> dict[str, Any]:
                try:
                    with urlopen(f"http://127.0.0.1:{port}/api/v1/status", timeout=SECONDS_MAX) as answer:
                        found: dict[str, Any] = json.load(answer)
                    return found
                except (URLError, ConnectionError):
                    return {}

            self.assertTrue(wait_until(lambda: status().get("lines") == 1))
            with open(log, "ab") as file:
                file.write(clf_line(int(time.time())) * 9)
            self.assertTrue(wait_until(lambda: status().get("lines") == 10))
            (read_from,) = status()["inputs"]
            self.assertEqual((read_from["name"], read_from["format"]), (log, "common"))
            running.signal(signal.SIGTERM)
            self.assertEqual(running.end(), 0)
            self.assertIn(b"listening on http://127.0.0.1:%d/" % port, running.errors)

    def test_an_alert_is_still_known_to_fire_after_a_restart(self) -> None:
        log, state, port = self.path(content=b""), self.path("state"), free_port()
        options = (
            "--follow",
            log,
            "--state",
            state,
            "--listen",
            f":{port}",
            "--buffer_time",
            "0",
            "--high_traffic_threshold",
            "1",
        )
        firing, transition = ("alert_state", "high_traffic", "warning"), ("alert_transitions_total", "high_traffic", "firing")

        def found() -> dict[tuple[str, ...], float]:
            try:
                with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=SECONDS_MAX) as answer:
                    return values(answer.read())
            except (URLError, ConnectionError):
                return {}

        for is_first in (True, False):
            with Running(*options) as running:
                if is_first:
                    with open(log, "ab") as file:
                        file.write(clf_line(int(time.time())) * 500)
                self.assertTrue(wait_until(lambda: found().get(firing) == 1))
                self.assertEqual(found().get(transition), 1 if is_first else None)
                running.signal(signal.SIGTERM)
                self.assertEqual(running.end(), 0)

    @unittest.skipUnless(PROMETHEUS, "prometheus is not installed")
    @unittest.skipIf(SCALE == 1, "takes five seconds before it looks for the first time; LOGSMONITOR2000_LONG=1 lets it")
    def test_a_real_prometheus(self) -> None:
        assert PROMETHEUS is not None
        action = WebAction(HttpSettings(port=0), MessageFormatter(), io.StringIO())
        self.addCleanup(action.close)
        action.start(Standing(action))
        action.progress(0, 0, 0)
        for event in (TRAFFIC, FIRING):
            action.notify(event)
        port = free_port()
        host, target = action.address
        config = self.path(
            "prometheus.yml",
            b"global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
            b"scrape_configs: [{job_name: logs, static_configs: [{targets: ['%s:%d']}]}]\n" % (host.encode(), target),
        )
        arguments = [
            f"--config.file={config}",
            f"--storage.tsdb.path={self.path('data')}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with open(self.path("prometheus.log"), "wb") as log:
            process = subprocess.Popen([PROMETHEUS, *arguments], stdout=log, stderr=log)
        self.addCleanup(process.wait, SECONDS_MAX)
        self.addCleanup(process.kill)

        def query(expression: str) -> list[dict[str, object]]:
            try:
                with urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={quote(expression)}", timeout=SECONDS_MAX) as answer:
                    result: list[dict[str, object]] = json.load(answer)["data"]["result"]
            except (URLError, ConnectionError):  # it is still starting
                return []
            return result

        self.assertTrue(wait_until(lambda: bool(query("logsmonitor2000_hits_total"))))
        found = {json.dumps(sample["metric"]): sample["value"] for sample in query('{job="logs",__name__=~"log.*"}')}
        shown = {
            (labels.get("section"), labels.get("group"), value)
            for name, labels, value in read(scrape(action))
            if len(labels) > 1
        }
        kept = {
            (metric.get("section"), metric.get("group"), value[1])  # type: ignore[index]
            for metric, value in ((json.loads(key), value) for key, value in found.items())
            if set(metric) & {"status", "severity", "state", "version"}
        }
        self.assertEqual(kept, shown)
        self.assertNotIn("forged", {json.loads(key)["__name__"] for key in found})
        self.assertEqual([sample["value"][1] for sample in query("up")], ["1"])  # type: ignore[index]


if __name__ == "__main__":
    unittest.main()
