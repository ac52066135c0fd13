"""`kill -9` at random moments while mail, syslog and a command are delivered to: every alert arrives, and each by one id only."""

from __future__ import annotations

from collections.abc import Iterable
import json
from random import Random
import signal
import socket
import subprocess
import sys
import threading
import unittest

from LogsMonitor2000.deliver.message import fingerprint_of, transition_id

from ..running import environment
from ..support import SCALE, TemporaryFiles
from .channels.receivers import SmtpReceiver
from .making import NOW, firing

ALERTS = 12
KILLS = 4 * SCALE

PROGRAM = """
import sys, time
from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.config.toml_file import read_config
from LogsMonitor2000.deliver.registry import read_actions
from LogsMonitor2000.deliver.spec import Context
from LogsMonitor2000.event import Alert, Summary
from LogsMonitor2000.state.open import open_state
from LogsMonitor2000.state.outbox import DeliveryStore

config, state, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
context = Context(MessageFormatter(), sys.stderr, DeliveryStore(open_state(state)).outbox)
actions = [spec.build(context) for spec in read_actions(read_config(config).tables("action"))]
for action in actions:
    action.progress(0, 0, 0)
sys.stdout.write("ready\\n")
sys.stdout.flush()
for number in range(count):  # as a monitor repeats what its last snapshot does not cover
    alert = Alert("errors", "firing", NOW + number, 0.5, 0.05, 60, NOW + number, 0.5, (("section", b"/%d" % number),))
    for action in actions:
        action.notify(alert)
for action in actions:
    action.notify(Summary())
for action in actions:
    action.close()
""".replace("NOW", str(NOW))


class Syslog:
    """Takes messages of syslog by UDP."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _receive(self) -> None:
        while line := self._socket.recv(1 << 16):
            self.lines.append(line)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()


class Killed(TemporaryFiles):
    def test_nothing_is_lost_and_no_id_changes(self) -> None:
        rng = Random(12)
        mail, syslog = SmtpReceiver(), Syslog()
        self.addCleanup(mail.close)
        script = 'cat >> "$0"; sleep 0.01'
        config = self.path(
            "monitor.toml",
            f"""
[[action]]
type = "email"
host = "127.0.0.1"
port = {mail.port}
encryption = "none"
from = "monitor@example.org"
to = "web@example.org"
group_by = ["..."]
max_age = 0

[[action]]
type = "syslog"
address = "udp://127.0.0.1:{syslog.port}"
max_age = 0

[[action]]
type = "command"
command = ["/bin/sh", "-c", {json.dumps(script)}, {json.dumps(self.path("commands"))}]
max_age = 0
""".encode(),
        )
        for _ in range(KILLS):
            self.run_once(config, rng.random() * 0.25)
        status = self.run_once(config, None)
        syslog.close()
        self.assertEqual(status, 0)
        alerts = [firing(time=NOW + number, section=b"/%d" % number) for number in range(ALERTS)]
        expected = {transition_id(alert, fingerprint_of(alert)) for alert in alerts}
        self.assert_arrived("email", expected, [self.id_of_mail(text) for _, text in mail.mails])
        self.assert_arrived(
            "syslog", expected, [line.partition(b'id="')[2].partition(b'"')[0].decode() for line in syslog.lines]
        )
        with open(self.path("commands"), encoding="utf-8") as file:
            self.assert_arrived("command", expected, [json.loads(line)["id"] for line in file])

    def run_once(self, config: str, seconds: float | None) -> int:
        """A run that is killed so long after it began to deliver, or ends by itself."""
        arguments = [sys.executable, "-S", "-c", PROGRAM, config, self.path("state"), str(ALERTS)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                return process.wait(30 if seconds is None else seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                return process.wait()

    def assert_arrived(self, channel: str, expected: set[str], ids: Iterable[str]) -> None:
        with self.subTest(channel=channel):
            self.assertEqual(set(ids), expected)

    @staticmethod
    def id_of_mail(text: bytes) -> str:
        (line,) = [line for line in text.splitlines() if line.lower().startswith(b"message-id:")]
        return line.partition(b"<")[2].partition(b"@")[0].decode()


if __name__ == "__main__":
    unittest.main()
