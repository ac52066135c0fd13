"""`check CONFIG`: what a run with this configuration would trip over, or what it means."""

from __future__ import annotations

from argparse import Namespace

from ..config.toml_file import read_config
from ..pipeline.checking import check as find_problems
from ..pipeline.configuration import described, has_tests, load, load_tests
from .arguments import ALERTS, add_help, add_options, given_values
from .messages import warn
from .parser import Parser

USAGE = "[CONFIG] [options]"
EPILOG = """\
CONFIG is a configuration, or a file of rule tests. Everything is built as for a run, short of opening
logs and sockets, and all that is wrong is reported, with file and line. Exit status: 0 if nothing is,
2 otherwise."""


def configure(parser: Parser) -> None:
    group = parser.group("what is checked")
    group.add("config", nargs="?", metavar="CONFIG", help="a configuration or a file of rule tests", completes="file")
    add_options(group, (*ALERTS, "timezone"))
    add_help(parser.group("other"))


def run(options: Namespace) -> int:
    path, given = vars(options).get("config"), given_values(options)
    if path is not None and has_tests(read_config(path)):
        loaded = load_tests(given, path)
    else:
        loaded = load(given, path)
    find_problems(loaded)
    for warning in loaded.warnings:
        warn(warning)
    print("\n".join([f"{path or 'the command line'}: configuration OK", *described(loaded)]))
    return 0
