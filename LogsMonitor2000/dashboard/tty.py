"""The terminal that a process belongs to: full screen, one key at a time, and always left as it was found.

It is opened by itself, as standard input may be the log and standard output a file. A screen is written as what differs from the
one before. After a suspension (Ctrl-Z) the screen is drawn anew; a hang-up reads as the key `hangup`.
"""

from __future__ import annotations

import atexit
import curses
import locale
import os
import select
import signal
import termios
import tty
from types import FrameType
from typing import Any

from ..action.style import CODES
from ..errors import UsageError
from .grid import Grid, Run

ROLES = {
    "reverse": "7",
    "title": "1",
    "chip": "7",
    "threshold": "33",
    **CODES,
}
"""Select Graphic Rendition by role."""

PLAIN = {"dim": "2", "": "", "reverse": "7", "chip": "7", "critical": "1;7"}
"""The same without colours: bold where there would be one."""

ESCAPES = {
    "[A": "up",
    "[B": "down",
    "[C": "right",
    "[D": "left",
    "OA": "up",
    "OB": "down",
    "OC": "right",
    "OD": "left",
    "[Z": "backtab",
    "[5~": "pageup",
    "[6~": "pagedown",
    "[H": "home",
    "[F": "end",
    "[1~": "home",
    "[4~": "end",
    "[3~": "delete",
}
CONTROLS = {"\r": "enter", "\n": "enter", "\t": "tab", "\x7f": "backspace", "\x08": "backspace", "\x0c": "redraw"}
READ_BYTES = 1 << 10


class Tty:
    """Takes over the terminal at `path`. A `UsageError` where there is none, or one that has no full screen."""

    def __init__(self, path: str = "/dev/tty", *, color: bool = True) -> None:
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        except OSError as error:
            raise UsageError("--output dashboard needs a terminal; use --output text") from error
        self._roles = ROLES if color else {role: PLAIN.get(role, "1") for role in ROLES}
        try:
            curses.setupterm(os.environ.get("TERM") or "dumb", self._fd)
            self._enter = _capability("smcup") + _capability("civis")
            self._leave = _capability("cnorm") + _capability("rmcup")
            self._clear = _capability("clear")
            self._has_cursor = bool(_capability("cup"))
        except curses.error:
            self._has_cursor = False
        if not self._has_cursor or not self._clear:
            os.close(self._fd)
            name = os.environ.get("TERM") or "unknown"
            raise UsageError(f"--output dashboard needs a full-screen terminal, and TERM={name} is not one; use --output text")
        self.has_unicode = "utf" in (locale.getpreferredencoding(False) or "").lower()
        self._before: list[list[Run]] | None = None
        self._size = (0, 0)
        self._is_on = False
        self._saved: list[Any] = []
        self._suspended_by: Any = None

    def start(self) -> None:
        """Switch to the full screen."""
        self._saved = termios.tcgetattr(self._fd)
        atexit.register(self.close)
        self._on()
        self._suspended_by = signal.signal(signal.SIGTSTP, self._suspend)

    def close(self) -> None:
        """Leave the terminal as it was; may be called again."""
        if self._fd < 0:
            return
        atexit.unregister(self.close)
        if self._saved:
            self._off()
            signal.signal(signal.SIGTSTP, self._suspended_by or signal.SIG_DFL)
        os.close(self._fd)
        self._fd = -1

    def _on(self) -> None:
        tty.setcbreak(self._fd, termios.TCSADRAIN)
        self._write(self._enter + self._clear)
        self._before = None
        self._is_on = True

    def _off(self) -> None:
        if self._is_on:
            self._is_on = False
            self._write("\x1b[0m" + self._leave)
            try:
                termios.tcsetattr(self._fd, termios.TCSADRAIN, self._saved)
            except termios.error:  # the terminal is gone
                pass

    def _suspend(self, number: int, frame: FrameType | None) -> None:
        """Give the terminal back, stop as anything stops at Ctrl-Z, and take it again once continued."""
        self._off()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._on()

    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        try:
            columns, rows = os.get_terminal_size(self._fd)
        except OSError:
            columns, rows = 80, 24
        return columns or 80, rows or 24

    def keys(self, seconds: float = 0.0) -> list[str]:
        """The keys that were pressed, waiting up to `seconds` for the first: characters, or names such as `up` and `enter`."""
        try:
            ready, _, _ = select.select([self._fd], [], [], seconds)
            data = os.read(self._fd, READ_BYTES) if ready else b""
        except OSError:
            return ["hangup"]
        if ready and not data:
            return ["hangup"]
        return decoded_keys(data.decode("utf-8", "ignore"))

    def show(self, grid: Grid) -> None:
        """Write what differs from the screen before."""
        size = (grid.width, grid.height)
        rows = [grid.row(y) for y in range(grid.height)]
        before = self._before if self._size == size else None
        parts = [] if before is not None else ["\x1b[0m", self._clear]
        cup = curses.tigetstr("cup") or b""
        for y, row in enumerate(rows):
            if before is None or before[y] != row:
                parts.append(curses.tparm(cup, y, 0).decode("latin-1"))
                parts += [self._painted(text, role) for text, role in row]
        self._before, self._size = rows, size
        if parts:
            self._write("".join(parts))

    def forget(self) -> None:
        """Draw the next screen as a whole: something else has written on it."""
        self._before = None

    def copy(self, text: str) -> None:
        """Put `text` into the clipboard of terminals that allow it (OSC 52)."""
        from base64 import b64encode

        self._write(f"\x1b]52;c;{b64encode(text.encode()).decode()}\x07")

    def _painted(self, text: str, role: str) -> str:
        code = self._roles.get(role, "")
        return f"\x1b[{code}m{text}\x1b[0m" if code else text

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError:  # the terminal is gone; reading keys says so
            pass


def decoded_keys(text: str) -> list[str]:
    """Names of the keys that a terminal means by `text`."""
    keys = []
    while text:
        if text[0] == "\x1b":
            found = next((escape for escape in ESCAPES if text.startswith(escape, 1)), None)
            if found is not None:
                keys.append(ESCAPES[found])
                text = text[1 + len(found) :]
                continue
            if len(text) > 1 and text[1] in "[O":  # a key that has no meaning here
                place = next((n for n, c in enumerate(text[2:], 2) if "@" <= c <= "~"), len(text) - 1)
                text = text[place + 1 :]
                continue
            keys.append("escape")
        elif text[0] in CONTROLS:
            keys.append(CONTROLS[text[0]])
        elif text[0].isprintable():
            keys.append(text[0])
        text = text[1:]
    return keys


def _capability(name: str) -> str:
    return (curses.tigetstr(name) or b"").decode("latin-1")
