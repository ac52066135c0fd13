"""The terminal: what keys mean, and the real command on a pseudo-terminal, which it must leave as it found it."""

from __future__ import annotations

from collections.abc import Callable
import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
import unittest.mock

from LogsMonitor2000.dashboard.grid import Grid
from LogsMonitor2000.dashboard.tty import Tty, decoded_keys
from LogsMonitor2000.errors import UsageError

from ..logs import START, combined_line
from ..running import ROOT, SECONDS_MAX, command, environment

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


class Keys(unittest.TestCase):
    def test_names(self) -> None:
        for text, keys in (
            ("", []),
            ("jk", ["j", "k"]),
            ("\x1b[A\x1bOB\x1b[5~", ["up", "down", "pageup"]),
            ("\x1b", ["escape"]),
            ("\x1b\x1b[C", ["escape", "right"]),
            ("\r\n\t\x1b[Z\x7f\x08\x0c", ["enter", "enter", "tab", "backtab", "backspace", "backspace", "redraw"]),
            ("\x1b[15~a\x1b[1;5Cb", ["a", "b"]),
            ("é\x01", ["é"]),
            ("\x1b[", []),
        ):
            with self.subTest(text):
                self.assertEqual(decoded_keys(text), keys)


class Refused(unittest.TestCase):
    def test_without_a_terminal(self) -> None:
        with self.assertRaisesRegex(UsageError, "needs a terminal"):
            Tty("/nonexistent/tty")

    def test_a_terminal_without_a_full_screen(self) -> None:
        for name in ("dumb", "nonsense-terminal"):  # each in a process of its own: `curses` asks for one terminal only
            terminal = Terminal("examples/access.log", TERM=name)
            self.addCleanup(terminal.close)
            with self.subTest(name):
                self.assertEqual(terminal.end(), 2)
                self.assertIn(b"TERM=%s is not one; use --output text" % name.encode(), terminal.output)
                self.assertNotIn(ENTER, terminal.output)

    def test_the_command_says_so(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "LogsMonitor2000", "examples/access.log", "--output", "dashboard"],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS_MAX,
            start_new_session=True,
        )
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertEqual(done.stderr, b"LogsMonitor2000: --output dashboard needs a terminal; use --output text\n")

    def test_other_verbs_refuse_it(self) -> None:
        done = command("backtest", "examples/access.log", "--output", "dashboard")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"goes with watch", done.stderr)


class Terminal:
    """The command on a pseudo-terminal of its own."""

    def __init__(self, *arguments: str, rows: int = 24, columns: int = 80, **variables: str) -> None:
        self.output = b""
        self.pid, self.fd = pty.fork()
        if not self.pid:
            try:
                os.chdir(ROOT)
                os.execve(
                    sys.executable,
                    [sys.executable, "-m", "LogsMonitor2000", *arguments, "--output", "dashboard", "--timezone", "UTC"],
                    environment(**{"TERM": "xterm", "LC_ALL": "C.UTF-8", **variables}),
                )
            finally:
                os._exit(127)
        self.resize(rows, columns)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def until(self, wanted: Callable[[bytes], bool]) -> None:
        """Read until what was written since the last call is `wanted`."""
        seen, end = b"", time.monotonic() + SECONDS_MAX
        while not wanted(seen):
            if not select.select([self.fd], [], [], max(0.0, end - time.monotonic()))[0]:
                raise AssertionError(f"not within {SECONDS_MAX} s: {seen[-2000:]!r}")
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"ended: {seen[-2000:]!r}")
            seen += data
            self.output += data

    def shows(self, text: str) -> None:
        self.until(lambda seen: text.encode() in seen)

    def end(self) -> int:
        """Read the rest; returns the exit status."""
        try:
            while data := os.read(self.fd, 1 << 16):
                self.output += data
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def close(self) -> None:
        os.close(self.fd)
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


