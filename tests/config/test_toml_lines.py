"""On which line a key of a TOML file stands, whatever strings, comments and brackets are around it."""

from __future__ import annotations

import random
import tomllib
from typing import Any
import unittest

from LogsMonitor2000.config.toml_lines import Path, lines_of

from ..support import SCALE

WHOLE = '''# [not] a = table
top = 3 # x = 1
a.b = """
x = 1
\\""" # no end
""" # y
[t] # h
k = [1, # [
  "]", { z = 2, "q.r" = '}' },
]
 [t."u v".w]
 e = 2026-01-01 00:00:00
[[alert]]
name = "x"
where = {status = ["5xx", "!}"], path='#'}
[alert.of]
status = 4
[[alert]]
 [[alert.sub]]
 e = \'\'\'
[[alert]]\'\'\'
 [[alert.sub]]
 "\\u0065\\n" = 2'''


def paths_in(value: Any, path: Path = ()) -> list[Path]:
    """The paths of all that TOML made of a text."""
    found = [path] if path else []
    if isinstance(value, dict):
        found += [each for key, inner in value.items() for each in paths_in(inner, (*path, key))]
    elif isinstance(value, list):
        found += [each for number, inner in enumerate(value) for each in paths_in(inner, (*path, number))]
    return found


class Lines(unittest.TestCase):
    def test_each_kind_of_key(self) -> None:
        lines = lines_of(WHOLE)
        for path, line in (
            (("top",), 2),
            (("a", "b"), 3),
            (("t",), 7),
            (("t", "k"), 8),
            (("t", "k", 1), 9),
            (("t", "k", 2, "q.r"), 9),
            (("t", "u v", "w"), 11),
            (("t", "u v", "w", "e"), 12),
            (("alert", 0), 13),
            (("alert", 0, "where", "path"), 15),
            (("alert", 0, "of"), 16),
            (("alert", 0, "of", "status"), 17),
            (("alert", 1), 18),
            (("alert", 1, "sub", 0, "e"), 20),
            (("alert", 1, "sub", 1), 22),
            (("alert", 1, "sub", 1, "e\n"), 23),
        ):
            with self.subTest(path=path):
                self.assertEqual(lines[path], line)
        self.assertEqual(set(lines), set(paths_in(tomllib.loads(WHOLE))))

    def test_random_files_have_a_line_for_all_that_is_in_them(self) -> None:
        draw = random.Random(4)
        for _ in range(200 * SCALE):
            text, expected = made(draw)
            with self.subTest(text=text):
                lines = lines_of(text)
                self.assertEqual(set(lines), set(paths_in(tomllib.loads(text))))
                self.assertEqual({path: lines[path] for path in expected}, expected)

    def test_what_is_not_toml_ends(self) -> None:
        for text in ("[", "[[", "a", "a =", "a = [", "a = {", 'a = "', "=", "]", "a = [1 2", "a = {b", "[a]]\n}", "\x00" * 9):
            with self.subTest(text=text):
                lines_of(text)


def made(draw: random.Random) -> tuple[str, dict[Path, int]]:
    """A random TOML text, and on which line each of its keys stands."""
    lines: list[str] = []
    expected: dict[Path, int] = {}
    used: dict[str, int] = {}

    def value(depth: int = 0) -> str:
        kind = draw.randrange(9 if depth < 3 else 6)
        if kind == 6:
            return "[" + ", ".join(value(depth + 1) for _ in range(draw.randrange(3))) + "]"
        if kind == 7:
            return "[ # [\n" + "".join(f"  {value(depth + 1)}, # ]\n" for _ in range(draw.randrange(3))) + "]"
        if kind == 8:
            return "{" + ", ".join(f"i{n} = {value(depth + 9)}" for n in range(draw.randrange(3))) + "}"
        return ("1", "true", "'#[ \" '", '"]} \\" \\\\"', '"""\na = 1\n""\\"" """', "'''\n[x]\n'' '''")[kind]

    def pairs(path: Path) -> None:
        for number in range(draw.randrange(4)):
            key = draw.choice((f"k{number}", f'"k {number}"', f"'k.{number}'"))
            lines.append(f"{' ' * draw.randrange(3)}{key} = {value()}{draw.choice(('', ' # x', '  '))}")
            expected[(*path, key.strip("\"'"))] = "\n".join(lines[:-1]).count("\n") + 2 if len(lines) > 1 else 1
            lines.extend([""] * draw.randrange(2))

    pairs(())
    for _ in range(draw.randrange(4)):
        name = draw.choice(("alert", "mute"))
        lines.append(f"[[{name}]]")
        used[name] = used.get(name, 0) + 1
        expected[(name, used[name] - 1)] = "\n".join(lines[:-1]).count("\n") + 2 if len(lines) > 1 else 1
        pairs((name, used[name] - 1))
    return "\n".join(lines), expected


if __name__ == "__main__":
    unittest.main()
