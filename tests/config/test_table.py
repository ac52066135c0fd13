"""Files of settings: what is read from them, and how what is wrong with one is told."""

from __future__ import annotations

import os
import re
import unittest
from unittest import mock

from LogsMonitor2000.config.problems import ConfigError, Errors
from LogsMonitor2000.config.table import Table, read_each
from LogsMonitor2000.config.toml_file import parse_config, read_config
from LogsMonitor2000.errors import InputError

from ..support import TemporaryFiles


def table(text: str) -> Table:
    return parse_config(text.encode(), "monitor.toml")


class Hostile(unittest.TestCase):
    def test_a_key_of_very_many_parts_is_refused_before_it_takes_long(self) -> None:
        for key in (".".join(["a"] * 200_000), " . ".join(['"a"'] * 50_000)):
            for text in (f"x = 1\n{key} = 1", f"x = 1\n[{key}]", f"x = 1\ny = {{{key} = 1}}"):
                with self.subTest(text[:20]), self.assertRaises(ConfigError) as caught:
                    table(text)
                self.assertEqual(str(caught.exception), "monitor.toml:2: a key of more than 32 parts")
        self.assertEqual(table("a.b.c.d = 1\n[e.f]\ng = '" + "a." * 99 + "'").table("e").table("f").text("g"), "a." * 99)


