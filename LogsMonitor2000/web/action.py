"""The action that serves the run over HTTP: it hands events over, publishes how the run stands, and waits for no client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

from ..action.base import Action, Run
from ..action.formatter import MessageFormatter
from ..event import Alert, BucketClosed, Event, Notice, Stats, Summary
from ..limits import PAGE_TOP, QUEUE_EVENTS_MAX, STATUS_SECONDS, TOTALS_SHARE_MAX
from ..runtime.clock import Clock
from ..text import printable
from .access import Access
from .api import Api
from .history import History
from .http import Answer, Request
from .listener import listening
from .metrics import Deliveries
from .router import Router
from .server import Server
from .settings import HttpSettings, url_of
from .site import Site


class WebAction(Action):
    """Listens as `settings` say, from the beginning; an address that cannot be listened on is an `InputError`.

    The server's thread starts with the first progress: by then the worker processes, if there are any, have been forked.
    """

    wants = frozenset({Alert, BucketClosed, Stats, Notice, Summary})

    def __init__(
        self,
        settings: HttpSettings,
        formatter: MessageFormatter,
        errors: TextIO,
        *,
        rules: Sequence[Mapping[str, str]] = (),
        history: History | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._errors = errors
        self._clock = clock or Clock()
        self._site = Site(formatter, sections=settings.sections, rules=rules, history=history, clock=self._clock)
        self._access = Access(settings.host, settings.hosts, settings.token, settings.cors)
        tls = settings.tls()
        self._server = Server(
            listening(settings.host, settings.port),
            self._answer,
            prepare=self._site.take_in,
            tls=tls,
            clock=self._clock,
        )
        api = Api(self._site, lambda: self._server.replies, lambda: self._server.streams)
        self._router = Router(api.routes())
        self._run: Run | None = None
        self._deliveries: dict[str, Mapping[tuple[str, str], int]] = {}
        self._next_status = float("-inf")
        self._next_totals = float("-inf")
        self._is_serving = False

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._server.address

    @property
    def url(self) -> str:
        return url_of(self.address[0], self.address[1], self._settings.cert_file is not None)

    def start(self, run: Run) -> None:
        self._run = run
        for alert in run.status().firing:
            self._site.know(alert)
        self._publish()

    def notify(self, event: Event) -> None:
        if isinstance(event, Summary):
            self._next_totals = float("-inf")
            self._publish()
        elif self._site.hand_over(event) >= QUEUE_EVENTS_MAX or self._server.streams:
            self._server.wake()

    def progress(self, read: int, total: int, lines: int) -> None:
        if self._clock.elapsed() >= self._next_status or not self._is_serving:
            self._publish()
        if not self._is_serving:
            self._is_serving = True
            self._server.start()
            self._errors.write(f"listening on {self.url} (metrics: {self.url}metrics, interface: {self.url}docs)\n")
            self._errors.flush()
        while self._server.problems:
            problem = self._server.problems.pop(0)  # which may quote what a client sent
            self._errors.write(printable(problem.encode("utf-8", "backslashreplace")) + "\n")

    def close(self) -> None:
        self._server.close()

    def _publish(self) -> None:
        self._next_status = self._clock.elapsed() + STATUS_SECONDS
        if self._run is not None:
            self._site.publish(self._run.status(), _deliveries(self._run), self._totals(self._run))

    def _totals(self, run: Run) -> Summary | None:
        """The totals, if it is time for them: what they cost, with many values, is kept to a small share of all time."""
        begun = self._clock.elapsed()
        if begun < self._next_totals:
            return None
        totals = run.totals(PAGE_TOP)
        ended = self._clock.elapsed()
        self._next_totals = ended + (ended - begun) / TOTALS_SHARE_MAX
        return totals

    def _answer(self, request: Request) -> Answer:
        """In the server's thread."""
        refusal = self._access.check(request)
        if refusal is None:
            self._site.take_in()
        answer = self._router.answer(request) if refusal is None else refusal
        further = self._access.headers(request)
        return answer.with_headers(*further) if further else answer


def _deliveries(run: Run) -> Deliveries:
    """What the actions that deliver have counted: those that have a name and counts by outcome and reason."""
    found = {}
    for action in run.actions:
        name, counts = getattr(action, "name", None), getattr(action, "counts", None)
        if isinstance(name, str) and isinstance(counts, Mapping):
            found[name] = dict(counts)
    return found
