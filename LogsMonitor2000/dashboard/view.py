"""What is shown and what the keys do: the state of the screen, apart from drawing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..alert.condition import Conditions
from ..alert.state import AlertState
from ..event import Alert
from ..text import decoded
from .chart import ZOOMS
from .filters import FilterError, drilled, read_filter, without_last
from .model import FIELDS, LiveModel, Panel, Recent, Series

SORTS = ("hits", "rate", "errors", "bytes", "change", "value")
"""What a panel can be sorted by."""

OTHERS = ("health",)
"""Panels that are no top values."""


@dataclass
class PanelState:
    """How one panel is sorted, and where its cursor is."""

    sort: int = 0
    reverse: bool = False
    cursor: int = 0


@dataclass
class View:
    """The state of the screen. `mode` is what fills it: panels, alerts, lines, help, explain; `zoom` None fits the whole log."""

    model: LiveModel
    is_live: bool = False
    mode: str = "panels"
    focus: int = 0
    zoom: int | None = None
    shift: int = 0
    is_full: bool = False
    is_frozen: bool = False
    scroll: int = 0
    filter_text: str = ""
    entry: str | None = None
    message: str = ""
    is_done: bool = False
    copied: str | None = None
    panels: dict[str, PanelState] = field(default_factory=dict)
    recent: Recent | None = None
    page_rows: int = 10
    span: int = 60
    """Seconds that the chart shows; the screen sets it, and `page_rows`."""
    _conditions: Conditions = ()
    _seen: int = -1
    _cache: dict[str, Panel] = field(default_factory=dict)

    def names(self) -> list[str]:
        """The panels there are, in their order."""
        return [*self.model.fields(), *OTHERS]

    @property
    def focused(self) -> str:
        names = self.names()
        return names[self.focus % len(names)]

    def state(self, name: str) -> PanelState:
        return self.panels.setdefault(name, PanelState())

    def refresh(self) -> None:
        """Take over what the model has learned, unless the view is frozen."""
        if self.is_frozen or self._seen == self.model.version:
            return
        self._seen = self.model.version
        self._cache.clear()
        if self._conditions:
            self.recent = self.model.filtered(self._conditions)

    @property
    def series(self) -> Series:
        return self.model.series if self.recent is None else self.recent.series

    def panel(self, name: str) -> Panel:
        """The values of a panel, sorted."""
        if name not in self._cache:
            found = self.model.panel(name) if self.recent is None else self.recent.panel(name)
            state = self.state(name)
            order = SORTS[state.sort]
            lines = sorted(found.lines, key=lambda line: line.value or b"")
            if order != "value":
                lines.sort(key=lambda line: -float(getattr(line, order)))
            self._cache[name] = found._replace(lines=lines[::-1] if state.reverse else lines)
        return self._cache[name]

    def alerts(self) -> Sequence[Alert]:
        """Transitions, the newest first."""
        return list(reversed(self.model.alerts))

    # Keys

    def press(self, key: str) -> None:
        """React to a key."""
        self.message = ""
        if self.entry is not None:
            self._type(key)
        elif key in _KEYS:
            _KEYS[key](self)
        elif key.isdigit() and key != "0":
            self.focus = min(int(key), len(self.names())) - 1
            self.mode = "panels"

    def _type(self, key: str) -> None:
        assert self.entry is not None
        if key == "escape":
            self.entry = None
        elif key == "enter":
            entry, self.entry = self.entry, None
            self.filter(entry)
        elif key == "backspace":
            self.entry = self.entry[:-1]
        elif len(key) == 1:
            self.entry += key

    def filter(self, text: str) -> None:
        """Filter by `text`; an empty one shows everything."""
        try:
            self._conditions = read_filter(text)
        except FilterError as error:
            self.message = str(error)
            return
        self.filter_text = text
        self.recent = self.model.filtered(self._conditions) if self._conditions else None
        self._cache.clear()

    def quit(self) -> None:
        self.is_done = True

    def back(self) -> None:
        """Out of a mode, then out of the last condition of the filter."""
        if self.mode != "panels":
            self.mode, self.scroll = "panels", 0
        elif self.is_full:
            self.is_full = False
        else:
            self.filter(without_last(self.filter_text))

    def move(self, by: int) -> None:
        if self.mode != "panels":
            self.scroll = max(0, self.scroll + by)
            return
        if self.focused in OTHERS:
            return
        state = self.state(self.focused)
        state.cursor = max(0, min(state.cursor + by, len(self.panel(self.focused).lines) - 1))

    def look(self, by: int) -> None:
        self.focus = (self.focus + by) % len(self.names())

    def drill(self) -> None:
        """Narrow the filter to the value at the cursor."""
        if self.mode != "panels" or self.focused in OTHERS:
            return
        lines = self.panel(self.focused).lines
        if lines:
            value = lines[min(self.state(self.focused).cursor, len(lines) - 1)].value
            self.filter(drilled(self.filter_text, self.focused, value))

    def sort(self, *, reverse: bool = False) -> None:
        state = self.state(self.focused)
        if reverse:
            state.reverse = not state.reverse
        else:
            state.sort = (state.sort + 1) % len(SORTS)
        self._cache.pop(self.focused, None)

    def magnify(self, by: int) -> None:
        """Zoom in (-1) or out (1); past the coarsest, the whole log fits."""
        if self.zoom is None:
            if by < 0:
                self.zoom = next((zoom for zoom in reversed(ZOOMS) if zoom * 20 < self.span), ZOOMS[0])
            return
        place = ZOOMS.index(self.zoom) + by
        self.zoom = None if place >= len(ZOOMS) else ZOOMS[max(0, place)]
        self.shift = 0 if self.zoom is None else self.shift

    def pan(self, by: int) -> None:
        """Move the chart's window by half of it; 0 is now."""
        self.shift = max(0, self.shift + by * max(1, self.span // 2))

    def to_alert(self, by: int) -> None:
        """Move the chart to the next (1) or previous (-1) alert from the middle of its window."""
        model = self.model
        times = sorted({alert.time for alert in model.alerts if alert.state == AlertState.FIRING})
        if not times or model.newest is None:
            self.message = "no alert has fired"
            return
        middle = model.newest - self.shift - self.span // 2
        later, earlier = [time for time in times if time > middle], [time for time in times if time < middle]
        chosen = (later[0] if later else times[0]) if by > 0 else (earlier[-1] if earlier else times[-1])
        self.shift = max(0, model.newest - chosen - self.span // 2)

    def show(self, mode: str) -> None:
        self.mode = "panels" if self.mode == mode else mode
        self.scroll = 0

    def copy(self) -> None:
        """What stands at the cursor, for the clipboard."""
        if self.mode == "panels" and self.focused not in OTHERS and (lines := self.panel(self.focused).lines):
            value = lines[min(self.state(self.focused).cursor, len(lines) - 1)].value
            self.copied = decoded(b"-" if value is None else value)
            self.message = "copied"


Action = Callable[[View], object]


def _toggle(name: str) -> Action:
    return lambda view: setattr(view, name, not getattr(view, name))


_KEYS: dict[str, Action] = {
    "q": View.quit,
    "hangup": View.quit,
    "escape": View.back,
    "backspace": View.back,
    "enter": View.drill,
    "up": lambda view: view.move(-1),
    "k": lambda view: view.move(-1),
    "down": lambda view: view.move(1),
    "j": lambda view: view.move(1),
    "pageup": lambda view: view.move(-view.page_rows),
    "pagedown": lambda view: view.move(view.page_rows),
    "home": lambda view: view.move(-(1 << 30)),
    "end": lambda view: view.move(1 << 30),
    "left": lambda view: view.look(-1),
    "h": lambda view: view.look(-1),
    "backtab": lambda view: view.look(-1),
    "right": lambda view: view.look(1),
    "l": lambda view: view.show("lines"),
    "tab": lambda view: view.look(1),
    "+": _toggle("is_full"),
    "p": _toggle("is_frozen"),
    "s": lambda view: view.sort(),
    "S": lambda view: view.sort(reverse=True),
    "z": lambda view: view.magnify(-1),
    "Z": lambda view: view.magnify(1),
    "[": lambda view: view.pan(1),
    "]": lambda view: view.pan(-1),
    "n": lambda view: view.to_alert(1),
    "N": lambda view: view.to_alert(-1),
    "a": lambda view: view.show("alerts"),
    "e": lambda view: view.show("explain"),
    "?": lambda view: view.show("help"),
    "/": lambda view: setattr(view, "entry", view.filter_text),
    "y": View.copy,
}
HELP = (
    ("arrows, j k", "move in a panel, or scroll"),
    ("Tab, h, 1-9", "next, previous, n-th panel"),
    ("Enter", "narrow the filter to the value at the cursor"),
    ("Backspace, Esc", "back; remove the last condition of the filter"),
    ("/", "edit the filter: status=5xx section=/api !method=GET size>10kB"),
    ("s, S", "sort by the next column; the other way round"),
    ("+", "one panel fills the screen"),
    ("z, Z", "zoom the chart in, out"),
    ("[, ]", "move the chart back, forth"),
    ("n, N", "chart to the next, previous alert"),
    ("a", "alerts"),
    ("e", "explain the last alert: what changed, and lines"),
    ("l", "raw lines"),
    ("p", "freeze the view; reading continues"),
    ("y", "copy the value at the cursor"),
    ("q", "quit, and print the summary"),
)
"""Keys and what they do."""
