"""Imports go one way: each room uses only what stands before it, and no module leads back to itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
import os
import unittest

from .running import ROOT

PACKAGE = "LogsMonitor2000"

ROOMS = (
    *("errors", "limits", "version", "text", "event", "serialize"),  # the contracts, which everything may use
    *("runtime", "config", "source", "parse", "analyze", "alert", "action", "deliver", "web", "dashboard", "state", "pipeline"),
    *("generate", "report", "broker", "cluster", "fleet"),  # on top of the path of a line
    *("testing", "command"),
    *("__init__", "__main__"),  # the front door
)
"""All rooms; each may import from those before it."""

EXTRAS = frozenset({"broker", "cluster", "fleet"})
"""Rooms on foreign engines: only the command line imports them, when it is asked to."""

EXCEPTIONS: frozenset[tuple[str, str]] = frozenset()
"""Imports that go against the order and are still to be mended. Never add one."""

CIRCLES: frozenset[tuple[str, str]] = frozenset()
"""Imports that close a circle and are still to be mended. Never add one."""


REACHED: dict[str, set[str]] = {
    "parse/values/test_timestamps.py": {"_minutes"},
    "source/test_base.py": {"_framer", "_line_bytes_max"},
    "source/test_decompress.py": {"_codec"},
    "source/test_file.py": {"_file", "_framer", "_line_bytes_max"},
    "source/test_pipe.py": {"_descriptor"},
}
"""Private names that tests still reach into, by file. Never add one: where a test must see inside, give the class a `stats()`."""

PUBLIC = frozenset({"_replace", "_asdict", "_fields", "_field_defaults", "_make", "_exit"})
"""Names of the standard library that are public in spite of how they are spelled."""


def tests() -> Iterator[str]:
    for directory, _, names in os.walk(os.path.join(ROOT, "tests")):
        yield from (os.path.join(directory, name) for name in names if name.endswith(".py"))


def private_names(tree: ast.AST) -> Iterator[str]:
    """The private names of something else than `self`, `cls` and `super()` that a module uses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            of = node.value.func if isinstance(node.value, ast.Call) else node.value
            if not (isinstance(of, ast.Name) and of.id in ("self", "cls", "super")):
                yield node.attr


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC


def modules() -> dict[str, str]:
    """The path of each module, by its name within the package."""
    found = {}
    top = os.path.join(ROOT, PACKAGE)
    for directory, _, names in os.walk(top):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(directory, name)
                found[os.path.relpath(path, top)[:-3].replace(os.sep, ".").removesuffix(".__init__") or "__init__"] = path
    return found


def imported(name: str, path: str, known: dict[str, str]) -> Iterator[str]:
    """The modules of the package that the module `name` imports, wherever in it, but for type checking."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    is_package = path.endswith("__init__.py")
    base = [PACKAGE, *([] if name == "__init__" else name.split("."))]
    for node in at_run_time(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = base[: len(base) - node.level + (is_package and name != "__init__")] if node.level else []
            if node.level and name == "__init__":
                parts = [PACKAGE]
            module = ".".join([*parts, *(node.module.split(".") if node.module else [])])
            targets = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        for target in targets:
            first, _, rest = target.partition(".")
            if first != PACKAGE:
                continue
            while rest and rest not in known:  # a name in the module, not a module
                rest = rest.rpartition(".")[0]
            yield rest or "__init__"


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree but those for type checking only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            children: list[ast.AST] = list(child.orelse)
        else:
            children = [child]
        for each in children:
            yield each
            yield from at_run_time(each)


def room_of(module: str) -> str:
    return module.partition(".")[0]


class Rooms(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        known = cls.known = modules()
        cls.imports = {name: set(imported(name, path, known)) for name, path in known.items()}

    known: dict[str, str]
    imports: dict[str, set[str]]

    def test_every_room_is_in_the_table(self) -> None:
        self.assertEqual({room_of(name) for name in self.known} - set(ROOMS), set())

    def test_imports_go_one_way(self) -> None:
        wrong = {
            (name, target)
            for name, targets in self.imports.items()
            for target in targets
            if room_of(target) != room_of(name) and ROOMS.index(room_of(target)) > ROOMS.index(room_of(name))
        }
        self.assertEqual(wrong - EXCEPTIONS, set())
        self.assertEqual(EXCEPTIONS - wrong, set(), "mended: strike these off the exceptions")

    def test_only_the_command_line_imports_extras(self) -> None:
        wrong = {
            (name, target)
            for name, targets in self.imports.items()
            for target in targets
            if room_of(target) in EXTRAS and room_of(name) not in (room_of(target), "command")
        }
        self.assertEqual(wrong, set())

    def test_no_module_leads_back_to_itself(self) -> None:
        graph = {
            name: {target for target in targets if target != name and (name, target) not in EXCEPTIONS | CIRCLES}
            for name, targets in self.imports.items()
        }
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            self.fail(f"a circle of imports: {' <- '.join(error.args[1])}")

    def test_it_sees_imports_inside_functions_and_of_packages(self) -> None:
        self.assertIn("state.journal", self.imports["pipeline.wiring"])
        self.assertIn("pipeline.monitor", self.imports["__init__"])
        self.assertNotIn("state.journal", self.imports["pipeline.monitor"], "for type checking only")
        self.assertTrue(sum(map(len, self.imports.values())) > 300)

    def test_tests_reach_into_no_private_name_of_another_module(self) -> None:
        for path in tests():
            with open(path, encoding="utf-8") as file:
                reached = set(private_names(ast.parse(file.read())))
            name = os.path.relpath(path, os.path.join(ROOT, "tests"))
            with self.subTest(name):
                self.assertEqual(reached - REACHED.get(name, set()), set())


if __name__ == "__main__":
    unittest.main()
