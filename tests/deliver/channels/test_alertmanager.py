"""Alertmanager: what it is sent, and where it is installed, what the real one makes of that."""

from __future__ import annotations

from datetime import datetime
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from typing import Any
import unittest

from LogsMonitor2000.limits import ALERTMANAGER_ALERTS_MAX

from ...running import wait_until
from ..delivering import Delivering
from ..making import NASTY, NOW, firing, resolved
from .receivers import HttpReceiver, answer

PROGRAM, TOOL = "prometheus-alertmanager", "amtool"
CONFIG = """
global: {resolve_timeout: 1s}
route: {receiver: nobody}
receivers: [{name: nobody}]
"""


class Requests(Delivering):
    def setUp(self) -> None:
        super().setUp()
        self.receiver = HttpReceiver()
        self.addCleanup(self.receiver.close)
        self.table = f'type = "alertmanager"\nurl = "{self.receiver.url}/am/"\nresend = 60\nlabels = {{cluster-name = "a"}}\n'

    def posted(self) -> list[Any]:
        return [json.loads(body) for _, body in self.receiver.requests]

    def test_what_fires_is_sent_again_and_what_is_over_for_a_while(self) -> None:
        delivery = self.attempted(self.delivery(self.table), firing("errors", NOW, b"/api"))
        for second in range(1, 600):
            self.clock.advance(1)
            if second == 150:
                delivery.notify(resolved(firing("errors", NOW, b"/api"), NOW + 150))
            while delivery.step():
                pass
        ends = [alert["endsAt"] for (alert,) in self.posted()]
        self.assertEqual(ends, [f"2020-09-13T12:3{minute}:40Z" for minute in (0, 1, 2)] + ["2020-09-13T12:29:10Z"] * 5)
        first = self.posted()[0][0]
        self.assertEqual(first["startsAt"], "2020-09-13T12:26:40Z")
        self.assertEqual(
            first["labels"], {"alertname": "errors", "severity": "warning", "section": "/api", "cluster_name": "a"}
        )
        self.assertEqual(len({json.dumps(alert["labels"]) for (alert,) in self.posted()}), 1)
        self.assertTrue(self.receiver.requests[0][0].startswith("POST /am/api/v2/alerts HTTP/1.1"))

    def test_a_great_many_go_in_several_requests_within_the_time(self) -> None:
        delivery = self.delivery(self.table)
        count = 2 * ALERTMANAGER_ALERTS_MAX + 1
        for number in range(count):
            delivery.notify(firing(section=b"/%d" % number))
        delivery.step()
        self.assertEqual([len(alerts) for alerts in self.posted()], [ALERTMANAGER_ALERTS_MAX] * 2 + [1])
        self.receiver.answers += [answer(200), answer(503)]
        delivery.notify(firing(time=NOW + 1))
        delivery.step()
        self.assertEqual(delivery.counts, {("sent", ""): 1, ("retried", "HTTP 503"): 1})

        def slow(connection: socket.socket) -> None:
            time.sleep(0.12)
            answer(200)(connection)

        self.receiver.answers += [slow, slow]
        hurried = self.delivery(self.table + 'name = "hurried"\ntimeout = 0.1')
        for number in range(count):
            hurried.notify(firing(section=b"/%d" % number))
        hurried.step()
        self.assertEqual(hurried.counts, {("retried", "timed out"): 1})


@unittest.skipUnless(shutil.which(PROGRAM) and shutil.which(TOOL), f"{PROGRAM} is not installed")
class Real(Delivering):
    def setUp(self) -> None:
        super().setUp()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        path = self.path("alertmanager.yml", CONFIG.encode())
        arguments = [f"--config.file={path}", f"--storage.path={self.path('data')}", "--cluster.listen-address="]
        process = subprocess.Popen(
            [PROGRAM, *arguments, f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(process.wait, 10)
        self.addCleanup(process.kill)
        self.assertTrue(wait_until(self.is_ready))
        self.clock.advance(time.time() - NOW)  # its clock cannot be set
        self.delivering = self.delivery(f'type = "alertmanager"\nurl = "http://127.0.0.1:{self.port}"\nresend = 60\n')

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/-/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def alerts(self) -> list[Any]:
        """What it says is active, by name and labels."""
        arguments = [TOOL, f"--alertmanager.url=http://127.0.0.1:{self.port}", "alert", "query", "-o", "json"]
        done = subprocess.run(
            arguments, capture_output=True, timeout=20, check=True, env={**os.environ, "HOME": self.directory}
        )
        return list(json.loads(done.stdout))

    def test_it_receives_deduplicates_and_resolves(self) -> None:
        now = int(time.time())
        alerts = [firing("errors", now - 90, b"/api", severity="critical"), firing("5xx odd", now - 60, NASTY, lines=(NASTY,))]
        self.attempted(self.delivering, *alerts)
        self.clock.advance(61)
        self.delivering.step()
        self.assertEqual(self.delivering.counts, {("sent", ""): 2})
        received = {alert["labels"]["alertname"]: alert for alert in self.alerts()}
        self.assertEqual(len(self.alerts()), 2, "what is sent again is the same alert")
        self.assertEqual(received["errors"]["labels"], {"alertname": "errors", "severity": "critical", "section": "/api"})
        self.assertEqual(received["errors"]["annotations"]["value"], "0.5")
        self.assertIn("@everyone", received["5xx odd"]["labels"]["section"])
        self.clock.advance(-61)
        self.delivering.notify(resolved(alerts[0], now - 1))
        self.clock.advance(61)
        self.delivering.step()
        self.assertEqual(self.delivering.counts, {("sent", ""): 3})
        self.assertEqual([alert["labels"]["alertname"] for alert in self.alerts()], ["5xx odd"])

    def test_what_is_not_sent_again_ends_by_itself(self) -> None:
        table = f'type = "alertmanager"\nname = "b"\nurl = "http://127.0.0.1:{self.port}"\nresend = 1\n'
        sent = time.time()
        self.assertEqual(self.attempted(self.delivery(table), firing("short", int(sent) - 60)).counts, {("sent", ""): 1})
        self.clock.advance(-8)  # as if it had been sent a while ago: the end is 4 resends after that
        self.assertEqual(self.attempted(self.delivery(table), firing("over", int(sent) - 60)).counts, {("sent", ""): 1})
        (short,) = self.alerts()
        self.assertEqual(short["labels"]["alertname"], "short")
        self.assertAlmostEqual(datetime.fromisoformat(short["endsAt"]).timestamp(), sent + 4, delta=2)


if __name__ == "__main__":
    unittest.main()
