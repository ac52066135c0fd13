"""Verbs: which one a command line asks for, and what each says of itself."""

from __future__ import annotations

import os
import unittest

from LogsMonitor2000.command.verbs import VERBS, mistyped_verb, verb_named
from LogsMonitor2000.config.settings import options
from LogsMonitor2000.version import VERSION

from ..logs import START, csv_line
from ..running import command, in_process
from ..support import TemporaryFiles

SCREEN = range(12, 51)
"""Lines that fit on one screen."""


class Dispatch(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        self.path("access.log", csv_line(START) * 3)
        self.path("test", csv_line(START) * 2)

    def run_here(self, *arguments: str) -> tuple[int, str, str]:
        return in_process(*arguments, cwd=self.directory)

    def test_the_first_argument_is_the_verb_if_it_is_one(self) -> None:
        for arguments in (["watch", "access.log"], ["access.log"], ["access.log", "--output", "text"]):
            with self.subTest(arguments=arguments):
                status, out, _ = self.run_here(*arguments)
                self.assertEqual(status, 0)
                self.assertIn("3 lines: 3 events", out)
        done = command("cat", "access.log", cwd=self.directory)
        self.assertEqual((done.returncode, done.stdout), (0, csv_line(START) * 3))
        self.assertIn("RULES_TEST", self.run_here("test")[2])

    def test_a_file_that_has_the_name_of_a_verb(self) -> None:
        for arguments in (["./test"], ["--", "test"], ["watch", "test"], ["--top", "1", "test"]):
            with self.subTest(arguments=arguments):
                status, out, _ = self.run_here(*arguments)
                self.assertEqual(status, 0)
                self.assertIn("2 lines: 2 events", out)

    def test_a_mistyped_verb_is_answered_with_what_was_probably_meant(self) -> None:
        for word, verb in (("backtets", "backtest"), ("explian", "explain"), ("chekc", "check"), ("format", "formats")):
            with self.subTest(word=word):
                status, out, errors = self.run_here(word, "access.log")
                self.assertEqual((status, out), (2, ""))
                self.assertIn(f"{word}: no such file or verb; did you mean {verb}?", errors)
        self.path("backtets", csv_line(START))
        self.assertEqual(self.run_here("backtets")[0], 0, "a file that is there is a file")
        self.assertIn("access.lgo: no such file", self.run_here("access.lgo")[2])

    def test_what_is_a_mistyped_verb(self) -> None:
        for word, verb in (("wach", "watch"), ("cta", "cat"), ("a.log", None), ("./wach", None), ("", None), ("nginx", None)):
            self.assertEqual(mistyped_verb(word), verb)
        self.assertIsNone(verb_named("help"))


class Help(unittest.TestCase):
    def test_each_fits_on_a_screen(self) -> None:
        for arguments in ([], *([verb.name] for verb in VERBS)):
            for option in ("-h", "--help"):
                with self.subTest(arguments=arguments, option=option):
                    status, out, errors = in_process(*arguments, option)
                    self.assertEqual((status, errors), (0, ""))
                    lines = out.splitlines()
                    self.assertIn(len(lines), SCREEN)
                    self.assertLessEqual(max(map(len, lines)), 100)
                    self.assertTrue(lines[0].startswith("usage: logsmonitor2000"))

    def test_the_first_screen_names_the_verbs(self) -> None:
        out = in_process("--help")[1]
        for verb in VERBS:
            self.assertIn(f"\n  {verb.name:12}{verb.help}\n", out)

    def test_every_option_of_the_settings_can_be_given_to_watch(self) -> None:
        out = in_process("watch", "-h")[1]
        for name in options():
            self.assertIn(f"--{name}", out)

    def test_version(self) -> None:
        for arguments in (["-V"], ["--version"], ["cat", "--version"]):
            self.assertEqual(in_process(*arguments), (0, f"LogsMonitor2000 {VERSION}\n", ""))

    def test_arguments_as_data(self) -> None:
        for verb in VERBS:
            parser = verb.parser()
            names = [name for argument in parser.arguments for name in argument.names]
            with self.subTest(verb=verb.name):
                self.assertEqual(len(names), len(set(names)))
                self.assertTrue({"-h", "--help", "-V", "--version"} <= set(names))
                self.assertTrue(all(argument.help for argument in parser.arguments))
                self.assertTrue(all(argument.metavar for argument in parser.arguments if not argument.names))

    def test_a_verb_says_which_of_its_arguments_is_missing(self) -> None:
        for arguments, message in ((["explain"], "TIME"), (["test"], "RULES_TEST")):
            status, _, errors = in_process(*arguments)
            self.assertEqual(status, 2)
            self.assertIn(
                f"the following arguments are required: {message} (see logsmonitor2000 {arguments[0]} --help)", errors
            )

    def test_an_option_of_another_verb(self) -> None:
        status, _, errors = in_process("backtest", os.devnull, "--follow")
        self.assertEqual(status, 2)
        self.assertIn("unknown option --follow (see logsmonitor2000 backtest --help)", errors)
        self.assertIn("unexpected argument 'two'", in_process("check", "one", "two")[2])


if __name__ == "__main__":
    unittest.main()
