"""A parser of arguments: `argparse`, made to fit this command.

An error is a `UsageError` that says what was probably meant, options may be spelled with hyphens or underscores, help fits on one
screen, and the arguments are listed as data (`arguments`), from which completion, the man page and tests are made.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import re
from typing import Any, NamedTuple, NoReturn

from ..config.option import AUTO, Kind, Option, Text, closest, shown
from ..errors import UsageError

WIDTH = 100
OPTION_COLUMNS = 36

_LITERAL = "\0"
"""Marks what stands after `--`, which is not an option whatever it begins with. No argument can hold it."""


class Argument(NamedTuple):
    """An argument as data: its spellings (none if it is positional), what its value is called (nothing for a flag), and its help.

    `choices` are the words its value can be, `completes` is `file`, `directory` or nothing.
    """

    names: tuple[str, ...]
    metavar: str
    help: str
    choices: tuple[str, ...] = ()
    completes: str = ""


class Shown(Exception):
    """Some text was asked for instead of work, help for example."""


class Parser(argparse.ArgumentParser):
    """Parses the arguments of one verb. What was not given is not in the namespace."""

    def __init__(self, prog: str, usage: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            usage=f"{prog} {usage}",
            description=description,
            epilog=epilog or None,
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(
                prog, max_help_position=OPTION_COLUMNS, width=WIDTH
            ),
            allow_abbrev=False,
            add_help=False,
            argument_default=argparse.SUPPRESS,
        )
        self.arguments: list[Argument] = []

    def group(self, title: str) -> Group:
        """A new group of arguments, in the order of help."""
        return Group(self, self.add_argument_group(title))

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """What the arguments say; a `UsageError` for what makes no sense, `Shown` where only text was asked for."""
        given = list(arguments)
        end = given.index("--") if "--" in given else len(given)
        options = list(map(_with_underscores, given[:end]))
        namespace, unknown = self.parse_known_intermixed_args([*options, *(_LITERAL + file for file in given[end + 1 :])])
        if unknown:
            self.error(self._unexpected(unknown[0]))
        for name, value in vars(namespace).items():
            setattr(namespace, name, _plain(value))
        return namespace

    def _unexpected(self, argument: str) -> str:
        name = argument.partition("=")[0]
        if not name.startswith("-"):
            return f"unexpected argument {argument.removeprefix(_LITERAL)!r}"
        names = [each.lstrip("-") for known in self.arguments for each in known.names]
        close = closest(name.lstrip("-"), names)
        return f"unknown option {name}" + (f"; did you mean --{close}?" if close is not None else "")

    def format_help(self) -> str:
        from textwrap import fill  # here, because start-up counts

        self.epilog = fill(self.epilog, WIDTH) if self.epilog else None
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        problem = re.sub(r"^argument (\S+?): (?=must )", r"\1 ", message).removeprefix("argument ")
        raise UsageError(f"{problem} (see {self.prog} --help)")


class Group:
    """Some arguments under one title."""

    def __init__(self, parser: Parser, group: Any) -> None:
        self._parser = parser
        self._group = group

    def option(self, option: Option) -> None:
        """Add an option of the settings."""
        names = [f"-{option.short}"] if option.short else []
        self.add(*names, f"--{option.name}", kind=option.kind, help=_with_default(option))

    def add(
        self,
        *names: str,
        kind: Kind | None = None,
        help: str = "",
        completes: str = "",
        choices: Sequence[str] = (),
        **more: Any,
    ) -> None:
        """Add an argument: of `kind` where it has one, otherwise as `argparse` takes it.

        `completes` and `choices` are what a shell offers for its value; a kind offers its own.
        """
        if kind is not None and (kind.metavar or kind.choices):
            more["type"] = _checked(kind)
            more.setdefault("action", "append" if kind.is_list else "store")
            more["metavar"] = kind.metavar or "|".join(kind.choices)
            choices = choices or kind.choices
            completes = completes or kind.completes if isinstance(kind, Text) else ""
        elif kind is not None:
            more["action"] = "store_true"
        added = self._group.add_argument(*names, help=help.replace("%", "%%"), **more)
        metavar = "" if added.nargs == 0 else str(added.metavar or added.dest)
        self._parser.arguments.append(Argument(tuple(added.option_strings), metavar, help, tuple(choices), completes))


class Show(argparse.Action):
    """An option that shows `text`, or help, and nothing else."""

    def __init__(self, option_strings: Sequence[str], dest: str, text: str = "", **more: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **more)
        self._text = text

    def __call__(self, parser: argparse.ArgumentParser, *given: object) -> NoReturn:
        raise Shown(self._text or parser.format_help().rstrip("\n"))


def _checked(kind: Kind) -> Any:
    def parse(text: str) -> Any:
        try:
            return kind.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse


def _with_default(option: Option) -> str:
    """Its help, with the default where that says something."""
    if not option.default or isinstance(option.default, tuple) or option.default == AUTO:
        return option.help
    return f"{option.help} ({shown(option.default) if isinstance(option.default, float) else option.default})"


def _with_underscores(argument: str) -> str:
    name, equals, value = argument.partition("=")
    return "--" + name[2:].replace("-", "_") + equals + value if name.startswith("--") else argument


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.removeprefix(_LITERAL) if isinstance(value, str) else value
