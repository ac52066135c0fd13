"""The completion scripts, in the shells they are for."""

from __future__ import annotations

import os
import shutil
import subprocess
import unittest

from LogsMonitor2000.command.completion import SHELLS, script
from LogsMonitor2000.command.verbs import VERBS

from ..running import in_process
from ..support import TemporaryFiles

BASH, ZSH = shutil.which("bash"), shutil.which("zsh")

ASK = """
source {script}
COMP_WORDS=({words})
COMP_CWORD=$(({count} - 1))
$(complete -p logsmonitor2000 | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


class Scripts(unittest.TestCase):
    def test_the_command_prints_them(self) -> None:
        for shell in SHELLS:
            status, out, errors = in_process("--completion", shell)
            self.assertEqual((status, out, errors), (0, script(shell), ""))
        status, _, errors = in_process("--completion=bsah")
        self.assertEqual(status, 2)
        self.assertIn("--completion must be bash or zsh, not 'bsah'; did you mean bash?", errors)

    def test_each_option_of_each_verb_is_there(self) -> None:
        for shell in SHELLS:
            text = script(shell)
            for verb in VERBS:
                for argument in verb.parser().arguments:
                    for name in argument.names:
                        self.assertIn(name, text)


@unittest.skipUnless(BASH, "needs bash")
class InBash(TemporaryFiles):
    def complete(self, *words: str) -> list[str]:
        path = self.path("completion.bash", script("bash").encode())
        quoted = " ".join(f"'{word}'" for word in ("logsmonitor2000", *words))
        assert BASH is not None
        done = subprocess.run(
            [BASH, "--norc", "-c", ASK.format(script=path, words=quoted, count=len(words) + 1)],
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=30,
        )
        self.assertEqual(done.stderr, "")
        return [line for line in done.stdout.splitlines() if line]

    def setUp(self) -> None:
        super().setUp()
        self.path("access.log", b"")
        self.path("a b.log", b"")
        os.mkdir(self.path("archive"))

    def test_verbs_and_files_are_the_first_word(self) -> None:
        self.assertEqual(self.complete("back"), ["backtest"])
        self.assertEqual(sorted(self.complete("a")), ["a b.log", "access.log", "archive"])
        self.assertEqual(self.complete("backtest", "back"), [], "a verb is the first word only")

    def test_options_are_those_of_the_verb(self) -> None:
        self.assertEqual(self.complete("--high"), ["--high_traffic_threshold", "--high_traffic_interval"])
        self.assertIn("--follow", self.complete("access.log", "--"))
        self.assertNotIn("--follow", self.complete("backtest", "--"))
        self.assertEqual(self.complete("formats", "--exp"), ["--explain"])

    def test_values(self) -> None:
        for words, expected in (
            (["--output", ""], ["text", "json", "dashboard"]),
            (["--output", "j"], ["json"]),
            (["--output", "=", "j"], ["json"]),
            (["--output", "="], ["text", "json", "dashboard"]),
            (["--state", "a"], ["archive"]),
            (["--top", ""], []),
            (["backtest", "x", "--color", "n"], ["never"]),
            (["--stats-interval", ""], ["auto"]),
            (["--config", "acc"], ["access.log"]),
            (["--follow", "acc"], ["access.log"]),
        ):
            with self.subTest(words=words):
                self.assertEqual(self.complete(*words), expected)


@unittest.skipUnless(ZSH, "needs zsh")
class InZsh(TemporaryFiles):
    def test_the_script_is_read_and_registers_itself(self) -> None:
        path = self.path("completion.zsh", script("zsh").encode())
        code = f"autoload -U compinit && compinit -D && source {path} && echo ${{_comps[logsmonitor2000]}}"
        assert ZSH is not None
        done = subprocess.run([ZSH, "-f", "-c", code], capture_output=True, text=True, timeout=30)
        self.assertEqual((done.stdout, done.stderr), ("_logsmonitor2000\n", ""))

    def test_what_it_offers(self) -> None:
        """As `_arguments` and `_describe` are asked: the shell itself only completes at a terminal."""
        path = self.path("completion.zsh", script("zsh").encode())
        for words, current, asked in (
            ("logsmonitor2000 ba", 2, "_describe verb verbs"),
            ("logsmonitor2000 backtest --", 3, "_arguments --log_format"),
            ("logsmonitor2000 cat --", 3, "_arguments -f"),
        ):
            code = f"""
                compdef() {{ }}
                _describe() {{ print _describe $@ }}
                _arguments() {{ print _arguments ${{1%%\\[*}} }}
                source {path}
                words=({words})
                CURRENT={current}
                _logsmonitor2000
            """
            assert ZSH is not None
            done = subprocess.run([ZSH, "-f", "-c", code], capture_output=True, text=True, timeout=30)
            with self.subTest(words=words):
                self.assertEqual(done.stderr, "")
                self.assertEqual(done.stdout.splitlines()[0], asked)


if __name__ == "__main__":
    unittest.main()
