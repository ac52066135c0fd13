"""The HTTP interface over a history that another process writes, or has written: no log is read here."""

from __future__ import annotations

from ..action.base import Status
from ..action.formatter import MessageFormatter
from ..event import Summary
from ..runtime.clock import Clock
from ..source.statistics import ReadStatistics
from ..text import printable
from .access import Access
from .api import Api
from .history import History
from .http import Answer, Request
from .listener import listening
from .router import Router
from .server import Server
from .settings import HttpSettings, url_of
from .site import Site


class HistoryServer:
    """Listens as `settings` say, from the beginning, and answers from `start` on; `publish` is to be called every second or so."""

    def __init__(
        self, settings: HttpSettings, formatter: MessageFormatter, history: History, clock: Clock | None = None
    ) -> None:
        clock = clock or Clock()
        self._history = history
        self._is_tls = settings.cert_file is not None
        self._site = Site(formatter, sections=settings.sections, history=history, clock=clock)
        self._access = Access(settings.host, settings.hosts, settings.token, settings.cors)
        tls = settings.tls()
        self._server = Server(listening(settings.host, settings.port), self._answer, tls=tls, clock=clock)
        api = Api(self._site, lambda: self._server.replies, lambda: self._server.streams)
        self._router = Router(api.routes())

    @property
    def url(self) -> str:
        """Where it listens."""
        return url_of(*self._server.address, self._is_tls)

    def start(self) -> None:
        """Begin to answer."""
        self.publish()
        self._server.start()

    def publish(self) -> list[str]:
        """Note that this process is at work, and what history spans; returns what went wrong in the server, in words."""
        span = self._history.span
        summary = Summary() if span is None else Summary(first=span[0], last=span[1] - 1)
        self._site.publish(Status(summary, ReadStatistics(), (), ()), {})
        problems = [printable(problem.encode("utf-8", "backslashreplace")) for problem in self._server.problems]
        del self._server.problems[: len(problems)]
        return problems

    def close(self) -> None:
        """End all connections."""
        self._server.close()

    def _answer(self, request: Request) -> Answer:
        """In the server's thread."""
        refusal = self._access.check(request)
        answer = self._router.answer(request) if refusal is None else refusal
        further = self._access.headers(request)
        return answer.with_headers(*further) if further else answer
