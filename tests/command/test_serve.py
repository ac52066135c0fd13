"""`serve DIR`, as the real command, over a directory that another process has open."""

from __future__ import annotations

import json
import os
from random import Random
import re
import signal
from typing import Any
import unittest
from urllib.error import HTTPError
from urllib.request import urlopen

from LogsMonitor2000.state.database import Database
from LogsMonitor2000.state.directory import StateDirectory

from ..running import Running, command
from ..state.test_history import NOW, HistoryCase, rows_at_random
from ..web.brute_history import BruteHistory


class Serve(HistoryCase):
    def test_it_answers_while_another_process_writes(self) -> None:
        rng = Random(1)
        rows = rows_at_random(rng, 300, NOW - 5000, 5000)
        self.record(rows[:200], rng)
        writer = Database(StateDirectory(self.state))
        recorder = self.recorder(writer)
        with Running("serve", self.state, "--listen", "127.0.0.1:0") as serving:
            serving.read_until(lambda: b"docs)" in serving.errors)
            found = re.search(rb"listening on (\S+)", serving.errors)
            assert found is not None
            url = found[1].decode()

            def get(path: str) -> Any:
                with urlopen(url + path, timeout=20) as answer:
                    return json.load(answer)

            brute = BruteHistory(rows[:200])
            self.assertEqual(get("api/v1/top?field=user")["total"], 200)
            usage = brute.usage(b"user1", None)
            assert usage is not None
            got = get("customers/user1/stats")
            self.assertEqual((got["total_requests"], got["failed_requests"]), usage.total[:2])
            with self.assertRaises(HTTPError) as raised:
                get("customers/unknown/stats")
            raised.exception.close()
            self.assertEqual(raised.exception.code, 404)
            self.take(recorder, rows[200:])
            writer.run(recorder.write)
            self.assertEqual(get("api/v1/top?field=user")["total"], 300, "it sees what was committed since")
            self.assertIsNotNone(get("api/v1/status")["first"])
            serving.signal(signal.SIGTERM)
            self.assertEqual(serving.end(), 0)
        writer.close()

    def test_what_cannot_be_served(self) -> None:
        for arguments, message in (
            ([], "serve needs a state directory"),
            ([self.path("missing")], "no history to read"),
            ([os.path.dirname(__file__)], "no history to read"),
        ):
            with self.subTest(arguments=arguments):
                done = command("serve", *arguments)
                self.assertEqual(done.returncode, 2)
                self.assertIn(message, done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