class Reading(unittest.TestCase):
    def test_values_are_handed_out_by_kind(self) -> None:
        read = table('name = "a"\ntop = 3\nabove = 0.5\nfor = "5m"\ndry = true\nby = "section"\nof = {status = "5xx"}')
        self.assertEqual(read.text("name"), "a")
        self.assertEqual(read.whole("top"), 3)
        self.assertEqual(read.number("above"), 0.5)
        self.assertEqual(read.whole_seconds("for"), 300)
        self.assertIs(read.flag("dry"), True)
        self.assertEqual(read.texts("by"), ("section",))
        self.assertEqual(read.table("of").text("status"), "5xx")
        self.assertEqual(read.seconds("keep", 7), 7)
        self.assertIsNone(read.text("missing", None))
        read.finish()

    def test_seconds_take_units(self) -> None:
        for text, seconds in (
            ("500ms", 0.5),
            ("30s", 30),
            ("5m", 300),
            ("5min", 300),
            ("4h", 14_400),
            ("1d", 86_400),
            ("9", 9),
        ):
            with self.subTest(text=text):
                self.assertEqual(table(f'for = "{text}"').seconds("for"), seconds)

    def test_what_is_wrong_names_file_key_and_what_is_allowed(self) -> None:
        for text, ask, message in (
            ("top = 'x'", lambda t: t.whole("top"), "monitor.toml:1: top must be a whole number, not 'x'"),
            ("top = true", lambda t: t.number("top"), "monitor.toml:1: top must be a number, not True"),
            ("top = 0", lambda t: t.whole("top", least=1), "monitor.toml:1: top must be at least 1, not 0"),
            ("top = 9", lambda t: t.number("top", most=8), "monitor.toml:1: top must be at most 8, not 9"),
            ("top = nan", lambda t: t.number("top"), "monitor.toml:1: top must be a finite number, not nan"),
            ("", lambda t: t.text("name"), "monitor.toml: name is missing"),
            ("kind = 'x'", lambda t: t.text("kind", choices=("a", "b")), "monitor.toml:1: kind must be a or b, not 'x'"),
            (
                "for = '5 fortnights'",
                lambda t: t.seconds("for"),
                "monitor.toml:1: for must be seconds, or a duration like 90s, 5m or 2h, not '5 fortnights'",
            ),
            ("for = 0.5", lambda t: t.whole_seconds("for"), "monitor.toml:1: for must be whole seconds, not 0.5"),
            ("by = [1]", lambda t: t.texts("by"), "monitor.toml:1: by must be a string or a list of strings, not [1]"),
            ("alert = 1", lambda t: t.tables("alert"), "monitor.toml:1: alert must be written as [[alert]]"),
            ("alert = [1]", lambda t: t.tables("alert"), "monitor.toml:1: alert must be written as [[alert]]"),
            ("of = 1", lambda t: t.table("of"), "monitor.toml:1: of must be a table, not 1"),
        ):
            with self.subTest(text=text), self.assertRaises(ConfigError) as caught:
                read = table(text)
                ask(read)
                read.finish()
            self.assertIn(message, str(caught.exception))

    def test_unknown_keys_are_refused_with_those_that_are_known(self) -> None:
        read = table("[[alert]]\nname = 'errors'\nabvoe = 3").tables("alert")[0]
        read.text("name")
        read.number("above", None)
        with self.assertRaises(ConfigError) as caught:
            read.finish()
        self.assertEqual(
            str(caught.exception),
            "monitor.toml:3: alert 'errors': unknown key 'abvoe'; did you mean above?",
        )

    def test_all_that_is_wrong_is_told_at_once_unknown_keys_first(self) -> None:
        read = table("[[alert]]\nname = 'errors'\nabvoe = 3\nwindow = 'x'\n[alert.where]\nstauts = 5").tables("alert")[0]
        read.text("name")
        read.text("measure")
        read.number("above")
        self.assertEqual((read.seconds("window", 60), read.seconds("for", least=2)), (60, 2), "stand-ins")
        where = read.table("where")
        where.text("status", None)
        with self.assertRaises(ConfigError) as caught:
            where.finish()
        self.assertEqual(
            caught.exception.messages[0][:70], "monitor.toml:6: alert 'errors': where: unknown key 'stauts'; did you m"
        )
        with self.assertRaises(ConfigError) as caught:
            read.finish()
        self.assertEqual(
            caught.exception.messages,
            (
                "monitor.toml:3: alert 'errors': unknown key 'abvoe'; did you mean above?",
                "monitor.toml:1: alert 'errors': measure is missing",
                "monitor.toml:4: alert 'errors': window must be seconds, or a duration like 90s, 5m or 2h, not 'x'",
                "monitor.toml:1: alert 'errors': for is missing",
            ),
        )
        self.assertEqual(str(caught.exception).split("\n"), list(caught.exception.messages))

    def test_the_first_problem_of_a_key_is_the_one_that_counts(self) -> None:
        read = table("top = 0\nmore = 1")
        read.whole("top", least=1)
        read.report("top", "must be odd")
        error = read.error("more", "must be less")
        self.assertEqual(error.messages, ("monitor.toml:1: top must be at least 1, not 0", "monitor.toml:2: more must be less"))
        with self.assertRaises(ConfigError):
            read.check()

    def test_errors_of_several_tables_are_one_error(self) -> None:
        def read(each: Table) -> str:
            name = each.text("name")
            each.finish()
            return str(name)

        self.assertEqual(read_each(table("[[a]]\nname='x'\n[[a]]\nname='y'").tables("a"), read), ["x", "y"])
        with self.assertRaises(ConfigError) as caught:
            read_each(table("[[a]]\nname=1\n[[a]]\nname='y'\n[[a]]\nnmae='z'").tables("a"), read)
        self.assertEqual(
            [message.split(": ", 2)[0] for message in caught.exception.messages],
            ["monitor.toml:2", "monitor.toml:6"],
        )
        with self.assertRaises(InputError), Errors():
            raise InputError("another kind")

    def test_to_look_for_a_key_is_not_to_ask_for_it(self) -> None:
        read = table("a = 1")
        self.assertIn("a", read)
        self.assertEqual(read.peek("a"), 1)
        with self.assertRaisesRegex(ConfigError, "unknown key 'a'"):
            read.finish()
        read.knows("a")
        read.finish()

    def test_texts_by_a_pattern(self) -> None:
        read = table("a = 'ok'\nb = 'not ok'")
        pattern = re.compile(r"[a-z]+")
        self.assertEqual(read.text("a", pattern=pattern, must="be letters"), "ok")
        read.text("b", pattern=pattern, must="be letters")
        with self.assertRaisesRegex(ConfigError, "b must be letters, not 'not ok'"):
            read.finish()

    def test_tables_are_named_by_name_type_or_place(self) -> None:
        read = table("[[action]]\nname = 'a'\n[[action]]\ntype = 'b'\n[[action]]\n")
        wheres = [each.where for each in read.tables("action")]
        self.assertEqual(wheres, ["monitor.toml:1: action 'a'", "monitor.toml:3: action 'b'", "monitor.toml:5: action 3"])

    def test_what_is_no_toml_is_told(self) -> None:
        for text in (b"a = ", b"\xff", b"a = 1\na = 2", b"a = " + b"[" * 50_000):
            with self.subTest(text=text[:20]), self.assertRaises(ConfigError):
                parse_config(text, "monitor.toml")


