"""The man page has what the command has."""

from __future__ import annotations

import os
import shutil
import subprocess
import unittest

from LogsMonitor2000.command.manual import manual
from LogsMonitor2000.command.verbs import VERBS

from ..running import ROOT

PAGE = os.path.join(ROOT, "docs", "logsmonitor2000.1")


class Manual(unittest.TestCase):
    def test_the_page_is_the_one_that_the_parsers_make(self) -> None:
        with open(PAGE, encoding="utf-8") as file:
            self.assertEqual(file.read(), manual(), "python -m LogsMonitor2000.command.manual > docs/logsmonitor2000.1")

    def test_every_verb_and_option_is_there(self) -> None:
        text = manual().replace("\\-", "-")
        for verb in VERBS:
            self.assertIn(f"\n.SH {verb.name.upper()}\n", text)
            for argument in verb.parser().arguments:
                for name in argument.names:
                    self.assertIn(name, text)

    @unittest.skipUnless(shutil.which("man"), "needs man")
    def test_man_has_nothing_to_complain_about(self) -> None:
        command = ["man", "--warnings", "--encoding=UTF-8", "--local-file", PAGE]
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=30)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("monitor HTTP access logs", done.stdout)


if __name__ == "__main__":
    unittest.main()
