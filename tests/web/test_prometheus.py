"""`/metrics` as it is used: settings, real runs, promtool, and a real Prometheus; the last two where they are installed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
import io
import json
import os
from random import Random
import shutil
import signal
import socket
import subprocess
import time
import unittest
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from LogsMonitor2000.action.base import Action, Status
from LogsMonitor2000.analyze.publisher import BucketPublisher
from LogsMonitor2000.config.settings import Settings
from LogsMonitor2000.config.table import ConfigError, Table
from LogsMonitor2000.deliver.registry import read_actions
from LogsMonitor2000.deliver.spec import ActionSpec
from LogsMonitor2000.event import Alert, Event, Summary
from LogsMonitor2000.pipeline.wiring import build
from LogsMonitor2000.source.statistics import ReadStatistics
from LogsMonitor2000.testing import Collecting
from LogsMonitor2000.web.prometheus import PrometheusAction, PrometheusSpec, read_prometheus

from ..running import SECONDS_MAX, Running, chunks_of_bytes, in_process, settings_from, wait_until
from ..support import SCALE, TemporaryFiles, clf_line
from .test_exposition import read
from .test_metrics import traffic

START = 1_600_000_000
FIRING = Alert("errors", "firing", START, 5.0, 1.0, 60, START, 5.0, (("section", b'/\xff"\n'),), "critical")
TRAFFIC = traffic({(b"/api", b"2"): 40, (b'/"} 1\nforged 1\n', b"4"): 2}, {b"/api": 9000})
PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")


def scrape(action: PrometheusAction) -> bytes:
    host, port = action.address
    with urlopen(f"http://{host}:{port}/metrics", timeout=SECONDS_MAX) as answer:
        body: bytes = answer.read()
    return body


def values(text: bytes) -> dict[tuple[str, ...], float]:
    """The value of each series, by name and values of labels."""
    return {(name.removeprefix("logsmonitor2000_"), *labels.values()): float(value) for name, labels, value in read(text)}


class Standing:
    """A run as an action sees it."""

    def __init__(self, *actions: Action, firing: Sequence[Alert] = ()) -> None:
        self.actions = actions
        self.told = Summary(lines=7, events=5, malformed=2, last=START)
        self._firing = firing

    def status(self) -> Status:
        return Status(self.told, ReadStatistics.from_json({"bytes": 1234, "rotations": 1}), tuple(self._firing), ())


def listening(**given: object) -> ActionSpec:
    """What the keys `given` ask for."""
    return read_actions([Table({"type": "prometheus", **given}, "f.toml: action prometheus")], {"prometheus": read_prometheus})[
        0
    ]


ANYWHERE = listening(listen="127.0.0.1:0")


class TestSettings(unittest.TestCase):
    def test_what_a_table_may_say(self) -> None:
        for given, spec in (
            ({}, PrometheusSpec("127.0.0.1", 9117, 100)),
            ({"listen": "0.0.0.0:0"}, PrometheusSpec(host="0.0.0.0", port=0)),
            ({"listen": "localhost:65535"}, PrometheusSpec(host="localhost", port=65535)),
            ({"listen": "[::1]:9117"}, PrometheusSpec(host="::1")),
            ({"sections": 7}, PrometheusSpec(sections=7)),
        ):
            with self.subTest(given=given):
                self.assertEqual(listening(**given).describe(), f"prometheus: {spec.describe()}")

    def test_what_it_may_not(self) -> None:
        for given, problem in (
            ({"listen": "9117"}, "listen must be an address and a port like '127.0.0.1:9117'"),
            ({"listen": ":9117"}, "listen must be"),
            ({"listen": "::1:9117"}, "listen must be"),
            ({"listen": "127.0.0.1:65536"}, "listen must be"),
            ({"listen": "127.0.0.1:http"}, "listen must be"),
            ({"listen": 9117}, "listen must be a string"),
            ({"sections": 0}, "sections must be at least 1"),
            ({"sections": 10**6}, "sections must be at most 10000"),
            ({"section": 5}, "unknown key 'section'; did you mean sections?"),
            ({"severity": "critical"}, "severity does not apply to metrics"),
        ):
            with self.subTest(given=given), self.assertRaisesRegex(ConfigError, f"f.toml: action prometheus: {problem}"):
                read_actions(
                    [Table({"type": "prometheus", **given}, "f.toml: action prometheus")], {"prometheus": read_prometheus}
                )

    def test_in_words(self) -> None:
        for given, text in (
            ({}, "prometheus: http://127.0.0.1:9117/metrics, of at most 100 sections"),
            (
                {"name": "m", "listen": "[::1]:80", "sections": 5},
                "m: http://[::1]:80/metrics, of at most 5 sections",
            ),
        ):
            spec = listening(**given)
            self.assertEqual((spec.type, spec.describe()), ("prometheus", text))

    def test_traffic_is_counted_only_for_metrics(self) -> None:
        for actions in ((), (ANYWHERE,), (ANYWHERE, ANYWHERE)):
            monitor = build(Settings.of(files=(os.devnull,), actions=actions), io.StringIO(), io.StringIO())
            monitor.run()
            counting = [w for w in monitor.processor._windows if isinstance(w.calculator, BucketPublisher)]
            self.assertEqual(len(counting), min(1, len(actions)))


class TestAction(unittest.TestCase):
    def setUp(self) -> None:
        self.action = PrometheusAction(port=0)
        self.addCleanup(self.action.close)

    def test_what_it_is_told_of_and_what_it_finds(self) -> None:
        class Delivering(Collecting):
            name = "hook"
            counts = Counter({("sent", ""): 3, ("failed", "timeout"): 1})

        class Nameless(Collecting):
            counts = Counter({("sent", ""): 9})

        standing = Standing(self.action, Delivering(), Nameless(), firing=[FIRING._replace(group=())])
        self.action.start(standing)
        self.action.progress(0, 0, 7)
        for event in (TRAFFIC, FIRING, standing.status().summary):
            self.action.notify(event)
        before = values(scrape(self.action))
        standing.told = Summary(lines=9)
        self.action.progress(0, 0, 9)
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

    def test_without_a_run_it_says_what_it_was_told(self) -> None:
        self.action.progress(0, 0, 0)
        self.action.progress(0, 0, 0)
        self.assertEqual(values(scrape(self.action))["lines_total",], 0)

    def test_anything_else_is_not_there(self) -> None:
        self.action.progress(0, 0, 0)
        host, port = self.action.address
        with self.assertRaisesRegex(URLError, "404"):
            urlopen(f"http://{host}:{port}/", timeout=SECONDS_MAX).close()

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


class Scraping(Action):
    """Scrapes after each step of a run."""

    def __init__(self, action: PrometheusAction) -> None:
        self._action = action
        self.scrapes: list[dict[tuple[str, ...], float]] = []

    def notify(self, event: Event) -> None:
        pass

    def progress(self, read: int, total: int, lines: int) -> None:
        self.scrapes.append(values(scrape(self._action)))


class TestRuns(TemporaryFiles):
    def test_counters_only_grow_and_end_at_what_was_counted(self) -> None:
        rng = Random(8)
        lines = [b"garbage\n"]
        for number in range(1_500):
            second = START + number // 40 + rng.choice((0, 0, 0, -1, -2, -30))
            target, status = rng.choice((b"/api/x", b"/report", b"/%d" % number)), rng.choice((200, 404, 500))
            lines.append(clf_line(second, target=target, status=status, size=b"10"))
        log = self.path(content=b"".join(lines))
        for jobs in (1, 2):
            with self.subTest(jobs=jobs), chunks_of_bytes(20_000):
                settings = Settings.of(
                    files=(log,), log_format="common", jobs=jobs, actions=(listening(listen="127.0.0.1:0", sections=8),)
                )
                monitor = build(settings, io.StringIO(), io.StringIO())
                (action,) = (action for action in monitor.actions if isinstance(action, PrometheusAction))
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

    def config(self, text: str = "") -> tuple[str, int]:
        """A file of settings, and the port that it names."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        return self.path("monitor.toml", f'[[action]]\ntype = "prometheus"\nlisten = "127.0.0.1:{port}"\n{text}'.encode()), port

    def test_what_cannot_be_is_told_in_one_line(self) -> None:
        config, port = self.config()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", port))
            taken.listen()
            status, out, errors = in_process(self.path(content=b""), "--config", config)
        self.assertEqual((status, out), (2, ""))
        self.assertEqual(errors, f"LogsMonitor2000: 127.0.0.1:{port}: cannot be listened on: Address already in use\n")
        for text, problem in (
            ("sections = -1\n", "sections must be at least 1"),
            ('[[action]]\ntype = "x"\n', "type must be one of"),
        ):
            status, _, errors = in_process(self.path(content=b""), "--config", self.config(text)[0])
            self.assertEqual((status, errors.count("\n"), problem in errors), (2, 1, True), errors)

    def test_settings_are_read_from_the_file(self) -> None:
        config, port = self.config("sections = 3\n")
        (spec,) = settings_from("--config", config).alerting.actions
        self.assertEqual(spec.describe(), f"prometheus: http://127.0.0.1:{port}/metrics, of at most 3 sections")

    def test_an_alert_is_still_known_to_fire_after_a_restart(self) -> None:
        config, port = self.config()
        log, state = self.path(content=b""), self.path("state")
        options = ("--follow", log, "--state", state, "--config", config, "--buffer_time", "0", "--high_traffic_threshold", "1")
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
        action = PrometheusAction(port=0)
        self.addCleanup(action.close)
        action.start(Standing(action))
        action.progress(0, 0, 0)
        for event in (TRAFFIC, FIRING):
            action.notify(event)
        _, port = self.config()
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
        told = {
            (labels.get("section"), labels.get("group"), value)
            for name, labels, value in read(scrape(action))
            if len(labels) > 1
        }
        kept = {
            (metric.get("section"), metric.get("group"), value[1])  # type: ignore[index]
            for metric, value in ((json.loads(key), value) for key, value in found.items())
            if set(metric) & {"status", "severity", "state", "version"}
        }
        self.assertEqual(kept, told)
        self.assertNotIn("forged", {json.loads(key)["__name__"] for key in found})
        self.assertEqual([sample["value"][1] for sample in query("up")], ["1"])  # type: ignore[index]


if __name__ == "__main__":
    unittest.main()
