"""The inputs of a run that follows: they come while it runs, and go on where they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
import os
from typing import Any, cast
import unittest
from unittest import mock

from LogsMonitor2000.event import Notice, Summary
from LogsMonitor2000.limits import GONE_SECONDS, GRACE_SECONDS, SEARCH_SECONDS
from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.pipeline.followed import Following
from LogsMonitor2000.pipeline.input import Input
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.recogniser import Recogniser
from LogsMonitor2000.source.follow.environment import Environment
from LogsMonitor2000.source.follow.source_set import SourceSet
from LogsMonitor2000.state.journal import Journal
from LogsMonitor2000.state.open import open_state
from LogsMonitor2000.testing import Collecting, ManualClock, ManualWaiter

from ..logs import NOW, START, csv_line
from ..reference import Options
from ..running import processor_for
from ..support import TemporaryFiles

HORIZON = 1 << 40
OPTIONS = Options(stats_interval=5, window=7, threshold=1.5, buffer_time=2)
LINE = csv_line(START)


class FollowingCase(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        self.clock = ManualClock(NOW)
        self.following: Following | None = None
        self.addCleanup(self.close)

    def close(self) -> None:
        if self.following is not None:
            self.following.close()
            self.following = None

    def begin(self, names: Sequence[str], saved: Mapping[str, Any] | None = None, log_format: str = "auto") -> Following:
        self.close()
        recogniser = Recogniser(processor_for(OPTIONS), Choice(log_format))
        position = saved["position"] if saved is not None else None
        sources = SourceSet(names, position=position, last_line=False, environment=Environment(self.clock))
        self.following = Following(sources, recogniser, saved["inputs"] if saved is not None else None)
        return self.following

    def saved(self) -> dict[str, Any]:
        """What there is to remember, as a snapshot holds it."""
        assert self.following is not None
        saved = self.following.snapshot()
        loaded: dict[str, Any] = json.loads(json.dumps(saved))
        return loaded

    def look(self) -> list[Input]:
        assert self.following is not None
        self.clock.advance(SEARCH_SECONDS)
        return cast(list[Input], self.following.poll())

    def append(self, path: str, data: bytes) -> None:
        with open(path, "ab") as file:
            file.write(data)

    def read(self, source: Input) -> tuple[int, int]:
        """(events, malformed) of what there is now."""
        events = malformed = 0
        while (digest := source.digest(HORIZON, None)) is not None:
            source.join(digest)
            events += digest.events
            malformed += digest.malformed
        return events, malformed


class Coming(FollowingCase):
    def test_inputs_come_while_running(self) -> None:
        first = self.path("a.log", LINE)
        following = self.begin([self.path("*.log")])
        self.assertEqual([source.name for source in self.look()], [first])
        self.assertEqual(self.look(), [])
        second = self.path("b.log", LINE * 2)
        (arrived,) = self.look()
        self.assertEqual((arrived.name, self.read(arrived)), (second, (2, 0)))
        self.assertEqual(set(following.snapshot()["inputs"]), {first, second})
        self.assertTrue(following.is_endless)

    def test_a_name_without_a_file_is_an_input_already(self) -> None:
        path = self.path("later.log")
        self.begin([path])
        (source,) = self.look()
        self.assertIsNone(source.digest(HORIZON, None))
        self.append(path, LINE)
        self.clock.advance(SEARCH_SECONDS)
        self.assertEqual(self.read(source), (1, 0))

    def test_what_a_log_had_is_reported(self) -> None:
        path = self.path("a.log", LINE * 3)
        following = self.begin([path])
        (source,) = self.look()
        self.read(source)
        (line,) = following.report()
        self.assertTrue(line.startswith(f"{path}: 3 lines"), line)

    def test_an_input_whose_name_is_long_gone_is_forgotten(self) -> None:
        path = self.path("a.log", LINE)
        following = self.begin([self.path("*.log")])
        (source,) = self.look()
        self.read(source)
        os.unlink(path)
        for _ in range(int((GONE_SECONDS + GRACE_SECONDS + 5) / SEARCH_SECONDS)):
            self.assertEqual(self.look(), [])
            self.read(source)
        self.assertTrue(source.ended)
        self.assertEqual(following.snapshot()["inputs"], {})


class GoingOn(FollowingCase):
    def test_what_is_known_of_inputs_is_restored_by_name(self) -> None:
        one, two = self.path("1.log", LINE * 2), self.path("2.log", b"\n" + csv_line(START + 50))
        self.begin([one, two])
        for source in self.look():
            self.read(source)
        saved = self.saved()
        self.begin([two, one], saved)  # in another order
        arrived = {source.name: source for source in self.look()}
        self.assertEqual({name: source.newest for name, source in arrived.items()}, {one: START, two: START + 50})
        self.append(one, b"bad\n" + LINE)
        self.append(two, csv_line(START + 51))
        (sample,) = self.samples(arrived[one])
        self.assertEqual((sample.source, sample.line), (one, 3))
        self.assertEqual(self.read(arrived[two]), (1, 0))

    def samples(self, source: Input) -> list[Any]:
        digest = source.digest(HORIZON, None)
        assert digest is not None
        return source.join(digest)

    def test_an_input_that_has_not_come_again_is_remembered(self) -> None:
        path = self.path("a.log", LINE)
        self.begin([self.path("*.log")])
        self.read(self.look()[0])
        saved = self.saved()
        following = self.begin([self.path("*.log")], saved)
        self.assertEqual(following.snapshot()["inputs"], saved["inputs"], "before the first look")
        self.look()
        self.assertEqual(following.snapshot()["inputs"], saved["inputs"])
        self.assertEqual(saved["inputs"][path][0], START)

    def test_lines_that_wait_for_their_format_are_in_the_snapshot(self) -> None:
        garbage = b"gar\xffbage\n"
        path = self.path("a.log", garbage)
        self.begin([path])
        (source,) = self.look()
        self.assertIsNone(source.digest(HORIZON, None))
        self.assertIn("waiting for more lines", source.notices()[0].text)
        saved = self.saved()
        for _ in range(2):  # and once more, without a new line in between
            self.begin([path], saved)
            (source,) = self.look()
            self.assertIsNone(source.digest(HORIZON, None))
            saved = self.saved()
        self.append(path, LINE * 2)
        self.assertEqual(self.read(source), (2, 1))
        self.append(path, b"bad\n" + LINE)
        (sample,) = self.samples(source)
        self.assertEqual(sample.line, 4)
        self.assertEqual(self.saved()["inputs"][path][2], "", "they wait no longer")

    def test_waiting_lines_are_there_before_the_file_is(self) -> None:
        """Read, rotated away and never seen again: they are in the snapshot only."""
        path = self.path("a.log", b"garbage\n")
        self.begin([path])
        (source,) = self.look()
        self.assertIsNone(source.digest(HORIZON, None))
        saved = self.saved()
        os.unlink(path)
        self.begin([path], saved)
        (source,) = self.look()
        self.assertIsNone(source.digest(HORIZON, None))
        self.path("a.log", LINE * 2)
        self.clock.advance(SEARCH_SECONDS)
        self.assertEqual(self.read(source), (2, 1))


class Ending(FollowingCase):
    def pipe(self) -> tuple[int, int]:
        reader, writer = os.pipe()
        patch = mock.patch("LogsMonitor2000.source.follow.source_set.os.dup", side_effect=lambda number: reader)
        patch.start()
        self.addCleanup(patch.stop)
        tty = mock.patch("LogsMonitor2000.source.follow.source_set.os.isatty", return_value=True)
        tty.start()
        self.addCleanup(tty.stop)
        return reader, writer

    def test_it_is_over_when_there_were_pipes_only_and_they_have_ended(self) -> None:
        _, writer = self.pipe()
        following = self.begin(["-"], log_format="csv")
        self.assertTrue(following.is_endless, "nothing has come yet")
        (source,) = self.look()
        os.write(writer, LINE)
        self.assertEqual(self.read(source), (1, 0))
        self.assertTrue(following.is_endless)
        os.close(writer)
        self.assertEqual(self.read(source), (0, 0))
        self.assertTrue(source.ended and not following.is_endless)

    def test_it_is_not_over_while_there_is_a_file(self) -> None:
        _, writer = self.pipe()
        following = self.begin(["-", self.path("a.log")], log_format="csv")
        os.close(writer)
        for source in self.look():
            self.read(source)
        self.assertTrue(following.is_endless)

    def test_a_fifo_has_no_end(self) -> None:
        path = self.path("fifo")
        os.mkfifo(path)
        following = self.begin([path], log_format="csv")
        (source,) = self.look()
        writer = os.open(path, os.O_WRONLY)
        os.write(writer, LINE)
        os.close(writer)
        self.assertEqual(self.read(source), (1, 0))
        self.assertTrue(not source.ended and following.is_endless)
        self.assertEqual(following.snapshot()["position"], {"files": {}})

    def test_nothing_found_is_not_over(self) -> None:
        following = self.begin([self.path("*.log")])
        self.assertEqual(self.look(), [])
        self.assertTrue(following.is_endless)


class Monitoring(FollowingCase):
    """Following under a monitor."""

    def run_monitor(self, names: Sequence[str], *steps: Any, state: str | None = None) -> tuple[Summary, list[str]]:
        processor = processor_for(OPTIONS)
        seen = Collecting()
        journal = Journal(open_state(state, self.clock), self.clock) if state is not None else None
        found = journal.found if journal is not None else None
        if found is not None:
            self.assertTrue(processor.restore(found["processor"]))
        waiter = ManualWaiter(steps)
        made = Monitor(
            self.begin(names, found),
            processor,
            [seen],
            journal=journal,
            clock=self.clock,
            waiter=waiter,
        )
        waiter.at_end = made.stop
        return made.run(), [event.text for event in seen.events if isinstance(event, Notice)]

    def test_a_log_of_no_known_format_does_not_end_the_watch_over_others(self) -> None:
        good, odd = self.path("good.log", LINE), self.path("odd.log", b"what is this?\n\n" * 20_000)
        summary, notices = self.run_monitor(
            [good, odd],
            lambda: self.append(good, LINE * 2),
            lambda: self.append(odd, LINE * 3000),
        )
        self.assertEqual(summary.lines, 23_003)
        self.assertGreater(summary.events, 2_800, "what comes before the first good lines is refused with some of them at most")
        self.assertEqual(len([text for text in notices if "no known log format fits" in text]), 2, notices)

    def test_a_log_that_comes_while_another_is_read(self) -> None:
        def second() -> None:
            self.path("b.log", LINE * 2)
            self.clock.advance(SEARCH_SECONDS)

        self.path("a.log", LINE)
        summary, _ = self.run_monitor([self.path("*.log")], second, lambda: None)
        self.assertEqual(summary.events, 3)

    def test_stopped_while_lines_wait_for_their_format(self) -> None:
        """Nothing is lost by a stop, and the other logs end as ever."""
        bad, good = self.path("a.log", b"garbage\n"), self.path("b.log", LINE * 3)
        summary, notices = self.run_monitor([bad, good], lambda: None, state=self.path("state"))
        self.assertEqual((summary.events, summary.malformed), (3, 0))
        self.assertTrue(any("no known log format fits" in notice for notice in notices), notices)
        self.append(bad, LINE * 4)
        summary, notices = self.run_monitor([bad, good], lambda: None, state=self.path("state"))
        self.assertEqual((summary.events, summary.malformed), (7, 1))

    def test_without_a_state_the_other_logs_end_as_ever_too(self) -> None:
        bad, good = self.path("a.log", b"garbage\n"), self.path("b.log", LINE * 3)
        summary, notices = self.run_monitor([bad, good], lambda: None)
        self.assertEqual(summary.events, 3)

    def test_a_log_that_nobody_could_read_goes_away(self) -> None:
        bad = self.path("a.log", b"garbage\n")
        self.path("b.log", LINE)

        def later() -> None:
            self.clock.advance(SEARCH_SECONDS)

        steps = [lambda: os.unlink(bad), *[later] * int((GONE_SECONDS + GRACE_SECONDS + 5) / SEARCH_SECONDS)]
        for state in (None, self.path("state")):
            summary, notices = self.run_monitor([self.path("*.log")], *steps, state=state)
            self.assertEqual(summary.events, 1)
            self.assertEqual(
                len([notice for notice in notices if "no known log format fits" in notice]), 2, "at first, and in the end"
            )
            self.path("a.log", b"garbage\n")

    def test_a_report_that_was_asked_for(self) -> None:
        path = self.path("a.log", LINE * 3)
        processor = processor_for(OPTIONS)
        seen = Collecting()
        waiter = ManualWaiter([])
        made = Monitor(self.begin([path]), processor, [seen], clock=self.clock, waiter=waiter)
        steps = iter([made.request_report, lambda: None])
        waiter.at_end = lambda: next(steps, made.stop)()
        made.run()
        reports = [
            event.text for event in seen.events if isinstance(event, Notice) and event.text.startswith(f"{path}: 3 lines")
        ]
        self.assertEqual(len(reports), 2, "when asked, and at the end")


if __name__ == "__main__":
    unittest.main()
