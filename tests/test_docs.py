"""The examples of the README and of every page of `docs/` do what they say."""

from __future__ import annotations

from contextlib import redirect_stdout
import io
from pathlib import Path
import re
import subprocess
import sys
import tempfile
import unittest

from LogsMonitor2000.config.settings import options

from .running import environment

ROOT = Path(__file__).resolve().parent.parent
PAGES = {page.name: page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
DOCS = "\n".join(PAGES.values())
PYTHON = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)

TOML = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
CONSOLE = re.findall(r"```\n\$ python -m LogsMonitor2000 ([^\n]*)\n(.*?)```", DOCS, re.DOTALL)
DIFFERENCE = re.findall(r"```\n(FAILED .*?)```", DOCS, re.DOTALL)

COMBINED = '10.0.0.{} - - [10/Oct/2000:13:{:02d}:{:02d} +0000] "GET /api/x HTTP/1.1" 200 5 "-" "curl"\n'


class Docs(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_library_example_prints_transitions(self) -> None:
        example = next(code for code in PYTHON if "open_log" in code)
        log = self.folder / "access.log"
        lines = [COMBINED.format(client, 0, second) for second in range(60) for client in range(6)]
        lines.append(COMBINED.format(1, 5, 0))
        log.write_text("".join(lines))
        out = io.StringIO()
        with redirect_stdout(out):
            exec(example.replace("access.log", str(log)), {})  # the page's own text
        self.assertEqual(
            [line.split()[0] for line in out.getvalue().splitlines()],
            ["firing", "resolved"],
        )

    def test_extensions_run_from_the_command_line(self) -> None:
        classes = [code for code in PYTHON if re.search(r"^class \w+(Parser|Calculator|File)\(", code, re.MULTILINE)]
        self.assertEqual(len(classes), 3)
        for code in classes:
            self.assertLessEqual(len(code.splitlines()), 36)
        (self.folder / "mine.py").write_text("\n".join(classes))
        (self.folder / "app.log").write_text(
            "".join(f"{1549573860 + n // 20} 10.0.0.1 /api/user {200 + n % 2 * 300}\n" for n in range(2400)) + "bad\n"
        )
        command = re.search(r"python -m LogsMonitor2000 (app\.log .*)", DOCS)
        assert command is not None
        done = subprocess.run(
            [sys.executable, "-m", "LogsMonitor2000", *command[1].split(), "--output", "json"],
            cwd=self.folder,
            env=environment(PYTHONPATH=str(self.folder)),
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('{"event":"ErrorShare","time":1549573860,"share":0.5}', done.stdout)
        self.assertIn('"events":2400,"malformed":1', done.stdout)
        self.assertIn('"sections":[["/api",200]]', done.stdout)
        self.assertIn("1 words instead of 4", done.stderr)
        self.assertEqual((self.folder / "alert.txt").read_text(), "firing since 1549573920\n")

    def test_the_report_of_ones_own_runs(self) -> None:
        (code,) = [code for code in PYTHON if "MeasuredReport" in code]
        self.assertLessEqual(len(code.splitlines()), 30)
        (self.folder / "mine.py").write_text(code)
        (self.folder / "access.log").write_text(
            "".join(COMBINED.format(n % 3, 0, n).replace(" 200 5", f" {500 if n % 3 == 1 else 200} 5") for n in range(9))
        )
        done = subprocess.run(
            [sys.executable, "-m", "LogsMonitor2000", "report", "access.log", "--kind", "mine:Clients"],
            cwd=self.folder,
            env=environment(PYTHONPATH=str(self.folder)),
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual((done.returncode, done.stdout), (0, "10.0.0.1 3 of 3\n"), done.stderr)

    def run_command(self, *arguments: str, cwd: Path | None = None) -> str:
        """What the command says in the folder, on either stream."""
        done = subprocess.run(
            [sys.executable, "-m", "LogsMonitor2000", *arguments],
            cwd=cwd or self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        return done.stdout

    def test_alert_rules_and_their_tests_say_what_it_shows(self) -> None:
        (config,) = [text for text in TOML if "[[mute]]\n" in text]
        (tests,) = [text for text in TOML if "[[test]]" in text]
        (difference,) = DIFFERENCE
        (self.folder / "monitor.toml").write_text(config, encoding="utf-8")
        (self.folder / "rules_test.toml").write_text(tests, encoding="utf-8")
        shown = [(command, text) for command, text in CONSOLE if "monitor.toml" in command or "rules_test.toml" in command]
        self.assertEqual(len(shown), 2)
        for command, text in shown:
            with self.subTest(command):
                self.assertEqual(self.run_command(*command.split()), text)
        (self.folder / "rules_test.toml").write_text(tests.replace("+96s", "+90s"), encoding="utf-8")
        self.assertEqual(self.run_command("test", "rules_test.toml")[: len(difference)], difference)

    def test_the_screen_of_the_readme_is_what_the_command_shows(self) -> None:
        ((command, shown),) = [found for found in CONSOLE if "examples/access.log --timezone" in found[0]]
        lines = iter(self.run_command(*command.split(), cwd=ROOT).splitlines())
        for line in shown.splitlines():
            if line != "…":
                self.assertIn(line, lines)  # of an iterator: in this order

    def test_links_between_pages_lead_somewhere(self) -> None:
        for name, text in PAGES.items():
            folder = ROOT if name == "README.md" else ROOT / "docs"
            for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)", text):
                with self.subTest(page=name, link=target + anchor):
                    linked = folder / target if target else folder / name
                    self.assertTrue(linked.exists())
                    if anchor:
                        titles = re.findall(r"(?m)^#+ (.*)$", linked.read_text(encoding="utf-8"))
                        self.assertIn(
                            anchor, ["#" + re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
                        )

    def test_every_option_of_the_table_exists_with_its_default(self) -> None:
        rows = [re.split(r"(?<!\\)\|", row)[1:3] for row in PAGES["options.md"].splitlines() if row.startswith("| `--")]
        self.assertGreater(len(rows), 12)
        defaults = {name: option.default for name, option in options().items()} | {"config": None}
        for names, default in rows:
            for name in re.findall(r"--(\w+)", names):
                with self.subTest(option=name):
                    self.assertIn(name, defaults)
                    stated = default.strip().strip("`").split(",")[0]
                    if stated and name != "max_skew":
                        self.assertEqual(str("auto" if defaults[name] is None else defaults[name]).removesuffix(".0"), stated)


if __name__ == "__main__":
    unittest.main()