class Files(TemporaryFiles):
    def test_file_is_read_and_paths_are_relative_to_it(self) -> None:
        read = read_config(self.path("monitor.toml", b'path = "alerts.jsonl"'))
        self.assertEqual(read.path("path"), os.path.join(self.directory, "alerts.jsonl"))

    def test_missing_and_huge_files_are_refused(self) -> None:
        with self.assertRaises(InputError):
            read_config(self.path("nowhere.toml"))
        with self.assertRaisesRegex(ConfigError, "larger than"):
            read_config(self.path("monitor.toml", b"#" * (1 << 21)))

    def test_secrets_come_from_a_file_or_the_environment(self) -> None:
        self.path("token", b"s3cret\n")
        path = self.path("monitor.toml", b'token_file = "token"')
        self.assertEqual(read_config(path).secret("token").reveal(), "s3cret")
        with mock.patch.dict(os.environ, {"TOKEN": "s4cret"}):
            self.assertEqual(table('token_env = "TOKEN"').secret("token").reveal(), "s4cret")
        self.assertIsNone(table("").secret("token", None))

    def test_what_every_user_can_read_or_change_is_warned_of(self) -> None:
        secret = self.path("token", b"s3cret")
        path = self.path("monitor.toml", b'token_file = "token"')
        for mode, config_mode, expected in (
            (0o600, 0o644, []),
            (0o640, 0o664, []),
            (0o644, 0o600, [f"{secret}: every user can read this secret; chmod o-r {secret}"]),
            (0o600, 0o666, [f"{path}: every user can change this configuration; chmod o-w {path}"]),
        ):
            os.chmod(secret, mode)
            os.chmod(path, config_mode)
            with self.subTest(mode=oct(mode), config_mode=oct(config_mode)):
                read = read_config(path)
                self.assertEqual(read.secret("token").reveal(), "s3cret")
                self.assertEqual(read.origin.warnings, expected)

    def test_secrets_are_refused_in_the_file_and_where_they_are_missing(self) -> None:
        for text, message in (
            ('token = "s3cret"', "is a secret and must not stand here: give token_file or token_env"),
            ('token_file = "/nowhere/x"', "token_file cannot be read"),
            ('token_env = "NOT_SET_AT_ALL"', "token_env names the variable NOT_SET_AT_ALL, which is not set"),
            ('token_env = "EMPTY"', "token_env names the variable EMPTY, which is empty"),
            ('token_env = "A"\ntoken_file = "b"', "cannot both be given"),
            ("", "token is missing: give token_file or token_env"),
        ):
            with (
                self.subTest(text=text),
                mock.patch.dict(os.environ, {"EMPTY": " "}),
                self.assertRaises(ConfigError) as caught,
            ):
                read = table(text)
                read.secret("token")
                read.finish()
            self.assertIn(message, str(caught.exception))
            self.assertNotIn("s3cret", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
