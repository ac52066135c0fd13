"""Files of settings: what is read from them, and how what is wrong with one is told."""

from __future__ import annotations

import os
import unittest
from unittest import mock

from LogsMonitor2000.config.table import ConfigError, Table, parse_config, read_config
from LogsMonitor2000.errors import InputError

from ..support import TemporaryFiles


def table(text: str) -> Table:
    return parse_config(text.encode(), "monitor.toml")


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
            ("top = 'x'", lambda t: t.whole("top"), "monitor.toml: top must be a whole number, not 'x'"),
            ("top = true", lambda t: t.number("top"), "monitor.toml: top must be a number, not True"),
            ("top = 0", lambda t: t.whole("top", least=1), "monitor.toml: top must be at least 1, not 0"),
            ("top = 9", lambda t: t.number("top", most=8), "monitor.toml: top must be at most 8, not 9"),
            ("top = nan", lambda t: t.number("top"), "monitor.toml: top must be a finite number, not nan"),
            ("", lambda t: t.text("name"), "monitor.toml: name is missing"),
            ("kind = 'x'", lambda t: t.text("kind", choices=("a", "b")), "monitor.toml: kind must be one of a, b, not 'x'"),
            ("for = '5 fortnights'", lambda t: t.seconds("for"), "monitor.toml: for must be seconds, or a text like '30s'"),
            ("for = 0.5", lambda t: t.whole_seconds("for"), "monitor.toml: for must be whole seconds, not 0.5"),
            ("by = [1]", lambda t: t.texts("by"), "monitor.toml: by must be a text or a list of texts"),
            ("alert = 1", lambda t: t.tables("alert"), "monitor.toml: alert must be written as [[alert]]"),
            ("alert = [1]", lambda t: t.tables("alert"), "monitor.toml: alert must be written as [[alert]]"),
            ("of = 1", lambda t: t.table("of"), "monitor.toml: of must be a table, not 1"),
        ):
            with self.subTest(text=text), self.assertRaises(ConfigError) as caught:
                ask(table(text))
            self.assertIn(message, str(caught.exception))

    def test_unknown_keys_are_refused_with_those_that_are_known(self) -> None:
        read = table("[[alert]]\nname = 'errors'\nabvoe = 3").tables("alert")[0]
        read.text("name")
        read.number("above", None)
        with self.assertRaises(ConfigError) as caught:
            read.finish()
        self.assertEqual(
            str(caught.exception),
            "monitor.toml: alert 'errors': abvoe is not known; did you mean above? allowed are above, name",
        )

    def test_tables_are_named_by_name_type_or_place(self) -> None:
        read = table("[[action]]\nname = 'a'\n[[action]]\ntype = 'b'\n[[action]]\n")
        wheres = [each.where for each in read.tables("action")]
        self.assertEqual(wheres, ["monitor.toml: action 'a'", "monitor.toml: action 'b'", "monitor.toml: action 3"])

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

    def test_secrets_are_refused_in_the_file_and_where_they_are_missing(self) -> None:
        for text, message in (
            ('token = "s3cret"', "is a secret and must not stand here: give token_file or token_env"),
            ('token_file = "/nowhere/x"', "token_file cannot be read"),
            ('token_env = "NOT_SET_AT_ALL"', "token_env names the variable NOT_SET_AT_ALL, which is not set"),
            ('token_env = "EMPTY"', "token_env names the variable EMPTY, which is empty"),
            ('token_env = "A"\ntoken_file = "b"', "cannot both be given"),
            ("", "token_file or token_env is missing"),
        ):
            with (
                self.subTest(text=text),
                mock.patch.dict(os.environ, {"EMPTY": " "}),
                self.assertRaises(ConfigError) as caught,
            ):
                table(text).secret("token")
            self.assertIn(message, str(caught.exception))
            self.assertNotIn("s3cret", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