class Running(unittest.TestCase):
    def run_on(self, *arguments: str, rows: int = 24, columns: int = 80) -> Terminal:
        terminal = Terminal(*arguments, rows=rows, columns=columns)
        self.addCleanup(terminal.close)
        return terminal

    def test_keys_and_the_summary_after_quitting(self) -> None:
        terminal = self.run_on("examples/access.log")
        terminal.shows("end of log")
        terminal.press(b"?")
        terminal.shows("quit, and print the summary")
        terminal.press(b"\x1b")
        terminal.shows("Sections")
        terminal.press(b"\r")
        terminal.shows("filter: section=/login")
        terminal.press(b"y")
        terminal.shows("\x1b]52;c;L2xvZ2lu\x07")
        attributes = termios.tcgetattr(terminal.fd)
        self.assertFalse(attributes[3] & termios.ICANON)
        terminal.press(b"q")
        self.assertEqual(terminal.end(), 0)
        self.assertIn(ENTER, terminal.output)
        screen, _, after = terminal.output.rpartition(LEAVE)
        self.assertIn(b"1,664 lines: 1,664 events", after)
        self.assertNotIn(b"1,664 lines: 1,664 events, 0 malformed, 0 late", screen)
        self.assertNotIn(b"took", after)

    def test_ctrl_c_ends_it_with_a_summary(self) -> None:
        terminal = self.run_on("examples/access.log", "--follow")
        terminal.shows("Sections")
        terminal.press(b"\x03")
        self.assertEqual(terminal.end(), 130)
        self.assertIn(b"1,664 lines", terminal.output.rpartition(LEAVE)[2])

    def test_resizing_draws_anew(self) -> None:
        terminal = self.run_on("examples/access.log")
        terminal.shows("end of log")
        terminal.resize(40, 130)
        terminal.shows("Agents")
        terminal.resize(5, 20)
        terminal.until(lambda seen: b"hits/s" in seen and b"Sections" not in seen.rpartition(b"hits/s")[2])
        terminal.press(b"q")
        self.assertEqual(terminal.end(), 0)

    def test_suspending_gives_the_terminal_back(self) -> None:
        terminal = self.run_on("examples/access.log")
        terminal.shows("end of log")
        terminal.press(b"\x1a")
        terminal.until(lambda seen: LEAVE in seen)
        self.assertTrue(os.WIFSTOPPED(os.waitpid(terminal.pid, os.WUNTRACED)[1]))
        self.assertTrue(termios.tcgetattr(terminal.fd)[3] & termios.ICANON)
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.until(lambda seen: ENTER in seen and b"end of log" in seen)
        terminal.press(b"q")
        self.assertEqual(terminal.end(), 0)

    def test_a_hang_up_ends_it(self) -> None:
        terminal = self.run_on("examples/access.log")
        terminal.shows("end of log")
        os.close(terminal.fd)
        ours, theirs = pty.openpty()  # so that `close` has something to close
        os.close(theirs)
        terminal.fd = ours
        _, status = os.waitpid(terminal.pid, 0)
        self.assertIn(os.waitstatus_to_exitcode(status), (0, 1, -signal.SIGHUP))

    def test_a_log_on_standard_input_that_goes_on(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pipe")
            os.mkfifo(path)
            terminal = self.run_on(path)
            with open(path, "wb", buffering=0) as pipe:
                pipe.write(b"".join(combined_line(START + n // 3, b"/first") for n in range(30)))
                terminal.shows("/first")
                terminal.press(b"?")  # although nothing comes
                terminal.shows("quit, and print the summary")
                terminal.press(b"q")
                self.assertEqual(terminal.end(), 0)

    def test_an_exception_leaves_the_terminal_as_it_was(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "broken.py"), "w", encoding="utf-8") as file:
                file.write(
                    "from LogsMonitor2000.dashboard import screen\n"
                    "from LogsMonitor2000 import StreamCalculator\n"
                    "class Broken(StreamCalculator):\n"
                    "    def evaluate(self, time):\n"
                    "        raise RuntimeError('broken on purpose')\n"
                )
            terminal = Terminal("examples/access.log", "--calculator", "broken:Broken", PYTHONPATH=folder)
            self.addCleanup(terminal.close)
            self.assertEqual(terminal.end(), 1)
            self.assertIn(b"broken on purpose", terminal.output.rpartition(LEAVE)[2])
            self.assertEqual(terminal.output.count(ENTER), 1)


@unittest.skipIf(shutil.which("tmux") is None, "tmux is not installed")
class InTmux(unittest.TestCase):
    """A real terminal's idea of the screen."""

    def test_the_screen(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        socket = os.path.join(folder.name, "tmux")
        tmux = ["tmux", "-S", socket, "-f", "/dev/null"]
        variables = environment(LC_ALL="C.UTF-8", TERM="xterm", SHELL="/bin/sh")
        run = f"{sys.executable} -m LogsMonitor2000 examples/access.log --output dashboard --timezone UTC; sleep 60"
        subprocess.run([*tmux, "new-session", "-d", "-x", "80", "-y", "24", run], cwd=ROOT, env=variables, check=True)
        self.addCleanup(subprocess.run, [*tmux, "kill-server"], env=variables, stderr=subprocess.DEVNULL)

        def screen() -> str:
            return subprocess.run([*tmux, "capture-pane", "-p"], env=variables, capture_output=True, text=True).stdout

        self.wait(lambda: "end of log" in screen() and "q quit" in screen(), screen)
        lines = screen().splitlines()
        self.assertTrue(lines[0].startswith(" examples/access.log combined  end of log"), lines[0])
        self.assertTrue(lines[1].startswith(" ▽ high_traffic resolved at 10:07:17 after 30 s"), lines[1])
        self.assertTrue(lines[8].startswith("┌1 Sections") and lines[8].endswith("┐"), lines[8])
        self.assertEqual(len(lines[8]), 80)
        subprocess.run([*tmux, "send-keys", "q"], env=variables, check=True)
        self.wait(lambda: "1,664 lines: 1,664 events" in screen(), screen)
        self.assertNotIn("Sections", screen())

    def wait(self, wanted: Callable[[], bool], screen: Callable[[], str]) -> None:
        end = time.monotonic() + SECONDS_MAX
        while not wanted():
            if time.monotonic() > end:
                raise AssertionError(screen())
            time.sleep(0.1)  # tmux tells nobody when its screen changes


class Output(unittest.TestCase):
    def test_only_what_differs_is_written(self) -> None:
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        with unittest.mock.patch.dict(os.environ, TERM="xterm"):
            tty = Tty(os.ttyname(theirs), color=False)
        grid = Grid(20, 3)
        grid.put(0, 0, "first", "title")
        grid.put(1, 0, "second")
        tty.show(grid)
        self.assertIn(b"\x1b[1mfirst\x1b[0m", os.read(ours, 4096))
        changed = Grid(20, 3)
        changed.put(0, 0, "first", "title")
        changed.put(1, 0, "third")
        tty.show(changed)
        written = os.read(ours, 4096)
        self.assertIn(b"third", written)
        self.assertNotIn(b"first", written)
        tty.show(changed)
        self.assertEqual(select.select([ours], [], [], 0)[0], [])
        tty.close()
        tty.close()


if __name__ == "__main__":
    unittest.main()
