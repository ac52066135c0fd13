"""Imports inside the room go one way: parsers know neither format drift nor envelopes, which `choose` alone gives them."""

from __future__ import annotations

import ast
from pathlib import Path
import subprocess
import sys
import unittest

import LogsMonitor2000.parse

ROOM = Path(LogsMonitor2000.parse.__path__[0])
ORDER = (
    ("regex",),
    ("values",),
    ("columns",),
    ("base",),
    ("blocks",),
    ("lines", "records"),
    ("client", "envelopes", "registry"),
    ("alternatives",),
    ("advice", "drift", "plausibility"),
    ("detect",),
    ("choose", "explain"),
)
"""Each may import those before it, and those beside it only within its own folder."""


def imported(path: Path) -> set[str]:
    """The modules and folders of the room that the module at `path` imports, also those imported when needed."""
    package = ("LogsMonitor2000", "parse", *path.relative_to(ROOM).parts)[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            module = (*package[: len(package) - node.level + 1], *(node.module or "").split("."))
            if module[:2] == ("LogsMonitor2000", "parse"):
                found.add(module[2])
    return found


class Imports(unittest.TestCase):
    def test_they_go_one_way(self) -> None:
        rank = {name: number for number, names in enumerate(ORDER) for name in names}
        for path in sorted(ROOM.rglob("*.py")):
            own = path.relative_to(ROOM).parts[0].removesuffix(".py")
            if own != "__init__":
                for other in imported(path) - {own}:
                    with self.subTest(path.relative_to(ROOM), imports=other):
                        self.assertLess(rank[other], rank[own])

    def test_modules_are_not_long(self) -> None:
        for path in sorted(ROOM.rglob("*.py")):
            with self.subTest(path.relative_to(ROOM)):
                self.assertLessEqual(len(path.read_text().splitlines()), 350)

    def test_what_few_logs_need_is_imported_when_needed(self) -> None:
        code = (
            "import sys; from LogsMonitor2000.parse.choose import Choice;"
            "from LogsMonitor2000.parse.registry import LINES;"
            "Choice().choose('x', [LINES[2].example + b'\\n']).bind(['status'], frozenset());"
            "print([name for name in sys.modules if 'records' in name or 'alternatives' in name or 'w3c' in name or name == 'json'])"
        )
        done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, cwd=ROOM.parent.parent)
        self.assertEqual((done.stdout, done.stderr), ("[]\n", ""))


if __name__ == "__main__":
    unittest.main()
