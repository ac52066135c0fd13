"""The files of `examples/` are what they say: configurations that check, tests that pass, a log that alerts once."""

from __future__ import annotations

import json
import os
import unittest
from unittest import mock

from .running import ROOT, in_process

SECRETS = {"SLACK_URL": "https://hooks.example.org/x", "MAIL_PASSWORD": "x"}


class Examples(unittest.TestCase):
    def test_every_configuration_is_ok(self) -> None:
        names = sorted(name for name in os.listdir(os.path.join(ROOT, "examples")) if name.endswith(".toml"))
        self.assertGreaterEqual(len(names), 3)
        for name in names:
            with self.subTest(file=name), mock.patch.dict(os.environ, SECRETS):
                status, out, errors = in_process("check", f"examples/{name}")
                self.assertEqual((status, errors), (0, ""), out)

    def test_the_tests_of_rules_pass(self) -> None:
        status, out, errors = in_process("test", "examples/rules_test.toml")
        self.assertEqual((status, errors), (0, ""), out)

    def test_the_sample_log_is_read_in_full(self) -> None:
        status, out, errors = in_process("examples/access.log", "--output", "json")
        events = [json.loads(line) for line in out.splitlines()]
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual([event["state"] for event in events if event["event"] == "alert"], ["firing", "resolved"])
        self.assertEqual((events[-1]["malformed"], events[-1]["late"]), (0, 0))


if __name__ == "__main__":
    unittest.main()
