"""The output of `explain`: each rule at one second, and nothing else."""

from __future__ import annotations

from ..event import Event, Explanation, MalformedLine, Notice, Summary
from .base import Action
from .formatter import MessageFormatter


class Explainer(Action):
    """Has `renderer` show the explanation of the second `asked`, and problems with the input; then it is done."""

    essential = True

    def __init__(self, renderer: Action, asked: int, formatter: MessageFormatter) -> None:
        self._renderer = renderer
        self._asked = asked
        self._formatter = formatter

    def notify(self, event: Event) -> None:
        if isinstance(event, (MalformedLine, Notice)):
            self._renderer.notify(event)
        elif self.is_done:
            return
        elif isinstance(event, Explanation):
            if event.time == self._asked:
                self._renderer.notify(event)
            else:
                self._say(f"the log begins later, at {self._formatter.time(event.time)}")
            self.is_done = True
        elif isinstance(event, Summary):
            if event.last is None:
                self._say("the log has no events")
            else:
                self._say(f"the log ends before that, at {self._formatter.time(event.last)}")

    def _say(self, line: str) -> None:
        self._renderer.notify(Explanation(self._asked, (line,)))

    def close(self) -> None:
        self._renderer.close()
